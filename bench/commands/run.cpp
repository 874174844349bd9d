// `run` and `list`.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "commands/program.hpp"
#include "harness/process.hpp"
#include "table.hpp"

namespace ggen::bench {
namespace {

void print_progress(Progress const& progress) {
    bool const is_terminal = ::isatty(STDERR_FILENO) == 1;
    auto const left = progress.seconds_left < 90 ? fmt::format("{:.0f} s", progress.seconds_left)
                                                 : fmt::format("{:.0f} min", progress.seconds_left / 60);
    auto const line = fmt::format("[{}/{}] {} {}, about {} left", progress.done, progress.planned,
                                  progress.test_id, outcome_name(progress.outcome), left);
    std::fprintf(stderr, is_terminal ? "\r\033[K%s" : "%s\n", line.c_str());
    if (is_terminal && progress.done == progress.planned) std::fprintf(stderr, "\n");
}

void print_run(Run const& run) {
    Table table({"test", "outcome", "cpu", "instructions", "allocations", "own figures"});
    for (auto const& result : run.results) {
        auto const shown = [&](std::string_view metric) {
            auto const* const figure = result.find(metric);
            return figure == nullptr || figure->values.empty()
                       ? std::string{}
                       : format_figure(median(figure->values), figure->unit);
        };
        std::string own;
        for (auto const& figure : result.figures) {
            if (figure.kind == Kind::time || figure.metric == "instructions" ||
                figure.metric == "allocations" || figure.metric == "allocated_bytes" ||
                figure.metric == "peak_bytes" || figure.values.empty()) {
                continue;
            }
            own += fmt::format("{}{} {}", own.empty() ? "" : ", ", figure.metric,
                               format_figure(median(figure.values), figure.unit));
        }
        if (result.outcome != Outcome::passed) own = result.detail;
        table.add({result.id, std::string{outcome_name(result.outcome)}, shown("cpu_ns"),
                   shown("instructions"), shown("allocations"), own});
    }
    table.print();
}

std::size_t count(Run const& run, Outcome outcome) {
    std::size_t out = 0;
    for (auto const& result : run.results) out += result.outcome == outcome ? 1U : 0U;
    return out;
}

int exit_of(Run const& run) {
    if (count(run, Outcome::failed) + count(run, Outcome::crashed) + count(run, Outcome::timed_out) > 0) {
        return k_exit_failed;
    }
    return run.is_complete && count(run, Outcome::skipped) + count(run, Outcome::not_run) == 0
               ? 0
               : k_exit_incomplete;
}

/// Whether a run has all of a test that `options` ask for.
bool is_settled(Run const& run, Test const& test, RunOptions const& options) {
    auto const* const result = run.find(test.id());
    if (result == nullptr || result->outcome != Outcome::passed) return false;
    bool const is_counted = options.with_exact && test.exact_runs > 0 && !find_callgrind().empty();
    return (!is_counted || result->find("instructions") != nullptr) &&
           (!options.with_times || result->find("wall_ns") != nullptr);
}

/// The results of `more` over those of `run`, as if they were of one run.
void join(Run& run, Run more) {
    for (auto& result : more.results) {
        auto const same = std::find_if(run.results.begin(), run.results.end(),
                                       [&](TestResult const& r) { return r.id == result.id; });
        if (same == run.results.end()) {
            run.results.push_back(std::move(result));
        } else {
            *same = std::move(result);
        }
    }
    run.seconds += more.seconds;
    run.clock_jumped = run.clock_jumped || more.clock_jumped;
    if (!more.environment.counter.empty()) run.environment.counter = more.environment.counter;
    run.after = more.after;
}

/// The run of that label that an earlier call did not bring to a good end; nullopt when there is none. Errors: refused
/// (it is of another build or machine).
Result<std::optional<Run>> begun_run(ResultStore& store, RunOptions const& options,
                                     std::vector<Test const*> const& tests) {
    auto begun = store.load(options.label);
    if (!begun && begun.error().code == Errc::not_found) return std::optional<Run>{};
    if (!begun) return std::move(begun).error();
    bool const is_settled_whole = std::all_of(tests.begin(), tests.end(),
                                              [&](Test const* test) { return is_settled(*begun, *test, options); });
    if (begun->is_complete && is_settled_whole) return std::optional<Run>{};
    auto const here = current_environment(".");
    auto const& there = begun->environment;
    if (there.machine_key() == here.machine_key() && there.toolchain_key() == here.toolchain_key() &&
        there.commit == here.commit) {
        return std::optional<Run>{std::move(*begun)};
    }
    return Error{Errc::refused, ErrorId::none,
                 fmt::format("run {} of the label {} was begun with another build or on another machine ({})",
                             begun->id, options.label, there.commit),
                 "choose another label"};
}

/// Group by group. What ends it (Ctrl-C, a kill, the power) costs the group that was being measured.
Result<Run> measure_stepwise(Program& program) {
    if (program.run.label.empty() || !program.is_stored) {
        return Error{Errc::invalid, ErrorId::none, "--stepwise goes on with a stored run, which it finds by its label",
                     "add --label NAME"};
    }
    ASSIGN_OR_RETURN(auto const tests, program.catalogue.select(program.run.words, program.run.is_quick));
    ASSIGN_OR_RETURN(auto store, open_store(program));
    ASSIGN_OR_RETURN(auto run, begun_run(store, program.run, tests));
    for (std::size_t begin = 0; begin < tests.size();) {
        auto end = begin;
        program.run.words.clear();
        for (; end < tests.size() && tests[end]->group == tests[begin]->group; ++end) {
            if (!run || !is_settled(*run, *tests[end], program.run)) program.run.words.push_back(tests[end]->id());
        }
        begin = end;
        if (program.run.words.empty()) continue;
        ASSIGN_OR_RETURN(auto part, measure(program));
        bool const is_cut = !part.is_complete;
        if (run) {
            join(*run, std::move(part));
        } else {
            run = std::move(part);
        }
        run->is_complete = !is_cut && begin == tests.size();
        RETURN_IF_ERROR(store.replace(*run));
        if (is_cut) break;
    }
    if (!run) return Error{Errc::not_found, "no test was chosen"};
    // Everything was settled before: only its end was not noted.
    if (!is_interrupted() && !run->is_complete) {
        run->is_complete = true;
        RETURN_IF_ERROR(store.replace(*run));
    }
    return std::move(*run);
}

}  // namespace

Result<Run> measure(Program& program) {
    catch_interrupts();
    program.run.work_directory = work_directory(program);
    program.run.program = this_program();
    return run_tests(program.catalogue, program.run, print_progress);
}

Result<int> cmd_run(Program& program) {
    WorkGuard const guard{program};
    ASSIGN_OR_RETURN(auto const run, program.is_stepwise ? measure_stepwise(program) : measure(program));
    // First the copy that needs no database: a full disk then loses the least.
    if (!program.json_out.empty())
        RETURN_IF_ERROR(write_text(program.json_out, run_to_json(run).dump(1) + "\n"));
    if (program.is_stored && !program.is_stepwise) {
        ASSIGN_OR_RETURN(auto store, open_store(program));
        RETURN_IF_ERROR(store.save(run));
    }
    if (program.shared.is_json) {
        std::printf("%s\n", run_to_json(run).dump().c_str());
    } else {
        print_run(run);
        std::printf(
            "run %s: %zu passed, %zu failed, %zu crashed, %zu timed out, %zu skipped, %zu not run in %.0f "
            "s%s\n",
            run.id.c_str(), count(run, Outcome::passed), count(run, Outcome::failed),
            count(run, Outcome::crashed), count(run, Outcome::timed_out), count(run, Outcome::skipped),
            count(run, Outcome::not_run), run.seconds,
            run.is_complete ? "" : " (interrupted; what was measured is kept)");
    }
    return exit_of(run);
}

Result<int> cmd_list(Program& program) {
    ASSIGN_OR_RETURN(auto const tests, program.catalogue.select(program.words, program.is_quick));
    if (program.is_ids_only) {
        for (auto const* test : tests) std::printf("%s\n", test->id().c_str());
        return 0;
    }
    if (program.shared.is_json) {
        auto list = Json::array();
        for (auto const* test : tests) {
            auto aliases = Json::array();
            for (auto const& alias : test->aliases) aliases.push(alias);
            auto one = Json::object();
            one.set("id", test->id()).set("group", test->group).set("class", class_name(test->test_class));
            list.push(
                one.set("what", test->what).set("quick", test->is_quick).set("aliases", std::move(aliases)));
        }
        std::printf("%s\n", list.dump().c_str());
        return 0;
    }
    std::string group;
    std::vector<std::string> ids;
    ids.reserve(tests.size());
    for (auto const* test : tests) {
        ids.push_back(test->id());
        if (test->group != group) {
            group = test->group;
            std::printf("%s\n", group.c_str());
        }
        std::printf("  %-34s %-10s %s\n", test->name.c_str(),
                    std::string{class_name(test->test_class)}.c_str(), test->what.c_str());
    }
    std::printf("%zu groups, %zu tests\n", count_groups(ids), tests.size());
    return 0;
}

}  // namespace ggen::bench
