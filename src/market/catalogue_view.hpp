#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "market/catalogue.hpp"
#include "market/market.hpp"
#include "market/registry_set.hpp"

/// What the operations do with catalogues (docs/formats/catalogue.md).
namespace ggen::detail {

/// Brings the catalogue of a refreshed registry up to its checkpoint and hands it to `read`, which may run twice: a
/// catalogue that turns out to be damaged (an error corrupt without id) is made anew, with one warning.
[[nodiscard]] Result<void> with_fresh_catalogue(Market& market, OpenRegistry& registry,
                                                std::function<Result<void>(Catalogue&)> const& read);

/// One process at a time: a database file must not be replaced while another one has it open.
[[nodiscard]] Result<std::unique_ptr<FileLock>> lock_catalogue(Market& market, KnownRegistry const& known);

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

}  // namespace ggen::detail
