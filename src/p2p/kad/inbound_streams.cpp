#include "p2p/kad/inbound_streams.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace ggen::p2p {
namespace {

constexpr std::chrono::milliseconds k_held_sweep_interval{100};  // while a peer is held back
constexpr std::chrono::seconds k_idle_sweep_interval{20};

}  // namespace

void InboundStreams::on_stream(StreamKey stream, PeerId const& peer, TimePoint now) {
    auto const known = peers_.find(peer);
    auto const is_full = streams_.size() >= k_kad_inbound_streams_max ||
                         (known == peers_.end() && peers_.size() >= k_kad_peers_max) ||
                         (known != peers_.end() && known->second.streams >= k_kad_inbound_streams_per_peer_max);
    if (is_full) {
        outbox_.put_output(ResetStream{stream});
        outbox_.put_output(ReportPeer{peer, Conduct::overload, 1});
        return;
    }
    TokenBucket const full{k_kad_requests_burst, k_kad_requests_per_second_max, now};
    ++peers_.try_emplace(peer, Peer{full}).first->second.streams;
    streams_.emplace(stream, Stream{peer, MessageReader{k_kad_message_accept_bytes_max}, 0, now, false, false});
    if (!sweep_at_) sweep_at_ = now + k_idle_sweep_interval;
}

bool InboundStreams::take_token(PeerId const& peer, TimePoint now) {
    auto& entry = peers_.at(peer);
    if (entry.requests.take(now)) return true;
    if (entry.reported_at == TimePoint::min() || now - entry.reported_at >= std::chrono::seconds{1}) {
        entry.reported_at = now;
        outbox_.put_output(ReportPeer{peer, Conduct::overload, 1});
    }
    return false;
}

void InboundStreams::set_paused(StreamKey key, Stream& stream, bool is_paused) {
    if (stream.is_paused == is_paused) return;
    stream.is_paused = is_paused;
    outbox_.put_output(PauseStream{key, is_paused});
}

void InboundStreams::refuse(StreamKey key, Conduct conduct) {
    outbox_.put_output(ResetStream{key});
    outbox_.put_output(ReportPeer{streams_.at(key).peer, conduct, 1});
    drop(key);
}

void InboundStreams::drop(StreamKey key) {
    auto const at = streams_.find(key);
    if (at == streams_.end()) return;
    buffered_ -= at->second.reader.pending_bytes();
    auto const peer = peers_.find(at->second.peer);
    if (peer != peers_.end()) --peer->second.streams;
    streams_.erase(at);
}

bool InboundStreams::serve(StreamKey key, TimePoint now) {
    for (;;) {
        auto const at = streams_.find(key);
        if (at == streams_.end()) return false;
        auto& stream = at->second;
        if (stream.unsent > k_kad_stream_unsent_bytes_max) {
            set_paused(key, stream, true);
            return true;
        }
        auto const before = stream.reader.pending_bytes();
        if (before != 0 && !take_token(stream.peer, now)) {
            set_paused(key, stream, true);
            sweep_at_ = std::min(sweep_at_.value_or(TimePoint::max()), now + k_held_sweep_interval);
            return true;
        }
        auto const next = stream.reader.next();
        buffered_ -= before - stream.reader.pending_bytes();
        if (!next) {
            refuse(key, Conduct::protocol_error);
            return false;
        }
        if (!next->has_value()) {
            if (before != 0) peers_.at(stream.peer).requests.give_back();  // no whole request was there
            break;
        }
        auto const request = decode_kad_message(**next);
        auto answer = request ? responder_.respond(stream.peer, *request, now)
                              : Result<std::optional<KadMessage>>(request.error());
        if (!answer) {
            auto const code = answer.error().code;
            if (code == Errc::unavailable) {  // not the peer's fault
                outbox_.put_output(ResetStream{key});
                drop(key);
            } else {
                refuse(key, code == Errc::refused ? Conduct::invalid_data : Conduct::protocol_error);
            }
            return false;
        }
        stream.used_at = now;
        if (!answer->has_value()) continue;
        auto block = std::make_shared<Bytes const>(frame_message(encode_kad_message(**answer)));
        stream.unsent += block->size();
        outbox_.put_output(WriteStream{key, std::move(block)});
    }
    auto& stream = streams_.at(key);
    if (stream.is_finished) {
        outbox_.put_output(FinishStream{key});
        drop(key);
        return false;
    }
    set_paused(key, stream, false);
    return true;
}

void InboundStreams::on_bytes(StreamKey stream, BytesView bytes, TimePoint now) {
    auto const at = streams_.find(stream);
    if (at == streams_.end()) return;
    if (buffered_ + bytes.size() > k_kad_inbound_buffered_bytes_max) {
        refuse(stream, Conduct::overload);
        return;
    }
    at->second.reader.feed(bytes);
    buffered_ += bytes.size();
    if (!at->second.is_paused) serve(stream, now);
}

void InboundStreams::on_finished(StreamKey stream, TimePoint now) {
    auto const at = streams_.find(stream);
    if (at == streams_.end()) return;
    at->second.is_finished = true;
    if (!at->second.is_paused) serve(stream, now);
}

void InboundStreams::on_reset(StreamKey stream) {
    drop(stream);
}

void InboundStreams::on_sent(StreamKey stream, std::size_t bytes, TimePoint now) {
    auto const at = streams_.find(stream);
    if (at == streams_.end()) return;
    auto& entry = at->second;
    entry.unsent -= std::min(bytes, entry.unsent);
    if (entry.is_paused && entry.unsent <= k_kad_stream_unsent_bytes_max / 2) serve(stream, now);
}

void InboundStreams::on_peer_disconnected(PeerId const& peer) {
    std::vector<StreamKey> gone;
    for (auto const& [key, stream] : streams_) {
        if (stream.peer == peer) gone.push_back(key);
    }
    for (auto const key : gone) drop(key);
    peers_.erase(peer);
}

void InboundStreams::close_all() {
    std::vector<StreamKey> keys;
    keys.reserve(streams_.size());
    for (auto const& [key, stream] : streams_) keys.push_back(key);
    std::sort(keys.begin(), keys.end());
    for (auto const key : keys) {
        outbox_.put_output(ResetStream{key});
        drop(key);
    }
}

std::optional<TimePoint> InboundStreams::next_deadline() const {
    return sweep_at_;
}

void InboundStreams::on_deadline(TimePoint now) {
    if (!sweep_at_ || now < *sweep_at_) return;
    std::vector<StreamKey> keys;
    keys.reserve(streams_.size());
    for (auto const& [key, stream] : streams_) keys.push_back(key);
    std::sort(keys.begin(), keys.end());
    sweep_at_.reset();
    auto is_held = false;
    for (auto const key : keys) {
        auto const at = streams_.find(key);
        if (at == streams_.end()) continue;
        if (at->second.is_paused && at->second.unsent <= k_kad_stream_unsent_bytes_max) serve(key, now);
        auto const still = streams_.find(key);
        if (still == streams_.end()) continue;
        is_held = is_held || still->second.is_paused;
        if (still->second.used_at + k_kad_idle_stream_timeout > now) continue;
        outbox_.put_output(ResetStream{key});
        drop(key);
    }
    if (streams_.empty()) return;
    sweep_at_ = now + (is_held ? std::chrono::nanoseconds{k_held_sweep_interval}
                               : std::chrono::nanoseconds{k_idle_sweep_interval});
}

}  // namespace ggen::p2p
