#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "codec/multiaddr.hpp"

namespace ggen::p2p {

// Sent at most: inside what go-, rust- and js-libp2p read. Accepted at most: what those three send.
inline constexpr std::size_t k_identify_emit_bytes_max = std::size_t{4} * 1024;    ///< one message; rust reads no more
inline constexpr std::size_t k_identify_accept_bytes_max = std::size_t{8} * 1024;  ///< one message
inline constexpr std::size_t k_identify_messages_max = 10;            ///< one answer, both ways
inline constexpr std::size_t k_identify_addresses_emit_max = 16;
inline constexpr std::size_t k_identify_protocols_emit_max = 64;
inline constexpr std::size_t k_identify_addresses_max = 64;   ///< kept; more are left out
inline constexpr std::size_t k_identify_protocols_max = 256;  ///< kept; more are left out
inline constexpr std::size_t k_identify_protocol_bytes_max = 256;
inline constexpr std::size_t k_identify_agent_bytes_max = 128;
/// Fields of one message, known or not.
inline constexpr std::size_t k_identify_fields_max = 1024;

/// `Identify` of libp2p/specs identify/README.md, and field 8, which go and js send. What is absent is empty.
struct IdentifyMessage {
    std::optional<Bytes> public_key;          ///< 1; the encoded PublicKey
    std::vector<Multiaddr> listen_addresses;  ///< 2; those that are understood
    std::vector<std::string> protocols;       ///< 3
    std::optional<Multiaddr> observed_address;  ///< 4; of the receiver, as the sender sees it
    std::string protocol_version;             ///< 5
    std::string agent_version;                ///< 6; printable ASCII, the rest replaced by '?'
    std::optional<Bytes> signed_peer_record;  ///< 8; an Envelope, not believed yet

    friend bool operator==(IdentifyMessage const&, IdentifyMessage const&) = default;
};

/// Merges one message of an answer into what came before: lists grow, single values are replaced, as protobuf
/// merges. Over-long lists are cut, names that are too long left out.
/// Errors: invalid (not protobuf), too_large (over 8 KiB or 1,024 fields); `into` may hold a part then.
[[nodiscard]] Result<void> merge_identify(BytesView message, IdentifyMessage& into);

/// The answer as messages of at most 4 KiB each, without their length. A peer that reads only the first one gets the
/// public key, the addresses and what fits of the protocols; the signed record comes last.
/// Precondition: at most 16 addresses and 64 protocols of at most 140 bytes; a signed record under 4 KiB.
[[nodiscard]] std::vector<Bytes> encode_identify(IdentifyMessage const& message);

}  // namespace ggen::p2p
