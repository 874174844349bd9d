#include "p2p/gossip/message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "codec/protobuf.hpp"
#include "codec/varint.hpp"
#include "crypto/digest.hpp"
#include "p2p/identity/identity.hpp"

namespace ggen::p2p {
namespace {

constexpr std::string_view k_sign_prefix = "libp2p-pubsub:";
constexpr std::size_t k_seqno_bytes = 8;
constexpr std::uint32_t k_field_signature = 5;
constexpr std::uint32_t k_field_key = 6;
/// What rust-libp2p takes for the author of a message without one: the identity multihash of one zero byte.
constexpr std::array<std::uint8_t, 3> k_nobody{0, 1, 0};

Error invalid(char const* what) { return Error{Errc::invalid, std::string{"gossip message: "} + what}; }

/// What the author signed: the message as received, fields 5 and 6 cut out.
Result<Bytes> signed_bytes(BytesView raw) {
    Bytes out = to_bytes(k_sign_prefix);
    out.reserve(out.size() + raw.size());
    ProtoReader reader{raw};
    for (;;) {
        BytesView const before = reader.rest();
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) return out;
        if (field->number == k_field_signature || field->number == k_field_key) continue;
        BytesView const one = before.first(before.size() - reader.rest().size());
        out.insert(out.end(), one.begin(), one.end());
    }
}

Bytes big_endian(std::uint64_t value) {
    Bytes out(k_seqno_bytes);
    for (std::size_t i = k_seqno_bytes; i-- > 0; value >>= 8U) out[i] = static_cast<std::uint8_t>(value);
    return out;
}

}  // namespace

MessageId sha256_message_id(RpcMessage const& message) { return MessageId{as_text(sha256(message.data).view())}; }

MessageId author_message_id(RpcMessage const& message) {
    MessageId id{as_text(message.from)};
    id += as_text(message.seqno);
    return id;
}

MessageId author_key_message_id(RpcMessage const& message) {
    auto const author = PeerId::from_bytes(message.from);
    bool const is_inline = author && !author->inline_key().empty();
    MessageId id{as_text(is_inline ? author->inline_key() : message.key)};
    id += as_text(message.seqno);
    return id;
}

MessageId author_text_message_id(RpcMessage const& message) {
    std::uint64_t number = 0;
    for (auto const byte : message.seqno) number = number << 8U | byte;
    auto const author = PeerId::from_bytes(message.from.empty() ? BytesView{k_nobody} : message.from);
    return (author ? author->text() : std::string{}) + fmt::format("{}", number);
}

Result<MessagePtr> Message::from_rpc(RpcMessage const& message, MessageId id) {
    Message out;
    out.id_ = std::move(id);
    out.topic_ = message.topic;
    if (!message.from.empty()) {
        ASSIGN_OR_RETURN(out.author_, PeerId::from_bytes(message.from));
    }
    RpcWriter writer;
    writer.publish(message.raw);
    out.wire_ = std::make_shared<Bytes const>(writer.take());
    // The message stands at the end of the RPC, so its data stands at the same distance from the end.
    auto const* const end = message.raw.data() + message.raw.size();
    std::size_t const from_end = message.data.empty() ? 0 : static_cast<std::size_t>(end - message.data.data());
    out.data_at_ = out.wire_->size() - from_end;
    out.data_bytes_ = message.data.size();
    return MessagePtr{std::make_shared<Message const>(std::move(out))};
}

Bytes encode_message(std::string_view topic, BytesView data) {
    ProtoWriter writer;
    writer.bytes(2, data).bytes(4, as_bytes(topic));
    return std::move(writer).take();
}

Bytes encode_signed_message(std::string_view topic, BytesView data, PeerId const& author, std::uint64_t seqno,
                            Ed25519PrivateKey const& key) {
    ProtoWriter writer;
    writer.bytes(1, author.bytes()).bytes(2, data).bytes(3, big_endian(seqno)).bytes(4, as_bytes(topic));
    Bytes to_sign = to_bytes(k_sign_prefix);
    to_sign.insert(to_sign.end(), writer.message().begin(), writer.message().end());
    writer.bytes(k_field_signature, key.sign(to_sign));
    if (author.inline_key().empty()) {
        writer.bytes(k_field_key, encode_public_key(PublicKey::from_ed25519(key.public_key())));
    }
    return std::move(writer).take();
}

Result<void> check_policy(RpcMessage const& message, SignaturePolicy policy) {
    if (policy == SignaturePolicy::content_addressed) {
        if (!message.from.empty() || !message.seqno.empty() || !message.signature.empty() || !message.key.empty()) {
            return invalid("an author or signature in a topic that has none");
        }
        return ok();
    }
    if (message.from.empty()) return invalid("no author");
    if (message.seqno.size() != k_seqno_bytes) return invalid("the number has not 8 bytes");
    if (message.signature.empty()) return invalid("no signature");
    return ok();
}

Result<void> verify_signature(RpcMessage const& message) {
    ASSIGN_OR_RETURN(auto const author, PeerId::from_bytes(message.from));
    ASSIGN_OR_RETURN(auto const key,
                     message.key.empty() ? inline_public_key(author) : decode_public_key(message.key));
    if (!message.key.empty() && peer_id_of(key) != author) {
        return Error{Errc::refused, "gossip message: the key is not the author's"};
    }
    ASSIGN_OR_RETURN(auto const bytes, signed_bytes(message.raw));
    if (!key.verify(bytes, message.signature)) return Error{Errc::refused, "gossip message: wrong signature"};
    return ok();
}

}  // namespace ggen::p2p
