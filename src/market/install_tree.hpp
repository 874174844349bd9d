#pragma once

#include <string>

#include "base/result.hpp"
#include "market/install.hpp"
#include "market/install_transaction.hpp"
#include "market/lock_proofs.hpp"
#include "store/package_store.hpp"

namespace ggen {

/// Builds the tree of `wanted` below `staging`/tree. A package that stands unchanged in the old tree is taken
/// over file by file (hard links), so that edits of its files survive; with `force` everything is built anew.
Result<void> build_tree(Market& market, PackageStore& store, std::string const& staging,
                        std::string const& old_target, Lockfile const& old, Lockfile const& wanted,
                        LinkMode mode, bool force, InstallFigures& figures);

/// Files of packages that stay, but were edited in a tree whose mode is left now: they would be lost.
/// Errors: refused (target_occupied) with the first such path.
Result<void> check_edits(FileSystem& files, PackageStore& store, std::string const& target,
                         Lockfile const& old, Lockfile const& wanted, LinkMode mode);

/// The generation that holds the lockfile with this digest: its name and its content.
[[nodiscard]] Digest generation_id(Digest const& lockfile);
[[nodiscard]] GenerationContent generation_content(Lockfile const& lockfile, LockTexts const& texts);
/// Keeps generation `id`, to which `target` of the project links, from collection. Errors: io.
Result<void> root_generation(Market& market, PackageStore& store, std::string const& target, Digest const& id);
/// Builds the generation of `wanted` and links `staging`/tree to it. Errors: those of ensure_generation.
Result<Digest> build_generation(Market& market, PackageStore& store, ProjectTransaction& transaction,
                                Lockfile const& wanted, LockTexts const& texts, InstallFigures& figures);

/// Refuses a target that holds anything that the lockfile does not name.
/// Errors: refused (target_occupied) with the first such path.
Result<void> check_target(FileSystem& files, std::string const& target, Lockfile const& old);

/// The tree at `target` is what `wanted` says, as far as its stamp and its directories tell. In mode
/// `generation` it must be a link to the directory `generation`.
[[nodiscard]] bool tree_is_current(FileSystem& files, std::string const& target, Lockfile const& wanted,
                                   Digest const& lockfile, LinkMode mode, std::string const& generation);

}  // namespace ggen
