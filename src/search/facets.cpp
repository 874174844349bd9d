#include "search/facets.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace ggen::search_index {
namespace {

constexpr std::array k_fields_of_facets{FilterField::category, FilterField::license, FilterField::origin};
constexpr std::array k_names_of_facets{"category", "license", "origin"};

std::uint32_t value_of(SegmentView const& view, FilterField field, DocId doc) {
    switch (field) {
        case FilterField::category: return view.category(doc);
        case FilterField::license: return view.license(doc);
        default: return view.origin(doc);
    }
}

}  // namespace

void FacetCounter::start_part(SegmentView const& view) {
    for (std::size_t i = 0; i < k_fields; ++i)
        counts_[i].assign(view.filter_value_count(k_fields_of_facets[i]), 0);
}

void FacetCounter::add(SegmentView const& view, DocId doc) {
    ++documents_;
    for (std::size_t i = 0; i < k_fields; ++i) {
        auto const value = value_of(view, k_fields_of_facets[i], doc);
        if (value < counts_[i].size()) ++counts_[i][value];
    }
}

/// Common words have their counts in the segment.
bool FacetCounter::add_cached(Part const& part, PreparedQuery const& prepared) {
    if (prepared.words().size() != 1 || part.dead != nullptr || !filter_.is_open()) return false;
    auto const& view = part.view();
    auto const term = view.find(prepared.words().front().text);
    if (term == k_none) return true;
    for (std::size_t i = 0; i < k_fields; ++i) {
        if (!view.cached_facet(term, k_fields_of_facets[i], counts_[i])) {
            start_part(view);
            return false;
        }
    }
    documents_ += view.term_df(term);
    return true;
}

void FacetCounter::walk_part(Part const& part, PreparedQuery const& prepared) {
    auto const& view = part.view();
    auto const& words = prepared.words();
    while (words_.size() < words.size()) words_.emplace_back();
    for (std::size_t i = 0; i < words.size(); ++i) {
        words_[i].clear();
        auto const term = view.find(words[i].text);
        if (term == k_none) return;
        words_[i].add(view, term, WordClass::equal);
        words_[i].start();
    }
    for (DocId doc = 0; doc < filter_.end();) {
        auto const first = doc;
        for (std::size_t i = 0; i < words.size() && doc != k_none; ++i) {
            words_[i].seek(doc);
            doc = words_[i].doc();
        }
        if (doc >= filter_.end()) return;
        if (doc != first) continue;
        if (part.is_live(doc) && filter_.passes(doc)) add(view, doc);
        ++doc;
    }
}

void FacetCounter::fold_part(SegmentView const& view) {
    TermBuffer buffer;
    for (std::size_t i = 0; i < k_fields; ++i) {
        for (std::uint32_t value = 0; value < counts_[i].size(); ++value) {
            if (counts_[i][value] == 0) continue;
            found_[i].emplace_back(view.filter_text(k_fields_of_facets[i], value, buffer), counts_[i][value]);
        }
    }
}

std::uint64_t FacetCounter::count_words(Parts const& parts, SearchQuery const& query,
                                        PreparedQuery const& prepared) {
    documents_ = 0;
    for (auto& found : found_) found.clear();
    // A text without any word, such as "-", is met by no document's words.
    if (prepared.words().empty() && !prepared.is_blank()) return 0;
    for (auto const& part : parts.live) {
        start_part(part.view());
        filter_.assign(query, part);
        if (!add_cached(part, prepared)) walk_part(part, prepared);
        fold_part(part.view());
    }
    return documents_;
}

void FacetCounter::count_hits(Parts const& parts, std::span<RankedHit const> hits) {
    documents_ = 0;
    for (auto& found : found_) found.clear();
    for (std::uint32_t i = 0; i < parts.live.size(); ++i) {
        auto const& view = parts.live[i].view();
        start_part(view);
        for (auto const& hit : hits) {
            if (hit.part == i) add(view, hit.doc);
        }
        fold_part(view);
    }
}

std::vector<SearchFacet> FacetCounter::take() {
    std::vector<SearchFacet> facets(k_fields);
    for (std::size_t i = 0; i < k_fields; ++i) {
        facets[i].field = k_names_of_facets[i];
        // Parts have the same values under different numbers.
        std::map<std::string, std::uint64_t> sums;
        for (auto& [value, count] : found_[i]) sums[std::move(value)] += count;
        facets[i].counts.assign(sums.begin(), sums.end());
        std::sort(facets[i].counts.begin(), facets[i].counts.end(), [](auto const& a, auto const& b) {
            return a.second != b.second ? a.second > b.second : a.first < b.first;
        });
        found_[i].clear();
    }
    return facets;
}

}  // namespace ggen::search_index
