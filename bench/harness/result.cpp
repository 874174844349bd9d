#include "harness/result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "harness/json_fields.hpp"
#include "measure.hpp"

namespace ggen::bench {
namespace {

constexpr std::array<std::string_view, 6> k_outcomes{"passed",    "failed",  "crashed",
                                                     "timed_out", "skipped", "not_run"};
constexpr std::array<std::string_view, 4> k_classes{"micro", "process", "network", "simulation"};
constexpr std::size_t k_values_max = 100'000;

/// Whole numbers stay whole, so that exact counts read as they are.
Json number(double value) {
    constexpr double k_whole_max = 9007199254740992.0;
    if (value == std::floor(value) && std::abs(value) <= k_whole_max) return static_cast<std::int64_t>(value);
    return value;
}

Json noise_to_json(Noise const& noise) {
    auto out = Json::object();
    out.set("load_1min", noise.load_1min).set("steal_percent", noise.steal_percent);
    out.set("reference_ns", number(noise.reference_ns))
        .set("reference_wall_ns", number(noise.reference_wall_ns));
    return out;
}

Result<Noise> noise_from_json(Json const& json, std::string_view name) {
    auto const* const value = json.find(name);
    if (value == nullptr) return no_field(name);
    Noise out;
    ASSIGN_OR_RETURN(out.load_1min, number_of(*value, "load_1min"));
    ASSIGN_OR_RETURN(out.steal_percent, number_of(*value, "steal_percent"));
    ASSIGN_OR_RETURN(out.reference_ns, number_of(*value, "reference_ns"));
    ASSIGN_OR_RETURN(out.reference_wall_ns, number_of(*value, "reference_wall_ns"));
    return out;
}

Json result_to_json(TestResult const& result) {
    auto out = Json::object();
    out.set("id", result.id).set("group", result.group).set("class", class_name(result.test_class));
    out.set("outcome", outcome_name(result.outcome))
        .set("detail", result.detail)
        .set("seconds", result.seconds);
    return out.set("figures", figures_to_json(result.figures));
}

Result<TestResult> result_from_json(Json const& json) {
    TestResult out;
    ASSIGN_OR_RETURN(out.id, text_of(json, "id"));
    ASSIGN_OR_RETURN(out.group, text_of(json, "group"));
    ASSIGN_OR_RETURN(auto const test_class, text_of(json, "class"));
    auto const found = std::find(k_classes.begin(), k_classes.end(), test_class);
    if (found == k_classes.end()) return no_field("class");
    out.test_class = static_cast<TestClass>(found - k_classes.begin());
    ASSIGN_OR_RETURN(auto const outcome, text_of(json, "outcome"));
    ASSIGN_OR_RETURN(out.outcome, parse_outcome(outcome));
    ASSIGN_OR_RETURN(out.detail, text_of(json, "detail"));
    ASSIGN_OR_RETURN(out.seconds, number_of(json, "seconds"));
    auto const* const figures = json.find("figures");
    if (figures == nullptr) return no_field("figures");
    ASSIGN_OR_RETURN(out.figures, figures_from_json(*figures));
    return out;
}

std::string with_commas(std::int64_t value) {
    auto digits = fmt::format("{}", value < 0 ? -value : value);
    for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
        digits.insert(static_cast<std::size_t>(at), ",");
    }
    return (value < 0 ? "-" : "") + digits;
}

}  // namespace

std::string_view outcome_name(Outcome outcome) { return k_outcomes[static_cast<std::size_t>(outcome)]; }

Result<Outcome> parse_outcome(std::string_view name) {
    auto const found = std::find(k_outcomes.begin(), k_outcomes.end(), name);
    if (found == k_outcomes.end()) return Error{Errc::invalid, fmt::format("'{}' is no outcome", name)};
    return static_cast<Outcome>(found - k_outcomes.begin());
}

Figure const* TestResult::find(std::string_view metric) const {
    auto const found =
        std::find_if(figures.begin(), figures.end(), [&](Figure const& f) { return f.metric == metric; });
    return found == figures.end() ? nullptr : &*found;
}

TestResult const* Run::find(std::string_view test_id) const {
    auto const found =
        std::find_if(results.begin(), results.end(), [&](TestResult const& r) { return r.id == test_id; });
    return found == results.end() ? nullptr : &*found;
}

