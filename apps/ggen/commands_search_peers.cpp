// Search in the registries of this machine and, through its node, in those that connected peers know.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "context.hpp"
#include "handlers.hpp"
#include "market/find.hpp"
#include "market/registry_set.hpp"
#include "node_link.hpp"
#include "search/hit_json.hpp"
#include "shapes.hpp"
#include "yaml.hpp"

namespace ggen::cli {
namespace {

constexpr std::uint64_t k_limit_max = 1'000;
constexpr std::uint64_t k_timeout_ms_max = 60'000;

Json json_local(SearchHit const& hit) {
    auto const& document = hit.document;
    auto json = json_package(document);
    json.set("origin", document.origin);
    json.set("score", hit.score);
    json.set("where", "local");
    return json;
}

struct Found {
    Json::Array hits;
    std::uint64_t local = 0;
    std::uint64_t remote = 0;
    std::uint64_t elapsed_us = 0;  ///< Of the local search.
    Json peers = Json::object();   ///< What the node said.
};

Result<SearchRequest> request_of(Context& context) {
    SearchRequest request;
    request.query.text = joined(context.args().positionals, " ");
    request.query.category = context.args().value("category");
    request.query.tags = context.args().values("tags");
    ASSIGN_OR_RETURN(request.query.limit, context.number("limit", 20, k_limit_max));
    return request;
}

/// Packages of registries that are known here are found here; what peers say of those adds nothing.
void add_remote(Market const& market, Json const& answer, Found& found) {
    std::set<std::string> known;
    for (auto const& registry : market.config.registries) known.insert(registry.origin);
    for (auto const& hit : list_of(answer, "hits")) {
        if (known.contains(text_of(hit, "origin"))) continue;
        auto json = hit;
        json.set("where", "peers");
        found.hits.push_back(std::move(json));
        ++found.remote;
    }
}

Json document_of(Found const& found) {
    auto json = Json::object();
    auto hits = Json::array();
    for (auto const& hit : found.hits) hits.push(hit);
    json.set("hits", std::move(hits));
    json.set("local", found.local);
    json.set("remote", found.remote);
    json.set("local_us", found.elapsed_us);
    json.set("peers_us", number_of(found.peers, "elapsed_us"));
    for (auto const* const key : {"asked", "answered", "late", "lied", "duplicates"}) {
        json.set(key, number_of(found.peers, key));
    }
    return json;
}

void show(Context& context, Found const& found) {
    auto& out = context.out();
    Table table{{"NAME", "VERSION", "WHERE", "DESCRIPTION"}, {}};
    for (auto const& hit : found.hits) {
        bool const is_remote = text_of(hit, "where") == "peers";
        table.rows.push_back({text_of(hit, "name"), text_of(hit, "version"),
                              is_remote ? text_of(hit, "origin") : std::string{"here"}, text_of(hit, "description")});
    }
    if (!found.hits.empty()) out.table(table);
    out.note(fmt::format("{} found here in {}, {} more by {} of {} in {}", found.local,
                         format_duration(found.elapsed_us), found.remote, number_of(found.peers, "answered"),
                         count_of(static_cast<std::uint64_t>(number_of(found.peers, "asked")), "peer"),
                         format_duration(static_cast<std::uint64_t>(number_of(found.peers, "elapsed_us")))));
    if (number_of(found.peers, "asked") == 0) out.note("nobody to ask; next: ggen p2p connect MULTIADDR");
    for (auto const& hit : found.hits) {
        auto const publisher = text_of(hit, "publisher");
        if (text_of(hit, "where") != "peers" || publisher.empty()) continue;
        out.note(fmt::format("to install {}: ggen follow {}", text_of(hit, "name"), publisher));
        break;
    }
}

}  // namespace

Result<ExitCode> run_p2p_search(Context& context) {
    ASSIGN_OR_RETURN(auto const request, request_of(context));
    ASSIGN_OR_RETURN(auto const timeout_ms, context.number("timeout", 2'000, k_timeout_ms_max));
    ASSIGN_OR_RETURN(auto* const market, context.market());
    Found found;
    if (!market->config.registries.empty()) {
        ASSIGN_OR_RETURN(auto const report, context.argument(search_packages(*market, request)));
        found.elapsed_us = report.elapsed_us;
        found.local = report.page.hits.size();
        for (auto const& hit : report.page.hits) found.hits.push_back(json_local(hit));
    }
    auto arguments = Json::object();
    arguments.set("query", request.query.text);
    arguments.set("category", request.query.category);
    arguments.set("tags", json_list(request.query.tags));
    arguments.set("limit", std::uint64_t{request.query.limit});
    arguments.set("timeout_ms", timeout_ms);
    ASSIGN_OR_RETURN(found.peers, ask_node(context, "search", std::move(arguments)));
    add_remote(*market, found.peers, found);
    std::stable_sort(found.hits.begin(), found.hits.end(), [](Json const& a, Json const& b) {
        return decimal_of(a, "score") > decimal_of(b, "score");
    });
    if (found.hits.size() > request.query.limit) found.hits.resize(request.query.limit);
    auto const format = context.args().value("format");
    if (context.out().wants_json() || format == "json") {
        context.out().document("ggen.p2p-search/1", document_of(found));
    } else if (format == "yaml") {
        context.out().raw(yaml(document_of(found)));
    } else {
        show(context, found);
    }
    return ExitCode::ok;
}

}  // namespace ggen::cli
