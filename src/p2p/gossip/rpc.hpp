#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "codec/protobuf.hpp"

// The RPC message of floodsub and gossipsub 1.0 to 1.2 (libp2p/specs pubsub/README.md, gossipsub-v1.2.md).
// Fields of later versions (extensions, partial messages) are skipped.
namespace ggen::p2p {

/// Names one message in caches and control messages; binary. Which bytes they are is the topic's rule
/// (`message.hpp`).
using MessageId = std::string;

struct RpcSubscription {
    bool is_subscribe = false;
    std::string_view topic;
};

/// A published message as it stands in the RPC. An empty field and an absent one are the same.
struct RpcMessage {
    BytesView raw;  ///< the whole message, unknown fields included: what is forwarded and signed
    BytesView from;
    BytesView data;
    BytesView seqno;
    std::string_view topic;
    BytesView signature;
    BytesView key;
};

/// `count` ids from `first` on in `Rpc::ihave_ids`.
struct RpcIHave {
    std::string_view topic;
    std::size_t first = 0;
    std::size_t count = 0;
};

struct RpcExchange {
    BytesView peer;
    BytesView record;  ///< a sealed peer record, or empty
};

/// `count` peers from `first` on in `Rpc::exchange`.
struct RpcPrune {
    std::string_view topic;
    std::uint64_t backoff_seconds = 0;  ///< 0 = not told
    std::size_t first = 0;
    std::size_t count = 0;
};

/// A parsed RPC: views into its bytes. Made to be used again and again, so that parsing stops allocating.
struct Rpc {
    std::vector<RpcSubscription> subscriptions;
    std::vector<RpcMessage> messages;
    std::vector<RpcIHave> ihaves;
    std::vector<std::string_view> ihave_ids;
    std::vector<std::string_view> iwant_ids;
    std::vector<std::string_view> grafts;
    std::vector<RpcPrune> prunes;
    std::vector<RpcExchange> exchange;
    std::vector<std::string_view> idontwant_ids;

    void clear();
    [[nodiscard]] bool has_control() const {
        return !ihaves.empty() || !iwant_ids.empty() || !grafts.empty() || !prunes.empty() || !idontwant_ids.empty();
    }
};

/// Reads one RPC. Elements are counted while parsing: nothing is stored past the limits of `limits.hpp`. Ids past
/// their limit go by without an error, as go-libp2p may send many; topics longer than 256 bytes are an error.
/// `bytes` must outlive the views. On error `out` is to be cleared.
/// Errors: invalid (protobuf, an id or peer without bytes), too_large (elements or names over a limit).
[[nodiscard]] Result<void> parse_rpc(BytesView bytes, Rpc& out);

/// Writes RPCs. Every `take` gives one whole RPC with its varint length in front.
class RpcWriter {
public:
    void subscription(std::string_view topic, bool is_subscribe);
    void publish(BytesView message);
    void ihave(std::string_view topic, std::span<MessageId const> ids);
    void iwant(std::span<MessageId const> ids);
    void graft(std::string_view topic);
    /// `backoff_seconds` 0 leaves the field out, as gossipsub 1.0 has none.
    void prune(std::string_view topic, std::span<RpcExchange const> exchange, std::uint64_t backoff_seconds);
    void idontwant(std::span<MessageId const> ids);

    [[nodiscard]] bool is_empty() const { return rpc_.message().empty() && control_.message().empty(); }
    /// About what `take` would give.
    [[nodiscard]] std::size_t size_bytes() const { return rpc_.message().size() + control_.message().size(); }
    /// The RPC so far; the writer starts afresh.
    [[nodiscard]] Bytes take();

private:
    ProtoWriter rpc_;
    ProtoWriter control_;
};

}  // namespace ggen::p2p
