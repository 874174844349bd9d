#include "peers/resolve_graphs.hpp"

#include <cstdlib>
#include <sstream>

#include "base/file_system.hpp"
#include "peers/programs.hpp"

namespace ggen::bench {
namespace {

constexpr std::uint64_t k_roots_bytes_max = std::uint64_t{1} << 30U;

std::string base_name(std::string const& path) {
    auto const slash = path.rfind('/');
    return slash == std::string::npos ? path : path.substr(slash + 1);
}

/// Lines of four columns: the peer's package and version, our name and version.
Result<std::vector<std::pair<std::string, std::string>>> read_roots(std::string const& path) {
    auto const files = make_posix_file_system();
    ASSIGN_OR_RETURN(auto const bytes, files->read_file(path, k_roots_bytes_max));
    std::vector<std::pair<std::string, std::string>> out;
    std::istringstream lines{std::string{as_text(bytes)}};
    for (std::string line; std::getline(lines, line);) {
        auto const first = line.find('\t');
        auto const second = line.find('\t', first + 1);
        if (first == std::string::npos || second == std::string::npos)
            return Error{Errc::invalid, path + " has a line without four columns"};
        out.emplace_back(line.substr(second + 1), line.substr(0, second));
    }
    return out;
}

}  // namespace

Tools find_tools() { return {GGEN_RESOLVE_BENCH, GGEN_PROGRAM, GGEN_RESOLVE_SCRIPTS}; }

Result<std::string> build_pubgrub(Tools const& tools, std::string const& work) {
    if (!has_program("cargo")) return Error{Errc::unavailable, "cargo is not on this machine"};
    auto const target = join_path(work, "pubgrub-target");
    RETURN_IF_ERROR(run_well({"cargo", "build", "--release", "--quiet", "--locked", "--manifest-path",
                              join_path(tools.scripts, "peer-pubgrub/Cargo.toml")},
                             {{"CARGO_TARGET_DIR", target}}));
    return join_path(target, "release/peer-pubgrub");
}

Result<Graph> graph_of_ron(Tools const& tools, std::string const& word, std::string const& work) {
    auto const sign = word.find('=');
    if (sign == std::string::npos) return Error{Errc::invalid, "--ron wants KIND=FILE.ron, not " + word};
    auto const path = word.substr(sign + 1);
    auto const stem = join_path(work, base_name(path));
    RETURN_IF_ERROR(run_well({"python3", join_path(tools.scripts, "ron_index.py"), path, stem + ".jsonl",
                              stem + ".roots"}));
    Graph out{base_name(path), {"index", stem + ".jsonl"}, {word.substr(0, sign), path}, {}};
    ASSIGN_OR_RETURN(out.roots, read_roots(stem + ".roots"));
    return out;
}

Result<Graph> graph_of_index(Tools const& tools, std::string const& path, std::string const& work) {
    auto const stem = join_path(work, base_name(path));
    RETURN_IF_ERROR(run_well({tools.resolve_bench, "ron", path, stem + ".ron", stem + ".roots"}));
    Graph out{base_name(path), {"index", path}, {"indices", stem + ".ron"}, {}};
    ASSIGN_OR_RETURN(out.roots, read_roots(stem + ".roots"));
    return out;
}

std::vector<Graph> generated_graphs() {
    std::vector<Graph> out;
    for (auto const& words : std::vector<std::vector<std::string>>{
             {"singletons", "100", "500"}, {"disjoint", "300", "200"}, {"ranges", "5", "200"}, {"tree", "1000"}}) {
        std::string label;
        for (auto const& word : words) label += (label.empty() ? "" : " ") + word;
        out.push_back({label, words, words, {}});
    }
    return out;
}

std::map<std::string, bool> answers_of(std::string const& output) {
    std::map<std::string, bool> out;
    std::istringstream lines{output};
    for (std::string line; std::getline(lines, line);) {
        auto const tab = line.rfind('\t');
        if (tab != std::string::npos) out[line.substr(0, tab)] = line.substr(tab + 1) == "1";
    }
    return out;
}

std::vector<std::uint64_t> passes_of(std::string const& output) {
    std::vector<std::uint64_t> out;
    std::istringstream lines{output};
    for (std::string line; std::getline(lines, line);) {
        char* end = nullptr;
        auto const value = std::strtoull(line.c_str(), &end, 10);
        if (end != line.c_str() && std::string{end}.starts_with(" us, ")) out.push_back(value);
    }
    return out;
}

}  // namespace ggen::bench
