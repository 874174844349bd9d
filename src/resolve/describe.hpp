#pragma once

#include <string>
#include <string_view>

#include "resolve/fact_base.hpp"

namespace ggen::solver {

/// A phrase and whether its verb stands in the plural.
struct Phrase {
    std::string text;
    bool is_plural = false;
};

/// Turns sets of states and single incompatibilities into words.
class Describer {
public:
    Describer(FactBase const& facts, std::string_view root_label)
        : facts_(facts), root_label_(root_label) {}

    /// "a 1.0.0", "every version of a", "a ^1.0.0", "a 1.0.0 and 1.1.0". Without state 0, not empty.
    /// `last` joins enumerations: "and" or "or".
    [[nodiscard]] Phrase states(PackageId package, StateView states,
                                std::string_view last = "and") const;
    /// A clause without capital and full stop: "a 1.0.0 needs b ^2.0.0".
    [[nodiscard]] std::string clause(Incompatibility const& incompatibility) const;
    /// "b ^2.0.0", and when nothing matches it ", but …" with the reason.
    [[nodiscard]] std::string wanted(Range const& range) const;
    /// The one who needs, for dependency facts: the project or "a 1.0.0".
    [[nodiscard]] Phrase depender(Incompatibility const& fact) const;

private:
    [[nodiscard]] std::string why_empty(Range const& range) const;
    [[nodiscard]] std::string derived_clause(Incompatibility const& incompatibility) const;

    FactBase const& facts_;
    std::string_view root_label_;
};

/// "a ^1.0.0", and just "a" when any release will do.
[[nodiscard]] std::string shown(PackageName const& name, VersionRange const& range);

/// "a", "a and b", "a, b and c".
[[nodiscard]] std::string enumerated(std::vector<std::string> const& items, std::string_view last);

}  // namespace ggen::solver
