#include "peers/resolve_comparison.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/file_system.hpp"
#include "measure.hpp"
#include "peers/peer_libsolv.hpp"
#include "peers/programs.hpp"
#include "peers/resolve_graphs.hpp"
#include "peers/resolve_wire.hpp"
#include "peers/search_children.hpp"
#include "table.hpp"

namespace ggen::bench {
namespace {

constexpr unsigned k_process_runs = 15;
constexpr std::uint64_t k_us = 1'000;

std::vector<std::string> with_front(std::vector<std::string> front, std::vector<std::string> const& rest) {
    front.insert(front.end(), rest.begin(), rest.end());
    return front;
}

std::string times(std::uint64_t theirs, std::uint64_t ours) {
    if (theirs == 0 || ours == 0) return "-";
    return fmt::format("{:.2f}", static_cast<double>(theirs) / static_cast<double>(ours));
}

std::string millions(std::uint64_t instructions) {
    return instructions == 0 ? "-" : fmt::format("{:.1f} M", static_cast<double>(instructions) / 1e6);
}

std::string ms(std::uint64_t ns) { return ns == 0 ? "-" : fmt::format("{:.2f}", static_cast<double>(ns) / 1e6); }

/// A run of a whole program, in turns with others.
struct Process {
    std::string label;
    std::vector<std::string> words;
    std::map<std::string, std::string> environment;
    std::vector<std::string> before;  ///< What to run before each run, unmeasured; empty = nothing.
    Samples wall, cpu;
    std::uint64_t peak_bytes = 0;
};

class Suite {
public:
    Suite(ResolveComparisonOptions const& options, std::string work)
        : options_(options), tools_(find_tools()), work_(std::move(work)) {}

    Result<void> run() {
        for (auto const& peer : options_.peers) {
            if (peer != "pubgrub-rs" && peer != "libsolv") return Error{Errc::invalid, "no peer is called " + peer};
        }
        if (wants("pubgrub-rs")) {
            auto built = build_pubgrub(tools_, work_);
            if (built) {
                pubgrub_ = *std::move(built);
            } else if (built.error().code == Errc::unavailable) {
                fmt::print("pubgrub-rs: SKIPPED, {}\n", built.error().context);
            } else {
                return std::move(built).error();
            }
        }
        if (wants("libsolv") && !has_libsolv()) fmt::print("libsolv: SKIPPED, this program was built without it\n");
        RETURN_IF_ERROR(run_graphs());
        if (options_.debian) RETURN_IF_ERROR(run_debian());
        for (auto const& project : options_.projects) RETURN_IF_ERROR(run_project(project));
        if (!options_.npm_cache.empty()) RETURN_IF_ERROR(report_wire(options_.npm_cache, work_, tools_.scripts));
        if (differences_ == 0) return ok();
        return Error{Errc::invalid, fmt::format("{} roots were answered differently", differences_)};
    }

private:
    [[nodiscard]] bool wants(std::string const& peer) const {
        return std::find(options_.peers.begin(), options_.peers.end(), peer) != options_.peers.end();
    }

    Result<void> run_graphs() {
        std::vector<Graph> graphs;
        for (auto const& word : options_.ron) {
            ASSIGN_OR_RETURN(auto graph, graph_of_ron(tools_, word, work_));
            graphs.push_back(std::move(graph));
        }
        for (auto const& path : options_.indexes) {
            ASSIGN_OR_RETURN(auto graph, graph_of_index(tools_, path, work_));
            graphs.push_back(std::move(graph));
        }
        if (options_.generated) {
            for (auto& graph : generated_graphs()) graphs.push_back(std::move(graph));
        }
        if (graphs.empty()) return ok();
        Table table{{"every root solved", "roots", "solvable", "differ", "first ms", "ours ms", "pubgrub ms", "ratio",
                     "ours instr", "pubgrub instr", "ratio"},
                    fmt::format("CPU time of one pass over all roots, graph in memory; medians of {} rounds in turns. "
                                "`first` reads compiled metadata on the way, the others solve only.",
                                options_.rounds)};
        for (auto const& graph : graphs) {
            ASSIGN_OR_RETURN(auto cells, measure(graph));
            table.add(std::move(cells));
        }
        table.print();
        return options_.generated ? report_spellings() : ok();
    }

    /// The same sets of versions written in two ways must cost the same.
    Result<void> report_spellings() {
        Samples first[2];
        Samples warm[2];
        constexpr char const* k_kinds[] = {"ranges", "lists"};
        for (unsigned round = 0; round < options_.rounds; ++round) {
            for (std::size_t i = 0; i < 2; ++i) {
                std::vector<std::string> const words{tools_.resolve_bench, "--passes", "20", k_kinds[i], "5", "110"};
                RETURN_IF_ERROR(collect(words, &first[i], warm[i]));
            }
        }
        Table table{{"109 versions of 5 packages", "first ms", "solve ms", "ratio"}};
        for (std::size_t i = 0; i < 2; ++i) {
            table.add({i == 0 ? "written \">=56.0.0\"" : "written \"56.0.0||57.0.0||...\"",
                       ms(first[i].percentile(50)), ms(warm[i].percentile(50)),
                       times(warm[i].percentile(50), warm[0].percentile(50))});
        }
        table.print();
        return ok();
    }

