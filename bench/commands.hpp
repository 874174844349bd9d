#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace ggen::bench {

/// Adds `list`, `run`, `runs`, `compare`, `baseline`, `history`, `gate`, `report`, `export` and `import` to
/// the program. Whatever was asked for sets `exit_code` when CLI11 has parsed: 0 good, 1 no-go or failed
/// tests, 2 usage, 3 incomplete.
void add_harness_commands(CLI::App& app, int& exit_code);

}  // namespace ggen::bench
