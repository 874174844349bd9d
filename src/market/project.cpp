#include "market/project.hpp"

#include <algorithm>
#include <deque>
#include <set>

#include "market/install_plan.hpp"
#include "market/install_transaction.hpp"
#include "market/registry_set.hpp"

namespace ggen {
namespace {

constexpr std::size_t k_paths_max = 100;
constexpr std::size_t k_path_steps_max = 100'000;

Result<Lockfile> require_lockfile(Market& market) {
    ASSIGN_OR_RETURN(auto lockfile, read_project_lockfile(market));
    return lockfile ? std::move(*lockfile) : Lockfile{};
}

Error not_installed(PackageName const& name) {
    return Error{Errc::not_found, ErrorId::not_installed, name.text() + " is not installed here",
                 "ggen list shows what is"};
}

/// Newest version of `candidates` that `accept` likes, releases before prereleases.
template <class Accept>
std::optional<Version> newest(std::vector<Candidate> const& candidates, Accept const& accept) {
    std::optional<Version> best;
    for (auto const& candidate : candidates) {
        if (candidate.yanked || !accept(candidate.version)) continue;
        if (!best || *best < candidate.version) best = candidate.version;
    }
    return best;
}

/// The ranges that everything in the lockfile puts on `name`.
std::vector<VersionRange> ranges_on(Lockfile const& lockfile, PackageName const& name) {
    std::vector<std::string> texts;
    if (auto const root = lockfile.requirements.find(name); root != lockfile.requirements.end())
        texts.push_back(root->second);
    for (auto const& [other, package] : lockfile.packages) {
        if (auto const edge = package.dependencies.find(name); edge != package.dependencies.end())
            texts.push_back(edge->second);
    }
    std::vector<VersionRange> ranges;
    for (auto const& text : texts) {
        if (auto range = VersionRange::parse(text)) ranges.push_back(std::move(*range));
    }
    return ranges;
}

TreeNode make_node(Lockfile const& lockfile, PackageName const& name, std::string const& range,
                   std::set<PackageName>& shown) {
    TreeNode node{name, {}, range, false, {}};
    auto const found = lockfile.packages.find(name);
    if (found == lockfile.packages.end()) return node;
    node.version = found->second.version;
    if (!shown.insert(name).second) {
        node.repeated = !found->second.dependencies.empty();
        return node;
    }
    for (auto const& [needed, needed_range] : found->second.dependencies) {
        node.children.push_back(make_node(lockfile, needed, needed_range, shown));
    }
    return node;
}

}  // namespace

Result<std::optional<Lockfile>> read_project_lockfile(Market& market) {
    if (has_unfinished_transaction(market)) {
        ASSIGN_OR_RETURN(auto const healed, ProjectTransaction::open(market));
        static_cast<void>(healed);
    }
    auto const text =
        market.files.read_file(ProjectPaths::of(market.project_directory).lockfile, Lockfile::k_bytes_max);
    if (!text) {
        if (text.error().code == Errc::not_found) return std::optional<Lockfile>{};
        return text.error();
    }
    ASSIGN_OR_RETURN(auto lockfile, Lockfile::parse(as_text(*text)));
    return std::optional<Lockfile>{std::move(lockfile)};
}

Result<std::vector<InstalledPackage>> list_installed(Market& market) {
    ASSIGN_OR_RETURN(auto const lockfile, require_lockfile(market));
    auto const target = current_target(market);
    std::vector<InstalledPackage> installed;
    for (auto const& [name, package] : lockfile.packages) {
        auto const directory = join_path(target, name.text());
        installed.push_back({package, lockfile.requirements.contains(name),
                             market.files.info(directory).has_value(), directory});
    }
    return installed;
}

Result<std::vector<OutdatedPackage>> outdated(Market& market) {
    ASSIGN_OR_RETURN(auto const lockfile, require_lockfile(market));
    RegistrySet registries{market};
    RegistryProvider provider{market, registries};
    std::vector<OutdatedPackage> found;
    for (auto const& [name, package] : lockfile.packages) {
        RETURN_IF_ERROR(market.cancel.check());
        provider.pin_registry(name, package.origin);
        ASSIGN_OR_RETURN(auto const candidates, provider.versions(name));
        auto const ranges = ranges_on(lockfile, name);
        auto const fits_all = [&](Version const& version) {
            return std::all_of(ranges.begin(), ranges.end(),
                               [&](auto const& range) { return range.matches(version); });
        };
        OutdatedPackage line{
            name,
            package.version,
            newest(candidates, fits_all),
            newest(candidates, [](Version const& version) { return !version.is_prerelease(); }),
            {},
            false};
        auto const root = lockfile.requirements.find(name);
        line.range = root != lockfile.requirements.end() ? root->second : "";
        for (auto const& candidate : candidates) {
            if (candidate.version == package.version) line.current_yanked = candidate.yanked;
        }
        bool const has_newer = (line.wanted && package.version < *line.wanted) ||
                               (line.latest && package.version < *line.latest);
        if (has_newer || line.current_yanked) found.push_back(std::move(line));
    }
    return found;
}

Result<WhyReport> why(Market& market, PackageName const& name) {
    ASSIGN_OR_RETURN(auto const lockfile, require_lockfile(market));
    auto const target = lockfile.packages.find(name);
    if (target == lockfile.packages.end()) return not_installed(name);
    WhyReport report{name, target->second.version, {}};
    // Breadth first from the roots: the shortest ways come first. Bounded, because ways can be very many.
    std::deque<std::vector<WhyStep>> queue;
    for (auto const& [root, range] : lockfile.requirements) {
        if (auto const found = lockfile.packages.find(root); found != lockfile.packages.end()) {
            queue.push_back({{root, found->second.version, range}});
        }
    }
    for (std::size_t steps = 0;
         !queue.empty() && steps < k_path_steps_max && report.paths.size() < k_paths_max; ++steps) {
        auto const path = std::move(queue.front());
        queue.pop_front();
        if (path.back().name == name) {
            report.paths.push_back(path);
            continue;
        }
        for (auto const& [needed, range] : lockfile.packages.at(path.back().name).dependencies) {
            bool const is_cycle =
                std::any_of(path.begin(), path.end(), [&](auto const& step) { return step.name == needed; });
            auto const found = lockfile.packages.find(needed);
            if (is_cycle || found == lockfile.packages.end()) continue;
            auto longer = path;
            longer.push_back({needed, found->second.version, range});
            queue.push_back(std::move(longer));
        }
    }
    return report;
}

Result<std::vector<TreeNode>> dependency_tree(Market& market) {
    ASSIGN_OR_RETURN(auto const lockfile, require_lockfile(market));
    std::set<PackageName> shown;
    std::vector<TreeNode> roots;
    roots.reserve(lockfile.requirements.size());
    for (auto const& [name, range] : lockfile.requirements)
        roots.push_back(make_node(lockfile, name, range, shown));
    return roots;
}

}  // namespace ggen
