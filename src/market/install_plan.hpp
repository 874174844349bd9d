#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "market/install.hpp"
#include "market/market.hpp"
#include "market/registry_set.hpp"
#include "resolve/resolve.hpp"
#include "spec/lockfile.hpp"

namespace ggen {

/// What a command wants the project to become, before anything is resolved.
struct Wish {
    std::map<PackageName, std::string> requirements;  ///< The roots: name -> range text.
    std::set<PackageName> unlocked;  ///< May move to another version although the lockfile has one.
    bool all_unlocked = false;
    std::set<PackageName> named;  ///< On the command line: a revoked release may be named.
    std::set<PackageName> without_dependencies;
    bool may_change_origin = false;
    std::string registry;  ///< For the named ones; "" = by the mapping.
};

/// A lockfile and what changed on the way to it.
struct Plan {
    Lockfile lockfile;
    std::vector<PlannedChange> changes;
    std::vector<std::string> warnings;
    bool was_resolved = false;  ///< False: taken from the lockfile as it stood.
};

/// gpack.toml's dependencies of the project, if there is one.
Result<std::vector<Dependency>> project_dependencies(Market& market);
/// Of a gpack.toml that was read, if there is one. Errors: those of Manifest::parse.
Result<std::vector<Dependency>> manifest_dependencies(std::optional<Bytes> const& manifest);

/// The lockfile satisfies `requirements` as it stands: every root and every edge is met.
[[nodiscard]] bool lockfile_satisfies(Lockfile const& lockfile,
                                      std::map<PackageName, std::string> const& requirements);

/// Resolves `wish` against the registries with the versions of `old` as preferences.
/// Errors: refused (origin_mismatch, blob_mismatch, version_not_found for revoked), the provider's.
Result<std::variant<Plan, Conflict>> make_plan(Market& market, RegistryProvider& provider, Wish const& wish,
                                               Lockfile const& old);

/// What the registry says about a release that is about to be installed: revoked ones are refused unless the
/// user named the package; yanked and deprecated ones are told. Errors: refused (version_not_found).
Result<void> check_status(PackageName const& name, VersionState const& state, bool is_named,
                          Lockfile const& old, std::vector<std::string>& warnings);

/// By name; `keep` for what stays.
[[nodiscard]] std::vector<PlannedChange> compare_lockfiles(Lockfile const& old, Lockfile const& wanted);

}  // namespace ggen
