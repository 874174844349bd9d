#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "market/install.hpp"
#include "market/lock_proofs.hpp"
#include "market/registry_set.hpp"
#include "store/package_store.hpp"

namespace ggen {

/// Pinned root files by origin, each read once. Opens no connection while they are pinned on this machine.
class PinnedRoots {
public:
    explicit PinnedRoots(Market& market) : market_(market) {}
    /// Errors: not_found (registry_not_found), those of load_pinned_root.
    Result<OfflineVerifier*> of(std::string const& origin);

private:
    Market& market_;
    std::map<std::string, OfflineVerifier> verifiers_;
};

/// A proof for every package of `lockfile`: those of `old` that still fit, the rest from the registries,
/// each checked now or before on this machine (CheckedProofs).
/// Errors: those of check_package_proof, offline (offline_missing), the readers'.
Result<ProofTexts> complete_proofs(Market& market, RegistrySet& registries, Lockfile const& lockfile,
                                   ProofTexts const& old, InstallFigures& figures);

/// The packages of `lockfile` that are not in `store`; marks the others as used and counts them as reused.
[[nodiscard]] std::vector<LockedPackage const*> missing_packages(PackageStore& store, Lockfile const& lockfile,
                                                                 InstallFigures& figures);

/// For an install straight from the lockfile: asks the registries about the packages that have to be fetched
/// anyway (check_status). Says nothing when offline. Errors: those of check_status and of the readers.
Result<void> check_before_fetch(Market& market, RegistrySet& registries,
                                std::vector<LockedPackage const*> const& missing, Lockfile const& lockfile,
                                std::set<PackageName> const& named, std::vector<std::string>& warnings);

/// Brings the `missing` packages into `store`, `download_parallel` at a time. What is fetched is
/// checked in full before it appears: archive digest, canonical form, tree digest, and that gpack.toml
/// inside is the manifest that the proven record names.
/// Errors: offline (offline_missing), refused (blob_mismatch), corrupt, the sources', cancelled.
Result<void> fetch_packages(Market& market, RegistrySet& registries, PackageStore& store,
                            std::vector<LockedPackage const*> const& missing, ProofTexts const& proofs,
                            InstallFigures& figures);

}  // namespace ggen
