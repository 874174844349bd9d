#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "crypto/digest.hpp"
#include "market/market.hpp"
#include "market/registry_set.hpp"
#include "search/search.hpp"

/// The search index of this machine: one for all registries, a projection of their catalogues
/// (docs/formats/search-coverage.md). Nothing that is installed depends on it.
namespace ggen::detail {

struct FreshIndex {
    std::shared_ptr<SearchIndex const> index;
    std::vector<std::string> origins;  ///< Keys of the registries asked for; the index may hold others.
    std::uint64_t packages = 0;        ///< Of those registries.
};

/// The index, covering the checkpoints of these refreshed registries. One that covers them already is only mapped:
/// no catalogue is opened and no lock is taken. Otherwise what changed is applied, or the index is built when there
/// is none. One that is damaged or of another version is built anew, with one warning.
/// `is_damaged`: a search found it so. Errors: the catalogue's, io (the old index stays).
[[nodiscard]] Result<FreshIndex> fresh_index(Market& market, std::vector<OpenRegistry*> const& registries,
                                             bool is_damaged = false);
/// Whether an error of the index says that its files are damaged or foreign, so that building it anew helps.
[[nodiscard]] bool is_damage(Error const& error);

/// The index as it stands, for hints: no network, no lock, null when there is none that can be read.
[[nodiscard]] std::shared_ptr<SearchIndex const> remembered_index(Market& market);

/// Digest of the index as if it were built now from what it holds; nothing when there is none or it is damaged.
[[nodiscard]] std::optional<Digest> index_image(Market& market);

/// Builds an index from the catalogues as they stand and, with `replace`, puts it in the place of the present one.
/// Returns its digest: equal catalogues give equal bytes, however the index grew.
[[nodiscard]] Result<Digest> rebuild_index(Market& market, bool replace);

}  // namespace ggen::detail
