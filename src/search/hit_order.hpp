#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "search/part.hpp"
#include "search/score.hpp"
#include "search/search.hpp"

namespace ggen::search_index {

/// A document that a search found.
struct RankedHit {
    /// What is sorted by, larger first: the score, or a number, negated when ascending. 0 for names.
    double key = 0;
    double score = 0;
    std::uint32_t part = 0;
    DocId doc = 0;
    bool is_firm = false;  ///< It has all words, or its joined name is the query.
};

/// Where a page ended.
struct PageKey {
    Tier tier = Tier::strict;
    double key = 0;
    std::uint32_t downloads = 0;
    std::uint32_t stars = 0;
    std::uint32_t released = 0;
    std::string name;
    std::string origin;

    [[nodiscard]] std::string print() const;
    /// Errors: invalid (not what `print` writes).
    [[nodiscard]] static Result<PageKey> parse(std::string_view text);
};

/// A total order of hits.
class HitOrder {
public:
    HitOrder(Parts const& parts, SearchQuery const& query)
        : parts_(parts), by_name_(query.sort == SearchSort::name), ascending_(query.ascending) {}

    [[nodiscard]] bool is_before(RankedHit const& a, RankedHit const& b) const;
    [[nodiscard]] bool is_after(RankedHit const& hit, PageKey const& key) const;
    [[nodiscard]] PageKey key_of(RankedHit const& hit, Tier tier) const;

private:
    [[nodiscard]] int compare_names(RankedHit const& a, RankedHit const& b) const;

    Parts const& parts_;
    bool by_name_;
    bool ascending_;
};

/// The best so many hits of those offered. Keeps its memory. One thread.
class TopHits {
public:
    void reset(HitOrder const& order, std::size_t capacity) {
        order_ = &order;
        capacity_ = capacity;
        heap_.clear();
    }
    [[nodiscard]] bool is_full() const { return heap_.size() >= capacity_; }
    /// Hits with a smaller key are of no use; the lowest number there is while there is room.
    [[nodiscard]] double key_min() const {
        return is_full() && capacity_ > 0 ? heap_.front().key : -std::numeric_limits<double>::infinity();
    }
    void offer(RankedHit const& hit);
    /// As `offer`, in place of the same document offered before.
    void offer_again(RankedHit const& hit);
    [[nodiscard]] std::size_t size() const { return heap_.size(); }
    [[nodiscard]] std::size_t capacity() const { return capacity_; }
    /// Best first; afterwards nothing may be offered until `reset`.
    [[nodiscard]] std::vector<RankedHit>& sorted();

private:
    HitOrder const* order_ = nullptr;
    std::size_t capacity_ = 0;
    std::vector<RankedHit> heap_;  // The worst on top.
};

}  // namespace ggen::search_index
