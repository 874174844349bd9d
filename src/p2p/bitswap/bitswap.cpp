#include "p2p/bitswap/bitswap.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace ggen::p2p {

BitswapStatus Bitswap::status() const {
    return {peers_.size(), inbound_.size(), pending_, unsent_, served_blocks_, served_bytes_};
}

void Bitswap::on_inbound_stream(StreamKey stream, PeerId const& peer, std::string const& /*protocol*/, TimePoint now) {
    auto const known = peers_.find(peer);
    auto const of_peer = known == peers_.end() ? 0 : known->second.streams;
    bool const is_full = inbound_.size() >= k_bitswap_inbound_streams_max ||
                         of_peer >= k_bitswap_inbound_streams_per_peer_max ||
                         (known == peers_.end() && peers_.size() >= k_bitswap_peers_max);
    if (is_full) {
        put(ResetStream{stream});
        put(ReportPeer{peer, Conduct::overload, 1});
        return;
    }
    ++peers_[peer].streams;
    inbound_.emplace(stream, Inbound{peer}).first->second.used_at = now;
    // We say nothing on it.
    put(FinishStream{stream});
    keep_watch(now);
}

void Bitswap::on_stream_bytes(StreamKey stream, BytesView bytes, TimePoint now) {
    auto const at = inbound_.find(stream);
    if (at == inbound_.end()) return;  // Nothing is said on ours.
    auto& inbound = at->second;
    inbound.used_at = now;
    inbound.reader.feed(bytes);
    if (!inbound.is_paused && !take_messages(stream, now)) return;
    auto& peer = peers_.at(inbound.peer);
    auto const pending = inbound.reader.pending_bytes();
    peer.pending += pending - inbound.pending;
    pending_ += pending - inbound.pending;
    inbound.pending = pending;
    bool const is_over = peer.pending > k_bitswap_pending_per_peer_bytes_max || pending_ > k_bitswap_pending_bytes_max;
    if (is_over) refuse(stream, Conduct::overload);
    pump(now);
}

bool Bitswap::take_messages(StreamKey key, TimePoint now) {
    auto& inbound = inbound_.at(key);
    auto const id = inbound.peer;
    auto& peer = peers_.at(id);
    while (peer.wants.size() < k_bitswap_wants_max) {
        auto const message = inbound.reader.next();
        if (message && !*message) {
            set_paused(key, inbound, false);
            if (inbound.is_finished) drop(key);
            return inbound_.contains(key);
        }
        auto wants = message ? decode_bitswap_wants(**message) : Result<BitswapWants>{message.error()};
        if (!wants) {
            // A list that is only too long may come from a node that wants much.
            bool const is_only_long = message && wants.error().code == Errc::too_large;
            refuse(key, is_only_long ? Conduct::overload : Conduct::protocol_error);
            return false;
        }
        take_wants(peer, *std::move(wants));
        make_ready(id, peer, now);
    }
    set_paused(key, inbound, true);
    return true;
}

void Bitswap::take_wants(Peer& peer, BitswapWants wants) {
    if (wants.is_full) peer.wants.clear();
    // A later one of the same block counts: a block after a have, or nothing any more. From the end, so that a list of
    // wants and cancels costs no more than its length.
    std::set<Bytes> cancelled;
    std::vector<BitswapWant> kept;
    kept.reserve(wants.entries.size());
    for (auto at = wants.entries.rbegin(); at != wants.entries.rend(); ++at) {
        if (at->is_cancel) cancelled.insert(std::move(at->cid));
        else if (!cancelled.contains(at->cid)) kept.push_back(std::move(*at));
    }
    if (!cancelled.empty()) {
        std::erase_if(peer.wants, [&](BitswapWant const& want) { return cancelled.contains(want.cid); });
    }
    std::move(kept.rbegin(), kept.rend(), std::back_inserter(peer.wants));
}

void Bitswap::set_paused(StreamKey key, Inbound& inbound, bool is_paused) {
    if (inbound.is_paused == is_paused) return;
    inbound.is_paused = is_paused;
    put(PauseStream{key, is_paused});
}