    Result<std::vector<std::string>> measure(Graph const& graph) {
        std::size_t solvable = 0;
        std::string differ = "-";
        if (!graph.roots.empty()) {
            ASSIGN_OR_RETURN(auto const ours,
                             run_well(with_front({tools_.resolve_bench, "--compiled", "--answers"}, graph.ours)));
            auto const mine = answers_of(ours.output);
            for (auto const& [name, is_solvable] : mine) solvable += is_solvable ? 1 : 0;
            if (!pubgrub_.empty()) {
                ASSIGN_OR_RETURN(auto const wrong, differing(graph, mine));
                differ = std::to_string(wrong);
                differences_ += wrong;
            }
        }
        Samples first;
        Samples ours;
        Samples theirs;
        for (unsigned round = 0; round < options_.rounds; ++round) {
            RETURN_IF_ERROR(collect(with_front(our_words(options_.passes), graph.ours), &first, ours));
            if (pubgrub_.empty()) continue;
            RETURN_IF_ERROR(collect(with_front(their_words(options_.passes), graph.theirs), nullptr, theirs));
        }
        std::uint64_t our_instructions = 0;
        std::uint64_t their_instructions = 0;
        if (options_.instructions) {
            our_instructions = of_one_pass([&](unsigned passes) { return with_front(our_words(passes), graph.ours); });
            if (!pubgrub_.empty())
                their_instructions =
                    of_one_pass([&](unsigned passes) { return with_front(their_words(passes), graph.theirs); });
        }
        auto const a = ours.percentile(50);
        auto const b = theirs.percentile(50);
        return std::vector<std::string>{graph.label, std::to_string(graph.roots.empty() ? 1 : graph.roots.size()),
                                        graph.roots.empty() ? "-" : std::to_string(solvable), differ,
                                        ms(first.percentile(50)), ms(a), ms(b), times(b, a),
                                        millions(our_instructions), millions(their_instructions),
                                        times(their_instructions, our_instructions)};
    }

    [[nodiscard]] std::vector<std::string> our_words(unsigned passes) const {
        return {tools_.resolve_bench, "--compiled", "--passes", std::to_string(passes)};
    }
    [[nodiscard]] std::vector<std::string> their_words(unsigned passes) const {
        return {pubgrub_, "--passes", std::to_string(passes)};
    }

    Result<std::size_t> differing(Graph const& graph, std::map<std::string, bool> const& mine) {
        ASSIGN_OR_RETURN(auto const run, run_well(with_front({pubgrub_, "--answers"}, graph.theirs)));
        auto const theirs = answers_of(run.output);
        std::size_t wrong = 0;
        for (auto const& [our_name, their_name] : graph.roots) {
            auto const a = mine.find(our_name);
            auto const b = theirs.find(their_name);
            if (a != mine.end() && b != theirs.end() && a->second == b->second) continue;
            if (++wrong <= 10) fmt::print("DIFFERENT in {}: {}\n", graph.label, our_name);
        }
        return wrong;
    }

    static Result<void> collect(std::vector<std::string> words, Samples* first, Samples& warm) {
        ASSIGN_OR_RETURN(auto const run, run_well(std::move(words)));
        auto const passes = passes_of(run.output);
        if (passes.empty()) return Error{Errc::internal, "a solver printed no times"};
        if (first != nullptr) first->add(passes.front() * k_us);
        for (std::size_t i = 1; i < passes.size(); ++i) warm.add(passes[i] * k_us);
        return ok();
    }

    /// What a second pass adds to the first.
    template <class Words>
    static std::uint64_t of_one_pass(Words const& words) {
        auto const one = instructions_of(words(1));
        auto const two = instructions_of(words(2));
        return one != 0 && two > one ? two - one : 0;
    }

    Result<void> run_processes(std::string const& title, std::vector<Process> processes) {
        for (unsigned round = 0; round <= k_process_runs; ++round) {
            for (auto& process : processes) {
                if (!process.before.empty()) RETURN_IF_ERROR(run_well(process.before));
                ASSIGN_OR_RETURN(auto const run, run_well(process.words, process.environment));
                if (round == 0) continue;  // Fills caches.
                process.peak_bytes = std::max(process.peak_bytes, run.peak_bytes);
                process.wall.add(run.wall_ns);
                process.cpu.add(run.cpu_ns);
            }
        }
        Table table{{title, "wall ms", "least", "CPU ms", "ratio", "peak MB", "instructions"},
                    fmt::format("Whole processes, medians of {} runs in turns; ratios of CPU time.", k_process_runs)};
        for (auto& process : processes) {
            if (!process.before.empty()) RETURN_IF_ERROR(run_well(process.before));
            auto const count = options_.instructions ? instructions_of(process.words, process.environment) : 0;
            auto const cpu = process.cpu.percentile(50);
            table.add({process.label, ms(process.wall.percentile(50)), ms(process.wall.percentile(0.01)), ms(cpu),
                       times(cpu, processes[0].cpu.percentile(50)), format_mb(process.peak_bytes), millions(count)});
        }
        table.print();
        return ok();
    }

