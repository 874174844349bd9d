// Reads budgets.toml and gate.toml. The only file of bench/ that reads TOML.
#include "harness/budgets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "harness/statistics.hpp"
#include "spec/toml_parse.hpp"

namespace ggen::bench {
namespace {

constexpr TomlLimits k_limits{.bytes_max = std::size_t{1} << 20U, .depth_max = 8, .keys_max = 20'000};
constexpr std::array<std::string_view, 4> k_colours{"green", "yellow", "red", "unmeasured"};
constexpr std::array<std::string_view, 6> k_statistics{"median", "p90", "p95", "p99", "least", "most"};
constexpr std::array<std::string_view, 3> k_levels{"must", "should", "nice"};
constexpr std::array<std::string_view, 6> k_judges{"command",     "tests",     "budgets",
                                                   "regressions", "self_test", "count"};

Error invalid_at(std::string_view source, toml::source_region const& where, std::string_view problem) {
    return Error{Errc::invalid,
                 fmt::format("{}:{}:{}: {}", source, where.begin.line, where.begin.column, problem)};
}

Result<toml::table> parse(std::string_view text, std::string_view source) {
    return parse_toml(text, source, k_limits, ErrorId::none);
}

/// Reads the keys of one table and finds those that nobody asked for.
class Reader {
public:
    Reader(toml::table const& table, std::string_view source) : table_(table), source_(source) {}

    template <class T>
    Result<void> read(std::string_view key, T& out) {
        known_.emplace_back(key);
        auto const* const node = table_.get(key);
        if (node == nullptr) return ok();
        if constexpr (std::is_same_v<T, std::vector<std::string>>) {
            auto const* const list = node->as_array();
            if (list == nullptr)
                return invalid_at(source_, node->source(), fmt::format("'{}' is no list", key));
            for (auto const& item : *list) {
                auto const* const text = item.as_string();
                if (text == nullptr)
                    return invalid_at(source_, item.source(), fmt::format("'{}' holds texts", key));
                out.push_back(text->get());
            }
            return ok();
        } else {
            auto const value = node->value<T>();
            if (!value) return invalid_at(source_, node->source(), fmt::format("'{}' has another type", key));
            out = *value;
            return ok();
        }
    }

    template <class T>
    Result<void> require(std::string_view key, T& out) {
        if (table_.get(key) == nullptr)
            return invalid_at(source_, table_.source(), fmt::format("no '{}'", key));
        return read(key, out);
    }

    template <std::size_t N>
    Result<std::size_t> choice(std::string_view key, std::array<std::string_view, N> const& names,
                               std::size_t usual) {
        std::string text{names[usual]};
        RETURN_IF_ERROR(read(key, text));
        auto const found = std::find(names.begin(), names.end(), text);
        if (found == names.end()) {
            return invalid_at(source_, table_.get(key)->source(),
                              fmt::format("'{}' is one of {}", key, fmt::join(names, ", ")));
        }
        return static_cast<std::size_t>(found - names.begin());
    }

    Result<void> finish() const {
        for (auto const& [key, node] : table_) {
            if (std::find(known_.begin(), known_.end(), key.str()) != known_.end()) continue;
            return invalid_at(source_, node.source(), fmt::format("unknown key '{}'", key.str()));
        }
        return ok();
    }

private:
    toml::table const& table_;
    std::string_view source_;
    std::vector<std::string> known_;
};

Result<Budget> read_budget(toml::table const& table, std::string_view source) {
    Reader reader{table, source};
    Budget out;
    RETURN_IF_ERROR(reader.require("test", out.test_id));
    RETURN_IF_ERROR(reader.require("metric", out.metric));
    ASSIGN_OR_RETURN(auto const statistic, reader.choice("statistic", k_statistics, 0));
    out.statistic = k_statistics[statistic];
    RETURN_IF_ERROR(reader.require("green", out.green));
    out.yellow = out.green;
    RETURN_IF_ERROR(reader.read("yellow", out.yellow));
    RETURN_IF_ERROR(reader.read("more_is_better", out.more_is_better));
    double original = NAN;
    RETURN_IF_ERROR(reader.read("original", original));
    if (!std::isnan(original)) out.original = original;
    RETURN_IF_ERROR(reader.read("original_text", out.original_text));
    RETURN_IF_ERROR(reader.finish());
    if (out.more_is_better ? out.yellow > out.green : out.yellow < out.green) {
        return invalid_at(source, table.source(), "yellow lies on the good side of green");
    }
    return out;
}

Result<GateCheck> read_check(toml::table const& table, std::string_view source) {
    Reader reader{table, source};
    GateCheck out;
    RETURN_IF_ERROR(reader.require("name", out.name));
    RETURN_IF_ERROR(reader.require("section", out.section));
    ASSIGN_OR_RETURN(auto const level, reader.choice("level", k_levels, 0));
    out.level = static_cast<GateCheck::Level>(level);
    ASSIGN_OR_RETURN(auto const judge, reader.choice("judge", k_judges, 0));
    out.judge = static_cast<GateCheck::Judge>(judge);
    RETURN_IF_ERROR(reader.read("words", out.words));
    RETURN_IF_ERROR(reader.read("command", out.command));
    RETURN_IF_ERROR(reader.read("forbidden", out.forbidden));
    RETURN_IF_ERROR(reader.read("time_limit_s", out.time_limit_s));
    RETURN_IF_ERROR(reader.read("list", out.list));
    RETURN_IF_ERROR(reader.read("groups", out.groups));
    RETURN_IF_ERROR(reader.read("tests", out.tests));
    RETURN_IF_ERROR(reader.finish());
    if (out.judge == GateCheck::Judge::command && out.command.empty()) {
        return invalid_at(source, table.source(), "a check by command has no 'command'");
    }
    return out;
}

/// Calls `take(table)` for each `[[name]]`.
template <class Take>
Result<void> each_table(toml::table const& document, std::string_view name, std::string_view source,
                        Take const& take) {
    auto const* const node = document.get(name);
    if (node == nullptr) return ok();
    auto const* const list = node->as_array();
    if (list == nullptr) return invalid_at(source, node->source(), fmt::format("[[{}]] is wanted", name));
    for (auto const& item : *list) {
        auto const* const table = item.as_table();
        if (table == nullptr) return invalid_at(source, item.source(), fmt::format("[[{}]] is wanted", name));
        RETURN_IF_ERROR(take(*table));
    }
    return ok();
}

Result<void> allow_only(toml::table const& document, std::string_view source,
                        std::initializer_list<std::string_view> names) {
    for (auto const& [key, node] : document) {
        if (std::find(names.begin(), names.end(), key.str()) == names.end()) {
            return invalid_at(source, node.source(), fmt::format("unknown key '{}'", key.str()));
        }
    }
    return ok();
}

/// By the end of its name: what a budget shows when nothing was measured.
std::string unit_of_metric(std::string_view metric) {
    for (std::string_view const unit : {"ns", "us", "ms", "bytes"}) {
        if (metric.ends_with(std::string{"_"} + std::string{unit})) return std::string{unit};
    }
    return "";
}

Colour colour_of(Budget const& budget, double value) {
    if (budget.more_is_better) {
        if (value >= budget.green) return Colour::green;
        return value >= budget.yellow ? Colour::yellow : Colour::red;
    }
    if (value <= budget.green) return Colour::green;
    return value <= budget.yellow ? Colour::yellow : Colour::red;
}

}  // namespace

std::string_view colour_name(Colour colour) { return k_colours[static_cast<std::size_t>(colour)]; }

double statistic_of(std::vector<double> const& values, std::string_view statistic) {
    if (statistic == "p90") return percentile(values, 90);
    if (statistic == "p95") return percentile(values, 95);
    if (statistic == "p99") return percentile(values, 99);
    if (statistic == "least") return percentile(values, 0);
    if (statistic == "most") return percentile(values, 100);
    return median(values);
}

Result<std::vector<Budget>> parse_budgets(std::string_view text, std::string_view source_name) {
    ASSIGN_OR_RETURN(auto const document, parse(text, source_name));
    RETURN_IF_ERROR(allow_only(document, source_name, {"budget"}));
    std::vector<Budget> out;
    RETURN_IF_ERROR(
        each_table(document, "budget", source_name, [&](toml::table const& table) -> Result<void> {
            ASSIGN_OR_RETURN(auto budget, read_budget(table, source_name));
            auto const same = std::find_if(out.begin(), out.end(), [&](Budget const& other) {
                return other.test_id == budget.test_id && other.metric == budget.metric &&
                       other.statistic == budget.statistic;
            });
            if (same != out.end())
                return invalid_at(source_name, table.source(), "this figure has a budget already");
            out.push_back(std::move(budget));
            return ok();
        }));
    return out;
}

std::vector<BudgetResult> apply_budgets(std::vector<Budget> const& budgets, Run const& run) {
    std::vector<BudgetResult> out;
    out.reserve(budgets.size());
    for (auto const& budget : budgets) {
        BudgetResult one;
        one.budget = budget;
        one.unit = unit_of_metric(budget.metric);
        auto const* const result = run.find(budget.test_id);
        auto const* const figure = result == nullptr ? nullptr : result->find(budget.metric);
        if (result == nullptr) {
            one.detail = "the test did not run";
        } else if (result->outcome != Outcome::passed) {
            one.detail = fmt::format("{}: {}", outcome_name(result->outcome), result->detail);
        } else if (figure == nullptr || figure->values.empty()) {
            one.detail = fmt::format("the test gave no '{}'", budget.metric);
        } else {
            one.value = statistic_of(figure->values, budget.statistic);
            one.unit = figure->unit;
            one.colour = colour_of(budget, one.value);
        }
        out.push_back(std::move(one));
    }
    return out;
}

Result<GateConfig> parse_gate(std::string_view text, std::string_view source_name) {
    ASSIGN_OR_RETURN(auto const document, parse(text, source_name));
    RETURN_IF_ERROR(allow_only(document, source_name, {"check", "hooks"}));
    GateConfig out;
    RETURN_IF_ERROR(each_table(document, "check", source_name, [&](toml::table const& table) -> Result<void> {
        ASSIGN_OR_RETURN(auto check, read_check(table, source_name));
        out.checks.push_back(std::move(check));
        return ok();
    }));
    if (auto const* const node = document.get("hooks")) {
        auto const* const hooks = node->as_table();
        if (hooks == nullptr) return invalid_at(source_name, node->source(), "[hooks] is a table");
        Reader reader{*hooks, source_name};
        RETURN_IF_ERROR(reader.read("pre", out.pre));
        RETURN_IF_ERROR(reader.read("notify", out.notify));
        RETURN_IF_ERROR(reader.read("post", out.post));
        RETURN_IF_ERROR(reader.finish());
    }
    return out;
}

}  // namespace ggen::bench
