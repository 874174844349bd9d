#include "harness/peer_tables.hpp"

#include <algorithm>
#include <optional>

#include "harness/json_fields.hpp"

namespace ggen::bench {
namespace {

constexpr std::size_t k_tables_max = 100;
constexpr std::size_t k_rows_max = 10'000;
constexpr std::size_t k_columns_max = 100;
constexpr std::size_t k_kind_max = 40;

Json list_of(std::vector<std::string> const& texts) {
    Json::Array out;
    out.reserve(texts.size());
    for (auto const& text : texts) out.emplace_back(text);
    return out;
}

/// Empty for what is no list of texts, or one that is too long.
std::optional<std::vector<std::string>> texts_of(Json const* json) {
    if (json == nullptr || json->if_array() == nullptr || json->if_array()->size() > k_columns_max)
        return std::nullopt;
    std::vector<std::string> out;
    out.reserve(json->if_array()->size());
    for (auto const& item : *json->if_array()) {
        if (item.if_string() == nullptr) return std::nullopt;
        out.push_back(*item.if_string());
    }
    return out;
}

Result<PrintedTable> table_of(Json const& json) {
    PrintedTable out;
    ASSIGN_OR_RETURN(out.section, text_of(json, "section"));
    ASSIGN_OR_RETURN(out.title, text_of(json, "title"));
    auto heads = texts_of(json.find("heads"));
    if (!heads || heads->empty()) return no_field("heads");
    out.heads = *std::move(heads);
    auto const* const rows = json.find("rows");
    if (rows == nullptr || rows->if_array() == nullptr || rows->if_array()->size() > k_rows_max)
        return no_field("rows");
    for (auto const& row : *rows->if_array()) {
        auto cells = texts_of(&row);
        if (!cells || cells->size() != out.heads.size()) return no_field("rows");
        out.rows.push_back(*std::move(cells));
    }
    return out;
}

bool is_good_kind(std::string const& kind) {
    auto const is_good = [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
    };
    return !kind.empty() && kind.size() <= k_kind_max && std::all_of(kind.begin(), kind.end(), is_good);
}

}  // namespace

Json peers_to_json(PeerComparison const& comparison) {
    Json::Array tables;
    for (auto const& table : comparison.tables) {
        Json::Array rows;
        for (auto const& row : table.rows) rows.push_back(list_of(row));
        auto one = Json::object();
        one.set("section", table.section).set("title", table.title).set("heads", list_of(table.heads));
        one.set("rows", std::move(rows));
        tables.push_back(std::move(one));
    }
    auto out = Json::object();
    out.set("format", k_peers_format).set("version", k_peers_version).set("kind", comparison.kind);
    out.set("started", comparison.started.seconds).set("seconds", comparison.seconds);
    out.set("environment", comparison.environment.to_json()).set("load_1min", comparison.load_1min);
    return out.set("tables", std::move(tables));
}

Result<PeerComparison> peers_from_json(Json const& json, Environment const& here) {
    RETURN_IF_ERROR(check_format(json, k_peers_format, k_peers_version, "the comparison"));
    PeerComparison out;
    ASSIGN_OR_RETURN(out.kind, text_of(json, "kind"));
    if (!is_good_kind(out.kind)) return no_field("kind");
    ASSIGN_OR_RETURN(auto const started, number_of(json, "started"));
    constexpr double k_started_max = 1e12;  // Beyond it a double is no date.
    if (!(started >= 0 && started <= k_started_max)) return no_field("started");
    out.started.seconds = static_cast<std::int64_t>(started);
    ASSIGN_OR_RETURN(out.seconds, number_of(json, "seconds"));
    ASSIGN_OR_RETURN(out.load_1min, number_of(json, "load_1min"));
    out.environment = here;
    if (auto const* const environment = json.find("environment"); environment != nullptr) {
        ASSIGN_OR_RETURN(out.environment, Environment::from_json(*environment));
    }
    auto const* const tables = json.find("tables");
    if (tables == nullptr || tables->if_array() == nullptr || tables->if_array()->size() > k_tables_max)
        return no_field("tables");
    for (auto const& item : *tables->if_array()) {
        ASSIGN_OR_RETURN(auto table, table_of(item));
        out.tables.push_back(std::move(table));
    }
    return out;
}

}  // namespace ggen::bench
