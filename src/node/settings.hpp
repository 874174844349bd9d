#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.hpp"
#include "base/result.hpp"

namespace ggen::p2p {

inline constexpr std::size_t k_settings_bytes_max = std::size_t{64} * 1024;
inline constexpr std::size_t k_settings_list_max = 64;  ///< entries of one list

/// A peer has at most two; a node that many come in by needs more than usual.
inline constexpr std::size_t k_settings_connections_min = 16;
inline constexpr std::size_t k_settings_connections_default = 300;
inline constexpr std::size_t k_settings_connections_max = 65'536;
inline constexpr std::string_view k_witness_among_peers = "p2p";

/// How a node takes part in the network: p2p.toml of the configuration directory, overruled by flags
/// (docs/formats/node-state.md).
struct Settings {
    std::vector<std::string> listen_addresses = {"/ip4/0.0.0.0/tcp/0"};
    std::vector<std::string> bootstrap_nodes;
    bool dht_server_mode = true;
    /// Where it cosigns the logs that it follows over HTTP, IPV4:PORT, and then over libp2p too; "p2p": over libp2p
    /// alone; empty = it does not.
    std::string witness = {};
    std::size_t max_connections = k_settings_connections_default;
    bool mdns = true;  ///< finds peers of the local network, and is found by them

    /// Errors: invalid (config_invalid) with `source_name`, line and column.
    [[nodiscard]] static Result<Settings> parse(std::string_view text, std::string_view source_name);
    /// The defaults when there is no file at `path` and `is_needed` is false. Files of others are refused.
    /// Errors: those of parse, refused (config_untrusted), not_found, too_large, io.
    [[nodiscard]] static Result<Settings> load(FileSystem& files, std::string const& path, bool is_needed);
};

}  // namespace ggen::p2p
