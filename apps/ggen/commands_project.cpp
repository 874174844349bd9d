#include "market/project.hpp"

#include <fmt/format.h>

#include "handlers.hpp"
#include "shapes.hpp"

namespace ggen::cli {
namespace {

std::string_view difference_name(TreeDifference::Kind kind) {
    switch (kind) {
        case TreeDifference::Kind::changed: return "changed";
        case TreeDifference::Kind::missing: return "missing";
        case TreeDifference::Kind::extra: return "extra";
        case TreeDifference::Kind::mode: return "mode changed";
        case TreeDifference::Kind::kind: return "kind changed";
    }
    return "changed";
}

Json json_installed(InstalledPackage const& package) {
    auto const& locked = package.locked;
    auto json = Json::object();
    json.set("name", locked.name.text());
    json.set("version", locked.version.text());
    json.set("direct", package.direct);
    json.set("present", package.present);
    json.set("directory", package.directory);
    json.set("origin", locked.origin);
    json.set("archive", locked.archive.text());
    json.set("tree", locked.tree.text());
    json.set("index", locked.index);
    auto dependencies = Json::object();
    for (auto const& [name, range] : locked.dependencies) dependencies.set(name.text(), range);
    json.set("dependencies", std::move(dependencies));
    return json;
}

void render_installed(Context& context, std::vector<InstalledPackage> const& packages) {
    auto& out = context.out();
    if (!context.args().has("detailed")) {
        Table table{{"NAME", "VERSION", "REGISTRY", "STATE"}, {}};
        for (auto const& package : packages) {
            auto const state = !package.present ? "missing" : package.direct ? "" : "dependency";
            table.rows.push_back({package.locked.name.text(), package.locked.version.text(), package.locked.origin,
                                  state});
        }
        out.table(table);
        if (packages.empty()) out.note("nothing is installed here; `ggen install NAME` installs something");
        return;
    }
    for (auto const& package : packages) {
        auto const& locked = package.locked;
        out.heading(locked.name.text() + " " + locked.version.text());
        if (out.style().plain) out.field("name", locked.name.text() + "@" + locked.version.text());
        out.field("directory", package.directory + (package.present ? "" : " (missing)"));
        out.field("registry", locked.origin);
        out.field("archive", locked.archive.text() + ", " + format_bytes(locked.archive_bytes));
        out.field("tree", locked.tree.text());
        out.field("log index", fmt::format("{}", locked.index));
        std::vector<std::string> dependencies;
        dependencies.reserve(locked.dependencies.size());
        for (auto const& [name, range] : locked.dependencies) dependencies.push_back(name.text() + " " + range);
        out.field("dependencies", joined(dependencies));
        out.line("");
    }
}

Json json_tree(TreeNode const& node) {
    auto json = Json::object();
    json.set("name", node.name.text());
    json.set("version", node.version.text());
    json.set("range", node.range);
    if (node.repeated) json.set("repeated", true);
    auto children = Json::array();
    for (auto const& child : node.children) children.push(json_tree(child));
    json.set("dependencies", std::move(children));
    return json;
}

void render_tree(Output& out, std::vector<TreeNode> const& nodes, std::string const& indent) {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        auto const& node = nodes[i];
        bool const is_last = i + 1 == nodes.size();
        out.line(indent + (is_last ? "└─ " : "├─ ") + node.name.text() + " " + node.version.text() +
                 (node.range.empty() ? "" : " (" + node.range + ")") + (node.repeated ? " *" : ""));
        render_tree(out, node.children, indent + (is_last ? "   " : "│  "));
    }
}

Json json_outdated(OutdatedPackage const& package) {
    auto json = Json::object();
    json.set("name", package.name.text());
    json.set("current", package.current.text());
    json.set("wanted", package.wanted ? Json{package.wanted->text()} : Json{});
    json.set("latest", package.latest ? Json{package.latest->text()} : Json{});
    json.set("range", package.range);
    json.set("current_yanked", package.current_yanked);
    return json;
}

Json json_verified(VerifiedPackage const& package) {
    auto json = Json::object();
    json.set("name", package.name.text());
    json.set("version", package.version.text());
    json.set("origin", package.origin);
    json.set("sound", package.problems.empty() && package.differences.empty());
    json.set("problems", json_list(package.problems));
    auto differences = Json::array();
    for (auto const& difference : package.differences) {
        auto entry = Json::object();
        entry.set("kind", difference_name(difference.kind));
        entry.set("path", difference.path);
        differences.push(std::move(entry));
    }
    json.set("differences", std::move(differences));
    if (!package.witnesses.empty()) json.set("witnesses", json_list(package.witnesses));
    return json;
}

void render_verified(Output& out, VerifyReport const& report) {
    for (auto const& package : report.packages) {
        bool const is_sound = package.problems.empty() && package.differences.empty();
        auto const label = package.name.text() + " " + package.version.text();
        if (out.style().plain) out.record({is_sound ? "ok" : "bad", package.name.text(), package.version.text()});
        else out.line(fmt::format("{}  {}  {}", is_sound ? "ok " : "BAD", label, package.origin));
        for (auto const& problem : package.problems) out.line("     " + problem);
        for (auto const& difference : package.differences) {
            out.line(fmt::format("     {}: {}", difference_name(difference.kind), difference.path));
        }
    }
    out.note(fmt::format("{}, {}, {} ({}) checked in {}", count_of(report.packages.size(), "package"),
                         count_of(report.proofs, "proof"), count_of(report.files, "file"), format_bytes(report.bytes),
                         format_duration(report.elapsed_us)));
}

Error unsound_error(VerifyReport const& report) {
    std::vector<std::string> names;
    bool only_files = true;
    for (auto const& package : report.packages) {
        if (package.problems.empty() && package.differences.empty()) continue;
        names.push_back(package.name.text() + "@" + package.version.text());
        if (!package.problems.empty()) only_files = false;
    }
    auto const text = joined(names) + (names.size() == 1 ? " is" : " are") + " not what was published";
    if (!only_files) return {Errc::refused, ErrorId::proof_invalid, text};
    return {Errc::refused, ErrorId::installed_tree_changed, text,
            "`ggen install --force` puts the published files back"};
}

}  // namespace

