#include "resolve/state_set.hpp"

#include <bit>

namespace ggen::solver {

StateSet StateSet::all(std::uint32_t size) { return none(size).complement(); }

StateSet StateSet::only(std::uint32_t size, std::uint32_t state) {
    StateSet out{size};
    out.add(state);
    return out;
}

void StateSet::add(std::uint32_t state) { word(state / 64) |= std::uint64_t{1} << (state % 64); }

void StateSet::remove(std::uint32_t state) { word(state / 64) &= ~(std::uint64_t{1} << (state % 64)); }

bool StateSet::contains(std::uint32_t state) const {
    return state < size_ && ((word(state / 64) >> (state % 64)) & 1U) != 0;
}

std::uint64_t StateSet::last_mask() const {
    if (size_ == 0) return 0;
    auto const used = size_ % 64;
    return used == 0 ? ~std::uint64_t{0} : (std::uint64_t{1} << used) - 1;
}

bool StateSet::is_empty() const {
    if (first_ != 0) return false;
    for (auto const bits : more_) {
        if (bits != 0) return false;
    }
    return true;
}

bool StateSet::is_all() const {
    for (std::size_t i = 0; i + 1 < words(); ++i) {
        if (word(i) != ~std::uint64_t{0}) return false;
    }
    return word(words() - 1) == last_mask();
}

std::uint32_t StateSet::count() const {
    auto out = std::popcount(first_);
    for (auto const bits : more_) out += std::popcount(bits);
    return static_cast<std::uint32_t>(out);
}

std::uint32_t StateSet::sole() const {
    std::uint32_t found = size_;
    for (std::size_t i = 0; i < words(); ++i) {
        auto const bits = word(i);
        if (bits == 0) continue;
        if (found != size_ || !std::has_single_bit(bits)) return size_;
        found = static_cast<std::uint32_t>(i * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
    }
    return found;
}

Relation StateSet::relation_to(StateSet const& other) const {
    bool is_subset = true;
    bool is_disjoint = true;
    for (std::size_t i = 0; i < words(); ++i) {
        auto const mine = word(i);
        auto const theirs = other.word(i);
        is_subset = is_subset && (mine & ~theirs) == 0;
        is_disjoint = is_disjoint && (mine & theirs) == 0;
        if (!is_subset && !is_disjoint) return Relation::overlapping;
    }
    return is_subset ? Relation::subset : Relation::disjoint;
}

bool StateSet::is_subset_of(StateSet const& other) const {
    for (std::size_t i = 0; i < words(); ++i) {
        if ((word(i) & ~other.word(i)) != 0) return false;
    }
    return true;
}

StateSet StateSet::complement() const {
    StateSet out{size_};
    for (std::size_t i = 0; i < words(); ++i) out.word(i) = ~word(i);
    out.word(words() - 1) &= last_mask();
    return out;
}

StateSet StateSet::operator&(StateSet const& other) const {
    StateSet out = *this;
    for (std::size_t i = 0; i < words(); ++i) out.word(i) &= other.word(i);
    return out;
}

StateSet StateSet::operator|(StateSet const& other) const {
    StateSet out = *this;
    for (std::size_t i = 0; i < words(); ++i) out.word(i) |= other.word(i);
    return out;
}

}  // namespace ggen::solver
