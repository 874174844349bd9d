// usage: resolve_bench [SCALE]
//            times whole resolutions of generated universes, one line each; SCALE (default 1) multiplies
//            the number of versions of the hard ones
//        resolve_bench [--answers] [--compiled] [--passes N] index FILE.jsonl
//            solves for every version of every package of an index as root, in the order of the file; with
//            --compiled from an index file (metadata/index_file.hpp) that is made of it before
//        resolve_bench [--answers] [--passes N] singletons|disjoint|ranges|lists PACKAGES VERSIONS
//        resolve_bench [--answers] [--passes N] tree PACKAGES
//            solves one generated universe; `lists` is `ranges` with every set written as a list of versions
//        resolve_bench ron FILE.jsonl OUT.ron OUT.roots
//            writes an index for tests/resolve/peer-pubgrub: packages and versions as numbers, a range as
//            the runs of versions that it admits; OUT.roots has the numbers and the names of each release
//
// The forms with --passes print the CPU time of each pass in microseconds, one line a pass: the first
// learns the index (lists of versions, ranges), the others solve only. With --answers they print one
// line a root instead: name, version, 1 when there is a solution and else 0.
// `ggen-bench resolve` runs them beside astral-sh/pubgrub.
#include <fmt/format.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp is POSIX.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <map>
#include <sstream>
#include <string_view>

#include "codec/json.hpp"
#include "resolve/index_provider.hpp"
#include "resolve/index_table.hpp"
#include "resolve/strategy.hpp"
#include "resolve/testing/universe.hpp"

namespace {

constexpr int k_runs = 3;
constexpr std::uint64_t k_no_limit = ~std::uint64_t{0};

struct Options {
    bool wants_answers = false;
    bool is_compiled = false;
    int passes = 1;
};

double cpu_us() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

void measure(char const* name, ggen::testing::Universe const& universe) {
    double best = 1e12;
    std::size_t packages = 0;
    std::size_t questions = 0;
    for (int run = 0; run < k_runs; ++run) {
        ggen::testing::UniverseProvider provider{universe};
        auto const start = cpu_us();
        auto const result = ggen::resolve(provider, universe.request, {.steps_max = k_no_limit});
        best = std::min(best, cpu_us() - start);
        questions = provider.questions();
        if (result && std::holds_alternative<ggen::Solution>(*result)) {
            packages = std::get<ggen::Solution>(*result).packages.size();
        }
    }
    std::printf("%-24s %10.2f ms  %7zu packages  %7zu questions\n", name, best / 1e3, packages, questions);
}

struct Root {
    std::string label;
    ggen::ResolveRequest request;
};

/// Solves for every root, pass after pass, without telling conflicts and without copying answers out.
int solve_all(ggen::DependencyProvider& provider, std::vector<Root> const& roots, Options const& options) {
    ggen::solver::Catalog catalog{provider};
    for (int pass = 0; pass < options.passes; ++pass) {
        std::size_t solvable = 0;
        std::size_t cut = 0;
        std::uint64_t conflicts = 0;
        auto const start = cpu_us();
        for (auto const& root : roots) {
            catalog.start();
            ggen::solver::Budget budget{k_no_limit, nullptr};
            auto const pinned = ggen::solver::exact_pins(root.request.roots);
            auto const solved = ggen::solver::solve(
                catalog, {root.request.roots, root.request.locked, pinned}, budget, {});
            if (!solved) {
                std::fprintf(stderr, "%s: %s\n", root.label.c_str(), solved.error().context.c_str());
                return 1;
            }
            bool const is_solved = solved->outcome == ggen::solver::Outcome::solved;
            solvable += is_solved ? 1 : 0;
            cut += solved->is_preferred ? 0 : 1;
            conflicts += solved->solver->conflict_count();
            if (options.wants_answers) std::printf("%s\t%d\n", root.label.c_str(), is_solved ? 1 : 0);
        }
        if (options.wants_answers) return 0;
        std::printf("%.0f us, %zu of %zu roots, %llu conflicts, %zu not preferred\n", cpu_us() - start, solvable,
                    roots.size(), static_cast<unsigned long long>(conflicts), cut);
    }
    return 0;
}

std::string read_file(char const* path) {
    std::ifstream file{path, std::ios::binary};
    std::ostringstream content;
    content << file.rdbuf();
    return content.str();
}

std::vector<Root> roots_of(std::string const& text) {
    std::vector<Root> out;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        auto const json = ggen::Json::parse(line).value();
        auto const& name = *json.find("name")->if_string();
        auto const& version = *json.find("version")->if_string();
        Root root{fmt::format("{}\t{}", name, version), {}};
        root.request.roots.push_back(
            {ggen::PackageName::parse(name).value(),
             ggen::VersionRange::exactly(ggen::Version::parse(version).value()), false, {}});
        out.push_back(std::move(root));
    }
    return out;
}

/// "(3, Some(5)),": the runs of `states` as version indices.
std::string ron_runs(ggen::solver::StateSet const& states) {
    std::string out;
    for (std::uint32_t state = 1; state < states.size(); ++state) {
        if (!states.contains(state)) continue;
        auto end = state + 1;
        while (end < states.size() && states.contains(end)) ++end;
        out += "(" + std::to_string(state) + ", Some(" + std::to_string(end) + ")),";
        state = end;
    }
    return out;
}