    [[nodiscard]] std::map<std::string, std::string> cache_environment() const {
        return {{"XDG_CACHE_HOME", join_path(work_, "cache")}, {"HOME", work_}};
    }

    Result<void> run_debian() {
        auto const index = join_path(work_, "debian.jsonl");
        auto const made =
            run_command(command_of({"python3", join_path(tools_.scripts, "debian_index.py"), "--out", index}));
        if (!made) return made.error();
        if (made->exit_code != 0) {
            fmt::print("Debian: SKIPPED, apt has no index on this machine\n");
            return ok();
        }
        auto const cache = join_path(work_, "cache");
        std::vector<std::string> const solve{tools_.ggen, "resolve", "--index", index, options_.debian_package};
        std::vector<Process> warm{{"ggen, index kept", solve, cache_environment(), {}, {}, {}, 0}};
        std::vector<Process> cold{
            {"ggen, from JSON lines", solve, cache_environment(), {"rm", "-rf", cache}, {}, {}, 0}};
        if (wants("libsolv") && has_libsolv()) {
            ASSIGN_OR_RETURN(auto const program, make_posix_file_system()->read_symlink(k_this_program));
            auto const packages = join_path(work_, "Packages");
            auto const solv = join_path(work_, "debian.solv");
            RETURN_IF_ERROR(run_well({"sh", "-c", "apt-cache dumpavail > \"$0\"", packages}));
            RETURN_IF_ERROR(run_well({k_this_program, "child-libsolv", "--file", packages, "--write", solv}));
            auto const child = [&](std::string const& path, bool is_text) {
                std::vector<std::string> words{program, "child-libsolv", "--file", path, "--package",
                                               options_.debian_package};
                if (is_text) words.emplace_back("--text");
                return words;
            };
            warm.push_back({"libsolv, .solv file", child(solv, false), {}, {}, {}, {}, 0});
            cold.push_back({"libsolv, from Debian's text", child(packages, true), {}, {}, {}, {}, 0});
        }
        RETURN_IF_ERROR(run_processes("Debian, " + options_.debian_package, std::move(warm)));
        return run_processes("Debian, first load", std::move(cold));
    }

    Result<void> run_project(std::string const& word) {
        auto const sign = word.rfind('=');
        if (sign == std::string::npos) return Error{Errc::invalid, "--project wants INDEX.jsonl=ROOTS, not " + word};
        auto const files = make_posix_file_system();
        ASSIGN_OR_RETURN(auto const bytes, files->read_file(word.substr(sign + 1), k_mib));
        std::vector<std::string> words{tools_.ggen, "resolve", "--index", word.substr(0, sign)};
        std::string root;
        for (char const letter : std::string{as_text(bytes)} + "\n") {
            if (letter != '\n' && letter != ' ') root += letter;
            else if (!root.empty()) words.push_back(std::exchange(root, {}));
        }
        auto const cache = join_path(work_, "cache");
        std::vector<Process> processes;
        processes.push_back({"ggen, index kept", words, cache_environment(), {}, {}, {}, 0});
        processes.push_back({"ggen --version", {tools_.ggen, "--version"}, cache_environment(), {}, {}, {}, 0});
        RETURN_IF_ERROR(run_processes(fmt::format("project, {} roots", words.size() - 4), std::move(processes)));
        std::vector<Process> cold;
        cold.push_back({"ggen, from JSON lines", words, cache_environment(), {"rm", "-rf", cache}, {}, {}, 0});
        return run_processes("project, first load", std::move(cold));
    }

    ResolveComparisonOptions const& options_;
    Tools tools_;
    std::string work_;
    std::string pubgrub_;
    std::size_t differences_ = 0;
};

}  // namespace

Result<void> run_resolve_comparison(ResolveComparisonOptions const& options) {
    auto const files = make_posix_file_system();
    if (!options.work.empty()) {
        RETURN_IF_ERROR(files->make_directories(options.work));
        return Suite{options, options.work}.run();
    }
    char scratch[] = "/tmp/ggen-bench-resolve-XXXXXX";
    if (::mkdtemp(scratch) == nullptr) return Error{Errc::io, "no temporary folder can be made"};
    auto result = Suite{options, scratch}.run();
    RETURN_IF_ERROR(files->remove_tree(scratch));
    return result;
}

}  // namespace ggen::bench
