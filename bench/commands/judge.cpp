// `compare`, `gate` and `report`: what judges figures.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "commands/program.hpp"
#include "harness/gate.hpp"
#include "harness/process.hpp"
#include "harness/report.hpp"
#include "commands/rebuild.hpp"
#include "table.hpp"

namespace ggen::bench {
namespace {

void print_comparison(Comparison const& comparison) {
    for (auto const& warning : comparison.warnings) std::fprintf(stderr, "ggen-bench: %s\n", warning.c_str());
    Table table({"test", "figure", "before", "now", "change", "p", "verdict"});
    for (auto const& difference : comparison.differences) {
        table.add({difference.test_id, difference.metric, format_figure(difference.before, difference.unit),
                   format_figure(difference.after, difference.unit),
                   fmt::format("{:+.2f} %", (difference.ratio - 1) * 100),
                   fmt::format("{:.3g}", difference.p_value), std::string{verdict_name(difference.verdict)}});
    }
    table.print();
    for (auto const& [group, mean] : comparison.group_means) {
        std::printf("%s: %+.2f %% in all\n", group.c_str(), (mean - 1) * 100);
    }
    std::printf("%zu failed, %zu missing, %zu flagged, %zu better\n", comparison.count(Verdict::failed),
                comparison.count(Verdict::missing), comparison.count(Verdict::flagged),
                comparison.count(Verdict::better));
}

void talk(std::string const& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

/// The run that a report or gate is about: a stored one, or one measured now.
Result<Run> run_of(Program& program) {
    if (!program.of_run.empty()) {
        ASSIGN_OR_RETURN(auto store, open_store(program));
        return store.load(program.of_run);
    }
    ASSIGN_OR_RETURN(auto run, measure(program));
    if (program.is_stored && !program.is_exact_only) {
        ASSIGN_OR_RETURN(auto store, open_store(program));
        RETURN_IF_ERROR(store.save(run));
    }
    return run;
}

/// Lines that are not empty; none when there is no such file.
Result<std::vector<std::string>> read_lines(std::string const& path) {
    std::vector<std::string> out;
    if (!std::filesystem::exists(path)) return out;
    ASSIGN_OR_RETURN(auto const text, read_text(path));
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        if (!line.empty()) out.push_back(line);
    }
    return out;
}

/// Exact figures of one test, slowed and not, and of a neighbour: the gate has to tell them apart.
Result<std::vector<std::string>> inject(Program const& program, Run const& run, std::string const& slowed) {
    auto const* const test = program.catalogue.find(slowed);
    if (test == nullptr) return Error{Errc::not_found, fmt::format("no test is called '{}'", slowed)};
    auto options = program.run;
    options.with_times = false;
    options.counts = 1;
    options.work_directory = work_directory(program);  // a page about a stored run has made no run of its own
    options.program = this_program();
    options.words = {slowed};
    // A neighbour that is not slowed must stay as it is.
    for (auto const& other : program.catalogue.tests()) {
        if (other.id() != slowed && other.group == test->group && other.exact_runs > 0) {
            options.words.push_back(other.id());
            break;
        }
    }
    ::setenv("GGEN_BENCH_INJECT", fmt::format("{}:15%", slowed).c_str(), 1);
    auto const injected = run_tests(program.catalogue, options, [](Progress const&) {});
    ::unsetenv("GGEN_BENCH_INJECT");
    if (!injected) return injected.error();
    std::vector<std::string> failed;
    for (auto const& result : injected->results) {
        auto const* const clean = run.find(result.id);
        auto const* const before = clean == nullptr ? nullptr : clean->find("instructions");
        auto const* const after = result.find("instructions");
        if (before == nullptr || after == nullptr) {
            return Error{Errc::unavailable,
                         fmt::format("{} has no instruction count (is callgrind there?)", result.id)};
        }
        if (median(after->values) > median(before->values) * (1 + Thresholds{}.fail))
            failed.push_back(result.id);
    }
    return failed;
}

Result<GateReport> make_gate(Program& program, Run const& run) {
    GateInput input;
    ASSIGN_OR_RETURN(auto const gate_text, read_text(program.gate));
    ASSIGN_OR_RETURN(input.config, parse_gate(gate_text, program.gate));
    if (!program.is_exact_only) {
        ASSIGN_OR_RETURN(auto const budget_text, read_text(program.budgets));
        ASSIGN_OR_RETURN(input.budgets, parse_budgets(budget_text, program.budgets));
    }
    ASSIGN_OR_RETURN(input.baseline, read_baseline(program.baseline_file));
    input.run = run;
    ASSIGN_OR_RETURN(auto const planned, program.catalogue.select({}, program.run.is_quick));
    for (auto const* test : planned) {
        if (!program.is_exact_only || test->exact_runs > 0 || test->is_simulated_exact())
            input.planned_ids.push_back(test->id());
    }
    input.catalogue_ids = program.catalogue.ids();
    for (auto const& check : input.config.checks) {
        if (check.list.empty()) continue;
        ASSIGN_OR_RETURN(input.required_ids, read_lines(check.list));
    }
    if (!find_callgrind().empty()) {
        input.inject = [&](std::string const& slowed) { return inject(program, run, slowed); };
    }
    return judge_gate(input);
}

}  // namespace

Result<int> cmd_compare(Program& program) {
    Thresholds const thresholds;
    if (!program.base_revision.empty() || !program.pairs.old_program.empty()) {
        catch_interrupts();
        WorkGuard const guard{program};
        ASSIGN_OR_RETURN(auto const tests, program.catalogue.select(program.words, program.is_quick));
        program.pairs.work_directory = work_directory(program);
        if (program.pairs.new_program.empty()) program.pairs.new_program = this_program();
        if (!program.base_revision.empty()) {
            ASSIGN_OR_RETURN(program.pairs.old_program, build_revision(program.base_revision, talk));
        }
        ASSIGN_OR_RETURN(auto const comparison, compare_programs(tests, program.pairs, thresholds, talk));
        print_comparison(comparison);
        return comparison.has_failed() ? k_exit_failed : 0;
    }
    ASSIGN_OR_RETURN(auto store, open_store(program));
    ASSIGN_OR_RETURN(auto const before, store.load(program.base));
    ASSIGN_OR_RETURN(auto const after, store.load(program.other));
    ASSIGN_OR_RETURN(auto const comparison, compare_runs(before, after, thresholds, program.across));
    print_comparison(comparison);
    return comparison.has_failed() ? k_exit_failed : 0;
}

Result<int> cmd_gate(Program& program) {
    WorkGuard const guard{program};
    if (program.is_exact_only) {
        program.run.is_quick = true;
        program.run.with_times = false;
        if (program.gate == Program{}.gate) program.gate = program.gate_exact;
    }
    ASSIGN_OR_RETURN(auto const text, read_text(program.gate));
    ASSIGN_OR_RETURN(auto const config, parse_gate(text, program.gate));
    RETURN_IF_ERROR(run_hook(config.pre, Json::object().set("format", "ggen-bench-pre"), "starting", ""));
    ASSIGN_OR_RETURN(auto const run, run_of(program));
    ASSIGN_OR_RETURN(auto const report, make_gate(program, run));
    auto document = gate_json(report);
    document.set("run", run.id);
    std::printf("%s", program.shared.is_json ? (document.dump(1) + "\n").c_str() : gate_text(report).c_str());
    auto const* const decision = document.find("decision")->if_string();
    for (auto const* hook : {&config.notify, &config.post}) {
        if (auto const told = run_hook(*hook, document, *decision, run.id); !told)
            static_cast<void>(complain(told.error()));
    }
    return report.exit_code();
}

Result<int> cmd_report(Program& program) {
    WorkGuard const guard{program};
    ASSIGN_OR_RETURN(auto store, open_store(program));
    if (program.of_run.empty()) program.of_run = "latest";
    ReportInput input;
    ASSIGN_OR_RETURN(input.run, store.load(program.of_run));
    ASSIGN_OR_RETURN(auto const budget_text, read_text(program.budgets));
    ASSIGN_OR_RETURN(auto const budgets, parse_budgets(budget_text, program.budgets));
    input.budgets = apply_budgets(budgets, input.run);
    if (std::filesystem::exists(program.gate)) {
        ASSIGN_OR_RETURN(input.gate, make_gate(program, input.run));
    }
    if (!program.compare_with.empty()) {
        ASSIGN_OR_RETURN(auto const before, store.load(program.compare_with));
        ASSIGN_OR_RETURN(input.comparison, compare_runs(before, input.run, Thresholds{}, program.across));
    }
    ASSIGN_OR_RETURN(input.peers, store.peers(input.run.environment.machine_key()));
    for (auto const& result : input.run.results) {
        for (auto const* metric : {"instructions", "cpu_ns"}) {
            ASSIGN_OR_RETURN(auto points, store.history(result.id, metric,
                                                        input.run.environment.machine_key(), k_history_max));
            if (points.size() > 2) input.histories[result.id + " " + metric] = std::move(points);
        }
    }
    if (!program.html.empty()) RETURN_IF_ERROR(write_text(program.html, report_html(input)));
    if (!program.markdown.empty()) RETURN_IF_ERROR(write_text(program.markdown, report_markdown(input)));
    if (program.html.empty() && program.markdown.empty()) std::printf("%s", report_markdown(input).c_str());
    return 0;
}

}  // namespace ggen::bench
