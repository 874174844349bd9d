#include "resolve/state_set.hpp"

namespace ggen::solver {
namespace {

/// `op` on each pair of words, into the arena when they do not fit into the view.
template <class Op>
StateView combined(StateView a, StateView b, Arena& arena, Op op) {
    if (a.is_small()) return {a.size(), op(a.words()[0], b.words()[0])};
    auto const count = a.word_count();
    auto* const out = arena.allocate<std::uint64_t>(count);
    auto const* const left = a.words();
    auto const* const right = b.words();
    for (std::size_t i = 0; i < count; ++i) out[i] = op(left[i], right[i]);
    return {a.size(), out};
}

}  // namespace

bool StateView::is_empty_long() const {
    for (std::size_t i = 0; i < word_count(); ++i) {
        if (more_[i] != 0) return false;
    }
    return true;
}

bool StateView::is_all_long() const {
    auto const last = word_count() - 1;
    for (std::size_t i = 0; i < last; ++i) {
        if (more_[i] != ~std::uint64_t{0}) return false;
    }
    return more_[last] == last_mask();
}

std::uint32_t StateView::count() const {
    std::uint32_t out = 0;
    for (std::size_t i = 0; i < word_count(); ++i) {
        out += static_cast<std::uint32_t>(std::popcount(words()[i]));
    }
    return out;
}

std::uint32_t StateView::sole_long() const {
    std::uint32_t found = size_;
    for (std::size_t i = 0; i < word_count(); ++i) {
        auto const bits = more_[i];
        if (bits == 0) continue;
        if (found != size_ || !std::has_single_bit(bits)) return size_;
        found = static_cast<std::uint32_t>(i * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
    }
    return found;
}

std::uint32_t StateView::last_within(StateView other) const {
    for (auto i = word_count(); i-- > 0;) {
        auto const bits = words()[i] & other.words()[i];
        if (bits == 0) continue;
        return static_cast<std::uint32_t>(i * 64 + static_cast<std::size_t>(std::bit_width(bits)) - 1);
    }
    return size_;
}

Relation StateView::relation_to_long(StateView other) const {
    bool is_subset = true;
    bool is_disjoint = true;
    for (std::size_t i = 0; i < word_count(); ++i) {
        auto const mine = more_[i];
        auto const theirs = other.more_[i];
        is_subset = is_subset && (mine & ~theirs) == 0;
        is_disjoint = is_disjoint && (mine & theirs) == 0;
        if (!is_subset && !is_disjoint) return Relation::overlapping;
    }
    return is_subset ? Relation::subset : Relation::disjoint;
}

bool StateView::is_subset_of_long(StateView other) const {
    for (std::size_t i = 0; i < word_count(); ++i) {
        if ((more_[i] & ~other.more_[i]) != 0) return false;
    }
    return true;
}

bool StateView::complements_into(StateView target) const {
    auto const count = word_count();
    for (std::size_t i = 0; i + 1 < count; ++i) {
        if ((words()[i] | target.words()[i]) != ~std::uint64_t{0}) return false;
    }
    return count == 0 || (words()[count - 1] | target.words()[count - 1]) == last_mask();
}

bool StateView::is_subset_without(StateView removed, StateView target) const {
    for (std::size_t i = 0; i < word_count(); ++i) {
        if ((words()[i] & ~removed.words()[i] & ~target.words()[i]) != 0) return false;
    }
    return true;
}

bool StateView::equals_long(StateView other) const {
    return more_ == other.more_ || std::equal(more_, more_ + word_count(), other.more_);
}

StateView StateView::with(StateView other, Arena& arena) const {
    return combined(*this, other, arena, [](auto a, auto b) { return a & b; });
}

StateView StateView::without(StateView other, Arena& arena) const {
    return combined(*this, other, arena, [](auto a, auto b) { return a & ~b; });
}

StateView StateView::united(StateView other, Arena& arena) const {
    return combined(*this, other, arena, [](auto a, auto b) { return a | b; });
}

StateView StateView::inverted(Arena& arena) const {
    if (is_small()) return {size_, ~word_ & last_mask()};
    auto const count = word_count();
    auto* const out = arena.allocate<std::uint64_t>(count);
    for (std::size_t i = 0; i < count; ++i) out[i] = ~more_[i];
    out[count - 1] &= last_mask();
    return {size_, out};
}

StateView StateView::only(std::uint32_t size, std::uint32_t state, Arena& arena) {
    if (size <= 64) return {size, std::uint64_t{1} << state};
    auto const count = (std::size_t{size} + 63) / 64;
    auto* const out = arena.allocate<std::uint64_t>(count);
    std::fill(out, out + count, 0);
    out[state / 64] = std::uint64_t{1} << (state % 64);
    return {size, out};
}

StateView StateView::all(std::uint32_t size, Arena& arena) {
    StateView const small{size, std::uint64_t{0}};
    if (size <= 64) return {size, small.last_mask()};
    auto const count = small.word_count();
    auto* const out = arena.allocate<std::uint64_t>(count);
    std::fill(out, out + count, ~std::uint64_t{0});
    out[count - 1] = small.last_mask();
    return {size, out};
}

StateSet StateView::complement() const {
    Arena scratch;
    return StateSet{inverted(scratch)};
}

StateSet StateView::operator&(StateView other) const {
    Arena scratch;
    return StateSet{with(other, scratch)};
}

StateSet StateView::operator|(StateView other) const {
    Arena scratch;
    return StateSet{united(other, scratch)};
}

StateSet StateSet::none(std::uint32_t size) {
    StateSet out;
    out.size_ = size;
    out.words_.resize((std::size_t{size} + 63) / 64);
    return out;
}

StateSet StateSet::all(std::uint32_t size) { return none(size).complement(); }

StateSet StateSet::only(std::uint32_t size, std::uint32_t state) {
    auto out = none(size);
    out.add(state);
    return out;
}

void StateSet::add_run(std::uint32_t first, std::uint32_t end) {
    while (first < end) {
        auto const bit = first % 64;
        auto const length = std::min(64 - bit, end - first);
        words_[first / 64] |= (~std::uint64_t{0} >> (64 - length)) << bit;
        first += length;
    }
}

}  // namespace ggen::solver
