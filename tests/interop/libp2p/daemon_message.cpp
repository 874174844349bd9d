#include "daemon_message.hpp"

#include "codec/protobuf.hpp"
#include "codec/varint.hpp"

namespace ggen::p2p::interop {
namespace {

constexpr std::uint64_t k_ok = 0;
constexpr std::uint64_t k_error = 1;
constexpr std::uint64_t k_dht_begin = 0;
constexpr std::uint64_t k_dht_value = 1;
constexpr std::uint64_t k_dht_end = 2;

Bytes copy_of(BytesView bytes) { return {bytes.begin(), bytes.end()}; }

Bytes framed(ProtoWriter const& message) {
    Bytes out;
    append_length_prefixed(out, message.message());
    return out;
}

ProtoWriter response(std::uint64_t type) {
    ProtoWriter out;
    out.uint(1, type);
    return out;
}

ProtoWriter peer_info(DaemonPeer const& peer) {
    ProtoWriter out;
    out.bytes(1, peer.id.bytes());
    for (auto const& address : peer.addresses) out.bytes(2, address);
    return out;
}

ProtoWriter stream_info(DaemonPeer const& peer, std::string const& protocol) {
    ProtoWriter out;
    out.bytes(1, peer.id.bytes());
    out.bytes(2, peer.addresses.empty() ? BytesView{} : BytesView{peer.addresses.front()});
    out.bytes(3, as_bytes(protocol));
    return out;
}

/// One field of the message inside a request. Where it goes depends on the call.
struct Field {
    DaemonCall call;
    std::uint32_t number;
};

Result<void> take_number(DaemonRequest& request, Field field, std::uint64_t value) {
    if (field.number == 1) request.kind = value;
    if (field.call == DaemonCall::dht && field.number == 6) request.count = value;
    if (field.call == DaemonCall::connection_manager && field.number == 4) request.weight = value;
    return ok();
}

Result<void> take_bytes(DaemonRequest& request, Field field, BytesView value) {
    auto const text = [value] { return std::string{as_text(value)}; };
    switch (field.call) {
        case DaemonCall::connect:
            if (field.number == 1) request.peer = copy_of(value);
            if (field.number == 2) request.addresses.push_back(copy_of(value));
            break;
        case DaemonCall::stream_open:
            if (field.number == 1) request.peer = copy_of(value);
            if (field.number == 2) request.protocols.push_back(text());
            break;
        case DaemonCall::stream_handler:
            if (field.number == 1) request.address = copy_of(value);
            if (field.number == 2) request.protocols.push_back(text());
            break;
        case DaemonCall::dht:
            if (field.number == 2) request.peer = copy_of(value);
            if (field.number == 3) request.cid = copy_of(value);
            if (field.number == 4) request.key = copy_of(value);
            if (field.number == 5) request.value = copy_of(value);
            break;
        case DaemonCall::pubsub:
            if (field.number == 2) request.topic = text();
            if (field.number == 3) request.value = copy_of(value);
            break;
        case DaemonCall::connection_manager:
        case DaemonCall::peerstore:
            if (field.number == 2) request.peer = copy_of(value);
            break;
        case DaemonCall::disconnect:
            if (field.number == 1) request.peer = copy_of(value);
            break;
        case DaemonCall::identify:
        case DaemonCall::list_peers: break;
    }
    return ok();
}

/// The message of a call: field 2 of a request is that of `connect`, 3 of `stream_open` …
std::optional<DaemonCall> call_of(std::uint32_t number) {
    switch (number) {
        case 2: return DaemonCall::connect;
        case 3: return DaemonCall::stream_open;
        case 4: return DaemonCall::stream_handler;
        case 5: return DaemonCall::dht;
        case 6: return DaemonCall::connection_manager;
        case 7: return DaemonCall::disconnect;
        case 8: return DaemonCall::pubsub;
        case 9: return DaemonCall::peerstore;
        default: return std::nullopt;
    }
}

Result<void> take_message(DaemonRequest& request, DaemonCall call, BytesView message) {
    ProtoReader reader{message};
    while (true) {
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) return ok();
        if (field->wire == ProtoWire::varint) {
            RETURN_IF_ERROR(take_number(request, {call, field->number}, field->value));
        } else {
            ASSIGN_OR_RETURN(auto const bytes, proto_bytes(*field));
            RETURN_IF_ERROR(take_bytes(request, {call, field->number}, bytes));
        }
    }
}

}  // namespace

