#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "resolve/arena.hpp"
#include "resolve/id_map.hpp"
#include "resolve/incompatibility.hpp"

namespace ggen::solver {

/// One question to the solver. What it refers to must outlive the solver.
struct Problem {
    std::span<Dependency const> roots;
    std::map<PackageName, Version> const& locked;
    /// Yanked versions that the project names exactly: admitted for every range. Kept apart from
    /// `roots` so that leaving a requirement out does not change what the others admit.
    std::map<PackageName, std::vector<Version>> const& pinned;
};

/// The exact pins among `roots`.
[[nodiscard]] std::map<PackageName, std::vector<Version>> exact_pins(
    std::vector<Dependency> const& roots);

/// The incompatibilities of one solve: dependencies of versions looked at, and what was learned.
class FactBase {
public:
    using Need = Catalog::Need;
    /// What propagation looks at, apart from why it holds.
    struct Watched {
        Term const* terms;
        std::uint32_t count;
        /// Skipped while the decision level with this stamp lives: one of its terms is false there.
        std::uint32_t contradicted_level;
        std::uint64_t contradicted_stamp;
        [[nodiscard]] std::span<Term const> all() const { return {terms, count}; }
    };

    /// With `expands_known`, looking at a version also takes in the dependencies of its siblings
    /// that the catalog already knows: fewer, wider facts, for explanations.
    FactBase(Catalog& catalog, Problem const& problem, bool expands_known);

    /// Adds what `state` of `package` needs; appends the new incompatibilities to `fresh`.
    Result<void> expand(PackageId package, std::uint32_t state,
                        std::vector<IncompatibilityId>& fresh);
    [[nodiscard]] bool is_expanded(PackageId package, std::uint32_t state) const {
        return ((packages_[package].expanded[state / 64] >> (state % 64)) & 1U) != 0;
    }
    /// Stores what follows from two others, without letting propagation see it: a step of a proof.
    IncompatibilityId add_derived(std::span<Term const> terms, IncompatibilityId left,
                                  IncompatibilityId right);
    /// From now on `about` names it.
    void watch(IncompatibilityId id);

    [[nodiscard]] Watched& watched(IncompatibilityId id) { return watched_[id]; }
    [[nodiscard]] std::span<Term const> terms(IncompatibilityId id) const { return watched_[id].all(); }
    [[nodiscard]] Incompatibility at(IncompatibilityId id) const;
    /// Replaced by one that covers more versions of the depender; kept because causes point here.
    [[nodiscard]] bool is_retired(IncompatibilityId id) const { return causes_[id].is_retired; }
    /// Every live incompatibility that speaks of `package`, oldest first.
    [[nodiscard]] std::span<IncompatibilityId const> about(PackageId package) const {
        auto const& list = packages_[package].about;
        return {list.ids, list.count};
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
    [[nodiscard]] std::span<Need const> needs(PackageId package, std::uint32_t state) const {
        if (package == k_root) return root_needs_;
        return catalog_.known_needs(package, state - 1);
    }
    /// The range that `need` stands for, registered by expand.
    [[nodiscard]] Range const& range_of(Need const& need) { return ranges_[register_range(need)]; }
    [[nodiscard]] Range const& range(RangeId id) const { return ranges_[id]; }
    [[nodiscard]] std::vector<Range> const& ranges() const { return ranges_; }
    [[nodiscard]] Catalog const& catalog() const { return catalog_; }
    /// Where terms and their states live.
    [[nodiscard]] Arena& arena() { return arena_; }
    /// Memory held, about.
    [[nodiscard]] std::size_t bytes() const {
        return arena_.bytes() + watched_.capacity() * (sizeof(Watched) + sizeof(Cause));
    }

private:
    struct Cause {
        IncompatibilityId left;
        IncompatibilityId right;
        PackageId depender;
        RangeId range;
        CauseKind kind;
        bool is_retired = false;
    };
    struct IdList {
        IncompatibilityId* ids = nullptr;
        std::uint32_t count = 0;
        std::uint32_t capacity = 0;
    };
    struct Package {
        std::uint32_t state_count = 0;
        std::uint32_t locked_state = 0;
        std::uint64_t* expanded = nullptr;
        IdList about;
        /// Yanked versions that every range admits; null when there are none.
        StateView const* admitted_yanked = nullptr;
    };

    void open(PackageId package);
    Result<void> expand_one(PackageId package, std::uint32_t state,
                            std::vector<IncompatibilityId>& fresh);
    void add_dependency(PackageId depender, std::uint32_t state, Need const& need,
                        std::vector<IncompatibilityId>& fresh);
    RangeId register_range(Need const& need);
    IncompatibilityId add(std::span<Term const> terms, Cause const& cause);
    void put(PackageId package, IncompatibilityId id);
    void retire(IncompatibilityId id);
    void make_room(PackageId package);

    Catalog& catalog_;
    Problem problem_;
    bool expands_known_;
    Arena arena_;
    std::vector<Package> packages_;
    std::vector<PackageId> opened_;
    std::vector<Need> root_needs_;
    std::vector<Range> ranges_;
    IdMap range_ids_;  ///< By the number that the catalog gave.
    std::vector<Watched> watched_;
    std::vector<Cause> causes_;
    /// The newest incompatibility for (depender, range, optional): it grows by replacement.
    IdMap merged_;
};

}  // namespace ggen::solver
