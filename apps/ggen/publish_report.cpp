#include "publish_report.hpp"

#include <fmt/format.h>

#include "shapes.hpp"

namespace ggen::cli {
namespace {

Json json_package(PublishedPackage const& package, bool dry_run) {
    auto json = Json::object();
    json.set("name", package.name.text());
    json.set("version", package.version.text());
    json.set("archive", json_blob(package.archive));
    json.set("manifest", json_blob(package.manifest));
    json.set("tree", package.tree.text());
    json.set("index", dry_run ? Json{} : Json{package.index});
    json.set("leaf", dry_run ? Json{} : Json{package.leaf.text()});
    json.set("claimed", package.claimed);
    json.set("already_published", package.already_published);
    json.set("warnings", json_list(package.warnings));
    return json;
}

}  // namespace

Json json_published(PublishReport const& report, bool dry_run) {
    auto json = Json::object();
    json.set("registry", report.registry);
    json.set("origin", report.origin);
    json.set("dry_run", dry_run);
    json.set("log_size", report.log_size);
    auto packages = Json::array();
    for (auto const& package : report.packages) packages.push(json_package(package, dry_run));
    json.set("packages", std::move(packages));
    if (!report.witnesses.empty()) json.set("witnesses", json_list(report.witnesses));
    return json;
}

void render_published(Context& context, std::string_view schema, PublishReport const& report, bool dry_run) {
    auto& out = context.out();
    std::size_t known = 0;
    for (auto const& package : report.packages) {
        for (auto const& warning : package.warnings) out.warning(package.name.text() + ": " + warning);
        if (package.already_published) ++known;
    }
    for (auto const& warning : report.warnings) out.warning(warning);
    if (out.wants_json()) {
        out.document(schema, json_published(report, dry_run));
        return;
    }
    for (auto const& package : report.packages) {
        auto const label = package.name.text() + "@" + package.version.text();
        auto const size = format_bytes(package.archive.bytes);
        if (dry_run) out.line(fmt::format("{}  {}", label, size));
        else out.line(fmt::format("{}  {}  entry {}{}", label, size, package.index,
                                  package.already_published ? "  (published before)" : ""));
    }
    if (dry_run) {
        out.note(fmt::format("{} would be published to {}; nothing was signed",
                             count_of(report.packages.size(), "package"), report.registry));
        return;
    }
    if (known == report.packages.size()) {
        out.note(fmt::format("nothing new: {} ({}) has this already", report.registry, report.origin));
        return;
    }
    auto text = fmt::format("{} published to {} ({}), whose log has {} now",
                            count_of(report.packages.size() - known, "package"), report.registry, report.origin,
                            count_of(report.log_size, "entry", "entries"));
    if (!report.witnesses.empty()) text += ", cosigned by " + joined(report.witnesses);
    out.note(text);
}

}  // namespace ggen::cli
