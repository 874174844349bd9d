// ggen-bench: measures the product. One subcommand a suite; see bench/README.md.
#include <CLI/CLI.hpp>

#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "commands/commands.hpp"
#include "commands/program.hpp"
#include "peers/install_comparison.hpp"
#include "peers/peer_libsolv.hpp"
#include "peers/resolve_comparison.hpp"
#include "peers/sample.hpp"
#include "peers/search_children.hpp"
#include "peers/search_comparison.hpp"
#include "suites/suites.hpp"
#if defined(GGEN_BENCH_P2P)
#include "netlab/gossip_lab.hpp"
#include "suites/live_nodes.hpp"
#endif

namespace {

constexpr int k_exit_failed = 1;

int report(ggen::Result<void> const& result) {
    if (result) return 0;
    std::fprintf(stderr, "ggen-bench: %s\n", result.error().context.c_str());
    return k_exit_failed;
}

CLI::App* add_search_command(CLI::App& app, ggen::bench::SearchComparisonOptions& search) {
    auto* const command = app.add_subcommand("search", "Search: build, memory, latency, quality, peers");
    command->add_option("--corpus", search.corpus, "Lists of packages (.tsv, .tsv.zst)")
        ->required()->delimiter(',');
    command->add_option("--queries", search.queries, "Judged queries: query, kind, expected names");
    command->add_option("--latency", search.latency, "Latency queries: kind, query, category, min_downloads");
    command->add_option("--results", search.results, "Write `query<TAB>names joined by |` here");
    command->add_option("--peers", search.peers, "Measure beside: sqlite, xapian")->delimiter(',');
    command->add_option("--peer-every", search.peer_every, "Give peers only each Nth query of a kind")
        ->check(CLI::PositiveNumber);
    command->add_option("--sizes", search.sizes, "Most downloaded packages to take: numbers, all")
        ->delimiter(',');
    command->add_option("--work", search.work, "Keep indexes of peers here between runs");
    return command;
}

CLI::App* add_install_command(CLI::App& app, ggen::bench::InstallComparisonOptions& install) {
    auto* const command = app.add_subcommand("install", "Install: peers, small trees, store, concurrency");
    command->add_option("--ggen", install.ggen, "The product; default: the ggen beside this program");
    command->add_option("--registry", install.registry, "A registry folder that holds the roots");
    command->add_option("--roots", install.roots, "npm names, one a line");
    command->add_option("--peers", install.peers, "Measure beside: bun, pnpm, npm")->delimiter(',')
        ->check(CLI::IsMember({"bun", "pnpm", "npm"}));
    command->add_option("--peers-directory", install.peers_directory, "Where `npm install bun pnpm` ran");
    command->add_option("--server", install.server, "tests/perf/loopback.py: measure cold installs too");
    command->add_option("--mirror", install.mirror, "Where the server keeps what it took from npm's registry");
    command->add_option("--rooms", install.rooms, "Directories on the file systems to measure")->delimiter(',');
    command->add_option("--rounds", install.rounds, "Runs of each case")->check(CLI::PositiveNumber);
    return command;
}

CLI::App* add_resolve_command(CLI::App& app, ggen::bench::ResolveComparisonOptions& resolve) {
    auto* const command = app.add_subcommand("resolve", "The resolver beside pubgrub-rs and libsolv");
    command->add_option("--peers", resolve.peers, "Measure beside: pubgrub-rs, libsolv")->delimiter(',');
    command->add_option("--ron", resolve.ron, "KIND=GRAPH.ron, pubgrub's test data; KIND: numbers, semver");
    command->add_option("--index", resolve.indexes, "JSON lines: every release is solved as root");
    command->add_option("--project", resolve.projects, "INDEX.jsonl=ROOTS: a whole process solves ROOTS");
    command->add_flag("--generated", resolve.generated, "Graphs that are hard for naive solvers");
    command->add_flag("--debian", resolve.debian, "Debian's index of this machine");
    command->add_option("--debian-package", resolve.debian_package, "What to install of it");
    command->add_option("--npm-cache", resolve.npm_cache, "npm's cache: bytes on the wire");
    command->add_option("--passes", resolve.passes)->check(CLI::Range(2, 1'000));
    command->add_option("--rounds", resolve.rounds)->check(CLI::PositiveNumber);
    command->add_flag("--instructions", resolve.instructions, "Count with callgrind too (slow)");
    command->add_option("--work", resolve.work, "Keep peers and prepared data here between runs");
    return command;
}

/// The product beside other programs: one command for each part that has peers.
class Comparisons {
public:
    void add(CLI::App& app) {
        search_command_ = add_search_command(app, search_);
        install_command_ = add_install_command(app, install_);
        resolve_command_ = add_resolve_command(app, resolve_);
        for (auto* const command : {search_command_, install_command_, resolve_command_})
            command->add_flag("!--no-store", is_kept_, "Do not keep the tables for `report`");
    }
    /// The exit code when one of them was asked for.
    [[nodiscard]] std::optional<int> run(CLI::App const& app) const {
        auto const store = is_kept_ ? app.get_option("--store")->as<std::string>() : std::string{};
        if (search_command_->parsed())
            return ggen::bench::run_comparison("search", store, [&] { return run_search_comparison(search_); });
        if (install_command_->parsed())
            return ggen::bench::run_comparison("install", store, [&] { return run_install_comparison(install_); });
        if (resolve_command_->parsed())
            return ggen::bench::run_comparison("resolve", store, [&] { return run_resolve_comparison(resolve_); });
        return std::nullopt;
    }

private:
    ggen::bench::SearchComparisonOptions search_;
    ggen::bench::InstallComparisonOptions install_;
    ggen::bench::ResolveComparisonOptions resolve_;
    CLI::App* search_command_ = nullptr;
    CLI::App* install_command_ = nullptr;
    CLI::App* resolve_command_ = nullptr;
    bool is_kept_ = true;
};

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Measures ggen. Every figure that it prints was measured in that run.", "ggen-bench"};
    app.require_subcommand(1);
    int exit_code = 0;
    ggen::bench::Catalogue catalogue;
    ggen::bench::add_suites(catalogue);
    ggen::bench::add_harness_commands(app, std::move(catalogue), exit_code);

    Comparisons comparisons;
    comparisons.add(app);

    ggen::bench::SampleOptions sample;
    auto* const sample_command = app.add_subcommand("sample", "Cut a corpus down to what judged queries need");
    sample_command->add_option("--corpus", sample.corpus, "Lists of packages (.tsv, .tsv.zst)")
        ->required()->delimiter(',');
    sample_command->add_option("--queries", sample.queries, "Judged queries")->required();
    sample_command->add_option("--results", sample.results, "Results of `search` over the corpus")->required();
    sample_command->add_option("--rows", sample.rows, "Packages to keep");
    sample_command->add_option("--out", sample.out, "The .tsv.zst to write")->required();

    std::string child_file;
    std::string child_package;
    bool child_is_text = false;
    auto* const child_libsolv = app.add_subcommand("child-libsolv", "What `resolve` runs as libsolv")->group("");
    child_libsolv->add_option("--file", child_file);
    child_libsolv->add_option("--package", child_package);
    child_libsolv->add_flag("--text", child_is_text);
    std::string child_solv;
    child_libsolv->add_option("--write", child_solv);

    std::vector<std::string> child_corpus;
    std::string child_index;
    std::string child_latency;
    auto* const child_build = app.add_subcommand("child-build", "What `search` runs to measure a build")->group("");
    child_build->add_option("--corpus", child_corpus)->delimiter(',');
    child_build->add_option("--index", child_index);
    auto* const child_open = app.add_subcommand("child-open", "What `search` runs to measure memory")->group("");
    child_open->add_option("--index", child_index);
    child_open->add_option("--latency", child_latency);
#if defined(GGEN_BENCH_P2P)
    std::size_t child_nodes_count = 1;
    std::string child_nodes_connect;
    auto* const child_nodes = app.add_subcommand("child-nodes", "What tests of memory run: nodes")->group("");
    child_nodes->add_option("--count", child_nodes_count)->check(CLI::Range(1, 1'000));
    child_nodes->add_option("--connect", child_nodes_connect);
    ggen::bench::LabOptions lab;
    std::vector<std::uint32_t> lab_counts{30, 200};
    std::uint32_t lab_node = 0;
    std::string lab_scenarios = "sim/scenarios";
    auto* const net = app.add_subcommand("net", "Real nodes with real delays, beside the simulator");
    net->add_option("--nodes", lab_counts, "How many, each in turn")->delimiter(',')->check(CLI::Range(3, 1'000));
    net->add_option("--scenarios", lab_scenarios, "The folder of the simulator's scenarios")->capture_default_str();
    auto* const child_lab = app.add_subcommand("child-lab-node", "What `net` runs in each host")->group("");
    child_lab->add_option("--nodes", lab.nodes);
    child_lab->add_option("--node", lab_node);
    for (auto* const command : {net, child_lab}) {
        command->add_option("--seed", lab.seed);
        command->add_option("--rtt", lab.rtt_path, "A matrix of round trips instead of the shipped model");
    }
#endif
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    if (int const code = ggen::bench::parse_commands(app, argc, argv); code != 0) return code;

#if defined(GGEN_BENCH_P2P)
    if (child_nodes->parsed()) return report(ggen::bench::run_nodes_child(child_nodes_count, child_nodes_connect));
    if (child_lab->parsed()) return report(ggen::bench::run_lab_node(lab, lab_node));
    if (net->parsed()) {
        auto const climbed = ggen::bench::climb_ladder(lab, lab_counts, lab_scenarios);
        if (!climbed) return ggen::bench::complain(climbed.error());
        return *climbed ? 0 : k_exit_failed;
    }
#endif
    if (child_build->parsed()) return report(ggen::bench::run_build_child(child_corpus, child_index));
    if (child_open->parsed()) return report(ggen::bench::run_open_child(child_index, child_latency));
    if (child_libsolv->parsed() && !child_solv.empty()) return report(ggen::bench::write_solv(child_file, child_solv));
    if (child_libsolv->parsed())
        return report(ggen::bench::run_libsolv_child(child_file, child_is_text, child_package));
    if (sample_command->parsed()) return report(ggen::bench::make_sample(sample));
    if (auto const compared = comparisons.run(app)) return *compared;
    return exit_code;
}
