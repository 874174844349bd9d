#include <fmt/format.h>

#include <optional>

#include "handlers.hpp"
#include "market/config.hpp"
#include "market/project.hpp"
#include "shapes.hpp"
#include "suggest.hpp"

namespace ggen::cli {
namespace {

constexpr std::int64_t k_seconds_per_day = 86'400;
constexpr std::uint64_t k_mebibytes_max = std::uint64_t{1} << 40U;

Result<Setting> find_setting(Context& context, Config const& config) {
    auto const key = context.args().positional(0);
    std::vector<std::string> keys;
    for (auto const& setting : config.settings) {
        if (setting.key == key) return setting;
        keys.push_back(setting.key);
    }
    auto const help = did_you_mean(similar_words(key, keys));
    return Error{Errc::not_found, ErrorId::none, "there is no setting `" + key + "`",
                 help.empty() ? "`ggen config list` shows them" : help};
}

using Variables = std::vector<std::pair<std::string, std::string>>;

/// Proxies may hold a password: only that they are set is said.
Variables variables_that_count(Context& context) {
    Variables out;
    for (auto const& [name, value] : context.environment()) {
        if (name.ends_with("_proxy") || name.ends_with("_PROXY")) {
            out.emplace_back(name, "(set)");
        } else if (name.starts_with("GGEN_") || name.starts_with("XDG_") || name == "HOME" || name == "NO_COLOR") {
            out.emplace_back(name, value);
        }
    }
    return out;
}

}  // namespace

Result<ExitCode> run_cache_list(Context& context) {
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const report, cache_list(*market));
    auto& out = context.out();
    std::uint64_t bytes = 0;
    for (auto const& package : report.packages) bytes += package.bytes;
    if (out.wants_json()) {
        auto json = Json::object();
        json.set("directory", report.directory);
        auto packages = Json::array();
        for (auto const& package : report.packages) {
            auto entry = Json::object();
            entry.set("label", package.label);
            entry.set("tree", package.tree.text());
            entry.set("bytes", package.bytes);
            entry.set("files", package.files);
            entry.set("last_used", json_time(package.last_used));
            packages.push(std::move(entry));
        }
        json.set("packages", std::move(packages));
        auto generations = Json::array();
        for (auto const& generation : report.generations) {
            auto entry = Json::object();
            entry.set("id", generation.id.text());
            entry.set("packages", generation.packages);
            entry.set("projects", generation.projects);
            entry.set("last_used", json_time(generation.last_used));
            generations.push(std::move(entry));
        }
        json.set("generations", std::move(generations));
        out.document("ggen.cache-list/1", std::move(json));
        return ExitCode::ok;
    }
    Table table{{"PACKAGE", "SIZE", "FILES", "LAST USED", "TREE"}, {}};
    for (auto const& package : report.packages) {
        table.rows.push_back({package.label, format_bytes(package.bytes), fmt::format("{}", package.files),
                              format_utc(package.last_used), package.tree.hex()});
    }
    out.table(table);
    for (auto const& generation : report.generations) {
        if (out.style().plain) continue;
        out.line(fmt::format("generation {}  {}, {}, last used {}", generation.id.hex(),
                             count_of(generation.packages, "package"), count_of(generation.projects, "project"),
                             format_utc(generation.last_used)));
    }
    out.note(fmt::format("{}, {}, {} in {}", count_of(report.packages.size(), "package"), format_bytes(bytes),
                         count_of(report.generations.size(), "generation"), report.directory));
    return ExitCode::ok;
}

std::string describe_unreadable(UnreadableNote const& note) {
    constexpr std::string_view k_what =
        "cannot be read (a power loss may have torn it), so all that it may stand for was kept;";
    if (!note.project.empty())
        return fmt::format("the note of {} {} ggen install there writes it anew", note.project, k_what);
    return fmt::format("{} {} ggen install in its project writes it anew; remove it if that project is gone",
                       note.path, k_what);
}

