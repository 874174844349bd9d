#include "p2p/gossip/rpc.hpp"

#include <optional>
#include <utility>

#include "codec/varint.hpp"
#include "p2p/gossip/limits.hpp"

namespace ggen::p2p {
namespace {

// Field numbers of libp2p/specs pubsub/gossipsub. A field of another wire type than the schema's is an error.
constexpr std::uint32_t k_rpc_subscriptions = 1;
constexpr std::uint32_t k_rpc_publish = 2;
constexpr std::uint32_t k_rpc_control = 3;
constexpr std::uint32_t k_control_ihave = 1;
constexpr std::uint32_t k_control_iwant = 2;
constexpr std::uint32_t k_control_graft = 3;
constexpr std::uint32_t k_control_prune = 4;
constexpr std::uint32_t k_control_idontwant = 5;

/// Elements of one RPC at most: every kind at its limit, and as many unknown fields as an extension may bring.
constexpr std::size_t k_rpc_fields_max = 4096;
constexpr std::size_t k_message_fields_max = 64;
/// Fields of an IHAVE, IWANT or IDONTWANT: go-libp2p sends up to 5,000 ids, we take that many and skip as many more.
constexpr std::size_t k_ids_fields_max = 2 * k_gossip_ids_accept_max;

Error too_large(char const* what) {
    return Error{Errc::too_large, std::string{"gossip rpc: too many or too long: "} + what};
}
Error invalid(char const* what) { return Error{Errc::invalid, std::string{"gossip rpc: "} + what}; }

Result<std::string_view> topic_of(ProtoField const& field) {
    ASSIGN_OR_RETURN(BytesView const bytes, proto_bytes(field));
    if (bytes.size() > k_gossip_topic_accept_bytes_max) return too_large("topic name");
    return as_text(bytes);
}

/// Calls `take(field)` for every field of a message.
template <class Take>
Result<void> for_each_field(BytesView message, std::size_t fields_max, Take take) {
    ProtoReader reader{message, fields_max};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) return ok();
        RETURN_IF_ERROR(take(*field));
    }
}

Result<void> parse_subscription(BytesView bytes, Rpc& out) {
    if (out.subscriptions.size() == k_gossip_subscriptions_accept_max) return too_large("subscriptions");
    RpcSubscription subscription;
    RETURN_IF_ERROR(for_each_field(bytes, k_message_fields_max, [&](ProtoField const& field) -> Result<void> {
        if (field.number == 1) {
            ASSIGN_OR_RETURN(std::uint64_t const value, proto_uint(field));
            subscription.is_subscribe = value != 0;
        } else if (field.number == 2) {
            ASSIGN_OR_RETURN(subscription.topic, topic_of(field));
        }
        return ok();
    }));
    out.subscriptions.push_back(subscription);
    return ok();
}

Result<void> parse_message(BytesView bytes, Rpc& out) {
    if (out.messages.size() == k_gossip_publish_accept_max) return too_large("messages");
    RpcMessage message;
    message.raw = bytes;
    RETURN_IF_ERROR(for_each_field(bytes, k_message_fields_max, [&](ProtoField const& field) -> Result<void> {
        BytesView* place = nullptr;
        switch (field.number) {
            case 1: place = &message.from; break;
            case 2: place = &message.data; break;
            case 3: place = &message.seqno; break;
            case 4: {
                ASSIGN_OR_RETURN(message.topic, topic_of(field));
                return ok();
            }
            case 5: place = &message.signature; break;
            case 6: place = &message.key; break;
            default: return ok();
        }
        ASSIGN_OR_RETURN(*place, proto_bytes(field));
        return ok();
    }));
    out.messages.push_back(message);
    return ok();
}

/// Appends the ids of field `number`; those past `count_max` of `ids` go by.
Result<void> take_id(ProtoField const& field, std::size_t count_max, std::vector<std::string_view>& ids) {
    ASSIGN_OR_RETURN(BytesView const id, proto_bytes(field));
    if (id.empty()) return invalid("a message id without bytes");
    if (ids.size() < count_max) ids.push_back(as_text(id));
    return ok();
}

Result<void> parse_ihave(BytesView bytes, Rpc& out) {
    if (out.ihaves.size() == k_gossip_ihave_accept_max) return too_large("IHAVE entries");
    RpcIHave ihave;
    ihave.first = out.ihave_ids.size();
    RETURN_IF_ERROR(for_each_field(bytes, k_ids_fields_max, [&](ProtoField const& field) -> Result<void> {
        if (field.number == 1) {
            ASSIGN_OR_RETURN(ihave.topic, topic_of(field));
        } else if (field.number == 2) {
            return take_id(field, k_gossip_ids_accept_max, out.ihave_ids);
        }
        return ok();
    }));
    ihave.count = out.ihave_ids.size() - ihave.first;
    out.ihaves.push_back(ihave);
    return ok();
}

/// IWANT and IDONTWANT.
Result<void> parse_ids(BytesView bytes, std::size_t count_max, std::vector<std::string_view>& ids) {
    return for_each_field(bytes, k_ids_fields_max, [&](ProtoField const& field) -> Result<void> {
        return field.number == 1 ? take_id(field, count_max, ids) : ok();
    });
}

Result<void> parse_graft(BytesView bytes, Rpc& out) {
    if (out.grafts.size() == k_gossip_grafts_accept_max) return too_large("GRAFT entries");
    std::string_view topic;
    RETURN_IF_ERROR(for_each_field(bytes, k_message_fields_max, [&](ProtoField const& field) -> Result<void> {
        if (field.number != 1) return ok();
        ASSIGN_OR_RETURN(topic, topic_of(field));
        return ok();
    }));
    out.grafts.push_back(topic);
    return ok();
}

