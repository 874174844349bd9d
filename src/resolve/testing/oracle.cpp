#include "resolve/testing/oracle.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace ggen::testing {
namespace {

bool is_exact(VersionRange const& range) {
    return range.sets().size() == 1 && range.sets()[0].size() == 1 &&
           range.sets()[0][0].op == VersionRange::Operator::equal;
}

class Search {
public:
    explicit Search(Universe const& universe) : universe_(universe) {}

    std::optional<Assignment> run() {
        std::vector<PackageName> queue;
        if (!required(queue)) return std::nullopt;
        add_optional(queue);
        return chosen_;
    }

    bool admits(Dependency const& need, Universe::Release const& release) const {
        auto const& version = release.candidate.version;
        if (!need.range.matches(version)) return false;
        if (!release.candidate.yanked || is_exact(need.range)) return true;
        auto const locked = universe_.request.locked.find(need.name);
        if (locked != universe_.request.locked.end() && locked->second == version) return true;
        return std::any_of(
            universe_.request.roots.begin(), universe_.request.roots.end(), [&](auto const& root) {
                return root.name == need.name && is_exact(root.range) && root.range.matches(version);
            });
    }

    /// An optional dependency that no version can ever satisfy counts as not written.
    bool is_void(Dependency const& need) const {
        if (!need.optional) return false;
        for (auto const& release : releases(need.name)) {
            if (admits(need, release)) return false;
        }
        return true;
    }

private:
    std::vector<Universe::Release> const& releases(PackageName const& name) const {
        static std::vector<Universe::Release> const k_none;
        auto const found = universe_.packages.find(name);
        return found == universe_.packages.end() ? k_none : found->second;
    }

    /// Best first: locked, then releases and prereleases, each descending; yanked ones last.
    std::vector<Universe::Release const*> candidates(PackageName const& name) const {
        std::vector<Universe::Release const*> out;
        for (auto const& release : releases(name)) out.push_back(&release);
        auto const locked = universe_.request.locked.find(name);
        auto const rank = [&](Universe::Release const* release) {
            auto const& version = release->candidate.version;
            if (locked != universe_.request.locked.end() && locked->second == version) return 0;
            return 1 + (release->candidate.yanked ? 2 : 0) + (version.is_prerelease() ? 1 : 0);
        };
        std::sort(out.begin(), out.end(), [&](auto const* a, auto const* b) {
            if (rank(a) != rank(b)) return rank(a) < rank(b);
            return a->candidate.version > b->candidate.version;
        });
        return out;
    }

    bool fits(std::vector<Dependency> const& needs, PackageName const& name,
              Universe::Release const& release) const {
        return std::all_of(needs.begin(), needs.end(), [&](Dependency const& need) {
            return need.name != name || is_void(need) || admits(need, release);
        });
    }

    /// Against what is chosen so far, in both directions.
    bool is_allowed(PackageName const& name, Universe::Release const& release) const {
        if (!fits(universe_.request.roots, name, release)) return false;
        if (!fits(release.dependencies, name, release)) return false;
        for (auto const& [other, version] : chosen_) {
            auto const& theirs = *universe_.find(other, version);
            if (!fits(theirs.dependencies, name, release)) return false;
            if (!fits(release.dependencies, other, theirs)) return false;
        }
        return true;
    }

    void reach(std::vector<Dependency> const& needs, std::vector<PackageName>& queue) const {
        for (auto const& need : needs) {
            if (need.optional) continue;
            if (std::find(queue.begin(), queue.end(), need.name) == queue.end()) {
                queue.push_back(need.name);
            }
        }
    }

    /// Decides every package in breadth-first order, best version first, by plain backtracking.
    /// `queue` holds on entry what was decided before, in order; on success the whole order.
    bool required(std::vector<PackageName>& queue) {
        auto order = queue;
        reach(universe_.request.roots, order);
        std::size_t head = 0;
        while (head < order.size() && chosen_.contains(order[head])) {
            auto const name = order[head++];
            reach(universe_.find(name, chosen_.at(name))->dependencies, order);
        }
        if (head == order.size()) {
            queue = std::move(order);
            return true;
        }
        auto const name = order[head];
        for (auto const* release : candidates(name)) {
            if (!is_allowed(name, *release)) continue;
            chosen_.emplace(name, release->candidate.version);
            if (required(queue)) return true;
            chosen_.erase(name);
        }
        return false;
    }

    void add_optional(std::vector<PackageName>& queue) {
        try_optional(universe_.request.roots, queue);
        for (std::size_t i = 0; i < queue.size(); ++i) {
            auto const needs = universe_.find(queue[i], chosen_.at(queue[i]))->dependencies;
            try_optional(needs, queue);
        }
    }

    void try_optional(std::vector<Dependency> const& needs, std::vector<PackageName>& queue) {
        for (auto const& need : needs) {
            if (!need.optional || chosen_.contains(need.name)) continue;
            for (auto const* release : candidates(need.name)) {
                if (!admits(need, *release) || !is_allowed(need.name, *release)) continue;
                auto extended = queue;
                extended.push_back(need.name);
                chosen_.emplace(need.name, release->candidate.version);
                if (required(extended)) {
                    queue = std::move(extended);
                    break;
                }
                chosen_.erase(need.name);
            }
        }
    }

    Universe const& universe_;
    Assignment chosen_;
};

}  // namespace

std::optional<Assignment> brute_force(Universe const& universe) { return Search{universe}.run(); }

std::string complaint(Universe const& universe, Solution const& solution) {
    Search const rules{universe};
    std::set<PackageName> needed;
    std::vector<std::vector<Dependency>> open{universe.request.roots};
    while (!open.empty()) {
        auto const needs = std::move(open.back());
        open.pop_back();
        for (auto const& need : needs) {
            auto const found = solution.packages.find(need.name);
            if (found == solution.packages.end()) {
                if (!need.optional) return need.name.text() + " is missing";
                continue;
            }
            auto const* release = universe.find(need.name, found->second.version);
            if (release == nullptr) return need.name.text() + " does not exist";
            if (!rules.is_void(need) && !rules.admits(need, *release)) {
                return need.name.text() + " does not satisfy " + need.range.text();
            }
            if (rules.is_void(need)) continue;
            if (release->candidate.yanked != found->second.yanked) return "wrong yanked flag";
            if (needed.insert(need.name).second) open.push_back(release->dependencies);
        }
    }
    if (needed.size() != solution.packages.size()) return "a package is not needed";
    return {};
}

}  // namespace ggen::testing
