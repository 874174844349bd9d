#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "market/market.hpp"
#include "market/registry_set.hpp"
#include "search/search.hpp"

/// What the operations do with catalogues (docs/formats/catalogue.md).
namespace ggen::detail {

/// Documents of a refreshed registry, from its catalogue, which is brought up to date first. A catalogue that
/// turns out to be damaged is made anew, with one warning. Downloads and stars are what the registry says of
/// them in popularity.tsv: hints for sorting that nobody vouches for.
[[nodiscard]] Result<std::vector<SearchDocument>> fresh_documents(Market& market, OpenRegistry& registry);

/// Names that begin with `prefix` in the catalogues as they stand, ascending: no network, no errors.
[[nodiscard]] std::vector<std::string> remembered_names(Market& market, std::string const& prefix);

/// A catalogue made from the log alone.
struct CatalogueFigures {
    Digest image;
    std::uint64_t packages = 0;
    std::uint64_t releases = 0;
};
/// Digest of the catalogue as it stands; nothing when there is none or it is damaged.
[[nodiscard]] std::optional<Digest> current_image(Market& market, KnownRegistry const& known);
/// Makes a catalogue beside the present one and, with `replace`, puts it in its place.
[[nodiscard]] Result<CatalogueFigures> rebuild_catalogue(Market& market, OpenRegistry& registry, bool replace);

struct Popularity {
    std::uint64_t downloads = 0;
    std::uint64_t stars = 0;
};
/// Reads `name TAB downloads TAB stars` lines; lines that say anything else are skipped.
[[nodiscard]] std::map<std::string, Popularity> parse_popularity(std::string_view text);

}  // namespace ggen::detail
