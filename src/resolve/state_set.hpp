#pragma once

#include <cstdint>
#include <vector>

namespace ggen::solver {

/// How one set lies to another, found in one pass.
enum class Relation : std::uint8_t { subset, disjoint, overlapping };

/// A set of states of one package: state 0 is "not chosen", state i + 1 is its i-th known version.
///
/// Because the versions are a frozen list, sets are finite and equal sets look equal: "^1" and
/// ">=1 <2" are the same object when they admit the same versions. Binary operations expect sets of
/// the same size. Packages with up to 63 versions need no memory beyond the object.
class StateSet {
public:
    StateSet() = default;
    [[nodiscard]] static StateSet none(std::uint32_t size) { return StateSet{size}; }
    [[nodiscard]] static StateSet all(std::uint32_t size);
    [[nodiscard]] static StateSet only(std::uint32_t size, std::uint32_t state);

    void add(std::uint32_t state);
    void remove(std::uint32_t state);

    [[nodiscard]] std::uint32_t size() const { return size_; }
    [[nodiscard]] bool contains(std::uint32_t state) const;
    [[nodiscard]] bool is_empty() const;
    [[nodiscard]] bool is_all() const;
    [[nodiscard]] std::uint32_t count() const;
    /// The only member, or `size()` when there is none or more than one.
    [[nodiscard]] std::uint32_t sole() const;
    [[nodiscard]] Relation relation_to(StateSet const& other) const;
    [[nodiscard]] bool is_subset_of(StateSet const& other) const;
    [[nodiscard]] StateSet complement() const;
    [[nodiscard]] StateSet operator&(StateSet const& other) const;
    [[nodiscard]] StateSet operator|(StateSet const& other) const;
    [[nodiscard]] std::size_t heap_bytes() const { return more_.size() * sizeof(std::uint64_t); }

    friend bool operator==(StateSet const&, StateSet const&) = default;

private:
    explicit StateSet(std::uint32_t size) : size_(size), more_(size > 64 ? (size - 1) / 64 : 0) {}
    [[nodiscard]] std::uint64_t word(std::size_t i) const { return i == 0 ? first_ : more_[i - 1]; }
    [[nodiscard]] std::uint64_t& word(std::size_t i) { return i == 0 ? first_ : more_[i - 1]; }
    [[nodiscard]] std::size_t words() const { return more_.size() + 1; }
    /// The members that a full last word has.
    [[nodiscard]] std::uint64_t last_mask() const;

    std::uint32_t size_ = 0;
    std::uint64_t first_ = 0;
    std::vector<std::uint64_t> more_;
};

}  // namespace ggen::solver
