#include <fmt/format.h>

#include "handlers.hpp"
#include "import/import_npm.hpp"
#include "market/publish.hpp"
#include "process.hpp"
#include "publish_report.hpp"
#include "shapes.hpp"

namespace ggen::cli {
namespace {

constexpr std::size_t k_tree_batch = 100;  // Directories per checkpoint.

Json json_import(ImportNpmReport const& report) {
    auto json = Json::object();
    json.set("registry", report.registry);
    json.set("packages", report.packages);
    json.set("versions", report.versions);
    json.set("published", report.published);
    json.set("already_there", report.already_there);
    json.set("bytes_fetched", report.bytes_fetched);
    json.set("elapsed_us", report.elapsed_us);
    json.set("skipped", json_list(report.skipped));
    return json;
}

void render_import(Output& out, ImportNpmReport const& report) {
    for (auto const& reason : report.skipped) out.warning(reason);
    out.line(fmt::format("{}, {}: {} published to {}, {} there before", count_of(report.packages, "package"),
                         count_of(report.versions, "release"), report.published, report.registry,
                         report.already_there));
    out.note(fmt::format("{} fetched in {}", format_bytes(report.bytes_fetched), format_duration(report.elapsed_us)));
}

}  // namespace

Result<ExitCode> run_import_npm(Context& context) {
    auto const& args = context.args();
    ImportNpmRequest request;
    request.packages = args.positionals;
    ASSIGN_OR_RETURN(request.registry, context.needed("into"));
    ASSIGN_OR_RETURN(request.name_space, context.needed("namespace"));
    request.locked = args.has("locked");
    ASSIGN_OR_RETURN(request.versions_max, context.number("max-releases", request.versions_max));
    if (args.has("from")) {
        request.npm_registry = args.value("from");
        if (!request.npm_registry.starts_with("http://") && !request.npm_registry.starts_with("https://")) {
            return usage_error("--from needs an address that begins with http:// or https://");
        }
    } else {
        ASSIGN_OR_RETURN(request.npm_registry, find_npm_registry(context.environment()));
    }
    ASSIGN_OR_RETURN(auto* const market, context.market());
    if (market->config.offline) {
        return Error{Errc::offline, ErrorId::offline_missing, "import npm needs the network"};
    }
    ASSIGN_OR_RETURN(auto const outcome, import_npm(*market, context.http(), request));
    if (auto const* const conflict = std::get_if<Conflict>(&outcome)) return conflict_error(context, *conflict);
    auto const& report = std::get<ImportNpmReport>(outcome);
    if (context.out().wants_json()) context.out().document("ggen.import-npm/1", json_import(report));
    else render_import(context.out(), report);
    return ExitCode::ok;
}

Result<ExitCode> run_import_tree(Context& context) {
    PublishRequest request;
    ASSIGN_OR_RETURN(request.registry, context.needed("into"));
    request.dry_run = context.is_dry_run();
    auto const directory = absolute_path(context.args().positional(0));
    ASSIGN_OR_RETURN(auto const found, find_packages(context.files(), directory));
    if (found.empty()) {
        return Error{Errc::not_found, ErrorId::manifest_missing, directory + ": no gpack.toml below it"};
    }
    ASSIGN_OR_RETURN(auto* const market, context.market());
    PublishReport all;
    for (std::size_t start = 0; start < found.size(); start += k_tree_batch) {
        auto const end = std::min(found.size(), start + k_tree_batch);
        request.directories.assign(found.begin() + static_cast<std::ptrdiff_t>(start),
                                   found.begin() + static_cast<std::ptrdiff_t>(end));
        ASSIGN_OR_RETURN(auto report, publish(*market, request));
        all.registry = report.registry;
        all.origin = report.origin;
        all.log_size = report.log_size;
        for (auto& package : report.packages) all.packages.push_back(std::move(package));
    }
    render_published(context, "ggen.import-tree/1", all, request.dry_run);
    return ExitCode::ok;
}

}  // namespace ggen::cli
