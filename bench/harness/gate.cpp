#include "harness/gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "harness/process.hpp"

namespace ggen::bench {
namespace {

constexpr std::array<std::string_view, 4> k_statuses{"green", "yellow", "red", "unmeasured"};
constexpr std::array<std::string_view, 3> k_levels{"must", "should", "nice"};
constexpr std::array<std::string_view, 3> k_decisions{"go", "no-go", "incomplete"};
constexpr std::size_t k_named_max = 5;

/// "a, b, c and 4 more".
std::string named(std::vector<std::string> const& names) {
    auto const shown = std::min(names.size(), k_named_max);
    auto text =
        fmt::format("{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
    if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
    return text;
}

/// Whether a test or budget of `id` belongs to a check that names groups, tests or beginnings ("p2p*"); no
/// words = all.
bool concerns(std::string const& id, std::vector<std::string> const& words) {
    return words.empty() || std::any_of(words.begin(), words.end(), [&](std::string const& word) {
               if (word.ends_with('*')) return id.starts_with(word.substr(0, word.size() - 1));
               return id == word || id.starts_with(word + "/");
           });
}

/// Why figures cannot come from a measurement; empty = they can. Clocks and counters never say 0, and many slices never
/// take the same time to the last digit.
std::string why_implausible(TestResult const& result) {
    constexpr std::size_t k_slices_min = 5;
    for (auto const& figure : result.figures) {
        auto const& values = figure.values;
        if (values.empty()) return figure.metric + " has no value";
        bool const is_measured = figure.kind == Kind::time || figure.metric == "instructions" ||
                                 figure.metric == "peak_bytes";
        if (!is_measured) continue;
        auto const [least, most] = std::minmax_element(values.begin(), values.end());
        if (*least < 0 || *most <= 0) return figure.metric + " is not above 0";
        if (figure.metric == "cpu_ns" && values.size() >= k_slices_min && *least == *most)
            return figure.metric + " never varies";
    }
    return "";
}

class Judge {
public:
    explicit Judge(GateInput const& input) : input_(input) {}

    GateReport run() {
        report_.budgets = apply_budgets(input_.budgets, input_.run);
        for (auto const& check : input_.config.checks) {
            GateLine line{check, GateStatus::unmeasured, ""};
            judge(line);
            report_.lines.push_back(std::move(line));
        }
        decide();
        return std::move(report_);
    }

private:
    void judge(GateLine& line) {
        switch (line.check.judge) {
            case GateCheck::Judge::command:
                return judge_command(line);
            case GateCheck::Judge::tests:
                return judge_tests(line);
            case GateCheck::Judge::budgets:
                return judge_budgets(line);
            case GateCheck::Judge::regressions:
                return judge_regressions(line);
            case GateCheck::Judge::self_test:
                return judge_self_test(line);
            case GateCheck::Judge::count:
                return judge_count(line);
        }
    }

    void judge_command(GateLine& line) const {
        Command command;
        command.words = line.check.command;
        command.directory = input_.directory;
        command.time_limit = std::chrono::seconds{line.check.time_limit_s};
        command.is_quiet = true;
        auto const done = run_command(command);
        if (!done) {
            line.detail = done.error().context;
            return;
        }
        auto const text = done->output + done->errors;
        if (!line.check.forbidden.empty() && text.find(line.check.forbidden) != std::string::npos) {
            line.status = GateStatus::red;
            line.detail = fmt::format("'{}' stands in the output", line.check.forbidden);
            return;
        }
        line.status = done->is_good() ? GateStatus::green : GateStatus::red;
        line.detail = fmt::format("{}: {} in {:.1f} s", fmt::join(line.check.command, " "),
                                  done->how_it_ended(), static_cast<double>(done->wall_ns) / 1e9);
    }

    void judge_tests(GateLine& line) const {
        std::vector<std::string> bad;
        std::vector<std::string> absent;
        std::size_t good = 0;
        for (auto const& id : input_.planned_ids) {
            if (!concerns(id, line.check.words)) continue;
            auto const* const result = input_.run.find(id);
            if (result != nullptr && result->outcome == Outcome::passed && !result->figures.empty()) {
                auto const doubt = why_implausible(*result);
                if (doubt.empty()) ++good;
                else bad.push_back(fmt::format("{} ({})", id, doubt));
            } else if (result == nullptr || result->outcome == Outcome::skipped ||
                       result->outcome == Outcome::not_run) {
                absent.push_back(id);
            } else {
                bad.push_back(fmt::format("{} ({})", id, outcome_name(result->outcome)));
            }
        }
        line.detail = fmt::format("{} tests passed", good);
        line.status = GateStatus::green;
        if (good == 0 || !absent.empty()) {
            line.status = GateStatus::unmeasured;
            line.detail +=
                fmt::format("; not measured: {}", good + absent.size() == 0 ? "no such test" : named(absent));
        }
        if (!bad.empty()) {
            line.status = GateStatus::red;
            line.detail += fmt::format("; failed: {}", named(bad));
        }
    }

    void judge_budgets(GateLine& line) const {
        std::array<std::vector<std::string>, 4> by_colour;
        for (auto const& result : report_.budgets) {
            if (!concerns(result.budget.test_id, line.check.words)) continue;
            by_colour[static_cast<std::size_t>(result.colour)].push_back(
                fmt::format("{} {}", result.budget.test_id, result.budget.metric));
        }
        auto const& [green, yellow, red, unmeasured] = by_colour;
        line.detail = fmt::format("{} green, {} yellow, {} red, {} unmeasured", green.size(), yellow.size(),
                                  red.size(), unmeasured.size());
        if (!red.empty()) {
            line.status = GateStatus::red;
            line.detail += ": " + named(red);
        } else if (!unmeasured.empty() || green.size() + yellow.size() == 0) {
            line.status = GateStatus::unmeasured;
            line.detail += unmeasured.empty() ? ": no budget" : ": " + named(unmeasured);
        } else {
            line.status = yellow.empty() ? GateStatus::green : GateStatus::yellow;
            if (!yellow.empty()) line.detail += ": " + named(yellow);
        }
    }

    void judge_regressions(GateLine& line) {
        if (!input_.baseline) {
            line.detail = "no baseline was given";
            return;
        }
        // The baseline holds exact figures: they do not depend on the machine, only on the toolchain.
        auto compared = compare_runs(*input_.baseline, input_.run, input_.thresholds, true);
        if (!compared) {
            line.detail = compared.error().context;
            return;
        }
        report_.regressions = std::move(*compared);
        auto const& comparison = report_.regressions;
        std::vector<std::string> losses;
        std::vector<std::string> hollow;
        std::size_t judged = 0;
        std::size_t unjudged = 0;
        for (auto const& difference : comparison.differences) {
            if (difference.kind != Kind::exact && difference.kind != Kind::quality) continue;
            if (difference.verdict != Verdict::unjudged && difference.verdict != Verdict::added) ++judged;
            if (difference.verdict == Verdict::unjudged) ++unjudged;
            if (difference.verdict == Verdict::failed || difference.verdict == Verdict::flagged) {
                losses.push_back(fmt::format("{} {} {:+.1f} %", difference.test_id, difference.metric,
                                             (difference.ratio - 1) * 100));
            }
            if (difference.verdict == Verdict::missing)
                losses.push_back(fmt::format("{} {} is missing", difference.test_id, difference.metric));
            // Half of the work gone is good news or no work: somebody has to look and accept it.
            bool const is_hollow = difference.metric == "instructions" && difference.verdict == Verdict::better &&
                                   difference.after * 2 < difference.before;
            if (is_hollow) {
                hollow.push_back(fmt::format("{} {:+.0f} % (accept it with a new baseline, or does it still work?)",
                                             difference.test_id, (difference.ratio - 1) * 100));
            }
        }
        line.detail = fmt::format("{} exact figures against {}", judged, comparison.before_id);
        if (judged == 0) {
            line.detail +=
                comparison.warnings.empty() ? ": nothing to compare" : ": " + comparison.warnings.front();
            return;
        }
        bool const is_red = comparison.has_failed() || !hollow.empty();
        line.status = is_red ? GateStatus::red : GateStatus::green;
        if (!is_red && !losses.empty()) line.status = GateStatus::yellow;
        if (unjudged > 0) {
            line.detail += fmt::format(", {} not judged ({})", unjudged,
                                       comparison.warnings.empty() ? "?" : comparison.warnings.front());
            if (!is_red) line.status = GateStatus::unmeasured;
        }
        losses.insert(losses.begin(), hollow.begin(), hollow.end());
        if (!losses.empty()) line.detail += ": " + named(losses);
    }

    void judge_self_test(GateLine& line) const {
        if (!input_.inject || line.check.words.empty()) {
            line.detail = "the self-test could not run (it needs callgrind)";
            return;
        }
        auto const& slowed = line.check.words.front();
        auto const failed = input_.inject(slowed);
        if (!failed) {
            line.detail = failed.error().context;
            return;
        }
        bool const is_right = *failed == std::vector<std::string>{slowed};
        line.status = is_right ? GateStatus::green : GateStatus::red;
        line.detail = is_right ? fmt::format("{} slowed by 15 % fails, and nothing else does", slowed)
                               : fmt::format("slowed {}, but these failed: {}", slowed,
                                             failed->empty() ? "none" : named(*failed));
    }

    void judge_count(GateLine& line) const {
        auto const& there = input_.catalogue_ids;
        auto const groups = static_cast<std::int64_t>(count_groups(there));
        auto const tests = static_cast<std::int64_t>(there.size());
        bool const is_enough = groups >= line.check.groups && tests >= line.check.tests;
        std::vector<std::string> gone;
        for (auto const& id : input_.required_ids) {
            if (std::find(there.begin(), there.end(), id) == there.end()) gone.push_back(id);
        }
        line.status = is_enough && gone.empty() ? GateStatus::green : GateStatus::red;
        line.detail = fmt::format("{} groups, {} tests; at least {} and {}", groups, tests, line.check.groups,
                                  line.check.tests);
        if (!line.check.list.empty() && input_.required_ids.empty()) {
            line.status = GateStatus::unmeasured;
            line.detail += fmt::format("; {} names no test", line.check.list);
        }
        if (!gone.empty()) line.detail += fmt::format("; gone: {}", named(gone));
    }

    void decide() {
        bool is_red = false;
        bool is_open = input_.config.checks.empty() || !input_.run.is_complete;
        for (auto const& line : report_.lines) {
            if (line.check.level != GateCheck::Level::must) continue;
            is_red = is_red || line.status == GateStatus::red;
            is_open = is_open || line.status == GateStatus::unmeasured;
        }
        report_.decision = is_open ? Decision::incomplete : Decision::go;
        if (is_red) report_.decision = Decision::no_go;
    }

    GateInput const& input_;
    GateReport report_;
};

}  // namespace

int GateReport::exit_code() const {
    switch (decision) {
        case Decision::go:
            return 0;
        case Decision::no_go:
            return 1;
        case Decision::incomplete:
            return 3;
    }
    return 3;
}

GateReport judge_gate(GateInput const& input) { return Judge{input}.run(); }

std::string gate_text(GateReport const& report) {
    std::string out;
    std::string section;
    for (auto const& line : report.lines) {
        if (line.check.section != section) {
            section = line.check.section;
            out += fmt::format("{}{}\n", out.empty() ? "" : "\n", section);
        }
        char const mark = line.status == GateStatus::green ? 'x' : ' ';
        out += fmt::format("  [{}] {:<10} {} ({})\n      {}\n", mark,
                           k_statuses[static_cast<std::size_t>(line.status)], line.check.name,
                           k_levels[static_cast<std::size_t>(line.check.level)], line.detail);
    }
    constexpr std::array<std::string_view, 3> k_words{"GO", "NO-GO",
                                                      "NO-GO (incomplete): what is unmeasured counts as red"};
    return out + fmt::format("\n{}\n", k_words[static_cast<std::size_t>(report.decision)]);
}

Json gate_json(GateReport const& report) {
    auto lines = Json::array();
    for (auto const& line : report.lines) {
        auto one = Json::object();
        one.set("section", line.check.section).set("name", line.check.name);
        one.set("level", k_levels[static_cast<std::size_t>(line.check.level)]);
        lines.push(
            one.set("status", k_statuses[static_cast<std::size_t>(line.status)]).set("detail", line.detail));
    }
    auto budgets = Json::array();
    for (auto const& result : report.budgets) {
        auto one = Json::object();
        one.set("test", result.budget.test_id).set("metric", result.budget.metric).set("unit", result.unit);
        one.set("value", result.value).set("green", result.budget.green).set("yellow", result.budget.yellow);
        budgets.push(one.set("colour", colour_name(result.colour)).set("detail", result.detail));
    }
    auto out = Json::object();
    out.set("format", "ggen-bench-gate").set("version", 1);
    out.set("decision", k_decisions[static_cast<std::size_t>(report.decision)]);
    return out.set("checks", std::move(lines)).set("budgets", std::move(budgets));
}

Result<void> run_hook(std::vector<std::string> const& command, Json const& document,
                      std::string const& status, std::string const& run_id) {
    if (command.empty()) return ok();
    Command hook;
    hook.words = command;
    hook.input = document.dump(2) + "\n";
    hook.environment = {"GGEN_BENCH_STATUS=" + status, "GGEN_BENCH_RUN=" + run_id};
    hook.time_limit = std::chrono::seconds{30};
    ASSIGN_OR_RETURN(auto const done, run_command(hook));
    if (done.is_timed_out)
        return Error{Errc::timed_out, fmt::format("hook {}: no end within 30 s", command.front())};
    if (!done.is_good())
        return Error{Errc::refused, fmt::format("hook {}: {}", command.front(), done.how_it_ended())};
    return ok();
}

}  // namespace ggen::bench
