#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "codec/peer_id.hpp"
#include "p2p/kad/address_list.hpp"
#include "p2p/kad/limits.hpp"

namespace ggen::p2p {

enum class KadMessageType : std::uint8_t {
    put_value = 0,
    get_value = 1,
    add_provider = 2,  ///< never answered
    get_providers = 3,
    find_node = 4,
    ping = 5,  ///< obsolete; answered, never sent
};

/// What the sender of a list knows of its connection to an entry. A hint.
enum class KadConnection : std::uint8_t { not_connected = 0, connected = 1, can_connect = 2, cannot_connect = 3 };

/// Whom an answer or an announcement names.
struct KadPeer {
    PeerId id;
    AddressList addresses;
    KadConnection connection = KadConnection::not_connected;
};

/// A value as it stands on the wire. `publisher` and `ttl_s` are rust-libp2p's (fields 666 and 777).
struct KadRecord {
    Bytes key;
    Bytes value;
    std::string time_received;  ///< RFC 3339; js-libp2p refuses a record without it
    Bytes publisher;
    std::uint32_t ttl_s = 0;

    friend bool operator==(KadRecord const&, KadRecord const&) = default;
};

/// `dht.pb.Message` (libp2p/specs kad-dht "RPC messages").
struct KadMessage {
    KadMessageType type = KadMessageType::find_node;
    Bytes key;
    std::optional<KadRecord> record;
    std::vector<KadPeer> closer;
    std::vector<KadPeer> providers;
};

/// Reads a message without the length before it. Unknown fields go by. Of each list the first
/// k_kad_peers_accept_max entries are taken, of each entry the first k_kad_addresses_accept_max addresses of at
/// most k_kad_address_bytes_max bytes; entries whose id is no peer id are passed over.
/// Errors: invalid (grammar, unknown type), too_large (message, key, record, number of fields).
[[nodiscard]] Result<KadMessage> decode_kad_message(BytesView message);

/// Writes at most k_kad_message_emit_bytes_max bytes: of each entry the first k_kad_addresses_emit_max addresses,
/// then without the last entries of the longer list. Only a record larger than that makes a message larger; then
/// it stands alone.
[[nodiscard]] Bytes encode_kad_message(KadMessage const& message);

}  // namespace ggen::p2p
