#include "search/name_ranks.hpp"

#include <algorithm>
#include <bit>

namespace ggen::search_index {
namespace {

constexpr std::uint32_t k_single_ranks = 16;
constexpr std::uint32_t k_single_power = 4;
constexpr std::uint32_t k_step_bits = 3;
constexpr std::uint32_t k_steps = 1U << k_step_bits;

/// Entries of the levels above the terms: each of the least of 32 below, up to a single one.
std::vector<std::uint32_t> level_sizes(std::uint32_t term_count) {
    std::vector<std::uint32_t> sizes{term_count};
    while (sizes.back() > 1) sizes.push_back((sizes.back() + k_rank_fanout - 1) / k_rank_fanout);
    return sizes;
}

}  // namespace

std::uint8_t rank_of(DocId doc) {
    if (doc < k_single_ranks) return static_cast<std::uint8_t>(doc);
    auto const power = static_cast<std::uint32_t>(std::bit_width(doc)) - 1;
    std::uint32_t const step = doc >> (power - k_step_bits) & (k_steps - 1);
    return static_cast<std::uint8_t>(k_single_ranks + (power - k_single_power) * k_steps + step);
}

DocId first_of_rank(std::uint8_t rank) {
    if (rank < k_single_ranks) return rank;
    std::uint32_t const place = rank - k_single_ranks;
    std::uint32_t const power = std::min(place / k_steps + k_single_power, 31U);
    return (k_steps + place % k_steps) << (power - k_step_bits);
}

Result<NameRanks> NameRanks::open(BytesView section, std::uint32_t term_count) {
    NameRanks ranks;
    ranks.levels_.clear();
    for (auto const size : level_sizes(term_count)) {
        if (size > section.size()) return Error{Errc::corrupt, "name ranks: too short"};
        ranks.levels_.push_back(section.first(size));
        section = section.subspan(size);
    }
    if (!section.empty()) return Error{Errc::corrupt, "name ranks: too long"};
    return ranks;
}

Bytes write_name_ranks(std::span<DocId const> best_names) {
    Bytes level;
    level.reserve(best_names.size());
    for (auto const doc : best_names) level.push_back(doc == k_none ? k_rank_none : rank_of(doc));
    Bytes section;
    while (true) {
        section.insert(section.end(), level.begin(), level.end());
        if (level.size() <= 1) return section;
        Bytes above;
        for (std::size_t i = 0; i < level.size(); i += k_rank_fanout) {
            auto const end = std::min(level.size(), i + k_rank_fanout);
            above.push_back(*std::min_element(level.begin() + static_cast<std::ptrdiff_t>(i),
                                              level.begin() + static_cast<std::ptrdiff_t>(end)));
        }
        level = std::move(above);
    }
}

}  // namespace ggen::search_index