Result<ExitCode> run_cache_gc(Context& context) {
    ASSIGN_OR_RETURN(auto const days, context.number("min-age", 30, 36'500));
    std::optional<std::uint64_t> bytes_max;
    if (context.args().has("max-size")) {
        ASSIGN_OR_RETURN(auto const mebibytes, context.number("max-size", 0, k_mebibytes_max));
        bytes_max = mebibytes * k_mib;
    }
    ASSIGN_OR_RETURN(auto* const market, context.market());
    bool const dry_run = context.is_dry_run();
    ASSIGN_OR_RETURN(auto const report,
                     cache_collect(*market, dry_run, static_cast<std::int64_t>(days) * k_seconds_per_day, bytes_max));
    auto& out = context.out();
    if (out.wants_json()) {
        auto json = Json::object();
        json.set("dry_run", dry_run);
        json.set("removed_packages", report.removed_packages);
        json.set("removed_bytes", report.removed_bytes);
        json.set("kept_packages", report.kept_packages);
        json.set("kept_bytes", report.kept_bytes);
        json.set("removed_generations", report.removed_generations);
        json.set("kept_generations", report.kept_generations);
        auto notes = Json::array();
        for (auto const& note : report.unreadable_notes) {
            auto entry = Json::object();
            entry.set("path", note.path);
            entry.set("project", note.project);
            notes.push(std::move(entry));
        }
        json.set("unreadable_notes", std::move(notes));
        out.document("ggen.cache-gc/1", std::move(json));
        return ExitCode::ok;
    }
    out.line(fmt::format("{}{} ({}), kept {} ({})", dry_run ? "would remove " : "removed ",
                         count_of(report.removed_packages, "package"), format_bytes(report.removed_bytes),
                         report.kept_packages, format_bytes(report.kept_bytes)));
    for (auto const& note : report.unreadable_notes) out.warning(describe_unreadable(note));
    return ExitCode::ok;
}

Result<ExitCode> run_cache_verify(Context& context) {
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const report, cache_verify(*market));
    auto& out = context.out();
    if (out.wants_json()) {
        auto json = Json::object();
        json.set("packages", report.packages);
        json.set("files", report.files);
        json.set("bytes", report.bytes);
        json.set("damaged", json_list(report.damaged));
        out.document("ggen.cache-verify/1", std::move(json));
    } else {
        for (auto const& damaged : report.damaged) out.line("BAD  " + damaged);
        out.line(fmt::format("{}, {} ({}): {}", count_of(report.packages, "package"), count_of(report.files, "file"),
                             format_bytes(report.bytes),
                             report.damaged.empty() ? "sound" : fmt::format("{} damaged", report.damaged.size())));
    }
    if (report.damaged.empty()) return ExitCode::ok;
    return Error{Errc::corrupt, ErrorId::store_damaged, report.damaged.front(),
                 "it was set aside; the next install fetches it again"};
}

Result<ExitCode> run_config_list(Context& context) {
    ASSIGN_OR_RETURN(auto* const market, context.market());
    auto& out = context.out();
    auto const& settings = market->config.settings;
    if (out.wants_json()) {
        auto all = Json::array();
        for (auto const& setting : settings) {
            auto json = Json::object();
            json.set("key", setting.key);
            json.set("value", setting.value);
            json.set("origin", setting.origin);
            all.push(std::move(json));
        }
        out.document("ggen.config-list/1", Json::object().set("settings", std::move(all)));
        return ExitCode::ok;
    }
    bool const with_origin = context.args().has("origin");
    Table table{{"KEY", "VALUE"}, {}};
    if (with_origin) table.headings.emplace_back("FROM");
    for (auto const& setting : settings) {
        auto& row = table.rows.emplace_back(std::vector<std::string>{setting.key, setting.value});
        if (with_origin) row.push_back(setting.origin);
    }
    out.table(table);
    return ExitCode::ok;
}

Result<ExitCode> run_config_get(Context& context) {
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const setting, find_setting(context, market->config));
    if (!context.out().wants_json()) {
        context.out().line(setting.value);
        return ExitCode::ok;
    }
    auto json = Json::object();
    json.set("key", setting.key);
    json.set("value", setting.value);
    json.set("origin", setting.origin);
    context.out().document("ggen.config-get/1", std::move(json));
    return ExitCode::ok;
}

Result<ExitCode> run_config_set(Context& context) {
    auto const key = context.args().positional(0);
    auto const value = context.args().positional(1);
    ASSIGN_OR_RETURN(auto* const market, context.market());
    RETURN_IF_ERROR(context.check_argument(set_config_value(context.files(), market->directories, key, value)));
    if (context.out().wants_json()) {
        auto json = Json::object();
        json.set("key", key);
        json.set("value", value);
        context.out().document("ggen.config-set/1", std::move(json));
    }
    return ExitCode::ok;
}

Result<ExitCode> run_doctor(Context& context) {
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto checks, doctor(*market));
    auto& out = context.out();
    if (auto const wanted = context.args().value("check"); !wanted.empty()) {
        std::erase_if(checks, [&](DoctorCheck const& check) { return !check.name.starts_with(wanted); });
        if (checks.empty()) return usage_error("there is no check `" + wanted + "`", "`ggen doctor` lists them");
    }
    auto const variables = context.args().has("env") ? variables_that_count(context) : Variables{};
    std::size_t bad = 0;
    auto all = Json::array();
    for (auto const& check : checks) {
        if (!check.good) ++bad;
        auto json = Json::object();
        json.set("name", check.name);
        json.set("good", check.good);
        json.set("detail", check.detail);
        json.set("help", check.help);
        all.push(std::move(json));
    }
    if (out.wants_json()) {
        auto json = Json::object();
        json.set("good", bad == 0);
        json.set("checks", std::move(all));
        if (context.args().has("env")) {
            auto environment = Json::object();
            for (auto const& [name, value] : variables) environment.set(name, value);
            json.set("environment", std::move(environment));
        }
        out.document("ggen.doctor/1", std::move(json));
    } else {
        for (auto const& check : checks) {
            out.line(fmt::format("{}  {}: {}", check.good ? "ok " : "BAD", check.name, check.detail));
            if (!check.good && !check.help.empty()) out.line("     " + check.help);
        }
        for (auto const& [name, value] : variables) out.line(fmt::format("env  {}={}", name, value));
    }
    return bad == 0 ? ExitCode::ok : ExitCode::failed;
}

}  // namespace ggen::cli
