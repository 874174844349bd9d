#pragma once

#include <string>

#include "base/result.hpp"

namespace ggen::bench {

/// Whether libsolv-dev was there when this program was built.
[[nodiscard]] bool has_libsolv();
/// Makes the .solv file `out` of a Packages text. Errors: io, unavailable (built without libsolv).
[[nodiscard]] Result<void> write_solv(std::string const& text, std::string const& out);
/// Loads a .solv file or, with `is_text`, a Packages text of Debian, and installs `package` without recommendations.
/// Prints the number of packages; "-" when there is no solution. Errors: io, not_found (the package), unavailable.
[[nodiscard]] Result<void> run_libsolv_child(std::string const& path, bool is_text, std::string const& package);

}  // namespace ggen::bench