int write_ron(char const* index_path, char const* ron_path, char const* roots_path) {
    auto const text = read_file(index_path);
    auto const provider = ggen::load_index(text);
    if (!provider) {
        std::fprintf(stderr, "%s: %s\n", index_path, provider.error().context.c_str());
        return 1;
    }
    ggen::solver::Catalog catalog{**provider};
    std::ofstream roots{roots_path};
    std::map<ggen::solver::PackageId, std::string> packages;
    for (auto const& root : roots_of(text)) {
        auto const package = catalog.open(root.request.roots[0].name).value();
        auto const& versions = catalog.versions(package);
        auto const& wanted = root.request.roots[0].range;
        std::uint32_t index = 0;
        while (!wanted.matches(versions[index].version)) ++index;
        roots << package << '\t' << index + 1 << '\t' << root.label << '\n';
        auto& out = packages[package];
        out += std::to_string(index + 1) + ": {";
        for (auto const& need : catalog.needs(package, index).value()) {
            out += std::to_string(catalog.number(need.entry)) + ": [" +
                   ron_runs(catalog.range(need.range).matches) + "],";
        }
        out += "},\n";
    }
    std::ofstream ron{ron_path};
    ron << "{\n";
    for (auto const& [package, releases] : packages) ron << package << ": {\n" << releases << "},\n";
    ron << "}\n";
    return ron.good() && roots.good() ? 0 : 1;
}

/// The same packages from an index file, which is unnamed again before it is used.
ggen::Result<std::unique_ptr<ggen::DependencyProvider>> compile(std::string const& text, Options const& options) {
    auto const start = cpu_us();
    ggen::IndexTable table;
    RETURN_IF_ERROR(ggen::read_index(text, table));
    char scratch[] = "/tmp/resolve-bench-XXXXXX";
    if (::mkdtemp(scratch) == nullptr) return ggen::Error{ggen::Errc::io, "no temporary folder can be made"};
    auto const files = ggen::make_posix_file_system();
    auto const path = ggen::join_path(scratch, "index");
    ASSIGN_OR_RETURN(auto const writer, ggen::metadata::IndexWriter::create(*files, path, {}));
    RETURN_IF_ERROR(table.write(*writer));
    RETURN_IF_ERROR(writer->finish(ggen::Sync::none));
    ASSIGN_OR_RETURN(auto index, ggen::metadata::IndexFile::open(*files, path));
    RETURN_IF_ERROR(files->remove_tree(scratch));
    if (!options.wants_answers)
        std::printf("%.0f microseconds to read the text and write the index\n", cpu_us() - start);
    return ggen::make_index_provider(std::move(index));
}

int run_index(char const* path, Options const& options) {
    auto const text = read_file(path);
    auto const start = cpu_us();
    auto const provider = ggen::load_index(text);
    if (!provider) {
        std::fprintf(stderr, "%s: %s\n", path, provider.error().context.c_str());
        return 1;
    }
    if (!options.wants_answers) std::printf("%.0f microseconds to read the index\n", cpu_us() - start);
    if (!options.is_compiled) return solve_all(**provider, roots_of(text), options);
    auto const compiled = compile(text, options);
    if (compiled) return solve_all(**compiled, roots_of(text), options);
    std::fprintf(stderr, "%s: %s\n", path, compiled.error().context.c_str());
    return 1;
}

int run_generated(std::string_view kind, std::uint32_t packages, std::uint32_t versions,
                  Options const& options) {
    ggen::testing::Universe universe;
    if (kind == "singletons") universe = ggen::testing::singletons(packages, versions);
    if (kind == "disjoint") universe = ggen::testing::disjoint(packages, versions);
    if (kind == "ranges") universe = ggen::testing::ranges(packages, versions);
    if (kind == "lists") universe = ggen::testing::lists(packages, versions);
    if (kind == "tree") universe = ggen::testing::tree(packages);
    ggen::testing::UniverseProvider provider{universe};
    return solve_all(provider, {{std::string{kind}, universe.request}}, options);
}

void measure_all(std::uint32_t scale) {
    measure("singletons 100x100", ggen::testing::singletons(100, 100 * scale));
    measure("disjoint 100x100", ggen::testing::disjoint(100, 100 * scale));
    measure("ranges 5x200", ggen::testing::ranges(5, 200 * scale));
    measure("tree 1000", ggen::testing::tree(1'000));
    measure("chain 1000", ggen::testing::chain(1'000, false));
    measure("cycle 1000", ggen::testing::chain(1'000, true));
    measure("star 100000", ggen::testing::star(100'000));
}

std::uint32_t number(char const* text) { return static_cast<std::uint32_t>(std::max(1, std::atoi(text))); }

}  // namespace

int main(int argc, char** argv) {
    Options options;
    int at = 1;
    for (; at < argc && std::string_view{argv[at]}.starts_with("--"); ++at) {
        std::string_view const word{argv[at]};
        if (word == "--answers") {
            options.wants_answers = true;
        } else if (word == "--compiled") {
            options.is_compiled = true;
        } else if (word == "--passes" && at + 1 < argc) {
            options.passes = static_cast<int>(number(argv[++at]));
        } else {
            std::fprintf(stderr, "resolve_bench: unknown option %s\n", argv[at]);
            return 2;
        }
    }
    if (argc - at < 2) {
        measure_all(at < argc ? number(argv[at]) : 1);
        return 0;
    }
    std::string_view const kind{argv[at]};
    if (kind == "index") return run_index(argv[at + 1], options);
    if (kind == "ron" && argc - at == 4) return write_ron(argv[at + 1], argv[at + 2], argv[at + 3]);
    return run_generated(kind, number(argv[at + 1]), at + 2 < argc ? number(argv[at + 2]) : 1, options);
}
