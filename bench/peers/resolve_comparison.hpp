#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace ggen::bench {

struct ResolveComparisonOptions {
    std::vector<std::string> peers;     ///< pubgrub-rs, libsolv.
    std::vector<std::string> ron;       ///< KIND=FILE: pubgrub's own test data; KIND is numbers or semver.
    std::vector<std::string> indexes;   ///< JSON lines as `ggen resolve --index` reads them.
    std::vector<std::string> projects;  ///< INDEX.jsonl=ROOTS: a whole process solves what ROOTS lists.
    bool generated = false;             ///< Graphs that are hard for naive solvers.
    bool debian = false;                ///< The index of this machine's apt.
    std::string debian_package = "kde-full";
    std::string npm_cache;              ///< Folder of npm's cache: what its documents cost on the wire, and ours.
    unsigned passes = 4;
    unsigned rounds = 3;
    bool instructions = false;          ///< Count with callgrind too (slow).
    std::string work;                   ///< Peers are built and data is prepared here; "" = a temporary folder.
};

/// Prints tables: each graph's roots answered by us and by the peers (verdict compared root by root, times in turns,
/// medians and ratios), whole processes, first loads, bytes on the wire.
/// Errors: invalid (an answer differs from a peer's; a peer is not known), io (a program that is needed fails).
Result<void> run_resolve_comparison(ResolveComparisonOptions const& options);

}  // namespace ggen::bench
