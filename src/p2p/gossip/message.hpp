#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "codec/peer_id.hpp"
#include "crypto/ed25519.hpp"
#include "p2p/gossip/rpc.hpp"
#include "p2p/protocol/protocol.hpp"

namespace ggen::p2p {

/// Who answers for a message of a topic.
enum class SignaturePolicy : std::uint8_t {
    /// "StrictNoSign": neither author nor number, signature or key. The data proves itself, and is its own name.
    content_addressed,
    /// "StrictSign": author, 8-byte number and the author's signature, as go-, rust- and js-libp2p do by default.
    signed_by_author
};

/// The name of a message. Every node of a topic must use the same rule, else IHAVE and IDONTWANT match nothing.
using MessageIdRule = std::function<MessageId(RpcMessage const&)>;
/// SHA-256 of the data: ours, for content-addressed topics.
[[nodiscard]] MessageId sha256_message_id(RpcMessage const& message);
/// Author and number as they stand: the default of go-libp2p.
[[nodiscard]] MessageId author_message_id(RpcMessage const& message);
/// The author's public key and the number: the default of js-libp2p.
[[nodiscard]] MessageId author_key_message_id(RpcMessage const& message);
/// The author in base58 and the number in decimal: the default of rust-libp2p.
[[nodiscard]] MessageId author_text_message_id(RpcMessage const& message);

/// A message that was published or accepted. Immutable and shared: caches, queues and events hold one copy.
class Message {
public:
    [[nodiscard]] MessageId const& id() const { return id_; }
    [[nodiscard]] std::string const& topic() const { return topic_; }
    [[nodiscard]] BytesView data() const { return BytesView{*wire_}.subspan(data_at_, data_bytes_); }
    /// nullopt in content-addressed topics.
    [[nodiscard]] std::optional<PeerId> const& author() const { return author_; }
    /// One RPC that publishes this message and nothing else, framed.
    [[nodiscard]] Block const& wire() const { return wire_; }

    /// Copies `message` (views) into a message of its own. Errors: invalid (`from` is no peer id).
    [[nodiscard]] static Result<std::shared_ptr<Message const>> from_rpc(RpcMessage const& message, MessageId id);

private:
    Message() = default;
    MessageId id_;
    std::string topic_;
    std::optional<PeerId> author_;
    Block wire_;
    std::size_t data_at_ = 0;
    std::size_t data_bytes_ = 0;
};
using MessagePtr = std::shared_ptr<Message const>;

/// The protobuf of an unsigned message.
[[nodiscard]] Bytes encode_message(std::string_view topic, BytesView data);
/// The protobuf of a message by `author`, signed with its `key`. The key field is written only for ids that do not
/// carry it (Ed25519 ids do).
[[nodiscard]] Bytes encode_signed_message(std::string_view topic, BytesView data, PeerId const& author,
                                          std::uint64_t seqno, Ed25519PrivateKey const& key);

/// What can be told without cryptography. Errors: invalid (a field that the policy forbids, or one that it needs is
/// absent or of the wrong length).
[[nodiscard]] Result<void> check_policy(RpcMessage const& message, SignaturePolicy policy);
/// The author's signature, over the received bytes without fields 5 and 6: unknown fields are signed too.
/// Errors: invalid (bad author or key), refused (the key is not the author's, or the signature is wrong).
[[nodiscard]] Result<void> verify_signature(RpcMessage const& message);

}  // namespace ggen::p2p