void Bitswap::resume(PeerId const& peer, TimePoint now) {
    std::vector<StreamKey> held;
    for (auto const& [key, inbound] : inbound_) {
        if (inbound.is_paused && inbound.peer == peer) held.push_back(key);
    }
    for (auto const key : held) static_cast<void>(take_messages(key, now));
}

void Bitswap::refuse(StreamKey key, Conduct conduct) {
    put(ReportPeer{inbound_.at(key).peer, conduct, 1});
    put(ResetStream{key});
    drop(key);
}

void Bitswap::drop(StreamKey key) {
    auto const at = inbound_.find(key);
    if (at == inbound_.end()) return;
    auto const id = at->second.peer;
    auto& peer = peers_.at(id);
    --peer.streams;
    peer.pending -= at->second.pending;
    pending_ -= at->second.pending;
    inbound_.erase(at);
    forget_if_idle(id);
}

void Bitswap::forget_if_idle(PeerId const& id) {
    auto const at = peers_.find(id);
    if (at == peers_.end()) return;
    auto const& peer = at->second;
    bool const is_idle = peer.streams == 0 && peer.wants.empty() && !peer.out && peer.at == peer.message.size();
    if (is_idle) peers_.erase(at);
}

void Bitswap::make_ready(PeerId const& id, Peer& peer, TimePoint now) {
    // A stream ends when all of it has left: what waits is counted as long as it waits.
    bool const has_work = !peer.wants.empty() || peer.at < peer.message.size() || (peer.out && peer.unsent == 0);
    if (peer.is_ready || !has_work || peer.unsent >= k_bitswap_stream_unsent_bytes_max) return;
    peer.is_ready = true;
    (ledger_.standing(id, now).is_stranger ? strangers_ : known_).push_back(id);
}

std::optional<PeerId> Bitswap::next_ready() {
    for (;;) {
        if (known_.empty() && strangers_.empty()) return std::nullopt;
        bool const is_strangers_turn = ++turn_ % k_bitswap_stranger_turn == 0;
        auto& queue = strangers_.empty() || (!is_strangers_turn && !known_.empty()) ? known_ : strangers_;
        auto id = std::move(queue.front());
        queue.pop_front();
        auto const at = peers_.find(id);
        if (at == peers_.end() || !at->second.is_ready) continue;
        at->second.is_ready = false;
        return id;
    }
}

void Bitswap::pump(TimePoint now) {
    bool const has_work = !known_.empty() || !strangers_.empty();
    if (!has_work || !blocks_.is_ready()) return;
    while (unsent_ < k_bitswap_unsent_bytes_max) {
        auto const id = next_ready();
        if (!id) return;
        auto& peer = peers_.at(*id);
        serve_piece(*id, peer, now);
        if (peer.wants.size() < k_bitswap_wants_max / 2) resume(*id, now);
        if (auto const at = peers_.find(*id); at != peers_.end()) make_ready(*id, at->second, now);
        forget_if_idle(*id);
    }
}

void Bitswap::serve_piece(PeerId const& id, Peer& peer, TimePoint now) {
    if (peer.at == peer.message.size()) next_message(peer);
    if (peer.message.empty()) {
        if (!peer.out || peer.unsent != 0) return;
        put(FinishStream{*peer.out});
        outbound_.erase(*peer.out);
        peer.out.reset();
        return;
    }
    if (!peer.out) {
        peer.out = new_stream_key();
        outbound_.emplace(*peer.out, id);
        // Who is gone is not dialed for what it wanted.
        put(OpenStream{*peer.out, id, {std::string{k_bitswap_protocol}}, {}, false});
        peer.sent_at = now;
    }
    auto const size = std::min(k_bitswap_piece_bytes, peer.message.size() - peer.at);
    auto const from = peer.message.begin() + static_cast<std::ptrdiff_t>(peer.at);
    put(WriteStream{*peer.out, std::make_shared<Bytes const>(from, from + static_cast<std::ptrdiff_t>(size))});
    peer.at += size;
    peer.unsent += size;
    unsent_ += size;
}

