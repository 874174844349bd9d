#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace ggen::bench {

struct InstallComparisonOptions {
    std::string ggen;                 ///< The product; "" = the `ggen` beside this program.
    std::string registry;             ///< A registry folder that holds the roots; "" = only what needs none.
    std::string roots;                ///< npm names, one a line, '#' comments.
    std::vector<std::string> peers;   ///< bun, pnpm, npm.
    std::string peers_directory;      ///< Where `npm install bun pnpm` ran; "" = PATH.
    std::string server;               ///< tests/perf/loopback.py: serves both registries; "" = no cold installs.
    std::string mirror;               ///< Where that server keeps what it took from npm's registry.
    std::vector<std::string> rooms{"/dev/shm", "/tmp"};  ///< Each on another file system.
    std::size_t rounds = 9;
};

/// Installs the same package set with ggen and its peers, interleaved, and prints medians and ratios; then small
/// trees, the store in process, and concurrency. Every figure printed was measured in this run; peers that cannot be
/// had are named. Old trees are parked by rename, never deleted in between.
/// Errors: io (ggen fails, a directory cannot be made), not_found (the product, the lists).
Result<void> run_install_comparison(InstallComparisonOptions const& options);

}  // namespace ggen::bench
