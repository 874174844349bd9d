#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "codec/json.hpp"
#include "harness/environment.hpp"
#include "table.hpp"

namespace ggen::bench {

/// What one comparison with other programs found: the tables that it printed, ours and theirs measured in turns.
/// `ggen-bench search`, `install` and `resolve` make one each; `tests/interop/compare` makes "connections".
struct PeerComparison {
    std::string kind;  ///< "search", …: a report shows the newest of each. 1 to 40 letters and digits.
    UnixTime started;
    double seconds = 0;
    Environment environment;
    double load_1min = 0;  ///< At the end.
    std::vector<PrintedTable> tables;
};

/// The exchange format, `docs/formats/bench-result.md`.
inline constexpr std::int64_t k_peers_version = 1;
inline constexpr char const* k_peers_format = "ggen-bench-peers";
[[nodiscard]] Json peers_to_json(PeerComparison const& comparison);
/// One without an environment, as scripts write it, was made on this machine beside this build.
/// Errors: invalid (no comparison, names the field; over 100 tables, over 10,000 rows in one), refused (made by a newer
/// version).
[[nodiscard]] Result<PeerComparison> peers_from_json(Json const& json, Environment const& here);

}  // namespace ggen::bench
