#include "resolve/catalog.hpp"

#include <algorithm>
#include <utility>

namespace ggen::solver {
namespace {

/// Ascending; of versions that differ only in build metadata the available one with the greatest
/// text stays, so that the answer does not depend on the provider's order.
std::vector<Candidate> frozen(std::vector<Candidate> versions) {
    std::sort(versions.begin(), versions.end(), [](Candidate const& a, Candidate const& b) {
        if (auto const order = a.version <=> b.version; order != 0) return order < 0;
        if (a.yanked != b.yanked) return b.yanked;
        return a.version.build() > b.version.build();
    });
    auto const same = [](Candidate const& a, Candidate const& b) { return a.version == b.version; };
    versions.erase(std::unique(versions.begin(), versions.end(), same), versions.end());
    return versions;
}

}  // namespace

void Catalog::prefetch(PackageName const& name) {
    if (!ids_.contains(name)) provider_.prefetch(name);
}

Result<PackageId> Catalog::open(PackageName const& name) {
    if (auto const found = ids_.find(name); found != ids_.end()) return found->second;
    ASSIGN_OR_RETURN(auto versions, provider_.versions(name));
    if (versions.size() > k_versions_max) {
        return Error{Errc::too_large, ErrorId::resolution_limit,
                     name.text() + " has more than 100,000 versions"};
    }
    auto const id = static_cast<PackageId>(packages_.size());
    Package package;
    package.name = name;
    package.versions = frozen(std::move(versions));
    package.dependencies.resize(package.versions.size());
    packages_.push_back(std::move(package));
    ids_.emplace(name, id);
    return id;
}

PackageId Catalog::find(PackageName const& name) const {
    auto const found = ids_.find(name);
    return found == ids_.end() ? 0 : found->second;
}

Result<std::vector<Dependency> const*> Catalog::dependencies(PackageId package, std::uint32_t index) {
    auto& entry = packages_[package];
    auto& slot = entry.dependencies[index];
    if (!slot) {
        ASSIGN_OR_RETURN(slot, provider_.dependencies(*entry.name, entry.versions[index].version));
    }
    return &*slot;
}

std::vector<Dependency> const* Catalog::known_dependencies(PackageId package,
                                                           std::uint32_t index) const {
    auto const& slot = packages_[package].dependencies[index];
    return slot ? &*slot : nullptr;
}

}  // namespace ggen::solver
