#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "resolve/incompatibility.hpp"

namespace ggen::solver {

/// One question to the solver.
struct Problem {
    std::vector<Dependency> roots;
    std::map<PackageName, Version> locked;
    /// Yanked versions that the project names exactly: admitted for every range. Kept apart from
    /// `roots` so that leaving a requirement out does not change what the others admit.
    std::map<PackageName, std::vector<Version>> pinned;
};

/// The exact pins among `roots`.
[[nodiscard]] std::map<PackageName, std::vector<Version>> exact_pins(
    std::vector<Dependency> const& roots);
/// "1.2.3" or "=1.2.3": one comparator that names one version.
[[nodiscard]] bool is_exact(VersionRange const& range);

/// The incompatibilities of one solve: dependencies of versions looked at, and what was learned.
class FactBase {
public:
    /// With `expands_known`, looking at a version also takes in the dependencies of its siblings
    /// that the catalog already knows: fewer, wider facts, for explanations.
    FactBase(Catalog& catalog, Problem problem, bool expands_known);

    /// Adds what `state` of `package` needs; appends the new incompatibilities to `fresh`.
    Result<void> expand(PackageId package, std::uint32_t state,
                        std::vector<IncompatibilityId>& fresh);
    [[nodiscard]] bool is_expanded(PackageId package, std::uint32_t state) const {
        return packages_[package].expanded.contains(state);
    }
    /// Stores without letting propagation see it: a step of a proof.
    IncompatibilityId add(Incompatibility incompatibility);
    /// From now on `about` names it.
    void watch(IncompatibilityId id);

    [[nodiscard]] Incompatibility& at(IncompatibilityId id) { return arena_[id]; }
    [[nodiscard]] Incompatibility const& at(IncompatibilityId id) const { return arena_[id]; }
    /// Every live incompatibility that speaks of `package`, oldest first.
    [[nodiscard]] std::vector<IncompatibilityId> const& about(PackageId package) const {
        return packages_[package].about;
    }
    /// Packages in the order in which they were met.
    [[nodiscard]] std::vector<PackageId> const& opened() const { return opened_; }
    [[nodiscard]] std::size_t package_count() const { return packages_.size(); }
    [[nodiscard]] std::uint32_t state_count(PackageId package) const {
        return packages_[package].state_count;
    }
    /// The state of the locked version, 0 when there is none.
    [[nodiscard]] std::uint32_t locked_state(PackageId package) const {
        return packages_[package].locked_state;
    }
    /// What `package` in `state` depends on; the state must be expanded.
    [[nodiscard]] std::vector<Dependency> const& dependencies(PackageId package,
                                                              std::uint32_t state) const;
    /// The range that `dependency` stands for, registered by expand.
    [[nodiscard]] Range const& range_of(Dependency const& dependency) const;
    [[nodiscard]] Range const& range(RangeId id) const { return ranges_[id]; }
    [[nodiscard]] std::deque<Range> const& ranges() const { return ranges_; }
    [[nodiscard]] Catalog const& catalog() const { return catalog_; }
    [[nodiscard]] Problem const& problem() const { return problem_; }
    /// Memory held by the arena, about.
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
    struct Package {
        std::uint32_t state_count = 0;
        std::uint32_t locked_state = 0;
        StateSet admitted_yanked;
        StateSet expanded;
        std::vector<IncompatibilityId> about;
        std::unordered_map<std::string, RangeId> ranges;
    };

    Result<PackageId> open(PackageName const& name);
    Result<void> expand_one(PackageId package, std::uint32_t state,
                            std::vector<IncompatibilityId>& fresh);
    void add_dependency(PackageId depender, std::uint32_t state, RangeId range, bool optional,
                        std::vector<IncompatibilityId>& fresh);
    RangeId register_range(PackageId package, VersionRange const& range);

    Catalog& catalog_;
    Problem problem_;
    bool expands_known_;
    std::vector<Package> packages_;
    std::vector<PackageId> opened_;
    std::deque<Range> ranges_;
    std::deque<Incompatibility> arena_;
    /// The newest incompatibility for (depender, range, optional): it grows by replacement.
    std::map<std::tuple<PackageId, RangeId, bool>, IncompatibilityId> merged_;
    std::size_t bytes_ = 0;
};

}  // namespace ggen::solver