Result<void> parse_exchange(BytesView bytes, Rpc& out) {
    RpcExchange entry;
    RETURN_IF_ERROR(for_each_field(bytes, k_message_fields_max, [&](ProtoField const& field) -> Result<void> {
        if (field.number == 1) {
            ASSIGN_OR_RETURN(entry.peer, proto_bytes(field));
        } else if (field.number == 2) {
            ASSIGN_OR_RETURN(entry.record, proto_bytes(field));
        }
        return ok();
    }));
    if (entry.peer.empty()) return invalid("an exchanged peer without an id");
    out.exchange.push_back(entry);
    return ok();
}

Result<void> parse_prune(BytesView bytes, Rpc& out) {
    if (out.prunes.size() == k_gossip_grafts_accept_max) return too_large("PRUNE entries");
    RpcPrune prune;
    prune.first = out.exchange.size();
    RETURN_IF_ERROR(for_each_field(bytes, 4 * k_message_fields_max, [&](ProtoField const& field) -> Result<void> {
        switch (field.number) {
            case 1: {
                ASSIGN_OR_RETURN(prune.topic, topic_of(field));
                return ok();
            }
            case 2: {
                if (out.exchange.size() - prune.first == k_gossip_exchange_accept_max) {
                    return too_large("exchanged peers");
                }
                ASSIGN_OR_RETURN(BytesView const entry, proto_bytes(field));
                return parse_exchange(entry, out);
            }
            case 3: {
                ASSIGN_OR_RETURN(prune.backoff_seconds, proto_uint(field));
                return ok();
            }
            default: return ok();
        }
    }));
    prune.count = out.exchange.size() - prune.first;
    out.prunes.push_back(prune);
    return ok();
}

Result<void> parse_control(BytesView bytes, Rpc& out) {
    return for_each_field(bytes, k_rpc_fields_max, [&](ProtoField const& field) -> Result<void> {
        if (field.number < k_control_ihave || field.number > k_control_idontwant) return ok();
        ASSIGN_OR_RETURN(BytesView const entry, proto_bytes(field));
        switch (field.number) {
            case k_control_ihave: return parse_ihave(entry, out);
            case k_control_iwant: return parse_ids(entry, k_gossip_ids_accept_max, out.iwant_ids);
            case k_control_graft: return parse_graft(entry, out);
            case k_control_prune: return parse_prune(entry, out);
            default: return parse_ids(entry, k_gossip_idontwant_ids_accept_max, out.idontwant_ids);
        }
    });
}

void write_ids(ProtoWriter& entry, std::uint32_t number, std::span<MessageId const> ids) {
    for (auto const& id : ids) entry.bytes(number, as_bytes(id));
}

}  // namespace

void Rpc::clear() {
    subscriptions.clear();
    messages.clear();
    ihaves.clear();
    ihave_ids.clear();
    iwant_ids.clear();
    grafts.clear();
    prunes.clear();
    exchange.clear();
    idontwant_ids.clear();
}

Result<void> parse_rpc(BytesView bytes, Rpc& out) {
    out.clear();
    return for_each_field(bytes, k_rpc_fields_max, [&](ProtoField const& field) -> Result<void> {
        if (field.number < k_rpc_subscriptions || field.number > k_rpc_control) return ok();
        ASSIGN_OR_RETURN(BytesView const entry, proto_bytes(field));
        switch (field.number) {
            case k_rpc_subscriptions: return parse_subscription(entry, out);
            case k_rpc_publish: return parse_message(entry, out);
            default: return parse_control(entry, out);
        }
    });
}

void RpcWriter::subscription(std::string_view topic, bool is_subscribe) {
    ProtoWriter entry;
    entry.uint(1, is_subscribe ? 1 : 0).bytes(2, as_bytes(topic));
    rpc_.bytes(k_rpc_subscriptions, entry.message());
}

void RpcWriter::publish(BytesView message) { rpc_.bytes(k_rpc_publish, message); }

void RpcWriter::ihave(std::string_view topic, std::span<MessageId const> ids) {
    ProtoWriter entry;
    entry.bytes(1, as_bytes(topic));
    write_ids(entry, 2, ids);
    control_.bytes(k_control_ihave, entry.message());
}

void RpcWriter::iwant(std::span<MessageId const> ids) {
    ProtoWriter entry;
    write_ids(entry, 1, ids);
    control_.bytes(k_control_iwant, entry.message());
}

void RpcWriter::graft(std::string_view topic) {
    ProtoWriter entry;
    entry.bytes(1, as_bytes(topic));
    control_.bytes(k_control_graft, entry.message());
}

void RpcWriter::prune(std::string_view topic, std::span<RpcExchange const> exchange, std::uint64_t backoff_seconds) {
    ProtoWriter entry;
    entry.bytes(1, as_bytes(topic));
    for (auto const& peer : exchange) {
        ProtoWriter info;
        info.bytes(1, peer.peer);
        if (!peer.record.empty()) info.bytes(2, peer.record);
        entry.bytes(2, info.message());
    }
    if (backoff_seconds != 0) entry.uint(3, backoff_seconds);
    control_.bytes(k_control_prune, entry.message());
}

void RpcWriter::idontwant(std::span<MessageId const> ids) {
    ProtoWriter entry;
    write_ids(entry, 1, ids);
    control_.bytes(k_control_idontwant, entry.message());
}

Bytes RpcWriter::take() {
    if (!control_.message().empty()) rpc_.bytes(k_rpc_control, control_.message());
    Bytes out;
    out.reserve(rpc_.message().size() + k_uvarint_bytes_max);
    append_length_prefixed(out, rpc_.message());
    rpc_ = ProtoWriter{};
    control_ = ProtoWriter{};
    return out;
}

}  // namespace ggen::p2p
