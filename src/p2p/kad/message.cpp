#include "p2p/kad/message.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codec/protobuf.hpp"

namespace ggen::p2p {
namespace {

// dht.pb.Message
constexpr std::uint32_t k_field_type = 1;
constexpr std::uint32_t k_field_key = 2;
constexpr std::uint32_t k_field_record = 3;
constexpr std::uint32_t k_field_closer = 8;
constexpr std::uint32_t k_field_providers = 9;
// dht.pb.Message.Peer
constexpr std::uint32_t k_peer_field_id = 1;
constexpr std::uint32_t k_peer_field_address = 2;
constexpr std::uint32_t k_peer_field_connection = 3;
// record.pb.Record
constexpr std::uint32_t k_record_field_key = 1;
constexpr std::uint32_t k_record_field_value = 2;
constexpr std::uint32_t k_record_field_time_received = 5;
constexpr std::uint32_t k_record_field_publisher = 666;
constexpr std::uint32_t k_record_field_ttl = 777;

constexpr std::size_t k_time_bytes_max = 64;
constexpr std::size_t k_entry_bytes_max = 32 * k_kib;
constexpr std::uint64_t k_type_max = 5;
constexpr std::uint64_t k_connection_max = 3;

Result<Bytes> limited_bytes(ProtoField const& field, std::size_t bytes_max, char const* what) {
    ASSIGN_OR_RETURN(auto const bytes, proto_bytes(field));
    if (bytes.size() > bytes_max) {
        return Error{Errc::too_large,
                     fmt::format("a {} of {} bytes; at most {} are taken", what, bytes.size(), bytes_max)};
    }
    return Bytes(bytes.begin(), bytes.end());
}

/// Nothing for an entry whose id is missing or none.
Result<std::optional<KadPeer>> decode_peer(BytesView bytes) {
    if (bytes.size() > k_entry_bytes_max) return Error{Errc::too_large, "an entry of a peer list is too large"};
    ProtoReader reader(bytes);
    std::optional<PeerId> id;
    AddressList addresses;
    std::size_t address_count = 0;
    auto connection = KadConnection::not_connected;
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) break;
        if (field->number == k_peer_field_id) {
            ASSIGN_OR_RETURN(auto const view, proto_bytes(*field));
            auto read = PeerId::from_bytes(view);
            if (!read) return std::optional<KadPeer>();
            id = std::move(*read);
        } else if (field->number == k_peer_field_address) {
            ASSIGN_OR_RETURN(auto const view, proto_bytes(*field));
            if (address_count == k_kad_addresses_accept_max || view.size() > k_kad_address_bytes_max) continue;
            addresses.append(view);
            ++address_count;
        } else if (field->number == k_peer_field_connection) {
            ASSIGN_OR_RETURN(auto const value, proto_uint(*field));
            connection = value <= k_connection_max ? static_cast<KadConnection>(value) : KadConnection::not_connected;
        }
    }
    if (!id) return std::optional<KadPeer>();
    return std::optional(KadPeer{std::move(*id), std::move(addresses), connection});
}

Result<void> append_peer(ProtoField const& field, std::vector<KadPeer>& list) {
    ASSIGN_OR_RETURN(auto const bytes, proto_bytes(field));
    if (list.size() == k_kad_peers_accept_max) return ok();
    ASSIGN_OR_RETURN(auto peer, decode_peer(bytes));
    if (peer) list.push_back(std::move(*peer));
    return ok();
}

Result<KadRecord> decode_record(BytesView bytes) {
    ProtoReader reader(bytes);
    KadRecord record;
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) break;
        if (field->number == k_record_field_key) {
            ASSIGN_OR_RETURN(record.key, limited_bytes(*field, k_kad_key_bytes_max, "record key"));
        } else if (field->number == k_record_field_value) {
            ASSIGN_OR_RETURN(record.value, limited_bytes(*field, k_kad_record_accept_bytes_max, "record value"));
        } else if (field->number == k_record_field_time_received) {
            ASSIGN_OR_RETURN(auto const text, limited_bytes(*field, k_time_bytes_max, "time"));
            record.time_received = as_text(text);
        } else if (field->number == k_record_field_publisher) {
            ASSIGN_OR_RETURN(record.publisher, limited_bytes(*field, k_kad_key_bytes_max, "publisher"));
        } else if (field->number == k_record_field_ttl) {
            ASSIGN_OR_RETURN(auto const ttl, proto_uint(*field));
            record.ttl_s = static_cast<std::uint32_t>(std::min<std::uint64_t>(ttl, UINT32_MAX));
        }
    }
    if (record.key.size() + record.value.size() > k_kad_record_accept_bytes_max) {
        return Error{Errc::too_large, fmt::format("a record of more than {} bytes", k_kad_record_accept_bytes_max)};
    }
    return record;
}

