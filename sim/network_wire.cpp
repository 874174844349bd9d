// Dials, connections and the frames on them.
#include <algorithm>
#include <utility>

#include "sim/network.hpp"
#include "sim/network_state.hpp"

namespace ggen::sim {

namespace {
/// When a dial's first packet is sent again (Linux, RFC 6298): after 1, 3 and 7 s.
constexpr Nanos k_syn_retries[] = {1 * k_second, 3 * k_second, 7 * k_second};
constexpr std::uint64_t k_payload_keys = 0x10000;
}  // namespace

std::uint32_t Network::dial(NodeId from, Endpoint to, std::uint32_t round_trips) {
    std::uint32_t slot = 0;
    if (free_dials_.empty()) {
        slot = static_cast<std::uint32_t>(dials_.size());
        dials_.emplace_back();
    } else {
        slot = free_dials_.back();
        free_dials_.pop_back();
    }
    auto& dial = dials_[slot];
    auto const generation = dial.generation + 1;
    dial = {.from = from, .to = node_at(to), .round_trips = round_trips, .generation = generation, .retries = 0,
            .started = now_, .is_open = true};
    ++counters_.dials;
    if (dial.to == k_no_node || dial.to == from) {
        events_.push({.time = now_ + options_.dial_timeout, .node = from, .slot = slot, .generation = generation,
                      .kind = EventKind::dial_over});
    } else {
        auto const setup = 2 * latency(from, dial.to) * Nanos{round_trips};
        events_.push({.time = now_ + setup, .node = from, .slot = slot, .generation = generation,
                      .kind = EventKind::dial_done});
    }
    return slot;
}

void Network::cancel_dial(std::uint32_t slot) {
    if (!std::exchange(dials_[slot].is_open, false)) return;
    ++dials_[slot].generation;
    free_dials_.push_back(slot);
}

void Network::fail_dial(std::uint32_t slot, DialFailure failure) {
    auto const from = dials_[slot].from;
    cancel_dial(slot);
    ++counters_.dials_failed;
    if (nodes_[from].program != nullptr) nodes_[from].program->on_dial_failed(slot, failure);
}

void Network::on_dial_over(Event const& event) {
    if (event.generation != dials_[event.slot].generation || !dials_[event.slot].is_open) return;
    trace_.add(now_, event.node, event.kind, 0);
    fail_dial(event.slot, DialFailure::timed_out);
}

void Network::on_dial_done(Event const& event) {
    auto& dial = dials_[event.slot];
    if (event.generation != dial.generation || !dial.is_open) return;
    trace_.add(now_, event.node, event.kind, dial.to);
    auto const& target = nodes_[dial.to];
    bool const is_silent = (target.program == nullptr && target.was_silent) || is_blocked(dial.from, dial.to) ||
                           is_blocked(dial.to, dial.from);
    if (is_silent) {
        auto const setup = 2 * latency(dial.from, dial.to) * Nanos{dial.round_trips};
        while (dial.retries < std::size(k_syn_retries) && dial.started + k_syn_retries[dial.retries] <= now_ - setup) {
            ++dial.retries;
        }
        auto next = Event{.time = dial.started + options_.dial_timeout, .node = dial.from, .slot = event.slot,
                          .generation = dial.generation, .kind = EventKind::dial_over};
        if (dial.retries < std::size(k_syn_retries)) {
            auto const retry = dial.started + k_syn_retries[dial.retries++] + setup;
            if (retry < next.time) next = {.time = retry, .node = dial.from, .slot = event.slot,
                                           .generation = dial.generation, .kind = EventKind::dial_done};
        }
        next.time = std::max(next.time, now_);
        events_.push(next);
        return;
    }
    if (target.program == nullptr) return fail_dial(event.slot, DialFailure::refused);
    std::uint32_t slot = 0;
    if (free_connections_.empty()) {
        slot = static_cast<std::uint32_t>(connections_.size());
        connections_.emplace_back();
    } else {
        slot = free_connections_.back();
        free_connections_.pop_back();
    }
    auto& connection = connections_[slot];
    auto const generation = connection.generation + 1;
    connection = Connection{};
    connection.generation = generation;
    connection.node[0] = dial.from;
    connection.node[1] = dial.to;
    connection.is_open[0] = true;
    connection.is_expected = true;
    connection.one_way = latency(dial.from, dial.to);
    connection.key = pair_key(dial.from, dial.to);
    auto& dialer = nodes_[dial.from];
    connection.position[0] = static_cast<std::uint32_t>(dialer.connections.size());
    dialer.connections.push_back(slot);
    cancel_dial(event.slot);
    auto const arrival = transmit(connection.flow[0], options_, now_, connection.one_way, 0, 0, dialer.up_free,
                                  connection.key).arrival;
    auto const flight = InFlight{.frame = {}, .slot = slot, .generation = generation, .to_side = 1, .control = k_hello,
                                 .is_resent = false, .is_queued = false};
    push_flight(flight, arrival);
    dialer.program->on_dialed(event.slot, {slot, generation, 0});
}

void Network::push_flight(InFlight flight, Nanos arrival) {
    std::uint32_t index = 0;
    auto const to = connections_[flight.slot].node[flight.to_side];
    if (free_flights_.empty()) {
        index = static_cast<std::uint32_t>(flights_.size());
        flights_.push_back(std::move(flight));
    } else {
        index = free_flights_.back();
        free_flights_.pop_back();
        flights_[index] = std::move(flight);
    }
    events_.push({.time = arrival, .node = to, .slot = index, .kind = EventKind::frame});
}

Nanos Network::send(Wire wire, Frame frame) {
    auto& connection = connections_[wire.slot];
    if (connection.generation != wire.generation || !connection.is_open[wire.side]) return now_;
    auto& sender = nodes_[connection.node[wire.side]];
    auto const to_side = static_cast<std::uint8_t>(1 - wire.side);
    auto const sent = transmit(connection.flow[wire.side], options_, now_, connection.one_way, frame.size_bytes,
                               sender.settings.rate.up_bits, sender.up_free, connection.key + wire.side);
    ++counters_.frames;
    counters_.bytes += frame.size_bytes;
    auto arrival = sent.arrival;
    if (options_.fidelity != Fidelity::ideal) {
        // A small frame does not overtake a large one that takes longer to come in.
        auto& whole = connection.flow[wire.side].last_whole;
        arrival += transfer_time(frame.size_bytes, nodes_[connection.node[to_side]].settings.rate.down_bits);
        whole = arrival = std::max(arrival, whole);
    }
    push_flight({.frame = std::move(frame), .slot = wire.slot, .generation = wire.generation, .to_side = to_side,
                 .control = 0, .is_resent = false, .is_queued = false}, arrival);
    return sent.departure;
}

void Network::on_frame_event(Event const& event) {
    auto flight = std::move(flights_[event.slot]);
    auto& connection = connections_[flight.slot];
    auto const from_side = static_cast<std::uint8_t>(1 - flight.to_side);
    if (connection.generation != flight.generation) {
        free_flights_.push_back(event.slot);
        return;
    }
    auto& flow = connection.flow[from_side];
    if (is_blocked(connection.node[from_side], connection.node[flight.to_side])) {
        if (!std::exchange(flight.is_resent, true)) ++flow.held;
        flights_[event.slot] = std::move(flight);
        held_.push_back(event.slot);
        if (!std::exchange(connection.is_watched, true)) {
            events_.push({.time = now_ + options_.silence_timeout, .node = event.node,
                          .slot = flights_[event.slot].slot, .generation = connection.generation,
                          .kind = EventKind::silence});
        }
        return;
    }
    auto later = now_;
    if (flow.held > 0 && !flight.is_resent) {
        later = std::max(flow.resume_at, now_);  // Behind what was held back.
        flight.is_resent = true;
        ++flow.held;
    } else if (auto const rate = nodes_[event.node].settings.rate.down_bits;
               rate != 0 && options_.fidelity != Fidelity::ideal && !std::exchange(flight.is_queued, true)) {
        auto const time = transfer_time(flight.frame.size_bytes, rate);
        auto& free = nodes_[event.node].down_free;
        free = later = std::max(now_ - time, free) + time;
    }
    if (later > now_ || (flow.held > 0 && !flight.is_resent)) {
        flights_[event.slot] = std::move(flight);
        events_.push({.time = later, .node = event.node, .slot = event.slot, .kind = EventKind::frame});
        return;
    }
    if (flight.is_resent) --flow.held;
    free_flights_.push_back(event.slot);
    deliver(flight);
}

void Network::deliver(InFlight const& flight) {
    auto& connection = connections_[flight.slot];
    Wire const wire{flight.slot, flight.generation, flight.to_side};
    auto const id = connection.node[flight.to_side];
    auto& node = nodes_[id];
    trace_.add(now_, id, EventKind::frame, flight.frame.hash ^ (flight.frame.kind + k_payload_keys * flight.control));
    if (flight.control == k_hello) {
        connection.is_expected = false;
        if (!connection.is_open[0]) return close_side(flight.slot, 1);  // Given up by the dialer meanwhile.
        if (node.program == nullptr) {
            if (node.was_silent) {
                events_.push({.time = now_ + options_.silence_timeout, .node = connection.node[0], .slot = flight.slot,
                              .generation = flight.generation, .kind = EventKind::silence});
            } else {
                push_flight({.frame = {}, .slot = flight.slot, .generation = flight.generation, .to_side = 0,
                             .control = k_reset, .is_resent = false, .is_queued = false}, now_ + connection.one_way);
            }
            return;
        }
        connection.is_open[1] = true;
        connection.position[1] = static_cast<std::uint32_t>(node.connections.size());
        node.connections.push_back(flight.slot);
        if (!node.program->on_accepted(wire, connection.node[0])) close(wire);
        return;
    }
    if (!connection.is_open[flight.to_side]) return;
    if (flight.control == 0) return node.program->on_frame(wire, flight.frame);
    close_side(flight.slot, flight.to_side);
    if (node.program != nullptr) node.program->on_closed(wire);
}

void Network::close(Wire wire) {
    auto& connection = connections_[wire.slot];
    if (connection.generation != wire.generation || !connection.is_open[wire.side]) return;
    if (connection.is_open[1 - wire.side] || connection.is_expected) {
        auto& sender = nodes_[connection.node[wire.side]];
        auto const arrival = transmit(connection.flow[wire.side], options_, now_, connection.one_way, 0, 0,
                                      sender.up_free, connection.key + wire.side).arrival;
        push_flight({.frame = {}, .slot = wire.slot, .generation = wire.generation,
                     .to_side = static_cast<std::uint8_t>(1 - wire.side), .control = k_close, .is_resent = false,
                     .is_queued = false}, arrival);
    }
    close_side(wire.slot, wire.side);
}

void Network::close_side(std::uint32_t slot, std::uint8_t side) {
    auto& connection = connections_[slot];
    if (std::exchange(connection.is_open[side], false)) {
        auto& list = nodes_[connection.node[side]].connections;
        auto const moved = list.back();
        list[connection.position[side]] = moved;
        list.pop_back();
        auto& other = connections_[moved];
        // A node never dials itself, so the side of a connection is told by the node.
        other.position[other.node[0] == connection.node[side] ? 0 : 1] = connection.position[side];
    }
    if (connection.is_open[0] || connection.is_open[1] || connection.is_expected) return;
    ++connection.generation;
    free_connections_.push_back(slot);
}

void Network::on_silence(Event const& event) {
    auto& connection = connections_[event.slot];
    if (connection.generation != event.generation) return;
    auto const side = static_cast<std::uint8_t>(connection.node[0] == event.node ? 0 : 1);
    bool const was_watch = std::exchange(connection.is_watched, false);
    bool const is_blocked_now = was_watch && (connection.flow[0].held > 0 || connection.flow[1].held > 0) &&
                                (is_blocked(connection.node[0], connection.node[1]) ||
                                 is_blocked(connection.node[1], connection.node[0]));
    bool const is_other_gone = !connection.is_open[1 - side] && !connection.is_expected;
    if (!is_other_gone && !is_blocked_now) return;
    trace_.add(now_, event.node, event.kind, 0);
    for (std::uint8_t const end : {side, static_cast<std::uint8_t>(1 - side)}) {
        if (!connections_[event.slot].is_open[end]) continue;
        close_side(event.slot, end);
        auto const id = connections_[event.slot].node[end];
        if (nodes_[id].program != nullptr) nodes_[id].program->on_closed({event.slot, event.generation, end});
    }
}

void Network::release_held() {
    auto const held = std::exchange(held_, {});
    for (auto const index : held) {
        auto const& flight = flights_[index];
        auto& connection = connections_[flight.slot];
        auto const from_side = static_cast<std::uint8_t>(1 - flight.to_side);
        if (connection.generation != flight.generation) {
            flights_[index] = InFlight{};
            free_flights_.push_back(index);
            continue;
        }
        if (is_blocked(connection.node[from_side], connection.node[flight.to_side])) {
            held_.push_back(index);
            continue;
        }
        // Sent again by the next retransmission timeout, somewhere within a second.
        auto& flow = connection.flow[from_side];
        auto const wait = scale(mix(connection.key, static_cast<std::uint64_t>(now_)), k_second);
        flow.resume_at = std::max(flow.last_arrival, now_ + static_cast<Nanos>(wait) + connection.one_way);
        flow.last_arrival = flow.resume_at;
        events_.push({.time = flow.resume_at, .node = connection.node[flight.to_side], .slot = index,
                      .kind = EventKind::frame});
    }
}

NodeId Network::peer_of(Wire wire) const { return connections_[wire.slot].node[1 - wire.side]; }

bool Network::is_open(Wire wire) const {
    auto const& connection = connections_[wire.slot];
    return connection.generation == wire.generation && connection.is_open[wire.side];
}

void Network::set_tag(Wire wire, std::uint32_t tag) { connections_[wire.slot].tag[wire.side] = tag; }
std::uint32_t Network::tag(Wire wire) const { return connections_[wire.slot].tag[wire.side]; }

Nanos Network::round_trip(Wire wire) const { return 2 * connections_[wire.slot].one_way; }

}  // namespace ggen::sim
