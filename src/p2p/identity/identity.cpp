#include "p2p/identity/identity.hpp"

#include <algorithm>

#include "codec/multihash.hpp"
#include "codec/protobuf.hpp"
#include "crypto/digest.hpp"

namespace ggen::p2p {
namespace {

constexpr std::uint32_t k_field_type = 1;
constexpr std::uint32_t k_field_data = 2;
constexpr std::size_t k_seed_bytes = 32;
constexpr std::size_t k_key_fields_max = 2;

struct KeyMessage {
    std::uint64_t type = 0;
    BytesView data;
};

Error bad(char const* why) { return Error{Errc::invalid, std::string{"libp2p key: "} + why}; }

bool equal(BytesView a, BytesView b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

Bytes encode(std::uint64_t type, BytesView data) {
    return std::move(ProtoWriter{}.uint(k_field_type, type).bytes(k_field_data, data)).take();
}

/// Both fields, once, in order, in their only encoding.
Result<KeyMessage> decode(BytesView message) {
    if (message.size() > k_public_key_message_bytes_max) {
        return Error{Errc::too_large, "libp2p key: the message is longer than any key"};
    }
    KeyMessage key;
    ProtoReader reader{message, k_key_fields_max};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) break;
        if (field->number == k_field_type) {
            ASSIGN_OR_RETURN(key.type, proto_uint(*field));
        } else if (field->number == k_field_data) {
            ASSIGN_OR_RETURN(key.data, proto_bytes(*field));
        }
    }
    if (!equal(encode(key.type, key.data), message)) return bad("the message is not in its one encoding");
    return key;
}

PeerId peer_id_of_message(BytesView message) {
    Multihash hash;
    if (message.size() <= k_peer_id_inline_key_bytes_max) {
        hash.digest.assign(message.begin(), message.end());
    } else {
        auto const digest = sha256(message);
        hash.code = k_multihash_sha2_256;
        hash.digest.assign(digest.bytes.begin(), digest.bytes.end());
    }
    return PeerId::from_bytes(hash.encode()).value();
}

}  // namespace

Bytes encode_public_key(PublicKey const& key) { return encode(static_cast<std::uint64_t>(key.kind()), key.data()); }

Result<PublicKey> decode_public_key(BytesView message) {
    ASSIGN_OR_RETURN(KeyMessage const key, decode(message));
    if (key.type > static_cast<std::uint64_t>(KeyKind::ecdsa)) {
        return Error{Errc::refused, "libp2p key: a kind that is not known here"};
    }
    return PublicKey::from_data(static_cast<KeyKind>(key.type), key.data);
}

PeerId peer_id_of(PublicKey const& key) { return peer_id_of_message(encode_public_key(key)); }

PeerId peer_id_of(Ed25519PublicKey const& key) { return peer_id_of(PublicKey::from_ed25519(key)); }

Result<PublicKey> inline_public_key(PeerId const& id) {
    if (id.inline_key().empty()) return Error{Errc::not_found, "peer id " + id.text() + ": it is a hash of its key"};
    return decode_public_key(id.inline_key());
}

Bytes encode_private_key(Ed25519PrivateKey const& key) {
    Bytes data{key.seed().begin(), key.seed().end()};
    data.insert(data.end(), key.public_key().bytes.begin(), key.public_key().bytes.end());
    return encode(static_cast<std::uint64_t>(KeyKind::ed25519), data);
}

Result<Ed25519PrivateKey> decode_private_key(BytesView message) {
    ASSIGN_OR_RETURN(KeyMessage const key, decode(message));
    if (key.type != static_cast<std::uint64_t>(KeyKind::ed25519)) {
        return Error{Errc::refused, "libp2p key: only Ed25519 private keys are used here"};
    }
    std::size_t const size = key.data.size();
    if (size != 2 * k_seed_bytes && size != 3 * k_seed_bytes) return bad("a private key of another length");
    ASSIGN_OR_RETURN(auto private_key, Ed25519PrivateKey::from_seed(key.data.first(k_seed_bytes)));
    for (std::size_t at = k_seed_bytes; at < size; at += k_seed_bytes) {
        if (!equal(key.data.subspan(at, k_seed_bytes), private_key.public_key().bytes)) {
            return bad("the public half does not belong to the private one");
        }
    }
    return private_key;
}

}  // namespace ggen::p2p
