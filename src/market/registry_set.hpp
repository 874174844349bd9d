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

/// DependencyProvider over a RegistrySet: versions from the state tree, dependencies from the manifest
/// blob; each asked once and remembered. Not the catalogue: a tampered projection cannot change an install.
class RegistryProvider final : public DependencyProvider {
public:
    RegistryProvider(Market& market, RegistrySet& registries) : market_(market), registries_(registries) {}
    Result<std::vector<Candidate>> versions(PackageName const& name) override;
    Result<std::vector<Dependency>> dependencies(PackageName const& name, Version const& version) override;
    /// After a resolution: the facts of a chosen version. Errors: not_found (version_not_found).
    Result<ReleaseFacts const*> facts(PackageName const& name, Version const& version);
    /// Makes `name` come from this registry (alias or origin) whatever the mapping.
    void pin_registry(PackageName const& name, std::string registry);

private:
    Market& market_;
    RegistrySet& registries_;
    std::map<PackageName, std::string> pinned_;
    std::map<PackageName, std::optional<NameState>> names_;
    std::map<std::pair<PackageName, Version>, ReleaseFacts> facts_;
};

}  // namespace ggen
