// The commands of ggen-bench around its catalogue of tests. Output is data on standard output, talk on
// standard error.
#include "commands/commands.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>

#include "commands/program.hpp"

namespace ggen::bench {
namespace {

void add_baseline_commands(CLI::App& app, std::shared_ptr<Program> const& program, int& exit_code) {
    auto* const baseline = app.add_subcommand("baseline", "Runs that others are compared with");
    baseline->require_subcommand(1);
    auto* const save = baseline->add_subcommand("save", "Name a stored run");
    save->add_option("name", program->name, "Name of the baseline")->required();
    save->add_option("--run", program->other, "Run, label or latest")->capture_default_str();
    save->callback([program, &exit_code] {
        exit_code = finish([&]() -> Result<void> {
            ASSIGN_OR_RETURN(auto store, open_store(*program));
            return store.save_baseline(program->name, program->other);
        }());
    });
    auto* const list = baseline->add_subcommand("list", "All baselines");
    list->callback([program, &exit_code] {
        exit_code = finish([&]() -> Result<void> {
            ASSIGN_OR_RETURN(auto store, open_store(*program));
            ASSIGN_OR_RETURN(auto const rows, store.baselines());
            for (auto const& row : rows) {
                std::printf("%-20s %s  saved %s\n", row.name.c_str(), row.run_id.c_str(),
                            format_utc(row.saved).c_str());
            }
            return ok();
        }());
    });
    auto* const remove = baseline->add_subcommand("remove", "Forget a baseline; its run stays");
    remove->add_option("name", program->name, "Name of the baseline")->required();
    remove->callback([program, &exit_code] {
        exit_code = finish([&]() -> Result<void> {
            ASSIGN_OR_RETURN(auto store, open_store(*program));
            return store.remove_baseline(program->name);
        }());
    });
    auto* const to_file =
        baseline->add_subcommand("export", "Write the exact figures of a run, to be committed");
    to_file->add_option("name", program->name, "Run, label, baseline or latest")->required();
    to_file->add_option("file", program->file, "The JSON file")->required();
    to_file->add_option("--reason", program->reason,
                        "Why figures that are in the file already change by more than 5 %; kept in it");
    to_file->callback([program, &exit_code] {
        auto const done = cmd_baseline_export(*program);
        exit_code = done ? *done : complain(done.error());
    });
}

void add_child_command(CLI::App& app, std::shared_ptr<Program> const& program, int& exit_code) {
    auto* const child = app.add_subcommand("child-test", "What `run` starts for one test")->group("");
    child->add_option("test", program->child.test_id)->required();
    child->add_option("--mode", program->child_mode)->check(CLI::IsMember({"figures", "exact", "slices"}));
    child->add_option("--slices", program->child.slices);
    child->add_option("--directory", program->child.directory)->required();
    child->callback([program, &exit_code] {
        program->child.mode = program->child_mode == "exact"    ? ChildMode::exact
                              : program->child_mode == "slices" ? ChildMode::slices
                                                                : ChildMode::figures;
        auto const done = run_child_test(program->catalogue, program->child);
        exit_code = done ? 0 : complain(done.error());
        if (!done && done.error().code == Errc::unavailable) exit_code = k_exit_skipped;
    });
}

void add_run_options(CLI::App* command, Program& program) {
    command->add_flag("--quick", program.run.is_quick, "Only the tests that take a second or less");
    command->add_option("--repetitions", program.run.repetitions, "Processes a test")
        ->check(CLI::Range(1, 100));
    command->add_option("--slices", program.run.slices, "Timed slices a process")->check(CLI::Range(1, 1000));
    command->add_option("--seed", program.run.seed, "Order of the tests");
    command->add_option("--label", program.run.label, "A name for the run");
    command->add_option("--counts", program.run.counts, "How often the instructions of a test are counted")
        ->check(CLI::Range(1, 100));
    command->add_option("--jobs", program.run.jobs, "Tests that are counted at once (default: one a core)")
        ->check(CLI::Range(1, 256));
    command->add_flag("!--no-exact", program.run.with_exact, "Do not count instructions");
    command->add_flag("!--no-times", program.run.with_times, "Only count instructions");
    command->add_flag("!--no-store", program.is_stored, "Do not store the run");
}

}  // namespace

int parse_commands(CLI::App& app, int argc, char const* const* argv) {
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        return app.exit(error) == 0 ? 0 : k_exit_usage;
    }
    return 0;
}

