// What is stored: `runs`, `history`, `export`, `import`.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "commands/commands.hpp"
#include "commands/program.hpp"
#include "measure.hpp"
#include "table.hpp"

namespace ggen::bench {

namespace {

/// As runs say it, whose tests work in the temporary folder.
Environment here() {
    std::error_code ignored;
    return current_environment(std::filesystem::temp_directory_path(ignored).string());
}

Result<int> save_comparison(Program const& program, PeerComparison const& comparison) {
    ASSIGN_OR_RETURN(auto store, open_store(program));
    RETURN_IF_ERROR(store.save_peers(comparison));
    std::printf("comparison of %s: %zu tables in %s\n", comparison.kind.c_str(), comparison.tables.size(),
                program.shared.store.c_str());
    return 0;
}

}  // namespace

int run_comparison(std::string const& kind, std::string const& store, std::function<Result<void>()> const& run) {
    SystemClock clock;
    auto const started = clock.wall_now();
    auto const begin_ns = now_ns();
    if (auto const done = run(); !done) return complain(done.error());
    if (store.empty()) return 0;
    PeerComparison comparison;
    comparison.kind = kind;
    comparison.started = started;
    comparison.seconds = static_cast<double>(now_ns() - begin_ns) / 1e9;
    comparison.environment = here();
    comparison.load_1min = measure_noise().load_1min;
    comparison.tables = printed_tables();
    Program program;
    program.shared.store = store;
    auto const kept = save_comparison(program, comparison);
    return kept ? *kept : complain(kept.error());
}

Result<int> cmd_runs(Program& program) {
    ASSIGN_OR_RETURN(auto store, open_store(program));
    ASSIGN_OR_RETURN(auto const rows, store.runs());
    Table table({"run", "label", "commit", "complete", "machine"});
    for (auto const& row : rows) {
        table.add({row.id, row.label, row.commit, row.is_complete ? "yes" : "no", row.machine_key});
    }
    table.print();
    return 0;
}

Result<int> cmd_history(Program& program) {
    ASSIGN_OR_RETURN(auto store, open_store(program));
    auto const machine = current_environment(".").machine_key();
    ASSIGN_OR_RETURN(auto const points, store.history(program.name, program.metric, machine, k_history_max));
    std::vector<double> values;
    values.reserve(points.size());
    for (auto const& point : points) values.push_back(point.value);
    auto const changes = change_points(values, 4, 0.02);
    for (std::size_t i = 0; i < points.size(); ++i) {
        bool const is_change = std::find(changes.begin(), changes.end(), i) != changes.end();
        std::printf("%s  %-14s %16.0f%s\n", points[i].run_id.c_str(), points[i].commit.c_str(),
                    points[i].value, is_change ? "  <- level changes here" : "");
    }
    if (points.empty()) {
        return Error{Errc::not_found,
                     fmt::format("no stored run of this machine has {} {}", program.name, program.metric)};
    }
    return 0;
}

Result<int> cmd_export(Program& program) {
    ASSIGN_OR_RETURN(auto store, open_store(program));
    ASSIGN_OR_RETURN(auto const run, store.load(program.name));
    RETURN_IF_ERROR(write_text(program.file, run_to_json(run).dump(1) + "\n"));
    return 0;
}

Result<int> cmd_import(Program& program) {
    ASSIGN_OR_RETURN(auto const text, read_text(program.file));
    ASSIGN_OR_RETURN(auto const json, Json::parse(text));
    auto const* const format = json.find("format");
    if (format != nullptr && *format == Json{k_peers_format}) {
        ASSIGN_OR_RETURN(auto const comparison, peers_from_json(json, here()));
        return save_comparison(program, comparison);
    }
    ASSIGN_OR_RETURN(auto const run, run_from_json(json));
    ASSIGN_OR_RETURN(auto store, open_store(program));
    RETURN_IF_ERROR(store.save(run));
    std::printf("run %s: %zu results\n", run.id.c_str(), run.results.size());
    return 0;
}

}  // namespace ggen::bench
