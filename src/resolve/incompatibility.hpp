#pragma once

#include <cstdint>
#include <limits>
#include <span>

#include "resolve/catalog.hpp"
#include "resolve/state_set.hpp"

namespace ggen::solver {

using IncompatibilityId = std::uint32_t;
using RangeId = std::uint32_t;
inline constexpr IncompatibilityId k_no_incompatibility =
    std::numeric_limits<IncompatibilityId>::max();

/// "The state of `package` is one of `states`."
struct Term {
    PackageId package = 0;
    StateView states;
    friend bool operator==(Term const&, Term const&) = default;
};

/// A requirement text of one package with the states that it admits.
struct Range {
    PackageId package = 0;
    Catalog::KnownRange const* known = nullptr;
    StateView states;  ///< Without state 0; yanked versions only when they are admitted.
    StateView others;  ///< All other states, 0 among them.

    [[nodiscard]] VersionRange const& range() const { return known->written(); }
};

enum class CauseKind : std::uint8_t {
    root,        ///< The project itself must be chosen.
    dependency,  ///< `depender` needs `range`.
    constraint,  ///< `depender` has an optional dependency on `range`.
    derived,     ///< Follows from `left` and `right` by resolution.
};

/// Terms that never hold all together. `terms` is sorted by package, one term a package, and holds
/// no term that is always true; it is empty when the facts contradict each other.
struct Incompatibility {
    std::span<Term const> terms;
    CauseKind kind = CauseKind::root;
    IncompatibilityId left = k_no_incompatibility;
    IncompatibilityId right = k_no_incompatibility;
    PackageId depender = 0;
    RangeId range = 0;

    [[nodiscard]] Term const* term(PackageId package) const {
        for (auto const& candidate : terms) {
            if (candidate.package == package) return &candidate;
        }
        return nullptr;
    }
};

}  // namespace ggen::solver
