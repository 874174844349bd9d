#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/cancel.hpp"
#include "resolve/fact_base.hpp"
#include "resolve/partial_solution.hpp"

namespace ggen::solver {

/// From so many conflicts on, a package is decided before others (uv's threshold).
inline constexpr std::uint32_t k_trouble_conflicts = 5;

/// Beyond this the incompatibilities are not allowed to grow.
inline constexpr std::size_t k_fact_bytes_max = std::size_t{1} << 30;

/// How much work is left; shared by the solves of one resolution.
class Budget {
public:
    Budget(std::uint64_t steps_max, CancelToken const* cancel)
        : steps_max_(steps_max), cancel_(cancel) {}
    void spend(std::uint64_t steps) { spent_ += steps; }
    [[nodiscard]] std::uint64_t spent() const { return spent_; }
    [[nodiscard]] CancelToken const* cancel() const { return cancel_; }
    [[nodiscard]] bool is_exhausted() const { return spent_ > steps_max_; }

private:
    std::uint64_t steps_max_;
    std::uint64_t spent_ = 0;
    CancelToken const* cancel_;
};

/// The order in which packages are decided.
enum class Order : std::uint8_t {
    canonical,     ///< Breadth first from the root: the answer is the preferred one.
    by_conflicts,  ///< Troublesome packages first, then those with the fewest versions left.
};

enum class Outcome : std::uint8_t { solved, impossible, undecided };

/// PubGrub: unit propagation, decisions, conflict-driven learning. docs/resolver.md.
///
/// Under Order::canonical every decision takes the best version that propagation left, and
/// propagation only removes what contradicts the facts and the earlier decisions. Therefore each
/// package in breadth-first order has the best version with which a solution exists.
class Solver {
public:
    /// `catalog` and `budget` must outlive the solver.
    Solver(Catalog& catalog, Problem const& problem, Budget& budget, bool expands_known);

    /// Starts over (what was learned stays) and searches until solved, impossible, or `conflicts_max`
    /// conflicts were met. Errors: of the provider, too_large (resolution_limit), cancelled.
    [[nodiscard]] Result<Outcome> run(Order order, std::uint64_t conflicts_max);
    /// From now on these states are preferred to all others of their packages.
    void prefer(std::vector<std::pair<PackageId, std::uint32_t>> const& states);
    /// After `solved`: adds optional dependencies, first come first served, moving nothing.
    [[nodiscard]] Result<void> add_optional();

    /// After `solved`: the packages reached from the root, breadth first, the root first.
    [[nodiscard]] std::vector<PackageId> const& reached() const { return queue_; }
    [[nodiscard]] std::uint32_t chosen(PackageId package) const { return partial_.chosen(package); }
    /// After `impossible`: follows from facts alone and says that the root cannot be chosen.
    [[nodiscard]] IncompatibilityId failure() const { return failure_; }
    [[nodiscard]] FactBase const& facts() const { return facts_; }
    [[nodiscard]] std::uint64_t conflict_count() const { return conflicts_; }

private:
    struct Level {
        std::uint64_t stamp;       ///< Unlike that of every other level ever made.
        std::size_t head;          ///< The queue when the level was made.
        std::size_t queue_size;
        Arena::Mark mark;          ///< What the partial solution held before it.
    };
    struct Verdict {
        enum class Kind : std::uint8_t { open, unit, conflict } kind;
        Term const* open_term = nullptr;
    };

    void restart();
    Result<Outcome> search(Order order, std::uint64_t conflicts_max);
    Result<bool> expand_forced();
    Result<void> expand(PackageId package, std::uint32_t state);
    PackageId next_canonical();
    [[nodiscard]] PackageId next_by_conflicts() const;
    [[nodiscard]] std::uint32_t best_state(PackageId package) const;
    void begin_level();
    void enqueue(PackageId package);
    bool decide_next_optional();

    // propagate.cpp
    Result<void> propagate();
    Verdict evaluate(IncompatibilityId id);
    /// Returns false when `id` was in conflict and the facts turned out to be contradictory.
    bool apply(IncompatibilityId id);
    bool learn_from(IncompatibilityId conflict);
    void backjump(std::uint32_t level);
    void assign(PackageId package, StateView accumulated, IncompatibilityId cause);
    [[nodiscard]] bool is_failure(IncompatibilityId id) const;
    struct Satisfier {
        std::uint32_t position = 0;
        Term const* term = nullptr;
        std::uint32_t previous_level = 0;
    };
    [[nodiscard]] Satisfier find_satisfier(std::span<Term const> conflict) const;
    [[nodiscard]] IncompatibilityId resolvent(IncompatibilityId conflict, IncompatibilityId cause,
                                              PackageId package);
    void note_conflict(std::span<Term const> learned);
    [[nodiscard]] Result<void> check_limits() const {
        auto const* const cancel = budget_.cancel();
        bool const must_stop = cancel != nullptr && cancel->is_cancelled();
        if (must_stop || budget_.is_exhausted() || facts_.bytes() > k_fact_bytes_max) return stop();
        return ok();
    }
    [[nodiscard]] Result<void> stop() const;
    [[nodiscard]] std::uint32_t level() const { return static_cast<std::uint32_t>(levels_.size()) - 1; }

    Catalog& catalog_;
    Budget& budget_;
    FactBase facts_;
    PartialSolution partial_;
    std::size_t opened_ = 0;  ///< So many of `facts_.opened()` have room in `partial_`.
    std::vector<Level> levels_;
    std::uint64_t stamps_ = 0;
    std::uint32_t floor_ = 0;  ///< Levels up to here stand: the required part, once solved.

    std::vector<PackageId> changed_;     ///< Packages whose incompatibilities need a look.
    std::vector<std::uint8_t> is_changed_;
    std::vector<IncompatibilityId> fresh_;  ///< Facts never evaluated at a lower level.
    struct DatedFact {
        std::uint32_t level;
        IncompatibilityId id;
    };
    std::vector<DatedFact> dated_;  ///< When facts were evaluated first; they return on a backjump.
    std::vector<Term> joined_;       ///< Kept for its memory.
    std::vector<PackageId> forced_;  ///< Packages that came to have one state left.

    std::vector<PackageId> queue_;  ///< Breadth first; everything before `head_` is decided.
    std::vector<std::uint8_t> is_queued_;
    std::size_t head_ = 0;
    std::size_t optional_package_ = 0;     ///< Position in `queue_` …
    std::size_t optional_dependency_ = 0;  ///< … and in its dependencies, of the next optional one.

    std::vector<std::uint32_t> preferred_;      ///< State by package, 0 = none.
    std::vector<std::uint32_t> package_conflicts_;
    bool restarts_on_trouble_ = false;
    bool wants_restart_ = false;
    std::uint64_t conflicts_ = 0;
    bool is_impossible_ = false;
    IncompatibilityId failure_ = k_no_incompatibility;
};

}  // namespace ggen::solver