Bytes encode_record(KadRecord const& record) {
    ProtoWriter writer;
    writer.bytes(k_record_field_key, record.key).bytes(k_record_field_value, record.value);
    if (!record.time_received.empty()) writer.bytes(k_record_field_time_received, as_bytes(record.time_received));
    if (!record.publisher.empty()) writer.bytes(k_record_field_publisher, record.publisher);
    if (record.ttl_s != 0) writer.uint(k_record_field_ttl, record.ttl_s);
    return std::move(writer).take();
}

Bytes encode_peer(KadPeer const& peer) {
    ProtoWriter writer;
    writer.bytes(k_peer_field_id, peer.id.bytes());
    std::size_t count = 0;
    for (auto const address : peer.addresses.views()) {
        if (count++ == k_kad_addresses_emit_max) break;
        writer.bytes(k_peer_field_address, address);
    }
    if (peer.connection != KadConnection::not_connected) {
        writer.uint(k_peer_field_connection, static_cast<std::uint64_t>(peer.connection));
    }
    return std::move(writer).take();
}

constexpr std::size_t k_field_head_bytes_max = 6;  // tag and length of an entry

std::vector<Bytes> encode_peers(std::vector<KadPeer> const& peers, std::size_t& total_bytes) {
    std::vector<Bytes> out;
    out.reserve(peers.size());
    for (auto const& peer : peers) {
        out.push_back(encode_peer(peer));
        total_bytes += out.back().size() + k_field_head_bytes_max;
    }
    return out;
}

}  // namespace

Result<KadMessage> decode_kad_message(BytesView message) {
    if (message.size() > k_kad_message_accept_bytes_max) {
        return Error{Errc::too_large, fmt::format("a message of {} bytes; at most {} are taken", message.size(),
                                                  k_kad_message_accept_bytes_max)};
    }
    ProtoReader reader(message);
    KadMessage out;
    out.type = KadMessageType::put_value;  // proto3 leaves out a zero
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) break;
        switch (field->number) {
            case k_field_type: {
                ASSIGN_OR_RETURN(auto const type, proto_uint(*field));
                if (type > k_type_max) return Error{Errc::invalid, fmt::format("unknown message type {}", type)};
                out.type = static_cast<KadMessageType>(type);
                break;
            }
            case k_field_key: {
                ASSIGN_OR_RETURN(out.key, limited_bytes(*field, k_kad_key_bytes_max, "key"));
                break;
            }
            case k_field_record: {
                ASSIGN_OR_RETURN(auto const bytes, proto_bytes(*field));
                ASSIGN_OR_RETURN(out.record, decode_record(bytes));
                break;
            }
            case k_field_closer: RETURN_IF_ERROR(append_peer(*field, out.closer)); break;
            case k_field_providers: RETURN_IF_ERROR(append_peer(*field, out.providers)); break;
            default: break;
        }
    }
    return out;
}

Bytes encode_kad_message(KadMessage const& message) {
    auto const record = message.record ? encode_record(*message.record) : Bytes();
    std::size_t total_bytes = 2 + message.key.size() + k_field_head_bytes_max + record.size() + k_field_head_bytes_max;
    auto closer = encode_peers(message.closer, total_bytes);
    auto providers = encode_peers(message.providers, total_bytes);
    while (total_bytes > k_kad_message_emit_bytes_max && !(closer.empty() && providers.empty())) {
        auto& longer = closer.size() >= providers.size() ? closer : providers;
        total_bytes -= longer.back().size() + k_field_head_bytes_max;
        longer.pop_back();
    }
    ProtoWriter writer;
    writer.uint(k_field_type, static_cast<std::uint64_t>(message.type));
    if (!message.key.empty()) writer.bytes(k_field_key, message.key);
    if (message.record) writer.bytes(k_field_record, record);
    for (auto const& peer : closer) writer.bytes(k_field_closer, peer);
    for (auto const& peer : providers) writer.bytes(k_field_providers, peer);
    return std::move(writer).take();
}

}  // namespace ggen::p2p
