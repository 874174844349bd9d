// usage: resolve_debian INDEX.jsonl ROOTS SEED
//
// Resolves ROOTS random packages of an index that has one version a name, and checks every answer
// without the solver: as there is nothing to choose, a root is solvable exactly when everything that
// can be reached from it exists and lies in the ranges that lead to it.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "codec/json.hpp"
#include "resolve/index_provider.hpp"

namespace {

struct Entry {
    ggen::Version version;
    std::vector<std::pair<std::string, std::string>> needs;
};
using Index = std::unordered_map<std::string, Entry>;

Index read_index(std::string const& text) {
    Index out;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        auto const json = ggen::Json::parse(line).value();
        Entry entry{ggen::Version::parse(*json.find("version")->if_string()).value(), {}};
        for (auto const& [name, range] : *json.find("dependencies")->if_object()) {
            entry.needs.emplace_back(name, *range.if_string());
        }
        out.emplace(*json.find("name")->if_string(), std::move(entry));
    }
    return out;
}

/// Everything reachable from `root`; nothing of use when `is_solvable` becomes false.
std::unordered_set<std::string> closure(Index const& index, std::string const& root,
                                        bool& is_solvable) {
    std::unordered_set<std::string> out{root};
    std::vector<std::string> open{root};
    is_solvable = true;
    while (!open.empty()) {
        auto const& entry = index.at(open.back());
        open.pop_back();
        for (auto const& [name, range] : entry.needs) {
            auto const found = index.find(name);
            if (found == index.end() ||
                !ggen::VersionRange::parse(range).value().matches(found->second.version)) {
                is_solvable = false;
                return out;
            }
            if (out.insert(name).second) open.push_back(name);
        }
    }
    return out;
}

/// "" when the answer is right.
std::string complaint(Index const& index, std::string const& root, ggen::Resolution const& answer) {
    bool is_solvable = false;
    auto const expected = closure(index, root, is_solvable);
    auto const* solution = std::get_if<ggen::Solution>(&answer);
    if (solution == nullptr) return is_solvable ? "solvable, but refused" : "";
    if (!is_solvable) return "not solvable, but answered";
    if (solution->packages.size() != expected.size()) return "a package too many or too few";
    for (auto const& [name, chosen] : solution->packages) {
        if (!expected.contains(name.text())) return name.text() + " is not needed";
        if (index.at(name.text()).version != chosen.version) return name.text() + ": wrong version";
    }
    return "";
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: resolve_debian INDEX.jsonl ROOTS SEED\n");
        return 2;
    }
    std::ifstream file{argv[1], std::ios::binary};
    std::ostringstream content;
    content << file.rdbuf();
    auto const text = content.str();
    auto const index = read_index(text);
    auto const provider = ggen::load_index(text);
    if (!provider) {
        std::fprintf(stderr, "resolve_debian: %s\n", provider.error().context.c_str());
        return 1;
    }
    std::vector<std::string> names;
    for (auto const& [name, entry] : index) names.push_back(name);
    std::sort(names.begin(), names.end());
    auto state = std::strtoull(argv[3], nullptr, 10);
    auto const roots = std::strtoull(argv[2], nullptr, 10);
    std::size_t solved = 0;
    std::size_t wrong = 0;
    std::size_t largest = 0;
    double seconds = 0;
    double slowest = 0;
    for (unsigned long long i = 0; i < roots; ++i) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        auto const& root = names[(state >> 33) % names.size()];
        ggen::ResolveRequest request;
        request.roots.push_back({ggen::PackageName::parse(root).value(), {}, false, {}});
        auto const start = std::chrono::steady_clock::now();
        auto const answer = ggen::resolve(**provider, request);
        auto const took =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        seconds += took;
        slowest = std::max(slowest, took);
        auto const problem = answer ? complaint(index, root, *answer) : answer.error().context;
        if (!problem.empty()) {
            ++wrong;
            std::printf("WRONG %s: %s\n", root.c_str(), problem.c_str());
            continue;
        }
        if (auto const* solution = std::get_if<ggen::Solution>(&*answer)) {
            ++solved;
            largest = std::max(largest, solution->packages.size());
        } else {
            std::printf("%s: %s", root.c_str(), std::get<ggen::Conflict>(*answer).explanation.c_str());
        }
    }
    std::printf("%zu packages, %llu roots (seed %s): %zu solved, %llu without a solution, %zu wrong; "
                "largest %zu packages; %.3f s, slowest %.1f ms\n",
                index.size(), roots, argv[3], solved, roots - solved - wrong, wrong, largest, seconds,
                slowest * 1e3);
    return wrong == 0 ? 0 : 1;
}
