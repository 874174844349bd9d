#pragma once

#include <functional>
#include <string>

#include "base/result.hpp"
#include "harness/benchmark.hpp"

namespace CLI {
class App;
}

namespace ggen::bench {

/// Adds the commands over the tests of `catalogue`: `list`, `run`, `runs`, `compare`, `baseline`, `history`,
/// `gate`, `prove`, `report`, `export` and `import`. Whatever was asked for sets `exit_code` when CLI11 has parsed:
/// 0 good, 1 no-go or failed tests, 2 usage, 3 incomplete.
void add_harness_commands(CLI::App& app, Catalogue catalogue, int& exit_code);

/// Parses, which runs what was asked for. The exit code when parsing itself failed (2) or printed the help (0); else 0.
[[nodiscard]] int parse_commands(CLI::App& app, int argc, char const* const* argv);

/// Runs a comparison with other programs. The tables that it printed go into `store`, where `report` finds them; "" =
/// nowhere. The exit code.
[[nodiscard]] int run_comparison(std::string const& kind, std::string const& store,
                                 std::function<Result<void>()> const& run);

}  // namespace ggen::bench