/// The next block, and all that can be said beside it; empty when there is nothing to say.
void Bitswap::next_message(Peer& peer) {
    BitswapAnswer answer;
    while (!peer.wants.empty() && answer.blocks.empty() && answer.presences.size() < k_bitswap_presences_max) {
        auto want = std::move(peer.wants.front());
        peer.wants.pop_front();
        auto const cid = Cid::decode(want.cid);
        if (cid && !want.is_have) {
            if (auto block = blocks_.read(*cid)) {
                served_bytes_ += block->size();
                ++served_blocks_;
                answer.blocks.push_back({*cid, *std::move(block)});
                continue;
            }
        }
        bool const is_here = cid && want.is_have && blocks_.has(*cid);
        if (is_here || want.wants_dont_have) answer.presences.push_back({std::move(want.cid), is_here});
    }
    bool const is_empty = answer.blocks.empty() && answer.presences.empty();
    peer.message = is_empty ? Bytes{} : frame_message(encode_bitswap_answer(answer));
    peer.at = 0;
}

void Bitswap::abandon(PeerId const& id, Peer& peer, TimePoint now) {
    if (peer.out) outbound_.erase(*peer.out);
    peer.out.reset();
    unsent_ -= std::exchange(peer.unsent, 0);
    peer.wants.clear();
    peer.message.clear();
    peer.at = 0;
    peer.is_ready = false;
    resume(id, now);
    forget_if_idle(id);
}

void Bitswap::on_stream_sent(StreamKey stream, std::size_t bytes, TimePoint now) {
    auto const at = outbound_.find(stream);
    if (at == outbound_.end()) return;
    auto& peer = peers_.at(at->second);
    auto const counted = std::min(bytes, peer.unsent);
    peer.unsent -= counted;
    unsent_ -= counted;
    peer.sent_at = now;
    make_ready(at->second, peer, now);
    pump(now);
}

void Bitswap::on_stream_refused(StreamKey stream, Error const& /*error*/, TimePoint now) {
    on_stream_reset(stream, now);
}

void Bitswap::on_stream_finished(StreamKey stream, TimePoint now) {
    auto const at = inbound_.find(stream);
    if (at == inbound_.end()) return;
    at->second.is_finished = true;
    if (!at->second.is_paused) drop(stream);
    pump(now);
}

void Bitswap::on_stream_reset(StreamKey stream, TimePoint now) {
    drop(stream);
    if (auto const at = outbound_.find(stream); at != outbound_.end()) {
        auto const id = at->second;
        abandon(id, peers_.at(id), now);
    }
    pump(now);
}

void Bitswap::on_peer_disconnected(PeerId const& peer, TimePoint now) {
    std::vector<StreamKey> gone;
    for (auto const& [key, inbound] : inbound_) {
        if (inbound.peer == peer) gone.push_back(key);
    }
    for (auto const key : gone) drop(key);
    if (auto const at = peers_.find(peer); at != peers_.end()) abandon(peer, at->second, now);
    pump(now);
}

void Bitswap::on_deadline(TimePoint now) {
    if (!sweep_at_ || now < *sweep_at_) return;
    sweep_at_.reset();
    std::vector<StreamKey> idle;
    for (auto const& [key, inbound] : inbound_) {
        if (inbound.used_at + k_bitswap_idle_timeout <= now && !inbound.is_paused) idle.push_back(key);
    }
    for (auto const key : idle) {
        put(ResetStream{key});
        drop(key);
    }
    std::vector<PeerId> stalled;
    for (auto const& [id, peer] : peers_) {
        if (peer.out && peer.sent_at + k_bitswap_idle_timeout <= now) stalled.push_back(id);
    }
    for (auto const& id : stalled) {
        auto& peer = peers_.at(id);
        put(ResetStream{*peer.out});
        put(ReportPeer{id, Conduct::timeout, 1});
        abandon(id, peer, now);
    }
    if (!inbound_.empty() || !peers_.empty()) keep_watch(now);
    pump(now);
}

}  // namespace ggen::p2p
