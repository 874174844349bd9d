#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "market/install.hpp"
#include "market/install_transaction.hpp"
#include "market/market.hpp"
#include "store/package_store.hpp"

namespace ggen {

/// The install of a lockfile that this machine has checked and built before: at most one link is switched. Reads
/// and hashes ggen.lock, its proofs and gpack.toml, parses none of them, opens no registry. Nothing when the
/// request, the project or the store asks for more than that. Errors: cancelled, io, those of the transaction.
Result<std::optional<InstallReport>> activate_known(Market& market, InstallRequest const& request);

/// How the tree at `target` is to be built: as `asked`, as this user chose, as the tree is, or as a generation.
[[nodiscard]] LinkMode link_mode_for(Market& market, std::string const& target, std::optional<LinkMode> asked);

/// Writes down that `lockfile`, with its proofs and gpack.toml as it stands, belongs together and was checked.
void note_generation(Market& market, PackageStore& store, Lockfile const& lockfile, LockTexts const& texts);

/// The generation that the project had before the one that `target` links to.
/// Errors: not_found; refused (target_occupied) when the target is no generation.
Result<Digest> generation_before(Market& market, PackageStore& store, std::string const& target);

}  // namespace ggen
