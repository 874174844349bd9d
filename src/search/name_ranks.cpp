#include "search/name_ranks.hpp"

#include <algorithm>

#include "search/little_endian.hpp"

namespace ggen::search_index {
namespace {

/// Entries of the levels above the terms: each of the least of 32 below, up to a single one.
std::vector<std::uint32_t> level_sizes(std::uint32_t term_count) {
    std::vector<std::uint32_t> sizes{term_count};
    while (sizes.back() > 1) sizes.push_back((sizes.back() + k_rank_fanout - 1) / k_rank_fanout);
    return sizes;
}

}  // namespace

std::uint32_t NameRanks::shift_for(std::uint32_t doc_count) {
    std::uint32_t shift = 0;
    while (doc_count > 0 && (doc_count - 1) >> shift >= k_rank_none) ++shift;
    return shift;
}

Result<NameRanks> NameRanks::open(BytesView section, std::uint32_t term_count, std::uint32_t doc_count) {
    NameRanks ranks;
    ranks.levels_.clear();
    ranks.shift_ = shift_for(doc_count);
    auto const* at = reinterpret_cast<std::uint16_t const*>(section.data());
    std::size_t left = section.size() / sizeof(std::uint16_t);
    for (auto const size : level_sizes(term_count)) {
        if (size > left) return Error{Errc::corrupt, "name ranks: too short"};
        ranks.levels_.emplace_back(at, size);
        at += size;
        left -= size;
    }
    if (left != 0 || section.size() % sizeof(std::uint16_t) != 0) {
        return Error{Errc::corrupt, "name ranks: too long"};
    }
    return ranks;
}

Bytes write_name_ranks(std::span<DocId const> best_names, std::uint32_t doc_count) {
    std::uint32_t const shift = NameRanks::shift_for(doc_count);
    std::vector<std::uint16_t> level;
    level.reserve(best_names.size());
    for (auto const doc : best_names) {
        level.push_back(doc == k_none ? k_rank_none : static_cast<std::uint16_t>(doc >> shift));
    }
    Bytes section;
    while (true) {
        auto const* const bytes = reinterpret_cast<std::uint8_t const*>(level.data());
        section.insert(section.end(), bytes, bytes + level.size() * sizeof(std::uint16_t));
        if (level.size() <= 1) return section;
        std::vector<std::uint16_t> above;
        for (std::size_t i = 0; i < level.size(); i += k_rank_fanout) {
            auto const end = std::min(level.size(), i + k_rank_fanout);
            above.push_back(*std::min_element(level.begin() + static_cast<std::ptrdiff_t>(i),
                                              level.begin() + static_cast<std::ptrdiff_t>(end)));
        }
        level = std::move(above);
    }
}

}  // namespace ggen::search_index
