#include "resolve/diagnosis.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "resolve/describe.hpp"
#include "resolve/explain.hpp"

namespace ggen::solver {
namespace {

/// So many extra solves look for the smallest conflict, and so many for a way out.
constexpr std::size_t k_core_solves_max = 64;
constexpr std::size_t k_hint_solves_max = 16;

class Diagnosis {
public:
    Diagnosis(Catalog& catalog, ResolveRequest const& request, ResolveOptions const& options,
              Tuning const& tuning)
        : catalog_(catalog), request_(request), options_(options), tuning_(tuning),
          pins_(exact_pins(request.roots)) {}

    Result<Conflict> run(Solver const& failed) {
        Conflict out;
        for (auto const& root : request_.roots) {
            auto const package = catalog_.find(root.name);
            if (root.optional || package == 0 || !catalog_.versions(package).empty()) continue;
            if (std::find(out.unknown_packages.begin(), out.unknown_packages.end(), root.name) !=
                out.unknown_packages.end()) continue;
            out.unknown_packages.push_back(root.name);
            out.explanation += "There is no package named " + root.name.text() + ", which " +
                               request_.root_label + " needs.\n";
        }
        if (!out.unknown_packages.empty()) {
            out.explanation += "help: check the spelling; `ggen search` finds names\n";
            return out;
        }
        auto core = core_of(failed);
        RETURN_IF_ERROR(shrink(core));
        ASSIGN_OR_RETURN(auto const detailed, attempt(core, true));
        bool const is_better = detailed && detailed->outcome == Outcome::impossible;
        auto const& proof = is_better ? *detailed->solver : failed;
        out.explanation = explain(proof.facts(), proof.failure(), request_.root_label);
        RETURN_IF_ERROR(add_hints(core, out));
        return out;
    }

private:
    /// The requirements that the proof at hand uses, in the order of the request.
    [[nodiscard]] std::vector<Dependency> core_of(Solver const& failed) const {
        auto const used = root_ranges(failed.facts(), failed.failure());
        std::vector<Dependency> out;
        for (auto const& root : request_.roots) {
            auto const package = catalog_.find(root.name);
            bool const is_used = std::any_of(used.begin(), used.end(), [&](RangeId id) {
                auto const& range = failed.facts().range(id);
                return range.package == package && range.range().text() == root.range.text();
            });
            if (is_used) out.push_back(root);
        }
        return out;
    }

    /// Nothing when the attempt met its own limit or the provider failed.
    Result<std::optional<Solved>> attempt(std::vector<Dependency> const& roots, bool expands_known) {
        Budget budget{std::min(options_.steps_max, tuning_.explain_steps_max), options_.cancel};
        auto solved = solve(catalog_, {roots, request_.locked, pins_}, budget, tuning_, expands_known);
        if (solved) return std::optional<Solved>{std::move(*solved)};
        if (solved.error().code == Errc::cancelled) return std::move(solved).error();
        return std::optional<Solved>{};
    }

    /// Leaves requirements out as long as the rest still fails.
    Result<void> shrink(std::vector<Dependency>& core) {
        std::size_t solves = 0;
        for (auto i = core.size(); i-- > 0 && solves < k_core_solves_max && core.size() > 1; ++solves) {
            auto fewer = core;
            fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
            ASSIGN_OR_RETURN(auto const solved, attempt(fewer, false));
            if (solved && solved->outcome == Outcome::impossible) core = std::move(fewer);
        }
        return ok();
    }

    Result<void> add_hints(std::vector<Dependency> const& core, Conflict& out) {
        std::vector<std::string> ways;
        std::size_t solves = 0;
        for (auto const& requirement : core) {
            if (++solves > k_hint_solves_max) break;
            ASSIGN_OR_RETURN(auto const version, version_if_relaxed(requirement));
            if (!version) continue;
            out.hints.push_back(requirement.name.text());
            ways.push_back("with " + requirement.name.text() + " " + *version + " instead of " +
                           requirement.range.text());
        }
        if (ways.empty()) {
            out.explanation += core.size() > 1
                                   ? "help: relaxing one of these requirements is not enough\n"
                                   : "help: no other version of " + core[0].name.text() +
                                         " helps; leave it out\n";
            return ok();
        }
        out.explanation += "help: it works " + enumerated(ways, "or") + "\n";
        return ok();
    }

    /// The version that is chosen when `requirement` admits any release or, failing that, the newest
    /// prerelease or yanked version by its name. A prerelease of what was asked for comes first.
    Result<std::optional<std::string>> version_if_relaxed(Dependency const& requirement) {
        auto const package = catalog_.find(requirement.name);
        auto const& versions = catalog_.versions(package);
        for (auto const& range : relaxations(requirement.range, versions)) {
            auto roots = request_.roots;
            for (auto& root : roots) {
                if (root == requirement) root.range = range;
            }
            ASSIGN_OR_RETURN(auto const solved, attempt(roots, false));
            if (!solved || solved->outcome != Outcome::solved) continue;
            auto const state = solved->solver->chosen(package);
            if (state == 0) continue;
            auto const& candidate = versions[state - 1];
            return std::optional{candidate.version.text() + (candidate.yanked ? " (yanked)" : "")};
        }
        return std::optional<std::string>{};
    }

    [[nodiscard]] static std::vector<VersionRange> relaxations(
        VersionRange const& range, std::vector<Candidate> const& versions) {
        std::vector<VersionRange> out{VersionRange{}};
        Version const* prerelease = nullptr;
        Version const* yanked = nullptr;
        for (auto const& [version, is_yanked] : versions) {
            if (is_yanked && range.matches(version)) yanked = &version;
            if (!is_yanked && version.is_prerelease()) prerelease = &version;
        }
        if (prerelease != nullptr) {
            Version const release{prerelease->major(), prerelease->minor(), prerelease->patch()};
            auto const place = range.matches(release) ? out.begin() : out.end();
            out.insert(place, VersionRange::exactly(*prerelease));
        }
        if (yanked != nullptr) out.push_back(VersionRange::exactly(*yanked));
        return out;
    }

    Catalog& catalog_;
    ResolveRequest const& request_;
    ResolveOptions const& options_;
    Tuning const& tuning_;
    std::map<PackageName, std::vector<Version>> pins_;
};

}  // namespace

Result<Conflict> diagnose(Catalog& catalog, ResolveRequest const& request,
                          ResolveOptions const& options, Tuning const& tuning, Solver const& failed) {
    return Diagnosis{catalog, request, options, tuning}.run(failed);
}

}  // namespace ggen::solver