void add_harness_commands(CLI::App& app, Catalogue catalogue, int& exit_code) {
    auto const program = std::make_shared<Program>();
    program->catalogue = std::move(catalogue);
    app.add_option("--store", program->shared.store, "Database of results")->capture_default_str();
    app.add_option("--work", program->shared.work, "Where tests work (default: a temporary folder)");
    app.add_flag("--json-output", program->shared.is_json, "JSON on standard output");
    auto const command = [&](char const* name, char const* what, Result<int> (*run)(Program&)) {
        auto* const out = app.add_subcommand(name, what);
        out->callback([program, run, &exit_code] {
            auto const done = run(*program);
            exit_code = done ? *done : complain(done.error());
        });
        return out;
    };
    auto* const list = command("list", "Every group and test", cmd_list);
    list->add_option("words", program->words, "Groups, tests or beginnings (p2p*)");
    list->add_flag("--quick", program->is_quick, "Only what --quick runs");
    list->add_flag("--ids", program->is_ids_only, "One id a line (bench/baselines/tests.txt)");
    auto* const run = command("run", "Run tests and store what they measured", cmd_run);
    run->add_option("words", program->run.words, "Groups, tests or beginnings (p2p*); none = all");
    run->add_option("--json", program->json_out, "Write the result here too");
    run->add_flag("--stepwise", program->is_stepwise,
                  "Group by group, stored after each; the same command goes on where it was ended (needs --label)");
    add_run_options(run, *program);
    command("runs", "Stored runs", cmd_runs);
    auto* const compare = command("compare", "Two stored runs, or two builds in turns", cmd_compare);
    compare->add_option("base", program->base, "Run, label, baseline")->capture_default_str();
    compare->add_option("new", program->other, "Run, label, baseline or latest")->capture_default_str();
    compare->add_flag("--across", program->across, "Show figures of other machines too, without a verdict");
    compare->add_option("--base-rev", program->base_revision,
                        "Build this git revision and run both builds in turns");
    compare->add_option("--old", program->pairs.old_program,
                        "Another ggen-bench, run in turns with this one");
    compare->add_option("--only", program->words, "Groups or tests for builds in turns")->delimiter(',');
    compare->add_option("--pairs", program->pairs.pairs, "Pairs of processes")->check(CLI::Range(1, 100));
    compare->add_flag("--quick", program->is_quick, "Only what --quick runs");
    add_baseline_commands(app, program, exit_code);
    auto* const prove = command(
        "prove", "How often the judge is wrong: this build beside itself, and beside slowed ones", cmd_prove);
    prove->add_option("--only", program->words, "Tests to slow (default: some short ones)")->delimiter(',');
    prove->add_option("--comparisons", program->comparisons, "Of the build with itself")->capture_default_str();
    prove->add_option("--trials", program->trials, "Of each loss of time")->capture_default_str();
    prove->add_flag("!--no-times", program->run.with_times, "Only counts");
    prove->add_flag("!--no-exact", program->run.with_exact, "Only times");
    auto* const history = command("history", "One figure over the stored runs of this machine", cmd_history);
    history->add_option("test", program->name, "Test")->required();
    history->add_option("metric", program->metric, "Figure")->capture_default_str();
    auto* const gate = command("gate", "The release checklist: exit 0 go, 1 no-go, 3 incomplete", cmd_gate);
    gate->add_option("--run", program->of_run, "Judge a stored run instead of measuring now");
    gate->add_flag("--exact", program->is_exact_only,
                   "Count instructions alone, by bench/gate-exact.toml: what CI runs on every change");
    gate->add_option("--budgets", program->budgets)->capture_default_str();
    gate->add_option("--config", program->gate)->capture_default_str();
    gate->add_option("--baseline", program->baseline_file, "Committed exact figures")->capture_default_str();
    add_run_options(gate, *program);
    auto* const report = command("report", "A stored run as a page", cmd_report);
    report->add_option("run", program->of_run, "Run, label, baseline or latest");
    report->add_option("--html", program->html, "Write one self-contained page");
    report->add_option("--md", program->markdown, "Write Markdown");
    report->add_option("--compare", program->compare_with, "Beside this run");
    report->add_flag("--across", program->across, "Even of another machine");
    report->add_option("--budgets", program->budgets)->capture_default_str();
    report->add_option("--config", program->gate)->capture_default_str();
    report->add_option("--baseline", program->baseline_file)->capture_default_str();
    auto* const to_file = command("export", "A stored run as JSON", cmd_export);
    to_file->add_option("run", program->name)->required();
    to_file->add_option("file", program->file)->required();
    auto* const from_file = command("import", "Store a run from JSON", cmd_import);
    from_file->add_option("file", program->file)->required();
    add_child_command(app, program, exit_code);
}

}  // namespace ggen::bench
