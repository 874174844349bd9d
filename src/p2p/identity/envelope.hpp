#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "codec/multiaddr.hpp"
#include "codec/peer_id.hpp"
#include "crypto/public_key.hpp"

namespace ggen::p2p {

inline constexpr std::size_t k_envelope_bytes_max = std::size_t{16} * 1024;
inline constexpr std::size_t k_peer_record_addresses_max = 64;
/// Entries of a record are read up to here; those past k_peer_record_addresses_max that parse are an error.
inline constexpr std::size_t k_peer_record_fields_max = 256;

/// What peer records are signed under. The text of RFC 0002/0003 has other constants; these are the ones
/// that go-libp2p and js-libp2p send.
inline constexpr std::string_view k_peer_record_domain = "libp2p-peer-record";
inline constexpr std::string_view k_peer_record_type{"\x03\x01", 2};
/// What rust-libp2p's older methods sign under: accepted, never written.
inline constexpr std::string_view k_legacy_peer_record_domain = "libp2p-routing-state";
inline constexpr std::string_view k_legacy_peer_record_type = "/libp2p/routing-state-record";

/// A payload with the signature of a peer (libp2p/specs RFC 0002).
struct Envelope {
    PublicKey key;
    Bytes payload_type;
    Bytes payload;
    Bytes signature;

    [[nodiscard]] static Envelope seal(Ed25519PrivateKey const& key, std::string_view domain,
                                       BytesView payload_type, Bytes payload);
    /// Reads the message; believes nothing yet. Errors: invalid, refused (kind of key), too_large.
    [[nodiscard]] static Result<Envelope> decode(BytesView message);
    [[nodiscard]] Bytes encode() const;
    /// Errors: refused (the signature is not the key's, over this domain, type and payload).
    [[nodiscard]] Result<void> verify(std::string_view domain) const;
};

/// Where a peer can be reached, as it says itself (libp2p/specs RFC 0003).
struct PeerRecord {
    PeerId peer;
    std::uint64_t seq = 0;  ///< any counter that grows; a receiver keeps only a greater one
    std::vector<Multiaddr> addresses;

    [[nodiscard]] Bytes encode() const;
    /// Addresses with protocols that are unknown here are left out, as every peer does.
    /// Errors: invalid, too_large (more than 64 addresses).
    [[nodiscard]] static Result<PeerRecord> decode(BytesView message);

    friend bool operator==(PeerRecord const&, PeerRecord const&) = default;
};

/// A sealed record under the standard constants. Precondition: `record.peer` is the id of `key`.
[[nodiscard]] Bytes seal_peer_record(Ed25519PrivateKey const& key, PeerRecord const& record);

/// Opens a sealed record, standard or legacy: signature, type, and that the key is the record's peer.
/// Errors: invalid, too_large, refused (wrong type, wrong signature, or a record about somebody else).
[[nodiscard]] Result<PeerRecord> open_peer_record(BytesView message);
/// The same of an envelope whose signature was verified before: not again, which costs as much as half a handshake.
[[nodiscard]] Result<PeerRecord> reopen_peer_record(BytesView message);

}  // namespace ggen::p2p
