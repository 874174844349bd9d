#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "market/market.hpp"
#include "resolve/resolve.hpp"
#include "spec/lockfile.hpp"

namespace ggen {

/// "acme/foo", "acme/foo@^1.2", "acme/foo@latest".
struct PackageSpec {
    PackageName name;
    VersionRange range;
    [[nodiscard]] static Result<PackageSpec> parse(std::string_view text);
};

/// One line of a plan.
struct PlannedChange {
    enum class Kind : std::uint8_t { add, update, downgrade, remove, keep };
    Kind kind = Kind::keep;
    PackageName name;
    std::optional<Version> from;
    std::optional<Version> to;
};

/// How long each phase took and what it moved; every figure measured in this run.
struct InstallFigures {
    std::uint64_t resolve_us = 0;
    std::uint64_t verify_us = 0;  ///< Proofs of the lockfile; archives are verified while they are fetched.
    std::uint64_t fetch_us = 0;
    std::uint64_t install_us = 0;
    std::uint64_t total_us = 0;
    std::uint64_t packages_fetched = 0;
    std::uint64_t packages_reused = 0;
    std::uint64_t bytes_fetched = 0;
    std::uint64_t files_written = 0;
    std::uint64_t proofs_checked = 0;
    std::uint64_t proofs_known = 0;  ///< Checked on this machine in an earlier run.
    std::uint64_t packages = 0;  ///< In all.
    bool was_known = false;  ///< This machine had checked and built that lockfile before: nothing was read anew.
};

struct InstallReport {
    std::vector<PlannedChange> changes;
    Lockfile lockfile;
    InstallFigures figures;
    std::vector<std::string> warnings;  ///< Yanked from the lockfile, deprecated, old checkpoint…
    bool dry_run = false;
};

/// No solution is a value. An operation returns one of the two.
using InstallOutcome = std::variant<InstallReport, Conflict>;

struct InstallRequest {
    std::vector<PackageSpec> packages;  ///< Empty = what gpack.toml and ggen.lock of the project say.
    std::string registry;
    std::string target;   ///< "" = "gpacks" in the project.
    bool frozen = false;  ///< The lockfile must not change.
    bool dry_run = false;
    bool force = false;  ///< Puts back edited files; replaces what stands in the way.
    bool no_dependencies = false;
    std::optional<LinkMode> link_mode;
    bool wants_lockfile = true;  ///< Fill InstallReport::lockfile even when nothing else needs to read it.
};
/// Old tree or new tree, never between: staged beside the target, swapped by one rename; lockfile and
/// proofs follow by a journal that the next command finishes. Errors: those of the resolver's provider,
/// refused (blob_mismatch, origin_mismatch, lockfile_out_of_date, target_occupied), offline
/// (offline_missing), conflict (store_busy), io. On error the project is as before.
Result<InstallOutcome> install(Market& market, InstallRequest const& request);

struct UpdateRequest {
    std::vector<PackageName> packages;  ///< Empty with `all`.
    bool all = false;
    bool dry_run = false;
    std::optional<LinkMode> link_mode;
};
Result<InstallOutcome> update(Market& market, UpdateRequest const& request);

struct RemoveRequest {
    std::vector<PackageName> packages;
    bool dry_run = false;
};
/// Errors: not_found (not_installed).
Result<InstallOutcome> remove_packages(Market& market, RemoveRequest const& request);

/// Goes back to the generation before the one that the project links to: its tree, ggen.lock and proofs, all
/// or nothing as an install. Needs no registry. Errors: not_found (nothing to go back to), refused
/// (target_occupied: the tree is a copy), io.
Result<InstallOutcome> roll_back(Market& market, bool dry_run);

/// Resolves and writes the lockfile only.
Result<InstallOutcome> lock(Market& market, bool dry_run);

}  // namespace ggen
