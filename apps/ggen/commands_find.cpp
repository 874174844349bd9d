#include <fmt/format.h>

#include "handlers.hpp"
#include "market/find.hpp"
#include "search/hit_json.hpp"
#include "shapes.hpp"
#include "suggest.hpp"

namespace ggen::cli {
namespace {

constexpr std::uint64_t k_age_days_max = 36'500;

SearchSort sort_of(std::string const& text) {
    if (text == "downloads") return SearchSort::downloads;
    if (text == "stars") return SearchSort::stars;
    if (text == "recency") return SearchSort::recency;
    if (text == "name") return SearchSort::name;
    return SearchSort::relevance;
}

Result<SearchQuery> query_of(Context& context) {
    auto const& args = context.args();
    SearchQuery query;
    query.text = joined(args.positionals, " ");
    query.category = args.value("category");
    query.tags = args.values("tag");
    query.keywords = args.values("keyword");
    query.author = args.value("author");
    query.license = args.value("license");
    query.sort = sort_of(args.value("sort"));
    // Names run upwards unless told otherwise, everything else downwards: the index calls both "not
    // ascending", because both are the order that people expect.
    bool const is_usual = args.value("order") != (query.sort == SearchSort::name ? "desc" : "asc");
    query.ascending = !is_usual;
    query.fuzzy = args.has("fuzzy");
    query.signed_only = args.has("signed");
    query.want_facets = args.has("facets");
    query.after = args.value("after");
    ASSIGN_OR_RETURN(query.stars_min, context.number("min-stars", 0));
    ASSIGN_OR_RETURN(query.downloads_min, context.number("min-downloads", 0, 1'000'000'000'000));
    ASSIGN_OR_RETURN(query.offset, context.number("offset", 0, SearchQuery::k_offset_max));
    ASSIGN_OR_RETURN(query.limit, context.number("limit", 10, SearchQuery::k_limit_max));
    return query;
}

Json json_hit(SearchHit const& hit) {
    auto const& document = hit.document;
    auto json = json_package(document);
    json.set("origin", document.origin);
    json.set("downloads", document.downloads);
    json.set("stars", document.stars);
    json.set("released", json_time({document.released_unix}));
    json.set("signed", document.is_signed);
    json.set("score", hit.score);
    json.set("highlights", json_highlights(hit));
    return json;
}

/// {"category": [{"value": "web", "count": 3}], …}, most frequent first.
Json json_facets(std::vector<SearchFacet> const& facets) {
    auto json = Json::object();
    for (auto const& facet : facets) {
        auto counts = Json::array();
        for (auto const& [value, count] : facet.counts) {
            counts.push(Json::object().set("value", value).set("count", count));
        }
        json.set(std::string{facet.field}, std::move(counts));
    }
    return json;
}

/// The counts as a table below the results.
void render_facets(Output& out, std::vector<SearchFacet> const& facets) {
    Table table{{"BY", "VALUE", "COUNT"}, {}};
    for (auto const& facet : facets) {
        for (auto const& [value, count] : facet.counts) {
            table.rows.push_back({std::string{facet.field}, value, fmt::format("{}", count)});
        }
    }
    if (table.rows.empty()) return;
    out.line("");
    out.table(table);
}

std::vector<TextRange> marks_of(std::vector<ByteRange> const& ranges) {
    std::vector<TextRange> out;
    out.reserve(ranges.size());
    for (auto const& range : ranges) out.push_back({range.begin, range.end});
    return out;
}

void render_detailed(Output& out, SearchHit const& hit) {
    auto const& document = hit.document;
    out.heading(document.name + " " + document.version);
    if (out.style().plain) out.field("name", document.name + "@" + document.version);
    out.field("description", document.description);
    out.field("category", document.category);
    out.field("tags", joined(document.tags));
    out.field("keywords", joined(document.keywords));
    out.field("authors", joined(document.authors));
    out.field("license", document.license);
    out.field("registry", document.origin);
    if (document.downloads > 0) out.field("downloads", fmt::format("{}", document.downloads));
    if (document.stars > 0) out.field("stars", fmt::format("{}", document.stars));
    if (document.released_unix > 0) out.field("released", format_utc({document.released_unix}));
    out.line("");
}

void render_search(Context& context, SearchReport const& report) {
    auto& out = context.out();
    auto const& page = report.page;
    if (context.args().has("detailed")) {
        for (auto const& hit : page.hits) render_detailed(out, hit);
    } else {
        Table table{{"NAME", "VERSION", "DESCRIPTION"}, {}};
        for (auto const& hit : page.hits) {
            table.rows.push_back({hit.document.name, hit.document.version, hit.document.description});
            table.marks.push_back({marks_of(hit.name_highlights), {}, marks_of(hit.description_highlights)});
        }
        out.table(table);
    }
    render_facets(out, page.facets);
    if (page.hits.empty() && page.total > 0) {
        out.note(fmt::format("{} found, none behind this place", page.total));
    } else if (page.hits.empty()) {
        out.note(fmt::format("nothing found in {}", count_of(report.searched, "package")));
        auto const hint = did_you_mean(report.suggestions);
        if (!hint.empty()) out.note(hint);
    } else if (page.total > page.hits.size()) {
        auto const next = page.next.empty() ? std::string{} : "; next: --after " + page.next;
        out.note(fmt::format("{} of {}{}{}", page.hits.size(), page.is_total_exact ? "" : "more than ", page.total,
                             next));
    }
}

Json json_owner(Ownership const& owner) {
    auto json = Json::object();
    auto keys = Json::array();
    for (auto const& key : owner.keys) keys.push(key.text());
    json.set("keys", std::move(keys));
    json.set("threshold", static_cast<int>(owner.threshold));
    return json;
}

Json json_info(InfoReport const& report) {
    auto json = Json::object();
    json.set("name", report.name.text());
    json.set("registry", report.registry);
    json.set("origin", report.origin);
    json.set("shown", report.shown ? Json{report.shown->version.text()} : Json{});
    if (report.manifest) {
        auto const& manifest = *report.manifest;
        json.set("description", manifest.description);
        json.set("license", manifest.license);
        json.set("authors", json_list(manifest.authors));
        json.set("category", manifest.category);
        json.set("tags", json_list(manifest.tags));
        json.set("keywords", json_list(manifest.keywords));
        json.set("homepage", manifest.homepage);
        json.set("repository", manifest.repository);
        auto dependencies = Json::object();
        for (auto const& dependency : manifest.dependencies) {
            dependencies.set(dependency.name.text(), dependency.range.text());
        }
        json.set("dependencies", std::move(dependencies));
    }
    if (report.archive.bytes > 0) json.set("archive", json_blob(report.archive));
    json.set("owner", json_owner(report.owner));
    auto versions = Json::array();
    for (auto const& version : report.versions) versions.push(json_version(version));
    json.set("versions", std::move(versions));
    if (!report.witnesses.empty()) json.set("witnesses", json_list(report.witnesses));
    return json;
}

void render_info(Output& out, InfoReport const& report) {
    constexpr std::size_t k_versions_shown = 10;
    out.heading(report.name.text() + (report.shown ? " " + report.shown->version.text() : ""));
    if (report.manifest) {
        auto const& manifest = *report.manifest;
        out.field("description", manifest.description);
        out.field("license", manifest.license);
        out.field("authors", joined(manifest.authors));
        out.field("category", manifest.category);
        out.field("tags", joined(manifest.tags));
        out.field("keywords", joined(manifest.keywords));
        out.field("homepage", manifest.homepage);
        out.field("repository", manifest.repository);
        std::vector<std::string> dependencies;
        dependencies.reserve(manifest.dependencies.size());
        for (auto const& dependency : manifest.dependencies) {
            dependencies.push_back(dependency.name.text() + " " + dependency.range.text() +
                                   (dependency.optional ? " (optional)" : ""));
        }
        out.field("dependencies", joined(dependencies));
    }
    if (report.archive.bytes > 0) {
        out.field("archive", format_bytes(report.archive.bytes) + ", " + report.archive.digest.text());
    }
    out.field("registry", report.registry + " (" + report.origin + ")");
    for (auto const& key : report.owner.keys) out.field("owner", key.text());
    if (report.shown) {
        out.field("log index", fmt::format("{}", report.shown->index));
        if (report.shown->first_seen.seconds != 0) out.field("first seen", format_utc(report.shown->first_seen));
        out.field("status", status_words(*report.shown));
    }
    std::string versions;
    for (std::size_t i = 0; i < report.versions.size() && i < k_versions_shown; ++i) {
        auto const words = status_words(report.versions[i]);
        versions += (i == 0 ? "" : ", ") + report.versions[i].version.text() + (words.empty() ? "" : " " + words);
    }
    if (report.versions.size() > k_versions_shown) {
        versions += fmt::format(" and {} more", report.versions.size() - k_versions_shown);
    }
    out.field("versions", versions);
    if (!report.witnesses.empty()) out.field("witnesses", joined(report.witnesses));
}

}  // namespace

Result<ExitCode> run_search(Context& context) {
    SearchRequest request;
    ASSIGN_OR_RETURN(request.query, query_of(context));
    ASSIGN_OR_RETURN(request.age_days_min, context.number("min-age", 0, k_age_days_max));
    request.registries = context.args().values("origin");
    if (!context.registry().empty()) request.registries.push_back(context.registry());
    ASSIGN_OR_RETURN(auto* const market, context.market());
    // What the index refuses as invalid - a cursor, a text that is not UTF-8 - stood on the command line.
    ASSIGN_OR_RETURN(auto const report, context.argument(search_packages(*market, request)));
    if (!context.out().wants_json()) {
        render_search(context, report);
        return ExitCode::ok;
    }
    auto json = Json::object();
    json.set("total", std::uint64_t{report.page.total});
    json.set("total_is_exact", report.page.is_total_exact);
    json.set("searched", std::uint64_t{report.searched});
    json.set("elapsed_us", report.elapsed_us);
    auto hits = Json::array();
    for (auto const& hit : report.page.hits) hits.push(json_hit(hit));
    json.set("hits", std::move(hits));
    json.set("next", report.page.next.empty() ? Json{} : Json{report.page.next});
    if (request.query.want_facets) json.set("facets", json_facets(report.page.facets));
    json.set("suggestions", json_list(report.suggestions));
    context.out().document("ggen.search/1", std::move(json));
    return ExitCode::ok;
}

Result<ExitCode> run_info(Context& context) {
    RETURN_IF_ERROR(context.check_argument(PackageSpec::parse(context.args().positional(0))));
    ASSIGN_OR_RETURN(auto* const market, context.market());
    auto const found = package_info(*market, context.args().positional(0), context.registry());
    if (!found) {
        auto error = found.error();
        if (error.id == ErrorId::package_not_found) {
            auto const& text = context.args().positional(0);
            error.help = package_hint(context, text.substr(0, text.find('@')));
        }
        return error;
    }
    auto const& report = *found;
    if (context.out().wants_json()) context.out().document("ggen.info/1", json_info(report));
    else render_info(context.out(), report);
    return ExitCode::ok;
}

}  // namespace ggen::cli
