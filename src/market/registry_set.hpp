#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "market/market.hpp"
#include "registry/reader.hpp"
#include "resolve/resolve.hpp"

namespace ggen {

/// An opened, refreshed registry.
struct OpenRegistry {
    KnownRegistry known;
    std::unique_ptr<RegistrySource> source;
    std::unique_ptr<RegistryReader> reader;
    RefreshReport refresh;
};

/// By alias, else by origin. Errors: not_found (registry_not_found), refused (origin_mismatch: two known
/// registries share this origin).
[[nodiscard]] Result<KnownRegistry> find_registry(Config const& config, std::string const& alias_or_origin);
/// The one that a name comes from by the configuration alone: the mapping of its namespace, else the default
/// one. Errors: not_found (registry_not_found).
[[nodiscard]] Result<KnownRegistry> registry_of_name(Config const& config, PackageName const& name);
[[nodiscard]] Result<KnownRegistry> default_registry(Config const& config);
/// Where the verified objects of a registry are kept.
[[nodiscard]] std::string registry_cache_directory(Directories const& directories, KnownRegistry const& known);
/// Where the last verified checkpoint of a registry is remembered: below the state directory, so that
/// emptying the cache never re-opens the way for a rollback (trust.md 2.6).
[[nodiscard]] std::string registry_memory_directory(Directories const& directories, KnownRegistry const& known);
/// The pinned root file: of this machine, else the one of that fingerprint that the registry serves.
/// Errors: refused (root_file_invalid), and the source's.
[[nodiscard]] Result<RootFile> load_pinned_root(Market& market, KnownRegistry const& known, RegistrySource& source);
/// Opens without refreshing. GGEN_REGISTRY_URL's registry is pinned on the way (trust on first use).
[[nodiscard]] Result<std::unique_ptr<OpenRegistry>> open_registry(Market& market, KnownRegistry const& known,
                                                                  bool offline);

/// The known registries, opened and refreshed on first use. A name belongs to exactly one: the one that
/// its namespace is mapped to, else the default one, never "the highest version of all" (R14).
class RegistrySet {
public:
    explicit RegistrySet(Market& market) : market_(market) {}
    RegistrySet(RegistrySet const&) = delete;
    RegistrySet& operator=(RegistrySet const&) = delete;

    /// The registry that `name` comes from. `registry` = alias, origin or "" (from a dependency's
    /// `registry` key or the flag --registry). Errors: not_found (registry_not_found), and refresh()'s.
    Result<OpenRegistry*> for_package(PackageName const& name, std::string const& registry = {});
    /// By alias or origin; "" = the default one.
    Result<OpenRegistry*> by_name(std::string const& alias_or_origin);
    /// All known ones; those that cannot be reached are reported as warnings and left out.
    Result<std::vector<OpenRegistry*>> all();

private:
    Market& market_;
    std::map<std::string, std::unique_ptr<OpenRegistry>> open_;  // By alias.
};

/// The facts of one release that an install needs.
struct ReleaseFacts {
    OpenRegistry* registry = nullptr;
    VersionState state;
    ReleaseRecord record;
    Manifest manifest;
};

namespace detail {
class KnownMetadata;
}

/// DependencyProvider over a RegistrySet: versions from the state tree, dependencies from the manifest
/// blob; each asked once and remembered. What was proven before is answered from KnownMetadata, and `facts` compares
/// it with the proof of every release that was chosen: a tampered projection cannot change an install.
class RegistryProvider final : public DependencyProvider {
public:
    RegistryProvider(Market& market, RegistrySet& registries);
    ~RegistryProvider() override;
    Result<std::optional<CompiledPackage>> compiled(PackageName const& name) override;
    Result<std::vector<Candidate>> versions(PackageName const& name) override;
    Result<std::vector<Dependency>> dependencies(PackageName const& name, Version const& version) override;
    /// Asks the registries for what a resolution will probably look at: from the roots on, level by level, the newest
    /// release that fits, up to `download_parallel` requests at a time. Packages that are kept are left out, with what
    /// they need. A hint: what cannot be had is left to the resolution. Errors: a root's registry cannot be opened.
    Result<void> prefetch_all(ResolveRequest const& request);
    /// After a resolution: the facts of a chosen version. Errors: not_found (version_not_found).
    /// Revoked ones and those under the cooldown count as yanked for the resolver; `facts` tells what they are.
    /// corrupt when the resolver was told something else before.
    Result<ReleaseFacts const*> facts(PackageName const& name, Version const& version);
    /// Whether some package was answered from what is kept of a registry.
    [[nodiscard]] bool has_used_metadata() const { return uses_metadata_ && !answered_by_.empty(); }
    /// From now on everything is asked of the registries.
    void ask_registries() { uses_metadata_ = false; }
    /// Removes what is kept of the registries.
    void forget_metadata();
    /// Keeps what was proven for the next resolution.
    void keep_metadata();
    /// Makes `name` come from this registry (alias or origin) whatever the mapping.
    void pin_registry(PackageName const& name, std::string registry);

private:
    struct NameFacts {
        OpenRegistry* registry = nullptr;
        std::optional<NameState> state;
    };
    Result<OpenRegistry*> registry_of(PackageName const& name);
    Result<NameFacts const*> name_facts(PackageName const& name);
    detail::KnownMetadata* metadata_of(OpenRegistry& registry);
    /// What one level wants of one registry; returns what that needs.
    std::vector<Dependency> prefetch_level(OpenRegistry& registry, std::vector<Dependency> const& wanted,
                                           std::map<PackageName, Version> const& locked);
    /// Yanked, revoked, or too young: not for those who did not ask for it by name.
    [[nodiscard]] bool is_held_back(VersionState const& version) const;
    Result<void> wish_registry(Dependency const& dependency, std::string const& asker);

    Market& market_;
    RegistrySet& registries_;
    std::map<PackageName, std::string> pinned_;  // By the user.
    std::map<PackageName, std::string> wished_;  // Aliases; by the manifests of dependents.
    std::map<PackageName, NameFacts> names_;
    bool uses_metadata_ = true;
    std::map<PackageName, std::string> answered_by_;  // Aliases; of packages that metadata was found of.
    std::map<std::string, std::unique_ptr<detail::KnownMetadata>> metadata_;  // By alias.
    std::map<std::pair<PackageName, Version>, ReleaseFacts> facts_;
    struct Prefetched {
        ReleaseRecord record;
        Manifest manifest;
    };
    std::map<Digest, Prefetched> prefetched_;  // By leaf of the release; proven, but nobody asked for them yet.
};

}  // namespace ggen
