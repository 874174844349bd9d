#pragma once

#include <string>

#include "base/result.hpp"
#include "market/install.hpp"
#include "market/install_transaction.hpp"
#include "store/package_store.hpp"

namespace ggen {

/// Builds the tree of `wanted` below `staging`/tree. A package that stands unchanged in the old tree is taken
/// over file by file (hard links), so that edits of its files survive; with `force` everything is built anew.
Result<void> build_tree(Market& market, PackageStore& store, std::string const& staging,
                        std::string const& old_target, Lockfile const& old, Lockfile const& wanted,
                        LinkMode mode, bool force, InstallFigures& figures);

/// Refuses a target that holds anything that the lockfile does not name.
/// Errors: refused (target_occupied) with the first such path.
Result<void> check_target(FileSystem& files, std::string const& target, Lockfile const& old);

/// The tree at `target` is what `wanted` says, as far as its stamp and its directories tell.
[[nodiscard]] bool tree_is_current(FileSystem& files, std::string const& target, Lockfile const& wanted,
                                   LinkMode mode);

}  // namespace ggen
