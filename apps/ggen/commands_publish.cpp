#include <fmt/format.h>

#include "handlers.hpp"
#include "market/publish.hpp"
#include "process.hpp"
#include "publish_report.hpp"
#include "shapes.hpp"

namespace ggen::cli {
namespace {

std::string directory_argument(Context& context, std::size_t index) {
    auto const text = context.args().positional(index);
    return absolute_path(text.empty() ? std::string{"."} : text);
}

Json json_packed(PackedPackage const& package) {
    auto json = Json::object();
    json.set("name", package.manifest.name.text());
    json.set("version", package.manifest.version.text());
    json.set("archive", json_blob(package.archive.blob));
    json.set("tree", package.archive.tree.text());
    json.set("unpacked_bytes", package.unpacked_bytes);
    json.set("files", json_list(package.files));
    json.set("warnings", json_list(package.warnings));
    return json;
}

Result<std::string> version_flag(Context& context) {
    auto text = context.args().value("tag");
    if (!text.empty()) {
        ASSIGN_OR_RETURN(auto const version, context.argument(Version::parse(text), "--tag"));
        return version.text();
    }
    return text;
}

struct Release {
    PackageName name;
    Version version;
};

Result<Release> release_argument(Context& context) {
    auto const text = context.args().positional(0);
    auto const at = text.rfind('@');
    if (at == std::string::npos) {
        return usage_error("`" + text + "` names no version", "write " + text + "@1.2.3");
    }
    ASSIGN_OR_RETURN(auto name, context.argument(PackageName::parse(std::string_view{text}.substr(0, at))));
    ASSIGN_OR_RETURN(auto version, context.argument(Version::parse(std::string_view{text}.substr(at + 1))));
    return Release{std::move(name), std::move(version)};
}

Result<ExitCode> run_status(Context& context, StatusAction action) {
    auto const& args = context.args();
    ASSIGN_OR_RETURN(auto release, release_argument(context));
    StatusRequest request{std::move(release.name), std::move(release.version), action, StatusReason::unspecified,
                          args.value("replacement"), context.registry()};
    if (args.has("reason")) {
        ASSIGN_OR_RETURN(request.reason, context.argument(parse_status_reason(args.value("reason"))));
    }
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const report, change_status(*market, request));
    auto const label = request.name.text() + "@" + request.version.text();
    if (context.out().wants_json()) {
        auto json = Json::object();
        json.set("name", request.name.text());
        json.set("version", request.version.text());
        json.set("action", status_action_name(action));
        json.set("reason", status_reason_name(request.reason));
        json.set("registry", report.registry);
        json.set("index", report.index);
        context.out().document("ggen.status/1", std::move(json));
    } else {
        context.out().line(fmt::format("{} {}: entry {} of {}", status_action_name(action), label, report.index,
                                       report.registry));
    }
    return ExitCode::ok;
}

}  // namespace

Result<ExitCode> run_init(Context& context) {
    auto const& args = context.args();
    InitRequest request;
    request.directory = directory_argument(context, 0);
    request.name = args.value("name");
    if (args.has("kind")) request.kind = args.value("kind");
    request.force = args.has("force");
    if (!request.name.empty()) RETURN_IF_ERROR(context.check_argument(PackageName::parse(request.name)));
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const report, init_package(*market, request));
    if (context.out().wants_json()) {
        auto json = Json::object();
        json.set("name", report.name.text());
        json.set("written", json_list(report.written));
        context.out().document("ggen.init/1", std::move(json));
        return ExitCode::ok;
    }
    for (auto const& path : report.written) context.out().line(path);
    context.out().note(report.name.text() + " is ready; `ggen publish` publishes it");
    return ExitCode::ok;
}

Result<ExitCode> run_pack(Context& context) {
    PackRequest request;
    request.directory = directory_argument(context, 0);
    ASSIGN_OR_RETURN(request.version, version_flag(context));
    request.output = context.args().value("output");
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const packed, pack_to_file(*market, request));
    auto const& [package, path] = packed;
    for (auto const& warning : package.warnings) context.out().warning(warning);
    if (context.out().wants_json()) {
        context.out().document("ggen.pack/1", json_packed(package).set("path", path));
        return ExitCode::ok;
    }
    context.out().line(path);
    context.out().note(fmt::format("{}@{}: {}, {} packed, {} unpacked, {}", package.manifest.name.text(),
                                   package.manifest.version.text(), count_of(package.files.size(), "file"),
                                   format_bytes(package.archive.blob.bytes), format_bytes(package.unpacked_bytes),
                                   package.archive.blob.digest.text()));
    return ExitCode::ok;
}

Result<ExitCode> run_publish(Context& context) {
    auto const& args = context.args();
    PublishRequest request;
    for (auto const& path : args.positionals) request.directories.push_back(absolute_path(path));
    if (request.directories.empty()) request.directories.push_back(absolute_path("."));
    ASSIGN_OR_RETURN(request.version, version_flag(context));
    if (!request.version.empty() && request.directories.size() > 1) {
        return usage_error("--tag gives one version; publish one path with it");
    }
    request.registry = context.registry();
    request.dry_run = context.is_dry_run();
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const report, publish(*market, request));
    render_published(context, "ggen.publish/1", report, request.dry_run);
    return ExitCode::ok;
}

Result<ExitCode> run_yank(Context& context) { return run_status(context, StatusAction::yank); }
Result<ExitCode> run_unyank(Context& context) { return run_status(context, StatusAction::unyank); }
Result<ExitCode> run_deprecate(Context& context) {
    return run_status(context, context.args().has("undo") ? StatusAction::undeprecate : StatusAction::deprecate);
}

}  // namespace ggen::cli