Json figures_to_json(std::vector<Figure> const& figures) {
    auto out = Json::array();
    for (auto const& figure : figures) {
        auto values = Json::array();
        for (auto const value : figure.values) values.push(number(value));
        auto one = Json::object();
        one.set("metric", figure.metric).set("unit", figure.unit).set("kind", kind_name(figure.kind));
        out.push(one.set("values", std::move(values)));
    }
    return out;
}

Result<std::vector<Figure>> figures_from_json(Json const& json) {
    auto const* const list = json.if_array();
    if (list == nullptr) return no_field("figures");
    std::vector<Figure> out;
    for (auto const& item : *list) {
        Figure figure;
        ASSIGN_OR_RETURN(figure.metric, text_of(item, "metric"));
        ASSIGN_OR_RETURN(figure.unit, text_of(item, "unit"));
        ASSIGN_OR_RETURN(auto const kind, text_of(item, "kind"));
        ASSIGN_OR_RETURN(figure.kind, parse_kind(kind));
        auto const* const values = item.find("values");
        if (values == nullptr || values->if_array() == nullptr) return no_field("values");
        if (values->if_array()->size() > k_values_max) {
            return Error{Errc::too_large,
                         fmt::format("{} has more than {} values", figure.metric, k_values_max)};
        }
        for (auto const& value : *values->if_array()) {
            auto const as = as_number(value);
            if (!as || !std::isfinite(*as)) return no_field("values");
            figure.values.push_back(*as);
        }
        out.push_back(std::move(figure));
    }
    return out;
}

Json run_to_json(Run const& run) {
    auto results = Json::array();
    for (auto const& result : run.results) results.push(result_to_json(result));
    auto out = Json::object();
    out.set("format", "ggen-bench-result")
        .set("version", k_result_version)
        .set("id", run.id)
        .set("label", run.label);
    out.set("started", run.started.seconds).set("seconds", run.seconds).set("complete", run.is_complete);
    out.set("clock_jumped", run.clock_jumped).set("environment", run.environment.to_json());
    out.set("noise_before", noise_to_json(run.before)).set("noise_after", noise_to_json(run.after));
    return out.set("results", std::move(results));
}

Result<Run> run_from_json(Json const& json) {
    RETURN_IF_ERROR(check_format(json, "ggen-bench-result", k_result_version, "the result"));
    Run out;
    ASSIGN_OR_RETURN(out.id, text_of(json, "id"));
    ASSIGN_OR_RETURN(out.label, text_of(json, "label"));
    ASSIGN_OR_RETURN(auto const started, number_of(json, "started"));
    out.started.seconds = static_cast<std::int64_t>(started);
    ASSIGN_OR_RETURN(out.seconds, number_of(json, "seconds"));
    ASSIGN_OR_RETURN(out.is_complete, bool_of(json, "complete"));
    ASSIGN_OR_RETURN(out.clock_jumped, bool_of(json, "clock_jumped"));
    auto const* const environment = json.find("environment");
    if (environment == nullptr) return no_field("environment");
    ASSIGN_OR_RETURN(out.environment, Environment::from_json(*environment));
    ASSIGN_OR_RETURN(out.before, noise_from_json(json, "noise_before"));
    ASSIGN_OR_RETURN(out.after, noise_from_json(json, "noise_after"));
    auto const* const results = json.find("results");
    if (results == nullptr || results->if_array() == nullptr) return no_field("results");
    for (auto const& item : *results->if_array()) {
        ASSIGN_OR_RETURN(auto result, result_from_json(item));
        out.results.push_back(std::move(result));
    }
    return out;
}

std::string format_figure(double value, std::string_view unit) {
    auto const ns = [](double v) {
        return format_ns(static_cast<std::uint64_t>(std::llround(std::max(0.0, v))));
    };
    if (unit == "ns") return ns(value);
    if (unit == "us") return ns(value * 1e3);
    if (unit == "ms") return ns(value * 1e6);
    if (unit == "s") return ns(value * 1e9);
    if (unit == "bytes") {
        if (value < 10'000) return fmt::format("{:.0f} B", value);
        if (value < 1e6) return fmt::format("{:.1f} kB", value / 1e3);
        return value < 1e9 ? fmt::format("{:.1f} MB", value / 1e6) : fmt::format("{:.1f} GB", value / 1e9);
    }
    if (unit == "ratio") return fmt::format("{:.4g}", value);
    if (value == std::floor(value) && std::abs(value) < 9e15)
        return with_commas(static_cast<std::int64_t>(value));
    return fmt::format("{:.4g}", value);
}

}  // namespace ggen::bench
