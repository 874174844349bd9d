#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "codec/peer_id.hpp"

// The messages of the libp2p daemon control protocol (p2pd: libp2p/go-libp2p-daemon specs/CONTROL.md), as
// `@libp2p/daemon-client` sends and reads them: one request per connection, each message behind its uvarint length.
namespace ggen::p2p::interop {

inline constexpr std::size_t k_daemon_message_bytes_max = std::size_t{4} * 1024 * 1024;

enum class DaemonCall : std::uint8_t {
    identify, connect, stream_open, stream_handler, dht, list_peers, connection_manager, disconnect, pubsub, peerstore
};
enum class DaemonDhtCall : std::uint8_t {
    find_peer, find_peers_connected, find_providers, closest_peers, public_key, get_value, search_value, put_value,
    provide
};
enum class DaemonPubsubCall : std::uint8_t { topics, subscribers, publish, subscribe };
enum class DaemonTagCall : std::uint8_t { tag, untag, trim };
enum class DaemonPeerstoreCall : std::uint8_t { unspecified, protocols, peer };

/// A request with the fields of whichever call it is.
struct DaemonRequest {
    DaemonCall call = DaemonCall::identify;
    std::uint64_t kind = 0;  ///< DaemonDhtCall, DaemonPubsubCall … of the call
    Bytes peer{};
    Bytes address{};
    std::vector<Bytes> addresses{};
    std::vector<std::string> protocols{};
    Bytes cid{};
    Bytes key{};
    Bytes value{};
    std::string topic{};
    std::uint64_t count = 0;
    std::uint64_t weight = 0;
};
/// Errors: invalid (no such message or call), too_large.
[[nodiscard]] Result<DaemonRequest> decode_daemon_request(BytesView message);

/// Peer and addresses of an answer.
struct DaemonPeer {
    PeerId id;
    std::vector<Bytes> addresses{};
};

// What goes out, each framed.
[[nodiscard]] Bytes daemon_ok();
[[nodiscard]] Bytes daemon_error(std::string const& text);
[[nodiscard]] Bytes daemon_identity(DaemonPeer const& self);
[[nodiscard]] Bytes daemon_stream(DaemonPeer const& peer, std::string const& protocol);       ///< a Response
[[nodiscard]] Bytes daemon_stream_info(DaemonPeer const& peer, std::string const& protocol);  ///< a bare StreamInfo
[[nodiscard]] Bytes daemon_peers(std::vector<DaemonPeer> const& peers);
[[nodiscard]] Bytes daemon_protocols(std::vector<std::string> const& protocols);
[[nodiscard]] Bytes daemon_topics(std::vector<std::string> const& topics, std::vector<PeerId> const& peers);
[[nodiscard]] Bytes daemon_dht_value(BytesView value);
[[nodiscard]] Bytes daemon_dht_peer(DaemonPeer const& peer);
/// A list: its begin (a Response), then bare items, then its end.
[[nodiscard]] Bytes daemon_dht_begin();
[[nodiscard]] Bytes daemon_dht_item(DaemonPeer const& peer);
[[nodiscard]] Bytes daemon_dht_item(BytesView value);
[[nodiscard]] Bytes daemon_dht_end();
/// PSMessage has the fields of a pubsub message: `publication` is one RPC, framed, that carries it.
[[nodiscard]] Result<Bytes> daemon_pubsub_message(BytesView publication);

}  // namespace ggen::p2p::interop
