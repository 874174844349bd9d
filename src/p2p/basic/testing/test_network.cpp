#include "p2p/basic/testing/test_network.hpp"

#include <algorithm>

#include "codec/testing/peer_ids.hpp"

namespace ggen::p2p::testing {

PeerId test_peer(std::uint8_t number) {
    return ggen::testing::numbered_peer(number);
}

std::size_t TestNetwork::add(std::uint8_t number, Protocol* protocol, std::vector<std::string> raw_protocols) {
    Node node{.id = test_peer(number), .protocol = protocol};
    node.raw_protocols = std::move(raw_protocols);
    nodes_.push_back(std::move(node));
    return nodes_.size() - 1;
}

void TestNetwork::connect(std::size_t dialer, std::size_t listener, std::string const& dialer_address,
                          std::string const& listener_address) {
    links_[std::minmax(dialer, listener)] = true;
    auto const tell = [&](std::size_t at, std::size_t other, std::string const& address, Direction direction) {
        auto* const protocol = nodes_[at].protocol;
        if (protocol == nullptr) return;
        protocol->on_peer_connected(PeerInfo{nodes_[other].id, Multiaddr::parse(address).value(), direction}, now_);
    };
    tell(dialer, listener, listener_address, Direction::outbound);
    tell(listener, dialer, dialer_address, Direction::inbound);
    settle();
}

void TestNetwork::disconnect(std::size_t a, std::size_t b) {
    links_.erase(std::minmax(a, b));
    for (auto& [number, wire] : wires_) {
        if (wire.is_gone || std::minmax(wire.opener, wire.accepter) != std::minmax(a, b)) continue;
        wire.is_gone = true;
        for (auto const at : {wire.opener, wire.accepter}) {
            if (nodes_[at].protocol != nullptr) nodes_[at].protocol->on_stream_reset(key_at(at, wire), now_);
        }
    }
    if (nodes_[a].protocol != nullptr) nodes_[a].protocol->on_peer_disconnected(nodes_[b].id, now_);
    if (nodes_[b].protocol != nullptr) nodes_[b].protocol->on_peer_disconnected(nodes_[a].id, now_);
    settle();
}

void TestNetwork::settle() {
    for (bool is_busy = true; is_busy;) {
        is_busy = false;
        for (std::size_t i = 0; i < nodes_.size(); ++i) is_busy = step(i) || is_busy;
        if (is_busy || !is_draining_ || unsent_.empty()) continue;
        auto const next = std::move(unsent_.front());
        unsent_.pop_front();
        is_busy = true;
        auto const& streams = nodes_[next.node].streams;
        if (auto const at = streams.find(next.key); at != streams.end()) deliver(next.node, at->second, *next.bytes);
        nodes_[next.node].protocol->on_stream_sent(next.key, next.bytes->size(), now_);
    }
}

void TestNetwork::advance(std::chrono::nanoseconds duration) {
    auto const end = now_ + duration;
    for (;;) {
        settle();
        std::optional<TimePoint> next;
        for (auto const& node : nodes_) {
            if (node.protocol == nullptr) continue;
            auto const deadline = node.protocol->next_deadline();
            if (deadline && (!next || *deadline < *next)) next = deadline;
        }
        if (!next || *next > end) break;
        now_ = std::max(now_, *next);
        for (auto& node : nodes_) {
            if (node.protocol == nullptr) continue;
            auto const deadline = node.protocol->next_deadline();
            if (deadline && *deadline <= now_) node.protocol->on_deadline(now_);
        }
    }
    now_ = end;
}

bool TestNetwork::step(std::size_t index) {
    auto* const protocol = nodes_[index].protocol;
    if (protocol == nullptr) return false;
    auto output = protocol->poll_output();
    if (!output) return false;
    perform(index, std::move(*output));
    return true;
}

void TestNetwork::perform(std::size_t index, ProtocolOutput output) {
    auto const wire_of = [&](StreamKey key) {
        auto const at = nodes_[index].streams.find(key);
        return at == nodes_[index].streams.end() ? std::uint64_t{0} : at->second;
    };
    if (auto const* const request = std::get_if<OpenStream>(&output)) {
        open(index, *request);
    } else if (auto* const write = std::get_if<WriteStream>(&output)) {
        unsent_.push_back({index, write->stream, std::move(write->bytes)});
    } else if (auto const* const end = std::get_if<FinishStream>(&output)) {
        auto const waits = std::any_of(unsent_.begin(), unsent_.end(), [&](auto const& row) {
            return row.node == index && row.key == end->stream;
        });
        if (waits) {  // what was written goes first
            auto* const protocol = nodes_[index].protocol;
            std::deque<Unsent> rest;
            rest.swap(unsent_);
            for (auto& row : rest) {
                if (row.node != index || row.key != end->stream) {
                    unsent_.push_back(std::move(row));
                    continue;
                }
                deliver(index, wire_of(row.key), *row.bytes);
                protocol->on_stream_sent(row.key, row.bytes->size(), now_);
            }
        }
        finish(index, wire_of(end->stream));
    } else if (auto const* const gone = std::get_if<ResetStream>(&output)) {
        reset(index, wire_of(gone->stream));
    } else {
        nodes_[index].other.push_back(std::move(output));
    }
}

void TestNetwork::open(std::size_t index, OpenStream const& request) {
    auto& opener = nodes_[index];
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (nodes_[i].id != request.peer || !links_.contains(std::minmax(index, i))) continue;
        auto& accepter = nodes_[i];
        auto const spoken = accepter.protocol != nullptr ? accepter.protocol->protocols() : accepter.raw_protocols;
        for (auto const& name : request.protocols) {
            if (std::find(spoken.begin(), spoken.end(), name) == spoken.end()) continue;
            auto const number = next_wire_++;
            auto const key = accepter.next_key;
            accepter.next_key += 2;
            wires_[number] = Wire{index, i, request.stream, key};
            opener.streams[request.stream] = number;
            accepter.streams[key] = number;
            opener.protocol->on_stream_opened(request.stream, name, now_);
            if (accepter.protocol != nullptr) accepter.protocol->on_inbound_stream(key, opener.id, name, now_);
            return;
        }
        return opener.protocol->on_stream_refused(request.stream, Error{Errc::refused, "no such protocol"}, now_);
    }
    opener.protocol->on_stream_refused(request.stream, Error{Errc::not_found, "not connected"}, now_);
}

