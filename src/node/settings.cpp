// The only file of this module that includes toml++.
#include "node/settings.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include "market/config.hpp"
#include "spec/text_checks.hpp"
#include "spec/toml_parse.hpp"
#include "spec/toml_text.hpp"

namespace ggen::p2p {
namespace {

constexpr TomlLimits k_limits{.bytes_max = k_settings_bytes_max, .depth_max = 4, .keys_max = 64};
constexpr std::uint32_t k_writable_by_others = 0022;

Error invalid_at(std::string_view source_name, toml::source_region const& where, std::string_view problem,
                 std::string help = {}) {
    return Error{Errc::invalid, ErrorId::config_invalid,
                 place_text(source_name, {where.begin.line, where.begin.column}) + std::string{problem},
                 std::move(help)};
}

Result<std::vector<std::string>> read_list(toml::node const& node, std::string_view key, std::string_view source_name) {
    auto const* const list = node.as_array();
    if (list == nullptr) return invalid_at(source_name, node.source(), fmt::format("{} is a list of texts", key));
    if (list->size() > k_settings_list_max) {
        return invalid_at(source_name, node.source(), fmt::format("{} has over {} entries", key, k_settings_list_max));
    }
    std::vector<std::string> out;
    out.reserve(list->size());
    for (auto const& entry : *list) {
        auto const text = entry.value_exact<std::string>();
        if (!text) return invalid_at(source_name, entry.source(), fmt::format("{} is a list of texts", key));
        out.push_back(*text);
    }
    return out;
}

Result<bool> read_switch(toml::node const& node, std::string_view key, std::string_view source_name) {
    auto const value = node.value_exact<bool>();
    if (!value) return invalid_at(source_name, node.source(), fmt::format("{} is true or false", key));
    return *value;
}

Result<std::size_t> read_connections(toml::node const& node, std::string_view source_name) {
    auto const value = node.value_exact<std::int64_t>();
    bool const is_good = value && *value >= static_cast<std::int64_t>(k_settings_connections_min) &&
                         *value <= static_cast<std::int64_t>(k_settings_connections_max);
    if (is_good) return static_cast<std::size_t>(*value);
    return invalid_at(source_name, node.source(),
                      fmt::format("max_connections is a number from {} to {}", k_settings_connections_min,
                                  k_settings_connections_max));
}

}  // namespace

Result<Settings> Settings::parse(std::string_view text, std::string_view source_name) {
    ASSIGN_OR_RETURN(auto const document, parse_toml(text, source_name, k_limits, ErrorId::config_invalid));
    Settings out;
    for (auto const& [key, node] : document) {
        if (key.str() == "listen_addresses") {
            ASSIGN_OR_RETURN(out.listen_addresses, read_list(node, key.str(), source_name));
        } else if (key.str() == "bootstrap_nodes") {
            ASSIGN_OR_RETURN(out.bootstrap_nodes, read_list(node, key.str(), source_name));
        } else if (key.str() == "dht_server_mode") {
            ASSIGN_OR_RETURN(out.dht_server_mode, read_switch(node, key.str(), source_name));
        } else if (key.str() == "mdns") {
            ASSIGN_OR_RETURN(out.mdns, read_switch(node, key.str(), source_name));
        } else if (key.str() == "max_connections") {
            ASSIGN_OR_RETURN(out.max_connections, read_connections(node, source_name));
        } else if (key.str() == "witness") {
            auto const place = node.value_exact<std::string>();
            if (!place) return invalid_at(source_name, node.source(), "witness is a text, as \"127.0.0.1:8080\"");
            out.witness = *place;
        } else {
            return invalid_at(source_name, key.source(), "unknown key " + quoted(key.str()),
                              "the keys are listen_addresses, bootstrap_nodes, dht_server_mode, max_connections, mdns,"
                              " witness");
        }
    }
    return out;
}

Result<Settings> Settings::load(FileSystem& files, std::string const& path, bool is_needed) {
    if (auto const trusted = check_private_file(files, path, k_writable_by_others); !trusted) {
        if (trusted.error().code == Errc::not_found && !is_needed) return Settings{};
        return trusted.error();
    }
    ASSIGN_OR_RETURN(auto const bytes, files.read_file(path, k_settings_bytes_max));
    return parse(as_text(bytes), path);
}

}  // namespace ggen::p2p