Result<ExitCode> run_list(Context& context) {
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const packages, list_installed(*market));
    if (!context.out().wants_json()) {
        render_installed(context, packages);
        return ExitCode::ok;
    }
    auto all = Json::array();
    for (auto const& package : packages) all.push(json_installed(package));
    context.out().document("ggen.list/1", Json::object().set("packages", std::move(all)));
    return ExitCode::ok;
}

Result<ExitCode> run_outdated(Context& context) {
    auto& out = context.out();
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const packages, outdated(*market));
    if (out.wants_json()) {
        auto all = Json::array();
        for (auto const& package : packages) all.push(json_outdated(package));
        out.document("ggen.outdated/1", Json::object().set("packages", std::move(all)));
    } else {
        Table table{{"NAME", "CURRENT", "WANTED", "LATEST", "RANGE"}, {}};
        for (auto const& package : packages) {
            auto const yanked = package.current_yanked ? " yanked" : "";
            table.rows.push_back({package.name.text(), package.current.text() + yanked,
                                  package.wanted ? package.wanted->text() : "-",
                                  package.latest ? package.latest->text() : "-",
                                  package.range.empty() ? "-" : package.range});
        }
        out.table(table);
        if (packages.empty()) out.note("everything is up to date");
        else out.note("`ggen update --all` moves to the wanted versions");
    }
    bool const tells = context.args().has("exit-code") && !packages.empty();
    return tells ? ExitCode::update_available : ExitCode::ok;
}

Result<ExitCode> run_why(Context& context) {
    ASSIGN_OR_RETURN(auto const names, parse_names(context, context.args().positionals));
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const report, why(*market, names.front()));
    auto& out = context.out();
    if (!out.wants_json()) {
        out.heading(report.name.text() + " " + report.version.text());
        for (auto const& path : report.paths) {
            std::string line = "your project";
            for (auto const& step : path) {
                line += fmt::format(" -> {} {} ({})", step.name.text(), step.version.text(), step.range);
            }
            out.line(line);
        }
        return ExitCode::ok;
    }
    auto paths = Json::array();
    for (auto const& path : report.paths) {
        auto steps = Json::array();
        for (auto const& step : path) {
            auto json = Json::object();
            json.set("name", step.name.text());
            json.set("version", step.version.text());
            json.set("range", step.range);
            steps.push(std::move(json));
        }
        paths.push(std::move(steps));
    }
    auto json = Json::object();
    json.set("name", report.name.text());
    json.set("version", report.version.text());
    json.set("paths", std::move(paths));
    out.document("ggen.why/1", std::move(json));
    return ExitCode::ok;
}

Result<ExitCode> run_tree(Context& context) {
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const nodes, dependency_tree(*market));
    if (!context.out().wants_json()) {
        context.out().heading("your project");
        render_tree(context.out(), nodes, "");
        return ExitCode::ok;
    }
    auto all = Json::array();
    for (auto const& node : nodes) all.push(json_tree(node));
    context.out().document("ggen.tree/1", Json::object().set("dependencies", std::move(all)));
    return ExitCode::ok;
}

Result<ExitCode> run_verify(Context& context) {
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const report, verify_project(*market, market->config.offline));
    auto& out = context.out();
    if (out.wants_json()) {
        auto json = Json::object();
        json.set("sound", report.is_sound());
        json.set("proofs", report.proofs);
        json.set("files", report.files);
        json.set("bytes", report.bytes);
        json.set("elapsed_us", report.elapsed_us);
        auto packages = Json::array();
        for (auto const& package : report.packages) packages.push(json_verified(package));
        json.set("packages", std::move(packages));
        out.document("ggen.verify/1", std::move(json));
    } else {
        render_verified(out, report);
    }
    if (!report.is_sound()) return unsound_error(report);
    return ExitCode::ok;
}

}  // namespace ggen::cli
