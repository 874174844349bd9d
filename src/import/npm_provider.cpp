#include "import/npm_provider.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace ggen {

bool may_be_tag(std::string_view range) {
    return !range.empty() && range.find_first_of("0123456789*^~<>=|:/") == std::string_view::npos;
}

Result<std::vector<Dependency>> map_dependencies(NpmSource& source, NpmVersion const& version,
                                                 std::string_view name_space, std::vector<std::string>* dropped) {
    std::map<PackageName, Dependency> by_name;
    for (auto const& dependency : version.dependencies) {
        std::map<std::string, std::string> const* tags = nullptr;
        // Asking for every document here would fetch the closure a second time.
        if (may_be_tag(dependency.range) && map_npm_name(dependency.name, name_space)) {
            ASSIGN_OR_RETURN(auto const* const packument, source.packument(dependency.name));
            if (packument != nullptr) tags = &packument->dist_tags;
        }
        auto mapped = map_npm_dependency(dependency, name_space, tags);
        if (mapped.dependency) {
            auto name = mapped.dependency->name;
            by_name.emplace(std::move(name), std::move(*mapped.dependency));
        } else if (dropped != nullptr) {
            dropped->push_back(mapped.dropped_because);
        }
    }
    std::vector<Dependency> dependencies;
    dependencies.reserve(by_name.size());
    for (auto& [name, dependency] : by_name) dependencies.push_back(std::move(dependency));
    return dependencies;
}

Result<void> warm_up(NpmSource& source, std::vector<NpmSpec> const& roots, std::string_view name_space,
                     CancelToken const& cancel) {
    std::map<std::string, std::set<std::string>> asked;
    std::vector<NpmSpec> frontier = roots;
    while (!frontier.empty()) {
        RETURN_IF_ERROR(cancel.check());
        std::vector<std::string> names;
        names.reserve(frontier.size());
        for (auto const& spec : frontier) names.push_back(spec.name);
        RETURN_IF_ERROR(source.prefetch(names));
        std::vector<NpmSpec> next;
        for (auto const& spec : frontier) {
            ASSIGN_OR_RETURN(auto const* const packument, source.packument(spec.name));
            auto const range = VersionRange::parse(spec.range);
            if (packument == nullptr || !range) continue;
            auto const best = std::find_if(packument->versions.rbegin(), packument->versions.rend(),
                                           [&](auto const& entry) { return range->matches(entry.version); });
            if (best == packument->versions.rend()) continue;
            for (auto const& dependency : best->dependencies) {
                if (!map_npm_dependency(dependency, name_space, nullptr).dependency) continue;
                if (asked[dependency.name].insert(dependency.range).second) {
                    next.push_back({dependency.name, dependency.range});
                }
            }
        }
        frontier = std::move(next);
    }
    return ok();
}

Result<std::vector<Candidate>> NpmProvider::versions(PackageName const& name) {
    ASSIGN_OR_RETURN(auto const* const packument, source_.packument(npm_names_.at(name)));
    std::vector<Candidate> candidates;
    if (packument == nullptr) return candidates;
    for (auto const& entry : packument->versions) candidates.push_back({entry.version, false});
    return candidates;
}

Result<std::vector<Dependency>> NpmProvider::dependencies(PackageName const& name, Version const& version) {
    ASSIGN_OR_RETURN(auto const* const packument, source_.packument(npm_names_.at(name)));
    auto const* const entry = packument != nullptr ? packument->find(version) : nullptr;
    if (entry == nullptr) return std::vector<Dependency>{};
    for (auto const& dependency : entry->dependencies) {
        auto mapped = map_npm_name(dependency.name, name_space_);
        if (mapped) learn(*mapped, dependency.name);
    }
    return map_dependencies(source_, *entry, name_space_, nullptr);
}

}  // namespace ggen
