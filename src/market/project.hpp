#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "market/market.hpp"
#include "spec/lockfile.hpp"
#include "store/package_store.hpp"

namespace ggen {

/// ggen.lock of the project; nothing when there is none. Finishes an interrupted install first.
Result<std::optional<Lockfile>> read_project_lockfile(Market& market);

struct InstalledPackage {
    LockedPackage locked;
    bool direct = false;   ///< Asked for by the user.
    bool present = false;  ///< Its directory is there.
    std::string directory;
};
Result<std::vector<InstalledPackage>> list_installed(Market& market);

struct OutdatedPackage {
    PackageName name;
    Version current;
    std::optional<Version> wanted;  ///< Highest within the project's range.
    std::optional<Version> latest;  ///< Highest release.
    std::string range;
    bool current_yanked = false;
};
Result<std::vector<OutdatedPackage>> outdated(Market& market);

/// One way from the project to `package`: names from the root down with the range on each step.
struct WhyStep {
    PackageName name;
    Version version;
    std::string range;
};
struct WhyReport {
    PackageName name;
    Version version;
    std::vector<std::vector<WhyStep>> paths;  ///< At most 100, shortest first.
};
/// Errors: not_found (not_installed).
Result<WhyReport> why(Market& market, PackageName const& name);

struct TreeNode {
    PackageName name;
    Version version;
    std::string range;
    bool repeated = false;  ///< Its children stand elsewhere above.
    std::vector<TreeNode> children;
};
Result<std::vector<TreeNode>> dependency_tree(Market& market);

struct VerifiedPackage {
    PackageName name;
    Version version;
    std::string origin;
    std::vector<std::string>
        problems;  ///< Empty = proven: root, checkpoint, inclusion, signature, digests, files.
    std::vector<TreeDifference> differences;
    std::vector<std::string> witnesses = {};  ///< Of the pinned root file: who cosigned the checkpoint of its proof.
};
struct VerifyReport {
    std::vector<VerifiedPackage> packages;
    std::uint64_t proofs = 0;
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
    std::uint64_t elapsed_us = 0;
    [[nodiscard]] bool is_sound() const;
};
/// root file -> log key -> checkpoint -> inclusion -> publisher's signature -> digests -> installed files.
/// Opens no socket, whatever `offline` says, unless a manifest of a store entry is missing and the
/// network is allowed.
Result<VerifyReport> verify_project(Market& market, bool offline);

struct CacheListReport {
    std::string directory;
    std::vector<StoredPackage> packages;
    std::vector<StoredGeneration> generations;
};
Result<CacheListReport> cache_list(Market& market);
/// With `bytes_max` unneeded packages go at any age, the oldest first, until the store is that small.
Result<CollectReport> cache_collect(Market& market, bool dry_run, std::int64_t min_age_seconds,
                                    std::optional<std::uint64_t> bytes_max = std::nullopt);
Result<StoreCheckReport> cache_verify(Market& market);

struct DoctorCheck {
    std::string name;
    bool good = false;
    std::string detail;
    std::string help;
};
Result<std::vector<DoctorCheck>> doctor(Market& market);

}  // namespace ggen