Result<DaemonRequest> decode_daemon_request(BytesView message) {
    if (message.size() > k_daemon_message_bytes_max) return Error{Errc::too_large, "a request of more than 4 MiB"};
    DaemonRequest out;
    ProtoReader reader{message};
    while (true) {
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) return out;
        if (field->number == 1) {
            ASSIGN_OR_RETURN(auto const type, proto_uint(*field));
            if (type > static_cast<std::uint64_t>(DaemonCall::peerstore)) {
                return Error{Errc::invalid, "no such request: " + std::to_string(type)};
            }
            out.call = static_cast<DaemonCall>(type);
        } else if (auto const call = call_of(field->number)) {
            ASSIGN_OR_RETURN(auto const bytes, proto_bytes(*field));
            RETURN_IF_ERROR(take_message(out, *call, bytes));
        }
    }
}

Bytes daemon_ok() { return framed(response(k_ok)); }

Bytes daemon_error(std::string const& text) {
    ProtoWriter error;
    error.bytes(1, as_bytes(text));
    return framed(response(k_error).bytes(2, error.message()));
}

Bytes daemon_identity(DaemonPeer const& self) {
    return framed(response(k_ok).bytes(4, peer_info(self).message()));
}

Bytes daemon_stream(DaemonPeer const& peer, std::string const& protocol) {
    return framed(response(k_ok).bytes(3, stream_info(peer, protocol).message()));
}

Bytes daemon_stream_info(DaemonPeer const& peer, std::string const& protocol) {
    return framed(stream_info(peer, protocol));
}

Bytes daemon_peers(std::vector<DaemonPeer> const& peers) {
    auto out = response(k_ok);
    for (auto const& peer : peers) out.bytes(6, peer_info(peer).message());
    return framed(out);
}

Bytes daemon_protocols(std::vector<std::string> const& protocols) {
    ProtoWriter list;
    for (auto const& protocol : protocols) list.bytes(2, as_bytes(protocol));
    return framed(response(k_ok).bytes(8, list.message()));
}

Bytes daemon_topics(std::vector<std::string> const& topics, std::vector<PeerId> const& peers) {
    ProtoWriter list;
    for (auto const& topic : topics) list.bytes(1, as_bytes(topic));
    for (auto const& peer : peers) list.bytes(2, peer.bytes());
    return framed(response(k_ok).bytes(7, list.message()));
}

Bytes daemon_dht_value(BytesView value) {
    return framed(response(k_ok).bytes(5, response(k_dht_value).bytes(3, value).message()));
}

Bytes daemon_dht_peer(DaemonPeer const& peer) {
    return framed(response(k_ok).bytes(5, response(k_dht_value).bytes(2, peer_info(peer).message()).message()));
}

Bytes daemon_dht_begin() { return framed(response(k_ok).bytes(5, response(k_dht_begin).message())); }

Bytes daemon_dht_item(DaemonPeer const& peer) {
    return framed(response(k_dht_value).bytes(2, peer_info(peer).message()));
}

Bytes daemon_dht_item(BytesView value) { return framed(response(k_dht_value).bytes(3, value)); }

Bytes daemon_dht_end() { return framed(response(k_dht_end)); }

Result<Bytes> daemon_pubsub_message(BytesView publication) {
    ASSIGN_OR_RETURN(auto const rpc, read_length_prefixed(publication));
    ProtoReader reader{rpc};
    while (true) {
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) return Error{Errc::invalid, "an RPC without a message"};
        if (field->number != 2) continue;
        ASSIGN_OR_RETURN(auto const message, proto_bytes(*field));
        Bytes out;
        append_length_prefixed(out, message);
        return out;
    }
}

}  // namespace ggen::p2p::interop
