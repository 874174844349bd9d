#include <fmt/format.h>
#include <unistd.h>

#include "handlers.hpp"
#include "market/registries.hpp"
#include "process.hpp"
#include "shapes.hpp"

namespace ggen::cli {
namespace {

/// Folders become absolute, so that they mean the same from everywhere.
std::string location_argument(std::string const& text) {
    return text.find("://") == std::string::npos ? absolute_path(text) : text;
}

Json json_known(KnownRegistry const& known) {
    auto json = Json::object();
    json.set("alias", known.alias);
    json.set("origin", known.origin);
    json.set("location", known.location);
    json.set("mirrors", json_list(known.mirrors));
    json.set("fingerprint", known.root_fingerprint.text());
    json.set("namespaces", json_list(known.namespaces));
    return json;
}

Json json_key(KeyReport const& report) {
    auto json = Json::object();
    json.set("name", report.name);
    json.set("verifier_key", report.verifier_key);
    json.set("path", report.path);
    return json;
}

void render_key(Context& context, KeyReport const& report) {
    if (context.out().wants_json()) {
        context.out().document("ggen.key/1", json_key(report));
        return;
    }
    context.out().line(report.verifier_key);
    context.out().note("the private half is in " + report.path);
}

bool confirms(Context& context, std::string const& question) {
    if (context.args().has("no-input") || !is_terminal(STDIN_FILENO) || !is_terminal(STDERR_FILENO)) return true;
    context.out().note(question + " [y/N]");
    char answer = 'n';
    return ::read(STDIN_FILENO, &answer, 1) == 1 && (answer == 'y' || answer == 'Y');
}

}  // namespace

Result<ExitCode> run_registry_create(Context& context) {
    auto const& args = context.args();
    RegistryCreateRequest const request{location_argument(args.positional(0)), args.value("origin"),
                                        args.value("alias")};
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const report, create_registry(*market, request));
    auto& out = context.out();
    if (out.wants_json()) {
        auto json = json_known(report.registry);
        json.set("log_key", report.log_key);
        out.document("ggen.registry-create/1", std::move(json));
        return ExitCode::ok;
    }
    out.field("alias", report.registry.alias);
    out.field("origin", report.registry.origin);
    out.field("folder", report.registry.location);
    out.field("log key", report.log_key);
    out.field("fingerprint", report.registry.root_fingerprint.text());
    out.note("others add it with: ggen registry add LOCATION --fingerprint " +
             report.registry.root_fingerprint.text());
    return ExitCode::ok;
}

Result<ExitCode> run_registry_add(Context& context) {
    auto const& args = context.args();
    RegistryAddRequest request;
    request.location = location_argument(args.positional(0));
    request.alias = args.value("alias");
    if (args.has("fingerprint")) {
        auto text = args.value("fingerprint");
        if (!text.starts_with("sha256:")) text.insert(0, "sha256:");
        ASSIGN_OR_RETURN(auto const digest, context.argument(Digest::parse(text), "--fingerprint"));
        request.fingerprint = digest.text();
    }
    request.namespaces = args.values("namespace");
    for (auto const& mirror : args.values("mirror")) request.mirrors.push_back(location_argument(mirror));
    request.make_default = args.has("default");
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const report, add_registry(*market, request));
    auto& out = context.out();
    if (out.wants_json()) {
        auto json = json_known(report.registry);
        json.set("trusted_on_first_use", report.trusted_on_first_use);
        json.set("log_size", report.log_size);
        out.document("ggen.registry-add/1", std::move(json));
        return ExitCode::ok;
    }
    out.field("alias", report.registry.alias);
    out.field("origin", report.registry.origin);
    out.field("location", report.registry.location);
    out.field("log size", fmt::format("{}", report.log_size));
    out.field("fingerprint", report.registry.root_fingerprint.text());
    if (report.trusted_on_first_use) {
        out.note("trusted on first use: compare the fingerprint with the one that its operator names");
    }
    return ExitCode::ok;
}

