#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace ggen::bench {

/// A question to both solvers: the words that follow `resolve_bench [--answers] [--passes N]` and those of the peer.
struct Graph {
    std::string label;
    std::vector<std::string> ours;
    std::vector<std::string> theirs;
    /// Of each root: the name that we print, and the one that the peer prints ("package TAB version").
    std::vector<std::pair<std::string, std::string>> roots;
};

/// Where the programs and the scripts of the suite are.
struct Tools {
    std::string resolve_bench;
    std::string ggen;
    std::string scripts;  ///< tests/resolve
};
[[nodiscard]] Tools find_tools();

/// Builds tests/resolve/peer-pubgrub with cargo in `work`; its path. Errors: unavailable (no cargo), io.
Result<std::string> build_pubgrub(Tools const& tools, std::string const& work);
/// A graph from pubgrub's own test data. `word` = KIND=FILE.
Result<Graph> graph_of_ron(Tools const& tools, std::string const& word, std::string const& work);
/// A graph from JSON lines.
Result<Graph> graph_of_index(Tools const& tools, std::string const& path, std::string const& work);
[[nodiscard]] std::vector<Graph> generated_graphs();

/// "name TAB version" -> solvable, from the lines that either program prints with --answers.
[[nodiscard]] std::map<std::string, bool> answers_of(std::string const& output);
/// Microseconds of each pass.
[[nodiscard]] std::vector<std::uint64_t> passes_of(std::string const& output);

}  // namespace ggen::bench