void TestNetwork::deliver(std::size_t from, std::uint64_t number, BytesView bytes) {
    auto const at = wires_.find(number);
    if (at == wires_.end() || at->second.is_gone) return;
    auto const to = other_end(from, at->second);
    auto& node = nodes_[to];
    if (node.protocol == nullptr) {
        node.received[number].insert(node.received[number].end(), bytes.begin(), bytes.end());
        return;
    }
    for (std::size_t i = 0; i < bytes.size(); i += piece_bytes_) {
        auto const piece = bytes.subspan(i, std::min(piece_bytes_, bytes.size() - i));
        node.protocol->on_stream_bytes(key_at(to, at->second), piece, now_);
    }
}

void TestNetwork::finish(std::size_t from, std::uint64_t number) {
    auto const at = wires_.find(number);
    if (at == wires_.end() || at->second.is_gone) return;
    auto const to = other_end(from, at->second);
    nodes_[to].is_finished[number] = true;
    if (nodes_[to].protocol != nullptr) nodes_[to].protocol->on_stream_finished(key_at(to, at->second), now_);
}

void TestNetwork::reset(std::size_t from, std::uint64_t number) {
    auto const at = wires_.find(number);
    if (at == wires_.end() || at->second.is_gone) return;
    at->second.is_gone = true;
    auto const to = other_end(from, at->second);
    nodes_[to].is_reset[number] = true;
    if (nodes_[to].protocol != nullptr) nodes_[to].protocol->on_stream_reset(key_at(to, at->second), now_);
}

std::uint64_t TestNetwork::raw_open(std::size_t from, std::size_t to, std::string const& protocol) {
    auto const number = next_wire_++;
    auto const key = nodes_[to].next_key;
    nodes_[to].next_key += 2;
    wires_[number] = Wire{from, to, 0, key};
    nodes_[to].streams[key] = number;
    nodes_[to].protocol->on_inbound_stream(key, nodes_[from].id, protocol, now_);
    settle();
    return number;
}

void TestNetwork::raw_write(std::size_t from, std::uint64_t wire, BytesView bytes) {
    deliver(from, wire, bytes);
    settle();
}

void TestNetwork::raw_finish(std::size_t from, std::uint64_t wire) {
    finish(from, wire);
    settle();
}

void TestNetwork::raw_reset(std::size_t from, std::uint64_t wire) {
    reset(from, wire);
    settle();
}

}  // namespace ggen::p2p::testing