Result<ExitCode> run_registry_list(Context& context) {
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const registries, list_registries(*market));
    auto& out = context.out();
    if (out.wants_json()) {
        auto all = Json::array();
        for (auto const& status : registries) {
            auto json = json_known(status.registry);
            json.set("default", status.is_default);
            json.set("writable", status.is_writable);
            json.set("last_size", status.last_size ? Json{*status.last_size} : Json{});
            json.set("last_time", status.last_time ? json_time(*status.last_time) : Json{});
            all.push(std::move(json));
        }
        out.document("ggen.registry-list/1", Json::object().set("registries", std::move(all)));
        return ExitCode::ok;
    }
    Table table{{"ALIAS", "ORIGIN", "SIZE", "LAST SEEN", "LOCATION"}, {}};
    for (auto const& status : registries) {
        table.rows.push_back({status.registry.alias, status.registry.origin,
                              status.last_size ? fmt::format("{}", *status.last_size) : "-",
                              status.last_time ? format_utc(*status.last_time) : "-",
                              status.registry.location});
        auto& row = table.rows.back();
        if (out.style().plain) {
            row.push_back(status.is_default ? "default" : "");
            row.push_back(status.is_writable ? "writable" : "");
        } else {
            if (status.is_default) row[0] += " *";
            if (status.is_writable) row[4] += " (writable)";
        }
    }
    out.table(table);
    if (registries.empty()) out.note("no registry is known; `ggen registry add LOCATION` adds one");
    return ExitCode::ok;
}

Result<ExitCode> run_registry_remove(Context& context) {
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const known, remove_registry(*market, context.args().positional(0)));
    if (context.out().wants_json()) context.out().document("ggen.registry-remove/1", json_known(known));
    else context.out().line(known.alias + " is forgotten; " + known.location + " was not touched");
    return ExitCode::ok;
}

Result<ExitCode> run_registry_fsck(Context& context) {
    auto const& args = context.args();
    RegistryFsckRequest request{args.positional(0), args.has("repair")};
    if (request.registry.empty()) request.registry = context.registry();
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const report, fsck_known_registry(*market, request));
    auto& out = context.out();
    if (out.wants_json()) {
        auto json = Json::object();
        json.set("sound", report.problems.empty());
        json.set("entries", report.entries);
        json.set("releases", report.releases);
        json.set("blobs", report.blobs);
        json.set("blob_bytes", report.blob_bytes);
        json.set("problems", json_list(report.problems));
        json.set("repaired", json_list(report.repaired));
        out.document("ggen.registry-fsck/1", std::move(json));
    } else {
        for (auto const& problem : report.problems) out.line("BAD  " + problem);
        for (auto const& repaired : report.repaired) out.line("repaired  " + repaired);
        out.line(fmt::format("{}, {}, {} ({}): {}", count_of(report.entries, "entry", "entries"),
                             count_of(report.releases, "release"), count_of(report.blobs, "blob"),
                             format_bytes(report.blob_bytes),
                             report.problems.empty() ? "sound" : count_of(report.problems.size(), "problem")));
    }
    if (report.problems.empty()) return ExitCode::ok;
    std::string const help = request.repair ? "" : "`ggen registry fsck --repair` rewrites derived files";
    return Error{Errc::corrupt, ErrorId::tile_invalid, "the registry is damaged: " + report.problems.front(), help};
}

Result<ExitCode> run_registry_rebuild(Context& context) {
    auto alias = context.args().positional(0);
    if (alias.empty()) alias = context.registry();
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const reports, rebuild_catalogues(*market, alias));
    auto& out = context.out();
    if (out.wants_json()) {
        auto all = Json::array();
        for (auto const& report : reports) {
            auto json = Json::object();
            json.set("alias", report.alias);
            json.set("log_size", report.log_size);
            json.set("packages", report.packages);
            json.set("releases", report.releases);
            json.set("catalogue", report.catalogue.text());
            json.set("was_identical", report.was_identical);
            json.set("index", report.index.text());
            json.set("index_was_identical", report.index_was_identical);
            all.push(std::move(json));
        }
        out.document("ggen.registry-rebuild/1", Json::object().set("catalogues", std::move(all)));
        return ExitCode::ok;
    }
    for (auto const& report : reports) {
        out.line(fmt::format("{}: {}, {} from {}{}", report.alias, count_of(report.packages, "package"),
                             count_of(report.releases, "release"), count_of(report.log_size, "entry", "entries"),
                             report.was_identical ? "; the same bytes as before" : ""));
    }
    if (!reports.empty()) {
        out.line(fmt::format("search index: {}{}", reports.front().index.text(),
                             reports.front().index_was_identical ? "; the same as before" : ""));
    }
    return ExitCode::ok;
}

Result<ExitCode> run_key_new(Context& context) {
    KeyNewRequest const request{context.args().positional(0), context.args().has("force")};
    if (request.force && !confirms(context, "replace your publishing key?")) {
        return Error{Errc::cancelled, "the key was left as it is"};
    }
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const report, new_key(*market, request));
    render_key(context, report);
    return ExitCode::ok;
}

Result<ExitCode> run_key_show(Context& context) {
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const report, show_key(*market));
    render_key(context, report);
    return ExitCode::ok;
}

}  // namespace ggen::cli
