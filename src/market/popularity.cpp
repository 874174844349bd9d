#include "market/popularity.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace ggen::detail {
namespace {

std::optional<std::uint64_t> parse_count(std::string_view text) {
    std::uint64_t value = 0;
    auto const [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    // JSON and SQL know signed numbers only.
    constexpr auto k_count_max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    bool const is_good = code == std::errc{} && end == text.data() + text.size() && value <= k_count_max;
    return is_good ? std::optional{value} : std::nullopt;
}

}  // namespace

PopularityMap parse_popularity(std::string_view text) {
    PopularityMap out;
    while (!text.empty()) {
        auto const end = std::min(text.find('\n'), text.size());
        auto const line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        auto const first = line.find('\t');
        auto const second = first == std::string_view::npos ? first : line.find('\t', first + 1);
        if (second == std::string_view::npos) continue;
        auto const downloads = parse_count(line.substr(first + 1, second - first - 1));
        auto const stars = parse_count(line.substr(second + 1));
        if (downloads && stars) out[std::string{line.substr(0, first)}] = {*downloads, *stars};
    }
    return out;
}

Popularity popularity_of(PopularityMap const& all, std::string_view name) {
    auto const found = all.find(name);
    return found == all.end() ? Popularity{} : found->second;
}

}  // namespace ggen::detail
