#include "shapes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "market/find.hpp"
#include "suggest.hpp"

namespace ggen::cli {
namespace {

std::string_view change_name(PlannedChange::Kind kind) {
    switch (kind) {
        case PlannedChange::Kind::add: return "add";
        case PlannedChange::Kind::update: return "update";
        case PlannedChange::Kind::downgrade: return "downgrade";
        case PlannedChange::Kind::remove: return "remove";
        case PlannedChange::Kind::keep: return "keep";
    }
    return "keep";
}

Json json_change(PlannedChange const& change) {
    auto json = Json::object();
    json.set("action", change_name(change.kind));
    json.set("name", change.name.text());
    json.set("from", change.from ? Json{change.from->text()} : Json{});
    json.set("to", change.to ? Json{change.to->text()} : Json{});
    return json;
}

Json json_figures(InstallFigures const& figures) {
    auto json = Json::object();
    json.set("resolve_us", figures.resolve_us);
    json.set("verify_us", figures.verify_us);
    json.set("fetch_us", figures.fetch_us);
    json.set("install_us", figures.install_us);
    json.set("total_us", figures.total_us);
    json.set("packages_fetched", figures.packages_fetched);
    json.set("packages_reused", figures.packages_reused);
    json.set("bytes_fetched", figures.bytes_fetched);
    json.set("files_written", figures.files_written);
    json.set("proofs_checked", figures.proofs_checked);
    json.set("proofs_known", figures.proofs_known);
    json.set("packages", figures.packages);
    json.set("was_known", figures.was_known);
    return json;
}

Json json_report(InstallReport const& report) {
    auto json = Json::object();
    json.set("dry_run", report.dry_run);
    auto changes = Json::array();
    for (auto const& change : report.changes) {
        if (change.kind != PlannedChange::Kind::keep) changes.push(json_change(change));
    }
    json.set("changes", std::move(changes));
    auto packages = Json::array();
    for (auto const& [name, locked] : report.lockfile.packages) {
        auto package = Json::object();
        package.set("name", name.text());
        package.set("version", locked.version.text());
        package.set("origin", locked.origin);
        package.set("tree", locked.tree.text());
        packages.push(std::move(package));
    }
    json.set("packages", std::move(packages));
    json.set("warnings", json_list(report.warnings));
    json.set("figures", json_figures(report.figures));
    return json;
}

std::string change_line(PlannedChange const& change) {
    auto const from = change.from ? change.from->text() : std::string{};
    auto const to = change.to ? change.to->text() : std::string{};
    switch (change.kind) {
        case PlannedChange::Kind::add: return fmt::format("+ {} {}", change.name.text(), to);
        case PlannedChange::Kind::remove: return fmt::format("- {} {}", change.name.text(), from);
        default: return fmt::format("~ {} {} -> {}", change.name.text(), from, to);
    }
}

void render_report(Output& out, std::string_view doing, InstallReport const& report) {
    std::size_t changed = 0;
    for (auto const& change : report.changes) {
        if (change.kind == PlannedChange::Kind::keep) continue;
        ++changed;
        if (out.style().plain) {
            out.record({std::string{change_name(change.kind)}, change.name.text(),
                        change.from ? change.from->text() : "", change.to ? change.to->text() : ""});
        } else {
            out.line(change_line(change));
        }
    }
    auto const& figures = report.figures;
    if (report.dry_run) {
        out.note(fmt::format("{}: {} would change; nothing was written", doing, count_of(changed, "package")));
        return;
    }
    auto text = fmt::format("{}: {} changed, {} in all", doing, count_of(changed, "package"),
                            std::max<std::uint64_t>(figures.packages, report.lockfile.packages.size()));
    if (figures.was_known) text += "; known to this machine, nothing read anew";
    if (figures.packages_reused > 0 && !figures.was_known)
        text += fmt::format("; {} reused", figures.packages_reused);
    if (figures.packages_fetched > 0) {
        text += fmt::format("; {} fetched ({})", figures.packages_fetched, format_bytes(figures.bytes_fetched));
    }
    if (figures.proofs_checked > 0) text += fmt::format("; {} checked", count_of(figures.proofs_checked, "proof"));
    if (figures.proofs_known > 0) text += fmt::format("; {} checked before", count_of(figures.proofs_known, "proof"));
    if (figures.packages_fetched > 0 || figures.files_written > 0) {
        text += fmt::format("; resolve {}, verify {}, fetch {}, link {}", format_duration(figures.resolve_us),
                            format_duration(figures.verify_us), format_duration(figures.fetch_us),
                            format_duration(figures.install_us));
    }
    out.note(text + "; " + format_duration(figures.total_us));
}

}  // namespace

Json json_list(std::vector<std::string> const& words) {
    auto json = Json::array();
    for (auto const& word : words) json.push(word);
    return json;
}

std::string joined(std::vector<std::string> const& words, std::string_view between) {
    std::string text;
    for (auto const& word : words) text += (text.empty() ? std::string{} : std::string{between}) + word;
    return text;
}

Json json_time(UnixTime time) { return time.seconds == 0 ? Json{} : Json{format_utc(time)}; }

Json json_version(VersionState const& version) {
    auto json = Json::object();
    json.set("version", version.version.text());
    json.set("yanked", version.yanked);
    json.set("deprecated", version.deprecated);
    json.set("revoked", version.revoked);
    if (version.yanked || version.deprecated || version.revoked) {
        json.set("reason", status_reason_name(version.reason));
    }
    json.set("index", version.index);
    json.set("first_seen", json_time(version.first_seen));
    return json;
}

std::string status_words(VersionState const& version) {
    std::string text;
    if (version.revoked) text = "revoked";
    else if (version.yanked) text = "yanked";
    else if (version.deprecated) text = "deprecated";
    if (text.empty() || version.reason == StatusReason::unspecified) return text;
    return fmt::format("{} ({})", text, status_reason_name(version.reason));
}

Json json_blob(BlobRef const& blob) {
    auto json = Json::object();
    json.set("digest", blob.digest.text());
    json.set("bytes", blob.bytes);
    return json;
}

Result<std::vector<PackageName>> parse_names(Context& context, std::vector<std::string> const& texts) {
    std::vector<PackageName> names;
    for (auto const& text : texts) {
        if (auto const at = text.find('@'); at != std::string::npos && at > 0) {
            return usage_error("`" + text + "` has a version, but this command takes names alone",
                               "leave " + text.substr(at) + " out; `ggen install NAME@RANGE` chooses versions");
        }
        ASSIGN_OR_RETURN(auto name, context.argument(PackageName::parse(text)));
        names.push_back(std::move(name));
    }
    return names;
}

Result<std::vector<PackageSpec>> parse_specs(Context& context, std::vector<std::string> const& texts) {
    std::vector<PackageSpec> specs;
    for (auto const& text : texts) {
        ASSIGN_OR_RETURN(auto spec, context.argument(PackageSpec::parse(text)));
        specs.push_back(std::move(spec));
    }
    return specs;
}

Error distrusted(Error error, std::string_view path) {
    error.code = Errc::refused;
    return wrap(std::move(error), path);
}

std::string package_hint(Context& context, std::string const& name) {
    constexpr std::size_t k_hints_max = 3;
    auto market = context.market();
    if (!market) return {};
    auto similar = similar_packages(**market, name, k_hints_max);
    if (similar.empty()) {
        // The catalogue may be older than the registry, or not there yet.
        SearchRequest request;
        request.query.text = name;
        request.query.limit = 1;
        if (search_packages(**market, request)) similar = similar_packages(**market, name, k_hints_max);
    }
    auto hint = did_you_mean(similar);
    return hint.empty() ? "`ggen search` finds names" : hint;
}

Error no_solution_error(Conflict const& conflict) {
    constexpr std::string_view k_help = "\nhelp: ";
    auto explanation = conflict.explanation;
    while (explanation.ends_with('\n')) explanation.pop_back();
    auto const at = explanation.find(k_help);
    auto help = at == std::string::npos ? std::string{} : explanation.substr(at + k_help.size());
    for (auto next = help.find(k_help); next != std::string::npos; next = help.find(k_help)) {
        help.replace(next, k_help.size(), "\n");
    }
    return {Errc::refused, ErrorId::resolution_impossible, explanation.substr(0, at), std::move(help)};
}

Error conflict_error(Context& context, Conflict const& conflict) {
    if (conflict.unknown_packages.empty()) return no_solution_error(conflict);
    auto const& name = conflict.unknown_packages.front().text();
    return {Errc::not_found, ErrorId::package_not_found, name + ": there is no such package",
            package_hint(context, name)};
}

Result<ExitCode> render_outcome(Context& context, std::string_view schema, std::string_view doing,
                                InstallOutcome const& outcome) {
    if (auto const* const conflict = std::get_if<Conflict>(&outcome)) return conflict_error(context, *conflict);
    auto const& report = std::get<InstallReport>(outcome);
    for (auto const& warning : report.warnings) context.out().warning(warning);
    if (context.out().wants_json()) context.out().document(schema, json_report(report));
    else render_report(context.out(), doing, report);
    return ExitCode::ok;
}

}  // namespace ggen::cli
