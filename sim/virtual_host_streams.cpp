// Streams: one object for both ends, frames between them.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "sim/virtual_host.hpp"
#include "sim/virtual_host_state.hpp"

namespace ggen::sim {

namespace {
Frame make_frame(HostFrame kind, std::uint64_t stream, std::uint32_t size_bytes = k_open_bytes) {
    Frame frame;
    frame.kind = static_cast<std::uint8_t>(kind);
    frame.stream = stream;
    frame.size_bytes = size_bytes;
    return frame;
}

/// The opener counts odd keys, the other end even ones.
std::uint8_t end_of(p2p::StreamKey key) { return key % 2 == 1 ? 0 : 1; }

Stream::Waiting& waiting(Stream& stream) {
    if (stream.waiting == nullptr) stream.waiting = std::make_unique<Stream::Waiting>();
    return *stream.waiting;
}

/// Nothing waits in most streams, most of the time.
void release_if_empty(Stream& stream) {
    auto const& waiting = *stream.waiting;
    if (waiting.out[0].empty() && waiting.out[1].empty() && waiting.in[0].empty() && waiting.in[1].empty())
        stream.waiting.reset();
}
}  // namespace

std::uint64_t VirtualHost::stream_of(std::uint8_t index, p2p::StreamKey key) const {
    auto const* const id = key == 0 ? nullptr : slots_[index].streams.find(key);
    return id == nullptr ? 0 : *id;
}

void VirtualHost::open_stream(std::uint8_t index, p2p::OpenStream const& request) {
    auto& slot = slots_[index];
    if (request.stream % 2 == 0 || request.stream <= slot.last_odd_key || request.protocols.empty()) {
        return fabric_.violate(self_, fmt::format("protocol {} opened stream {} after {}", index, request.stream,
                                                  slot.last_odd_key));
    }
    slot.last_odd_key = request.stream;
    auto const peer_id = fabric_.intern(request.peer);
    auto const id = fabric_.make_stream();
    auto& stream = *fabric_.stream(id);
    stream.end[0] = {.key = request.stream, .position = 0, .protocol = index, .is_open = true};
    for (auto const& name : request.protocols) stream.proposals.push_back(fabric_.intern_protocol(name));
    slot.streams[request.stream] = id;
    if (auto const* const peer = find_peer(peer_id)) return attach(id, peer->connections.front());
    if (!request.may_dial) return refuse(id, Errc::not_found, "not connected");
    if (peer_id == self_) return refuse(id, Errc::refused, "a host does not dial itself");
    auto& pending = dial(peer_id, request.addresses);
    pending.streams.push_back(id);
}

void VirtualHost::attach(std::uint64_t id, std::uint32_t at) {
    auto& stream = *fabric_.stream(id);
    auto& connection = connections_[at];
    stream.wire = connection.wire;
    stream.is_attached = true;
    stream.end[0].position = static_cast<std::uint32_t>(connection.streams.size());
    connection.streams.push_back(id);
    connection.used_at = fabric_.now();
    // Known to speak the first: what is written travels at once. So it does when there is nothing to choose.
    auto const* const peer = find_peer(connection.peer);
    auto const& known = peer->protocols;
    bool const is_spoken = std::find(known.begin(), known.end(), stream.proposals.front()) != known.end();
    stream.end[0].is_ready = is_spoken || stream.proposals.size() == 1;
    send_frame(id, 0, make_frame(HostFrame::open, id));
    flush(id, 0);
}

void VirtualHost::write(std::uint8_t index, p2p::WriteStream const& request) {
    auto const id = stream_of(index, request.stream);
    if (id == 0 || request.bytes == nullptr || request.bytes->empty()) return;
    auto& stream = *fabric_.stream(id);
    auto const side = end_of(request.stream);
    auto& end = stream.end[side];
    auto const size = static_cast<std::uint32_t>(request.bytes->size());
    if (end.has_written_all) return fabric_.violate(self_, fmt::format("protocol {} wrote after its end", index));
    end.unsent_bytes += size;
    if (end.unsent_bytes > p2p::k_stream_unsent_bytes_max && end.unsent_bytes > size) {
        return fabric_.violate(self_, fmt::format("protocol {} wrote {} bytes ahead", index, end.unsent_bytes));
    }
    auto const piece = fabric_.network().fidelity() == Fidelity::ideal ? size : k_piece_bytes;
    for (std::uint32_t at = 0; at < size; at += piece) {
        auto frame = make_frame(HostFrame::data, id, std::min(piece, size - at));
        frame.block = request.bytes;
        frame.offset = at;
        frame.hash = fabric_.block_hash(request.bytes) + at;
        put_frame(id, side, std::move(frame));
    }
}

void VirtualHost::finish(std::uint8_t index, p2p::StreamKey key) {
    auto const id = stream_of(index, key);
    if (id == 0) return;
    auto const side = end_of(key);
    auto& end = fabric_.stream(id)->end[side];
    if (std::exchange(end.has_written_all, true)) return;
    put_frame(id, side, make_frame(HostFrame::finish, id));
    if (end.has_read_all) close_end(id, side);
}

void VirtualHost::reset(std::uint8_t index, p2p::StreamKey key) {
    auto const id = stream_of(index, key);
    if (id == 0) return;
    auto const side = end_of(key);
    if (fabric_.stream(id)->is_attached) send_frame(id, side, make_frame(HostFrame::reset, id));
    close_end(id, side);
}

void VirtualHost::pause(std::uint8_t index, p2p::PauseStream const& request) {
    auto const id = stream_of(index, request.stream);
    if (id == 0) return;
    auto const side = end_of(request.stream);
    auto& stream = *fabric_.stream(id);
    stream.end[side].is_paused = request.is_paused;
    if (request.is_paused || stream.waiting == nullptr || stream.waiting->in[side].empty()) return;
    deferred_.push_back({.what = Deferred::What::resume, .index = index, .key = request.stream});
}

void VirtualHost::resume(std::uint8_t index, p2p::StreamKey key) {
    auto const side = end_of(key);
    for (;;) {
        auto const id = stream_of(index, key);
        if (id == 0) return;
        auto& stream = *fabric_.stream(id);
        if (stream.end[side].is_paused || stream.waiting == nullptr || stream.waiting->in[side].empty()) return;
        auto const frame = std::move(stream.waiting->in[side].front());
        stream.waiting->in[side].pop_front();
        release_if_empty(stream);
        on_data(id, side, frame);
    }
}

/// Sends the frame, or lets it wait for the connection, the negotiation or the other end's window.
void VirtualHost::put_frame(std::uint64_t id, std::uint8_t side, Frame frame) {
    auto& stream = *fabric_.stream(id);
    auto const& end = stream.end[side];
    bool const has_waiting = stream.waiting != nullptr && !stream.waiting->out[side].empty();
    bool const has_window = end.unconsumed_bytes == 0 ||
        end.unconsumed_bytes + frame.size_bytes <= options_.window_bytes;
    if (!stream.is_attached || !end.is_ready || has_waiting || !has_window) {
        waiting(stream).out[side].push_back(std::move(frame));
    } else {
        send_frame(id, side, std::move(frame));
    }
}

void VirtualHost::flush(std::uint64_t id, std::uint8_t side) {
    auto& stream = *fabric_.stream(id);
    if (!stream.end[side].is_ready || stream.waiting == nullptr) return;
    auto& out = stream.waiting->out[side];
    while (!out.empty()) {
        auto const unconsumed = stream.end[side].unconsumed_bytes;
        if (unconsumed != 0 && unconsumed + out.front().size_bytes > options_.window_bytes) return;
        auto frame = std::move(out.front());
        out.pop_front();
        send_frame(id, side, std::move(frame));
    }
    release_if_empty(stream);
}

void VirtualHost::send_frame(std::uint64_t id, std::uint8_t side, Frame frame) {
    auto& stream = *fabric_.stream(id);
    auto& end = stream.end[side];
    bool const is_data = static_cast<HostFrame>(frame.kind) == HostFrame::data;
    auto const size = frame.size_bytes;
    auto& network = fabric_.network();
    auto const departure = network.send(wire_of(stream, side), std::move(frame));
    if (!is_data) return;
    end.unconsumed_bytes += size;
    // A socket takes some bytes before they have left.
    auto const socket = transfer_time(k_socket_bytes, network.rate(self_).up_bits);
    sent_later_.push({.at = std::max(fabric_.now(), departure - socket), .stream = id, .bytes = size, .end = side});
}

void VirtualHost::report_sent() {
    auto const now = fabric_.now();
    while (!sent_later_.empty() && sent_later_.top().at <= now) {
        auto const sent = sent_later_.top();
        sent_later_.pop();
        auto* const stream = fabric_.stream(sent.stream);
        if (stream == nullptr || !stream->end[sent.end].is_open) continue;
        auto& end = stream->end[sent.end];
        end.unsent_bytes -= std::min(end.unsent_bytes, sent.bytes);
        auto const index = end.protocol;
        slots_[index].protocol->on_stream_sent(end.key, sent.bytes, to_time_point(now));
        drain(index);
    }
}

void VirtualHost::close_end(std::uint64_t id, std::uint8_t side) {
    auto& stream = *fabric_.stream(id);
    auto& end = stream.end[side];
    if (!std::exchange(end.is_open, false)) return;
    slots_[end.protocol].streams.erase(end.key);
    if (stream.is_attached) {
        auto& connection = connections_[fabric_.network().tag(wire_of(stream, side))];
        if (side == 1) --connection.inbound_streams;
        auto const moved = connection.streams.back();
        connection.streams[end.position] = moved;
        connection.streams.pop_back();
        auto& other = *fabric_.stream(moved);
        other.end[other.wire.side == connection.wire.side ? 0 : 1].position = end.position;
        connection.used_at = fabric_.now();
    }
    // Before the open frame has arrived the other end is closed as well: its frames then find no stream.
    if (!stream.end[0].is_open && !stream.end[1].is_open) fabric_.free_stream(id);
}

void VirtualHost::refuse(std::uint64_t id, Errc code, char const* why) {
    auto const* const stream = fabric_.stream(id);
    if (stream == nullptr || !stream->end[0].is_open) return;
    auto const end = stream->end[0];
    close_end(id, 0);
    deferred_.push_back({.what = Deferred::What::refused, .index = end.protocol, .key = end.key, .code = code, .why =
        why});
}

void VirtualHost::on_stream_frame(Wire wire, Frame const& frame) {
    auto* const stream = fabric_.stream(frame.stream);
    if (stream == nullptr) return;  // Closed at both ends while this was on its way.
    auto const side = static_cast<std::uint8_t>(stream->wire.side == wire.side ? 0 : 1);
    auto const kind = static_cast<HostFrame>(frame.kind);
    if (kind == HostFrame::open) return on_open(wire, frame);
    auto& end = stream->end[side];
    if (!end.is_open) return;
    connections_[fabric_.network().tag(wire)].used_at = fabric_.now();
    switch (kind) {
        case HostFrame::opened:
        case HostFrame::refused: on_answer(frame.stream, frame); return;
        case HostFrame::window: flush(frame.stream, side); return;
        case HostFrame::reset: {
            auto const closed = end;
            close_end(frame.stream, side);
            slots_[closed.protocol].protocol->on_stream_reset(closed.key, to_time_point(fabric_.now()));
            drain(closed.protocol);
            return;
        }
        default: break;
    }
    if (end.is_paused || (stream->waiting != nullptr && !stream->waiting->in[side].empty())) {
        waiting(*stream).in[side].push_back(frame);
    } else {
        on_data(frame.stream, side, frame);
    }
}

void VirtualHost::on_open(Wire wire, Frame const& frame) {
    auto const at = fabric_.network().tag(wire);
    auto& stream = *fabric_.stream(frame.stream);
    auto& connection = connections_[at];
    connection.used_at = fabric_.now();
    std::uint8_t index = 0;
    auto chosen = stream.proposals.end();
    for (auto proposal = stream.proposals.begin(); proposal != stream.proposals.end(); ++proposal) {
        auto const speaks = [&](Slot const& slot) {
            return std::find(slot.names.begin(), slot.names.end(), *proposal) != slot.names.end();
        };
        auto const slot = std::find_if(slots_.begin(), slots_.end(), speaks);
        if (slot == slots_.end()) continue;
        index = static_cast<std::uint8_t>(slot - slots_.begin());
        chosen = proposal;
        break;
    }
    bool const is_full = connection.inbound_streams >= options_.streams_per_connection_max;
    if (chosen == stream.proposals.end() || is_full) {
        (void)fabric_.network().send(wire, make_frame(HostFrame::refused, frame.stream));
        return;
    }
    auto& slot = slots_[index];
    auto const key = std::exchange(slot.next_even_key, slot.next_even_key + 2);
    stream.end[1] = {.key = key, .position = static_cast<std::uint32_t>(connection.streams.size()), .protocol = index,
                     .is_open = true, .is_ready = true, .is_answered = true};
    slot.streams[key] = frame.stream;
    connection.streams.push_back(frame.stream);
    ++connection.inbound_streams;
    auto answer = make_frame(HostFrame::opened, frame.stream);
    answer.number = *chosen;
    auto const peer = connection.peer;
    (void)fabric_.network().send(wire, std::move(answer));
    slot.protocol->on_inbound_stream(key, fabric_.peer(peer), fabric_.protocol_name(*chosen),
        to_time_point(fabric_.now()));
    drain(index);
}

void VirtualHost::on_answer(std::uint64_t id, Frame const& frame) {
    auto& stream = *fabric_.stream(id);
    if (static_cast<HostFrame>(frame.kind) == HostFrame::refused) {
        return refuse(id, Errc::refused, "the peer speaks none of the protocols, or takes no more streams");
    }
    stream.proposals = {};
    auto& end = stream.end[0];
    end.is_answered = true;
    end.is_ready = true;
    auto const [key, index] = std::pair{end.key, end.protocol};
    flush(id, 0);
    slots_[index].protocol->on_stream_opened(key, fabric_.protocol_name(frame.number), to_time_point(fabric_.now()));
    drain(index);
}

void VirtualHost::on_data(std::uint64_t id, std::uint8_t side, Frame const& frame) {
    auto& stream = *fabric_.stream(id);
    auto& end = stream.end[side];
    auto& sender = stream.end[1 - side];
    auto const [key, index] = std::pair{end.key, end.protocol};
    auto const now = to_time_point(fabric_.now());
    if (static_cast<HostFrame>(frame.kind) == HostFrame::finish) {
        end.has_read_all = true;
        bool const is_over = end.has_written_all;
        if (is_over) close_end(id, side);
        slots_[index].protocol->on_stream_finished(key, now);
        drain(index);
        return;
    }
    sender.unconsumed_bytes -= std::min(sender.unconsumed_bytes, frame.size_bytes);
    if (stream.waiting != nullptr && !stream.waiting->out[1 - side].empty() && sender.is_ready) {
        send_frame(id, side, make_frame(HostFrame::window, id, 12));
    }
    slots_[index].protocol->on_stream_bytes(key, BytesView{*frame.block}.subspan(frame.offset, frame.size_bytes), now);
    drain(index);
}

}  // namespace ggen::sim
