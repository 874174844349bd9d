#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "resolve/arena.hpp"

namespace ggen::solver {

class StateSet;

/// How one set lies to another, found in one pass.
enum class Relation : std::uint8_t { subset, disjoint, overlapping };

/// A set of states of one package: state 0 is "not chosen", state i + 1 is its i-th known version.
///
/// Because the versions are a frozen list, sets are finite and equal sets look equal: "^1" and
/// ">=1 <2" are the same object when they admit the same versions. Binary operations expect sets of
/// the same size. A view never changes; up to 64 states it holds the set itself, beyond that it
/// points to words that someone else keeps: a StateSet or an Arena.
class StateView {
public:
    StateView() = default;
    StateView(std::uint32_t size, std::uint64_t word) : size_(size), word_(word) {}
    StateView(std::uint32_t size, std::uint64_t const* words) : size_(size), more_(words) {}

    [[nodiscard]] std::uint32_t size() const { return size_; }
    [[nodiscard]] std::size_t word_count() const { return (std::size_t{size_} + 63) / 64; }
    [[nodiscard]] std::uint64_t const* words() const { return is_small() ? &word_ : more_; }
    [[nodiscard]] bool is_small() const { return size_ <= 64; }
    /// The members that a full last word has.
    [[nodiscard]] std::uint64_t last_mask() const {
        if (size_ == 0) return 0;
        return ~std::uint64_t{0} >> ((64 - size_ % 64) % 64);
    }

    [[nodiscard]] bool contains(std::uint32_t state) const {
        return state < size_ && ((words()[state / 64] >> (state % 64)) & 1U) != 0;
    }
    [[nodiscard]] bool is_empty() const { return is_small() ? word_ == 0 : is_empty_long(); }
    [[nodiscard]] bool is_all() const { return is_small() ? word_ == last_mask() : is_all_long(); }
    [[nodiscard]] std::uint32_t count() const;
    /// The only member, or `size()` when there is none or more than one.
    [[nodiscard]] std::uint32_t sole() const {
        if (!is_small()) return sole_long();
        return std::has_single_bit(word_) ? static_cast<std::uint32_t>(std::countr_zero(word_)) : size_;
    }
    /// The greatest member, or `size()` when there is none.
    [[nodiscard]] std::uint32_t last() const { return last_within(*this); }
    /// The greatest member that is also in `other`, or `size()` when there is none.
    [[nodiscard]] std::uint32_t last_within(StateView other) const;
    [[nodiscard]] Relation relation_to(StateView other) const {
        if (!is_small()) return relation_to_long(other);
        if ((word_ & ~other.word_) == 0) return Relation::subset;
        return (word_ & other.word_) == 0 ? Relation::disjoint : Relation::overlapping;
    }
    [[nodiscard]] bool is_subset_of(StateView other) const {
        return is_small() ? (word_ & ~other.word_) == 0 : is_subset_of_long(other);
    }
    /// Whether every state outside of this lies in `target`.
    [[nodiscard]] bool complements_into(StateView target) const;
    /// Whether every state of this outside of `removed` lies in `target`.
    [[nodiscard]] bool is_subset_without(StateView removed, StateView target) const;

    // In the arena when there are more than 64 states.
    [[nodiscard]] StateView with(StateView other, Arena& arena) const;
    [[nodiscard]] StateView without(StateView other, Arena& arena) const;
    [[nodiscard]] StateView united(StateView other, Arena& arena) const;
    [[nodiscard]] StateView inverted(Arena& arena) const;
    [[nodiscard]] static StateView only(std::uint32_t size, std::uint32_t state, Arena& arena);
    [[nodiscard]] static StateView all(std::uint32_t size, Arena& arena);

    // In memory of their own.
    [[nodiscard]] StateSet complement() const;
    [[nodiscard]] StateSet operator&(StateView other) const;
    [[nodiscard]] StateSet operator|(StateView other) const;

    friend bool operator==(StateView a, StateView b) {
        if (a.size_ != b.size_) return false;
        return a.is_small() ? a.word_ == b.word_ : a.equals_long(b);
    }

private:
    [[nodiscard]] bool is_empty_long() const;
    [[nodiscard]] bool is_all_long() const;
    [[nodiscard]] std::uint32_t sole_long() const;
    [[nodiscard]] Relation relation_to_long(StateView other) const;
    [[nodiscard]] bool is_subset_of_long(StateView other) const;
    [[nodiscard]] bool equals_long(StateView other) const;

    std::uint32_t size_ = 0;
    union {
        std::uint64_t word_ = 0;
        std::uint64_t const* more_;
    };
};

/// A set of states that owns its memory and can be changed.
class StateSet {
public:
    StateSet() = default;
    explicit StateSet(StateView view)
        : size_(view.size()), words_(view.words(), view.words() + view.word_count()) {}
    [[nodiscard]] static StateSet none(std::uint32_t size);
    [[nodiscard]] static StateSet all(std::uint32_t size);
    [[nodiscard]] static StateSet only(std::uint32_t size, std::uint32_t state);

    void add(std::uint32_t state) { words_[state / 64] |= std::uint64_t{1} << (state % 64); }
    void remove(std::uint32_t state) { words_[state / 64] &= ~(std::uint64_t{1} << (state % 64)); }
    /// Adds first, first + 1, … end - 1.
    void add_run(std::uint32_t first, std::uint32_t end);

    /// Valid until the set is changed or gone.
    [[nodiscard]] StateView view() const {
        if (size_ > 64) return {size_, words_.data()};
        return {size_, words_.empty() ? std::uint64_t{0} : words_[0]};
    }
    operator StateView() const { return view(); }  // NOLINT(google-explicit-constructor): it is one

    [[nodiscard]] std::uint32_t size() const { return size_; }
    [[nodiscard]] bool contains(std::uint32_t state) const { return view().contains(state); }
    [[nodiscard]] bool is_empty() const { return view().is_empty(); }
    [[nodiscard]] bool is_all() const { return view().is_all(); }
    [[nodiscard]] std::uint32_t count() const { return view().count(); }
    [[nodiscard]] std::uint32_t sole() const { return view().sole(); }
    [[nodiscard]] Relation relation_to(StateView other) const { return view().relation_to(other); }
    [[nodiscard]] bool is_subset_of(StateView other) const { return view().is_subset_of(other); }
    [[nodiscard]] StateSet complement() const { return view().complement(); }
    [[nodiscard]] StateSet operator&(StateView other) const { return view() & other; }
    [[nodiscard]] StateSet operator|(StateView other) const { return view() | other; }

    friend bool operator==(StateSet const&, StateSet const&) = default;

private:
    std::uint32_t size_ = 0;
    std::vector<std::uint64_t> words_;
};

}  // namespace ggen::solver
