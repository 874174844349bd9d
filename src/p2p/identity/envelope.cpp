#include "p2p/identity/envelope.hpp"

#include <optional>

#include "codec/protobuf.hpp"
#include "codec/varint.hpp"
#include "p2p/identity/identity.hpp"

namespace ggen::p2p {
namespace {

constexpr std::size_t k_envelope_fields_max = 16;

Error bad(char const* why) { return Error{Errc::invalid, std::string{"envelope: "} + why}; }
Error bad_record(char const* why) { return Error{Errc::invalid, std::string{"peer record: "} + why}; }

Bytes copy(BytesView bytes) { return {bytes.begin(), bytes.end()}; }

/// What the signature covers (RFC 0002 "Signature Production / Verification").
Bytes signed_bytes(std::string_view domain, BytesView payload_type, BytesView payload) {
    Bytes out;
    append_length_prefixed(out, as_bytes(domain));
    append_length_prefixed(out, payload_type);
    append_length_prefixed(out, payload);
    return out;
}

/// `AddressInfo { bytes multiaddr = 1 }`; nullopt for an address that is not understood here.
Result<std::optional<Multiaddr>> read_address(BytesView message) {
    BytesView address;
    ProtoReader reader{message, k_envelope_fields_max};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) break;
        if (field->number != 1) continue;
        ASSIGN_OR_RETURN(address, proto_bytes(*field));
    }
    auto parsed = Multiaddr::decode(address);
    if (!parsed) return std::optional<Multiaddr>{};
    return std::optional{std::move(parsed).value()};
}

}  // namespace

Envelope Envelope::seal(Ed25519PrivateKey const& key, std::string_view domain, BytesView payload_type,
                        Bytes payload) {
    auto const signature = key.sign(signed_bytes(domain, payload_type, payload));
    return Envelope{PublicKey::from_ed25519(key.public_key()), copy(payload_type), std::move(payload),
                    copy(signature)};
}

Result<Envelope> Envelope::decode(BytesView message) {
    if (message.size() > k_envelope_bytes_max) return Error{Errc::too_large, "envelope: more than 16 KiB"};
    std::optional<BytesView> key;
    BytesView type;
    BytesView payload;
    BytesView signature;
    ProtoReader reader{message, k_envelope_fields_max};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) break;
        switch (field->number) {
            case 1: {
                ASSIGN_OR_RETURN(key, proto_bytes(*field));
                break;
            }
            case 2: {
                ASSIGN_OR_RETURN(type, proto_bytes(*field));
                break;
            }
            case 3: {
                ASSIGN_OR_RETURN(payload, proto_bytes(*field));
                break;
            }
            case 5: {
                ASSIGN_OR_RETURN(signature, proto_bytes(*field));
                break;
            }
            default: break;
        }
    }
    if (!key) return bad("no public key");
    ASSIGN_OR_RETURN(PublicKey public_key, decode_public_key(*key));
    return Envelope{std::move(public_key), copy(type), copy(payload), copy(signature)};
}

Bytes Envelope::encode() const {
    return std::move(ProtoWriter{}
                         .bytes(1, encode_public_key(key))
                         .bytes(2, payload_type)
                         .bytes(3, payload)
                         .bytes(5, signature))
        .take();
}

Result<void> Envelope::verify(std::string_view domain) const {
    if (key.verify(signed_bytes(domain, payload_type, payload), signature)) return ok();
    return Error{Errc::refused, "envelope: the signature is not that of its key"};
}

Bytes PeerRecord::encode() const {
    ProtoWriter writer;
    writer.bytes(1, peer.bytes()).uint(2, seq);
    for (auto const& address : addresses) {
        writer.bytes(3, std::move(ProtoWriter{}.bytes(1, address.encode())).take());
    }
    return std::move(writer).take();
}

Result<PeerRecord> PeerRecord::decode(BytesView message) {
    std::optional<PeerId> peer;
    std::uint64_t seq = 0;
    std::vector<Multiaddr> addresses;
    ProtoReader reader{message, k_peer_record_fields_max};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) break;
        if (field->number == 1) {
            ASSIGN_OR_RETURN(BytesView const id, proto_bytes(*field));
            ASSIGN_OR_RETURN(peer, PeerId::from_bytes(id));
        } else if (field->number == 2) {
            ASSIGN_OR_RETURN(seq, proto_uint(*field));
        } else if (field->number == 3) {
            ASSIGN_OR_RETURN(BytesView const info, proto_bytes(*field));
            ASSIGN_OR_RETURN(auto address, read_address(info));
            if (!address) continue;
            if (addresses.size() == k_peer_record_addresses_max) {
                return Error{Errc::too_large, "peer record: more than 64 addresses"};
            }
            addresses.push_back(std::move(*address));
        }
    }
    if (!peer) return bad_record("no peer id");
    return PeerRecord{std::move(*peer), seq, std::move(addresses)};
}

Bytes seal_peer_record(Ed25519PrivateKey const& key, PeerRecord const& record) {
    GGEN_ASSERT(record.peer == peer_id_of(key.public_key()));
    return Envelope::seal(key, k_peer_record_domain, as_bytes(k_peer_record_type), record.encode()).encode();
}

namespace {

enum class Signature : std::uint8_t { verify, known_to_be_good };

Result<PeerRecord> read_sealed(BytesView message, Signature signature) {
    ASSIGN_OR_RETURN(Envelope const envelope, Envelope::decode(message));
    auto const type = as_text(envelope.payload_type);
    if (type != k_peer_record_type && type != k_legacy_peer_record_type) {
        return Error{Errc::refused, "peer record: the envelope holds something else"};
    }
    if (signature == Signature::verify) {
        RETURN_IF_ERROR(
            envelope.verify(type == k_peer_record_type ? k_peer_record_domain : k_legacy_peer_record_domain));
    }
    ASSIGN_OR_RETURN(PeerRecord record, PeerRecord::decode(envelope.payload));
    if (record.peer != peer_id_of(envelope.key)) {
        return Error{Errc::refused, "peer record: signed by another peer than it speaks of"};
    }
    return record;
}

}  // namespace

Result<PeerRecord> open_peer_record(BytesView message) { return read_sealed(message, Signature::verify); }

Result<PeerRecord> reopen_peer_record(BytesView message) { return read_sealed(message, Signature::known_to_be_good); }

}  // namespace ggen::p2p
