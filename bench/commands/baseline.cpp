// Baselines for git: the exact figures that changes are compared with, and why they are what they are.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "commands/program.hpp"

namespace ggen::bench {
namespace {

constexpr std::size_t k_changes_max = 20;
constexpr std::size_t k_changed_figures_max = 60;

/// The figures of counted and simulated tests that mean the same on any machine with the compiler, the least and the
/// most that were seen.
Run exact_part(Run run) {
    std::erase_if(run.results, [](TestResult const& result) {
        bool const is_exact = result.find("instructions") != nullptr || result.test_class == TestClass::simulation;
        return result.outcome != Outcome::passed || !is_exact;
    });
    for (auto& result : run.results) {
        std::erase_if(result.figures,
                      [](Figure const& f) { return f.kind != Kind::exact && f.kind != Kind::quality; });
        for (auto& figure : result.figures) {
            auto const [least, most] = std::minmax_element(figure.values.begin(), figure.values.end());
            figure.values = *least == *most ? std::vector{*least} : std::vector{*least, *most};
        }
        result.seconds = 0;
    }
    std::sort(run.results.begin(), run.results.end(),
              [](TestResult const& a, TestResult const& b) { return a.id < b.id; });
    return run;
}

/// What nobody would see again once the file is replaced, one line a figure; losses first.
Result<std::vector<std::string>> changed_figures(Run const& before, Run const& after) {
    ASSIGN_OR_RETURN(auto const comparison, compare_runs(before, after, Thresholds{}, true));
    std::vector<std::string> out;
    for (auto const& difference : comparison.differences) {
        if (difference.kind != Kind::exact && difference.kind != Kind::quality) continue;
        switch (difference.verdict) {
            case Verdict::missing:
                out.push_back(fmt::format("{} {} is gone", difference.test_id, difference.metric));
                break;
            case Verdict::failed:
            case Verdict::flagged:
            case Verdict::better:
                out.push_back(fmt::format("{} {} {:+.1f} %", difference.test_id, difference.metric,
                                          (difference.ratio - 1) * 100));
                break;
            default:
                break;
        }
    }
    return out;
}

/// The list of changes of the file that is replaced, and one more when figures changed.
Result<Json> changes_of(Program const& program, Json const& old, Run const& run) {
    auto out = Json::array();
    auto const* const known = old.find("changes");
    auto const* const list = known == nullptr ? nullptr : known->if_array();
    if (list != nullptr) {
        auto const first = list->size() < k_changes_max ? 0 : list->size() - k_changes_max + 1;
        for (auto i = first; i < list->size(); ++i) out.push((*list)[i]);
    }
    ASSIGN_OR_RETURN(auto const before, run_from_json(old));
    ASSIGN_OR_RETURN(auto const changed, changed_figures(before, run));
    if (changed.empty()) return out;
    if (program.reason.empty()) {
        return Error{Errc::invalid, ErrorId::none,
                     fmt::format("{} figures of {} change by more than 5 %, the first one: {}", changed.size(),
                                 program.file, changed.front()),
                     "find out why; when it is wanted, say so: --reason TEXT"};
    }
    auto figures = Json::array();
    for (std::size_t i = 0; i < std::min(changed.size(), k_changed_figures_max); ++i) figures.push(changed[i]);
    auto change = Json::object();
    change.set("run", run.id).set("commit", run.environment.commit).set("reason", program.reason);
    out.push(change.set("changed", std::uint64_t{changed.size()}).set("figures", std::move(figures)));
    return out;
}

}  // namespace

Result<std::optional<Run>> read_baseline(std::string const& path) {
    if (!std::filesystem::exists(path)) return std::optional<Run>{};
    ASSIGN_OR_RETURN(auto const text, read_text(path));
    ASSIGN_OR_RETURN(auto const json, Json::parse(text));
    ASSIGN_OR_RETURN(auto run, run_from_json(json));
    return std::optional<Run>{std::move(run)};
}

Result<int> cmd_baseline_export(Program& program) {
    ASSIGN_OR_RETURN(auto store, open_store(program));
    ASSIGN_OR_RETURN(auto loaded, store.load(program.name));
    auto const run = exact_part(std::move(loaded));
    if (run.results.empty()) {
        return Error{Errc::unavailable, ErrorId::none, fmt::format("run {} counted nothing", run.id),
                     "apt-get install valgrind, then `ggen-bench run --quick --no-times --counts 3`"};
    }
    auto changes = Json::array();
    if (std::filesystem::exists(program.file)) {
        ASSIGN_OR_RETURN(auto const text, read_text(program.file));
        ASSIGN_OR_RETURN(auto const old, Json::parse(text));
        ASSIGN_OR_RETURN(changes, changes_of(program, old, run));
    }
    auto json = run_to_json(run);
    // One line a test, so that a difference can be read.
    std::string results;
    for (auto const& result : *json.find("results")->if_array()) {
        results += fmt::format("{}  {}", results.empty() ? "" : ",\n", result.dump());
    }
    auto head = json.set("changes", std::move(changes)).set("results", Json::array()).dump(1);
    constexpr std::string_view k_empty = "\"results\": []";
    auto const at = head.find(k_empty);
    if (at == std::string::npos) return Error{Errc::internal, "a run without a list of results"};
    head.replace(at, k_empty.size(), fmt::format("\"results\": [\n{}\n ]", results));
    RETURN_IF_ERROR(write_text(program.file, head + "\n"));
    return 0;
}

}  // namespace ggen::bench
