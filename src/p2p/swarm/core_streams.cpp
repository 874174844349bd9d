#include <algorithm>

#include "p2p/swarm/swarm_core.hpp"

namespace ggen::p2p {

Swarm::Core::HostStream* Swarm::Core::stream_of(StreamRef ref) {
    auto& streams = carried_[ref.protocol].streams;
    auto const at = streams.find(ref.key);
    return at == streams.end() ? nullptr : &at->second;
}

/// The youngest connection that the peer is known to have: an older one may be dead without our knowing.
Swarm::Core::Link* Swarm::Core::link_for_streams(Peer const& peer) {
    Link* best = nullptr;
    for (auto* const link : peer.links) {
        if (link->is_retiring || link->failed) continue;
        if (best == nullptr || link->connection->is_confirmed() || !best->connection->is_confirmed()) best = link;
    }
    return best;
}

void Swarm::Core::open(std::size_t protocol, OpenStream request, TimePoint now) {
    Carried& carried = carried_[protocol];
    StreamRef const ref{protocol, request.stream};
    // Keys of protocols are odd and never used twice; one that is not cannot be answered without confusion.
    GGEN_ASSERT(request.stream % 2 == 1 && !carried.streams.contains(request.stream));
    Peer& peer = peer_of(request.peer);
    auto& stream = carried.streams[request.stream];
    stream.peer = &peer;
    stream.protocols = std::move(request.protocols);
    if (auto* const link = link_for_streams(peer)) return start(ref, stream, *link, now);
    auto const refuse_and_forget = [&](Error const& why) {
        refuse(ref, why);
        forget_if_unused(peer);
    };
    if (!request.may_dial) return refuse_and_forget({Errc::not_found, "swarm: the peer is not connected"});
    if (peer.waiting.size() >= k_streams_waiting_per_peer_max) {
        return refuse_and_forget({Errc::unavailable, "swarm: 256 streams wait for the peer already"});
    }
    peer.waiting.push_back(ref);
    want_connection(peer, request.addresses, now);
}

void Swarm::Core::open_waiting(Peer& peer, Link& link, TimePoint now) {
    for (auto const ref : std::exchange(peer.waiting, {})) {
        if (auto* const stream = stream_of(ref)) start(ref, *stream, link, now);
    }
}

/// Proposes the protocols of the stream: lazily, so that what is written travels with it, the best one that the peer
/// is known to speak, or the only one there is, since nothing is lost when that is declined; else all in turn.
void Swarm::Core::start(StreamRef ref, HostStream& stream, Link& link, TimePoint now) {
    auto const& known = link.peer->known;
    auto proposed = std::exchange(stream.protocols, {});
    auto const first = std::find_if(proposed.begin(), proposed.end(), [&](auto const& name) {
        return std::find(known.begin(), known.end(), name) != known.end();
    });
    stream.is_lazy = first != proposed.end() || proposed.size() == 1;
    if (first != proposed.end()) {
        std::string best = std::move(*first);
        proposed.erase(first);
        stream.protocols = std::exchange(proposed, {std::move(best)});
    } else if (proposed.size() > k_mss_proposals_emit_max) {
        proposed.resize(k_mss_proposals_emit_max);
    }
    auto const id = stream.is_lazy ? link.connection->open_stream_lazily(proposed.front(), now)
                                   : link.connection->open_stream(std::move(proposed), now);
    if (!id) return refuse(ref, id.error());
    stream.link = &link;
    stream.id = *id;
    link.streams.emplace(*id, ref);
    pass_on(ref, stream);
    mark(link);
}

void Swarm::Core::write(StreamRef ref, Block bytes) {
    auto* const stream = stream_of(ref);
    if (stream == nullptr || stream->is_finishing || bytes == nullptr || bytes->empty()) return;
    stream->unsent_bytes += bytes->size();
    if (stream->unsent_bytes > k_stream_unsent_bytes_max) {
        // The protocol does not wait for what it wrote to leave, so nothing else bounds its memory.
        if (stream->link != nullptr) stream->link->connection->reset(stream->id);
        if (stream->link != nullptr) mark(*stream->link);
        drop(ref, *stream);
        carried_[ref.protocol].protocol->on_stream_reset(ref.key, now_);
        return;
    }
    stream->waiting.push_back(std::move(bytes));
    if (stream->link != nullptr) pass_on(ref, *stream);
}

/// Gives the connection what it may have: all, except that a lazy stream with another choice keeps a copy of what
/// it sent, and so sends a bounded part only before its answer.
void Swarm::Core::pass_on(StreamRef /*ref*/, HostStream& stream) {
    while (!stream.waiting.empty()) {
        Block& block = stream.waiting.front();
        if (stream.is_lazy && !stream.protocols.empty()) {
            if (stream.flight_bytes + block->size() > k_lazy_flight_bytes_max) break;
            stream.flight_bytes += block->size();
            stream.flight.push_back(block);
        }
        // Fits: a stream has at most k_stream_unsent_bytes_max unsent. An error means that it just ended.
        (void)stream.link->connection->write(stream.id, block);
        stream.waiting.pop_front();
    }
    if (stream.is_finishing && stream.waiting.empty()) stream.link->connection->finish(stream.id);
    mark(*stream.link);
}

void Swarm::Core::finish(StreamRef ref) {
    auto* const stream = stream_of(ref);
    if (stream == nullptr || stream->is_finishing) return;
    stream->is_finishing = true;
    if (stream->link != nullptr) pass_on(ref, *stream);
    forget_if_done(ref);
}

void Swarm::Core::reset(StreamRef ref) {
    auto* const stream = stream_of(ref);
    if (stream == nullptr) return;
    Peer& peer = *stream->peer;
    if (stream->link != nullptr) {
        stream->link->connection->reset(stream->id);
        mark(*stream->link);
    }
    drop(ref, *stream);
    forget_if_unused(peer);
}

void Swarm::Core::pause(StreamRef ref, bool is_paused) {
    auto* const stream = stream_of(ref);
    if (stream == nullptr || stream->is_paused == is_paused) return;
    stream->is_paused = is_paused;
    if (!is_paused) resumed_.push_back(ref);
}

/// One piece of each resumed stream, since the protocol may pause it again. Whether there was any.
bool Swarm::Core::deliver_resumed() {
    auto const due = std::exchange(resumed_, {});
    for (auto const ref : due) {
        auto* const stream = stream_of(ref);
        if (stream == nullptr || stream->is_paused) continue;
        if (stream->held.empty()) {
            deliver_end(ref, *stream);
            continue;
        }
        Bytes bytes = std::move(stream->held.front());
        stream->held.pop_front();
        resumed_.push_back(ref);
        deliver(ref, *stream, std::move(bytes));
    }
    return !due.empty();
}

/// Small pieces come together: one by one they would cost many times their bytes, which is what the budget counts.
void Swarm::Core::hold(HostStream& stream, Bytes bytes) {
    if (!stream.held.empty() && stream.held.back().size() + bytes.size() <= k_held_block_bytes_max) {
        auto& last = stream.held.back();
        last.insert(last.end(), bytes.begin(), bytes.end());
    } else {
        stream.held.push_back(std::move(bytes));
    }
}

void Swarm::Core::deliver(StreamRef ref, HostStream& stream, Bytes bytes) {
    carried_[ref.protocol].protocol->on_stream_bytes(ref.key, bytes, now_);
    // Together with what follows of the same read: the credit that goes back does not depend on how it was cut.
    auto& used = stream.link->used;
    if (used.empty() || used.back().first != stream.id) used.emplace_back(stream.id, 0);
    used.back().second += bytes.size();
    if (!stream.link->is_flush_due) flushes_.push_back(stream.link->key);
    stream.link->is_flush_due = true;
}

void Swarm::Core::deliver_end(StreamRef ref, HostStream& stream) {
    if (!stream.is_remote_finished || stream.is_end_told) return;
    stream.is_end_told = true;
    carried_[ref.protocol].protocol->on_stream_finished(ref.key, now_);
    forget_if_done(ref);
}

/// Forgets a stream that was asked for, and tells so.
void Swarm::Core::refuse(StreamRef ref, Error const& error) {
    auto* const stream = stream_of(ref);
    if (stream == nullptr) return;
    drop(ref, *stream);
    carried_[ref.protocol].protocol->on_stream_refused(ref.key, error, now_);
}

/// Forgets a stream without a word to its protocol.
void Swarm::Core::drop(StreamRef ref, HostStream& stream) {
    if (stream.link != nullptr) {
        stream.link->streams.erase(stream.id);
    } else {
        std::erase_if(stream.peer->waiting, [&](StreamRef other) {
            return other.protocol == ref.protocol && other.key == ref.key;
        });
    }
    carried_[ref.protocol].streams.erase(ref.key);
}

void Swarm::Core::forget_if_done(StreamRef ref) {
    auto* const stream = stream_of(ref);
    if (stream == nullptr || !stream->is_end_told || !stream->is_finishing || stream->unsent_bytes > 0) return;
    drop(ref, *stream);
}

/// The connection ends: so do its streams, each in the way that its protocol expects.
void Swarm::Core::lose_streams(Link& link, Error const& why) {
    auto const streams = std::exchange(link.streams, {});
    for (auto const& [id, ref] : streams) {
        auto* const stream = stream_of(ref);
        if (stream == nullptr) continue;
        bool const is_open = stream->is_open;
        carried_[ref.protocol].streams.erase(ref.key);
        auto& protocol = *carried_[ref.protocol].protocol;
        if (is_open) {
            protocol.on_stream_reset(ref.key, now_);
        } else {
            protocol.on_stream_refused(ref.key, Error{Errc::unavailable, why.context}, now_);
        }
    }
}

void Swarm::Core::on_event(Link& link, ConnectionEvent event) {
    if (auto const* requested = std::get_if<StreamRequested>(&event)) return on_requested(link, *requested);
    if (auto const* negotiated = std::get_if<StreamNegotiated>(&event)) return on_negotiated(link, *negotiated);
    if (auto const* refused = std::get_if<StreamRefused>(&event)) return on_refused(link, *refused);
    if (auto const* sent = std::get_if<StreamSent>(&event)) return on_sent(link, *sent);
    if (std::holds_alternative<GoneAway>(event)) return retire(link, now_);
    auto const ref_of = [&](StreamId id) -> std::optional<StreamRef> {
        auto const at = link.streams.find(id);
        if (at == link.streams.end()) return std::nullopt;
        return at->second;
    };
    if (auto* bytes = std::get_if<StreamBytes>(&event)) {
        auto const ref = ref_of(bytes->stream);
        if (!ref) return;
        HostStream& stream = *stream_of(*ref);
        if (stream.is_paused || !stream.held.empty()) {
            hold(stream, std::move(bytes->bytes));
        } else {
            deliver(*ref, stream, std::move(bytes->bytes));
        }
    } else if (auto const* finished = std::get_if<StreamFinished>(&event)) {
        auto const ref = ref_of(finished->stream);
        if (!ref) return;
        HostStream& stream = *stream_of(*ref);
        stream.is_remote_finished = true;
        if (!stream.is_paused && stream.held.empty()) deliver_end(*ref, stream);
    } else if (auto const* gone = std::get_if<StreamReset>(&event)) {
        auto const ref = ref_of(gone->stream);
        if (!ref) return;
        drop(*ref, *stream_of(*ref));
        carried_[ref->protocol].protocol->on_stream_reset(ref->key, now_);
    }
}

void Swarm::Core::on_requested(Link& link, StreamRequested const& requested) {
    auto const at = by_name_.find(requested.protocol);
    if (at == by_name_.end()) {
        // The protocol stopped taking streams while this one was negotiated.
        link.connection->reset(requested.stream);
        return mark(link);
    }
    Carried& carried = carried_[at->second];
    StreamKey const key = std::exchange(carried.next_key, carried.next_key + 2);
    auto& stream = carried.streams[key];
    stream.peer = link.peer;
    stream.link = &link;
    stream.id = requested.stream;
    stream.is_open = true;
    link.streams.emplace(requested.stream, StreamRef{at->second, key});
    carried.protocol->on_inbound_stream(key, link.peer->id, requested.protocol, now_);
}

void Swarm::Core::on_negotiated(Link& link, StreamNegotiated const& negotiated) {
    auto const at = link.streams.find(negotiated.stream);
    if (at == link.streams.end()) return;
    StreamRef const ref = at->second;
    HostStream& stream = *stream_of(ref);
    stream.is_open = true;
    stream.is_lazy = false;
    stream.protocols = {};
    stream.flight = {};
    stream.flight_bytes = 0;
    carried_[ref.protocol].protocol->on_stream_opened(ref.key, negotiated.protocol, now_);
    pass_on(ref, stream);
}

void Swarm::Core::on_refused(Link& link, StreamRefused const& refused) {
    auto const at = link.streams.find(refused.stream);
    if (at == link.streams.end()) return;
    StreamRef const ref = at->second;
    HostStream& stream = *stream_of(ref);
    bool const may_try_others = stream.is_lazy && !stream.protocols.empty() && refused.error.code == Errc::refused;
    if (!may_try_others) return refuse(ref, refused.error);
    // What identify told does not hold, so nothing is taken for known this time.
    link.streams.erase(at);
    link.peer->known.clear();
    stream.link = nullptr;
    stream.waiting.insert(stream.waiting.begin(), stream.flight.begin(), stream.flight.end());
    stream.flight = {};
    stream.flight_bytes = 0;
    stream.skip_bytes = std::exchange(stream.reported_bytes, 0);
    start(ref, stream, link, now_);
}

void Swarm::Core::on_sent(Link& link, StreamSent const& sent) {
    auto const at = link.streams.find(sent.stream);
    if (at == link.streams.end()) return;
    StreamRef const ref = at->second;
    HostStream& stream = *stream_of(ref);
    std::size_t const again = std::min(stream.skip_bytes, sent.bytes);
    std::size_t const bytes = sent.bytes - again;
    stream.skip_bytes -= again;
    if (stream.is_lazy) stream.reported_bytes += bytes;
    if (bytes == 0) return;
    stream.unsent_bytes -= bytes;
    carried_[ref.protocol].protocol->on_stream_sent(ref.key, bytes, now_);
    forget_if_done(ref);
}

}  // namespace ggen::p2p
