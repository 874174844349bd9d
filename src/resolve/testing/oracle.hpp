#pragma once

#include <map>
#include <optional>

#include "resolve/testing/universe.hpp"

namespace ggen::testing {

using Assignment = std::map<PackageName, Version>;

/// The preferred solution by trying everything, straight from the definition in docs/resolver.md
/// and sharing no code with the solver. Nothing when there is none. Exponential.
[[nodiscard]] std::optional<Assignment> brute_force(Universe const& universe);

/// What is wrong with `solution`, "" when it is valid and minimal: every range satisfied by an
/// admitted version, every package needed, directly or not, by the request.
[[nodiscard]] std::string complaint(Universe const& universe, Solution const& solution);

}  // namespace ggen::testing
