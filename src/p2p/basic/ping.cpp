#include "p2p/basic/ping.hpp"

#include <algorithm>

namespace ggen::p2p {

void Ping::ping(PeerId const& peer, std::vector<Multiaddr> addresses, TimePoint now) {
    auto& outbound = outbound_[peer];
    if (outbound.deadlines.size() >= k_pings_waiting_per_peer_max) {
        events_.push_back({peer, Error{Errc::too_large, "ping: 64 wait for this peer already"}});
        return;
    }
    outbound.deadlines.push_back(now + timeout_);
    if (outbound.stream == 0) {
        outbound.stream = new_stream_key();
        put(OpenStream{.stream = outbound.stream, .peer = peer, .protocols = protocols(),
                       .addresses = std::move(addresses)});
    } else if (outbound.is_open && !outbound.sent_at) {
        send_next(outbound, now);
    }
}

std::optional<PingDone> Ping::poll_event() {
    if (events_.empty()) return std::nullopt;
    auto event = std::move(events_.front());
    events_.pop_front();
    return event;
}

Ping::Outbounds::iterator Ping::find(StreamKey stream) {
    return std::find_if(outbound_.begin(), outbound_.end(),
                        [&](auto const& row) { return row.second.stream == stream; });
}

void Ping::send_next(Outbound& outbound, TimePoint now) {
    random_.fill(outbound.sent);
    outbound.matched_bytes = 0;
    outbound.sent_at = now;
    put(WriteStream{outbound.stream, std::make_shared<Bytes const>(outbound.sent.begin(), outbound.sent.end())});
}

/// Ends all pings of a peer and forgets its stream, which is gone or was reset by the caller.
void Ping::fail_all(Outbounds::iterator at, Error const& error) {
    for (std::size_t i = 0; i < at->second.deadlines.size(); ++i) events_.push_back({at->first, error});
    outbound_.erase(at);
}

void Ping::on_stream_opened(StreamKey stream, std::string const& /*protocol*/, TimePoint now) {
    auto const at = find(stream);
    if (at == outbound_.end()) return;
    at->second.is_open = true;
    send_next(at->second, now);
}

void Ping::on_stream_refused(StreamKey stream, Error const& error, TimePoint /*now*/) {
    auto const at = find(stream);
    if (at != outbound_.end()) fail_all(at, wrap(error, "ping"));
}

void Ping::on_inbound_stream(StreamKey stream, PeerId const& peer, std::string const& /*protocol*/,
                             TimePoint /*now*/) {
    auto const count =
        std::count_if(inbound_.begin(), inbound_.end(), [&](auto const& row) { return row.second.peer == peer; });
    if (static_cast<std::size_t>(count) >= k_ping_inbound_per_peer_max) {
        put(ResetStream{stream});
        put(ReportPeer{peer, Conduct::overload});
        return;
    }
    inbound_.emplace(stream, Inbound{peer});
}

void Ping::on_stream_bytes(StreamKey stream, BytesView bytes, TimePoint now) {
    auto const inbound = inbound_.find(stream);
    if (inbound != inbound_.end()) return echo(stream, inbound->second, bytes);
    auto const at = find(stream);
    if (at != outbound_.end()) on_answer(at, bytes, now);
}

void Ping::echo(StreamKey stream, Inbound& inbound, BytesView bytes) {
    put(WriteStream{stream, std::make_shared<Bytes const>(bytes.begin(), bytes.end())});
    inbound.unsent_bytes += bytes.size();
    if (inbound.is_paused || inbound.unsent_bytes <= k_ping_unsent_bytes_max) return;
    inbound.is_paused = true;
    put(PauseStream{stream, true});
}

void Ping::on_answer(Outbounds::iterator at, BytesView bytes, TimePoint now) {
    auto& outbound = at->second;
    auto const expected = BytesView(outbound.sent).subspan(outbound.matched_bytes);
    bool const is_right = outbound.sent_at && bytes.size() <= expected.size() &&
                          std::equal(bytes.begin(), bytes.end(), expected.begin());
    if (!is_right) {
        put(ResetStream{outbound.stream});
        put(ReportPeer{at->first, Conduct::protocol_error});
        return fail_all(at, Error{Errc::invalid, "ping: the peer answered with other bytes than were sent"});
    }
    outbound.matched_bytes += bytes.size();
    if (outbound.matched_bytes < k_ping_bytes) return;
    events_.push_back({at->first, std::chrono::nanoseconds(now - *outbound.sent_at)});
    outbound.sent_at.reset();
    outbound.deadlines.pop_front();
    if (!outbound.deadlines.empty()) send_next(outbound, now);
}

void Ping::on_stream_finished(StreamKey stream, TimePoint /*now*/) {
    if (inbound_.erase(stream) != 0) {
        put(FinishStream{stream});
        return;
    }
    auto const at = find(stream);
    if (at == outbound_.end()) return;
    put(ResetStream{stream});
    fail_all(at, Error{Errc::unavailable, "ping: the peer closed the stream"});
}

void Ping::on_stream_reset(StreamKey stream, TimePoint /*now*/) {
    inbound_.erase(stream);
    auto const at = find(stream);
    if (at != outbound_.end()) fail_all(at, Error{Errc::unavailable, "ping: the peer reset the stream"});
}

void Ping::on_stream_sent(StreamKey stream, std::size_t bytes, TimePoint /*now*/) {
    auto const at = inbound_.find(stream);
    if (at == inbound_.end()) return;
    auto& inbound = at->second;
    inbound.unsent_bytes -= std::min(bytes, inbound.unsent_bytes);
    if (!inbound.is_paused || inbound.unsent_bytes > k_ping_unsent_bytes_max / 2) return;
    inbound.is_paused = false;
    put(PauseStream{stream, false});
}

std::optional<TimePoint> Ping::next_deadline() const {
    std::optional<TimePoint> next;
    for (auto const& [peer, outbound] : outbound_) {
        if (outbound.deadlines.empty()) continue;
        if (!next || outbound.deadlines.front() < *next) next = outbound.deadlines.front();
    }
    return next;
}

void Ping::on_deadline(TimePoint now) {
    for (auto at = outbound_.begin(); at != outbound_.end();) {
        auto const current = at++;
        auto const& deadlines = current->second.deadlines;
        if (deadlines.empty() || now < deadlines.front()) continue;
        put(ResetStream{current->second.stream});
        put(ReportPeer{current->first, Conduct::timeout});
        fail_all(current, Error{Errc::timed_out, "ping: no answer in time"});
    }
}

}  // namespace ggen::p2p
