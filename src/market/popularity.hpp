#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "search/search.hpp"

/// What a registry says of the popularity of its packages (docs/formats/catalogue.md): hints for sorting that nobody
/// vouches for.
namespace ggen::detail {

constexpr std::size_t k_popularity_bytes_max = 16 * k_mib;
constexpr char const* k_popularity_name = "popularity.tsv";

struct Popularity {
    std::uint64_t downloads = 0;
    std::uint64_t stars = 0;
    friend bool operator==(Popularity, Popularity) = default;
};
using PopularityMap = std::map<std::string, Popularity, std::less<>>;

/// Reads `name TAB downloads TAB stars` lines; lines that say anything else are skipped.
[[nodiscard]] PopularityMap parse_popularity(std::string_view text);
/// Nothing said counts as 0.
[[nodiscard]] Popularity popularity_of(PopularityMap const& all, std::string_view name);

}  // namespace ggen::detail
