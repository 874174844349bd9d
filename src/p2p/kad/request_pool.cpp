#include "p2p/kad/request_pool.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ggen::p2p {
namespace {

/// One timer for the timeouts of all requests and idle streams; they may come this much late.
constexpr std::chrono::seconds k_sweep_interval{1};
constexpr std::chrono::milliseconds k_unknown_connected{400};
constexpr std::chrono::milliseconds k_unknown_dial{1200};
constexpr std::chrono::milliseconds k_patience_min{20};

bool has_answer(KadMessageType type) {
    return type != KadMessageType::add_provider;
}

}  // namespace

void LatencyEstimate::add(std::chrono::microseconds took) {
    auto const value = static_cast<double>(took.count());
    if (!is_known_) {
        mean_us_ = value;
        deviation_us_ = value / 2;
        is_known_ = true;
        return;
    }
    deviation_us_ += (std::abs(value - mean_us_) - deviation_us_) / 8;
    mean_us_ += (value - mean_us_) / 16;
}

std::chrono::microseconds LatencyEstimate::bound(double deviations, std::chrono::microseconds unknown) const {
    if (!is_known_) return unknown;
    auto const deviation_us = std::max(deviation_us_, mean_us_ / 4);  // a path that never varied may begin to
    return std::chrono::microseconds{static_cast<std::int64_t>(mean_us_ + deviations * deviation_us)};
}

std::chrono::microseconds RequestPool::patience(bool is_connected, double deviations) const {
    auto const bound = is_connected ? connected_latency_.bound(deviations, k_unknown_connected)
                                    : dial_latency_.bound(deviations, k_unknown_dial);
    return std::clamp<std::chrono::microseconds>(bound, k_patience_min, k_kad_request_timeout);
}

std::optional<RequestOutcome> RequestPool::poll_outcome() {
    if (outcomes_.empty()) return std::nullopt;
    auto outcome = std::move(outcomes_.front());
    outcomes_.pop_front();
    return outcome;
}

RequestPool::Channel& RequestPool::channel_to(KadContact const& peer, std::vector<std::string> const& protocols,
                                              TimePoint now, StreamKey& key) {
    if (auto const known = by_peer_.find(peer.key); known != by_peer_.end()) {
        key = known->second;
        return channels_.at(key);
    }
    key = outbox_.new_stream();
    by_peer_.emplace(peer.key, key);
    auto& channel =
        channels_
            .emplace(
                key,
                Channel{peer, protocols, {}, MessageReader{k_kad_message_accept_bytes_max}, 0, 0, now, false, false})
            .first->second;
    outbox_.put_output(OpenStream{key, peer.id, protocols, peer.addresses.decode(), true});
    sweep_at_ = std::min(sweep_at_.value_or(TimePoint::max()), now + k_kad_request_timeout);
    return channel;
}

void RequestPool::write(StreamKey key, Channel& channel, Request request, TimePoint now) {
    channel.written += request.bytes->size();
    channel.used_at = now;
    request.end_offset = channel.written;
    sweep_at_ = std::min(sweep_at_.value_or(TimePoint::max()), std::max(request.deadline, now));
    outbox_.put_output(WriteStream{key, request.bytes});
    channel.requests.push_back(std::move(request));
    ++waiting_;
}

void RequestPool::send(KadContact const& peer, std::vector<std::string> const& protocols, KadMessage const& message,
                       RequestTag tag, bool is_connected, TimePoint now) {
    StreamKey key = 0;
    auto& channel = channel_to(peer, protocols, now, key);
    Request request;
    request.type = message.type;
    request.tag = tag;
    request.bytes = std::make_shared<Bytes const>(frame_message(encode_kad_message(message)));
    request.sent_at = now;
    request.deadline = now + k_kad_request_timeout;
    request.was_connected = is_connected;
    if (channel.requests.size() >= k_kad_requests_per_peer_max) {
        ++waiting_;
        settle(channel, request, Error{Errc::too_large, "too many requests wait for this peer"}, now);
        return;
    }
    write(key, channel, std::move(request), now);
}

void RequestPool::settle(Channel const& channel, Request const& request,
                         std::variant<KadMessage, RequestSent, Error> result, TimePoint now) {
    --waiting_;
    auto const took = std::chrono::duration_cast<std::chrono::microseconds>(now - request.sent_at);
    if (std::holds_alternative<KadMessage>(result)) {
        (request.was_connected ? connected_latency_ : dial_latency_).add(took);
    }
    outcomes_.push_back({request.tag, channel.peer, std::move(result), took, request.was_connected});
}

void RequestPool::end(StreamKey key, Error const& error, bool may_retry, TimePoint now) {
    auto const at = channels_.find(key);
    if (at == channels_.end()) return;
    auto channel = std::move(at->second);
    channels_.erase(at);
    by_peer_.erase(channel.peer.key);
    for (auto& request : channel.requests) {
        if (!may_retry || !channel.was_answered || request.is_second_try) {
            settle(channel, request, error, now);
            continue;
        }
        --waiting_;
        request.is_second_try = true;
        StreamKey next = 0;
        auto& fresh = channel_to(channel.peer, channel.protocols, now, next);
        write(next, fresh, std::move(request), now);
    }
}

void RequestPool::on_opened(StreamKey stream, TimePoint now) {
    auto const at = channels_.find(stream);
    if (at == channels_.end()) return;
    at->second.is_open = true;
    at->second.used_at = now;
}

void RequestPool::on_refused(StreamKey stream, Error const& error, TimePoint now) {
    end(stream, error, false, now);
}

void RequestPool::on_reset(StreamKey stream, TimePoint now) {
    end(stream, Error{Errc::unavailable, "the peer reset the stream"}, true, now);
}

void RequestPool::on_finished(StreamKey stream, TimePoint now) {
    if (!channels_.contains(stream)) return;
    outbox_.put_output(ResetStream{stream});
    end(stream, Error{Errc::unavailable, "the peer ended the stream without an answer"}, true, now);
}

void RequestPool::on_sent(StreamKey stream, std::size_t bytes, TimePoint now) {
    auto const at = channels_.find(stream);
    if (at == channels_.end()) return;
    auto& channel = at->second;
    channel.sent += bytes;
    std::erase_if(channel.requests, [&](Request const& request) {
        if (has_answer(request.type) || request.end_offset > channel.sent) return false;
        settle(channel, request, RequestSent{}, now);
        return true;
    });
}

void RequestPool::on_answer(StreamKey key, Channel& channel, KadMessage message, TimePoint now) {
    // Some implementations echo ADD_PROVIDER, as ipfs/specs has it; nobody waits for that.
    if (message.type == KadMessageType::add_provider) return;
    auto const asked = std::find_if(channel.requests.begin(), channel.requests.end(),
                                    [](Request const& request) { return has_answer(request.type); });
    if (asked == channel.requests.end() || asked->type != message.type) {
        outbox_.put_output(ResetStream{key});
        outbox_.put_output(ReportPeer{channel.peer.id, Conduct::protocol_error, 1});
        end(key, Error{Errc::invalid, "an answer that nobody asked for"}, false, now);
        return;
    }
    channel.was_answered = true;
    channel.used_at = now;
    auto const request = std::move(*asked);
    channel.requests.erase(asked);
    settle(channel, request, std::move(message), now);
}

void RequestPool::on_bytes(StreamKey stream, BytesView bytes, TimePoint now) {
    auto at = channels_.find(stream);
    if (at == channels_.end()) return;
    at->second.reader.feed(bytes);
    for (;;) {
        at = channels_.find(stream);
        if (at == channels_.end()) return;
        auto const next = at->second.reader.next();
        auto error = next ? std::optional<Error>() : std::optional(Error{Errc::invalid, next.error().context});
        if (!error && !next->has_value()) return;
        if (!error) {
            auto message = decode_kad_message(**next);
            if (message) {
                on_answer(stream, at->second, std::move(*message), now);
                continue;
            }
            error = Error{Errc::invalid, message.error().context};
        }
        outbox_.put_output(ResetStream{stream});
        outbox_.put_output(ReportPeer{at->second.peer.id, Conduct::protocol_error, 1});
        end(stream, *error, false, now);
        return;
    }
}

std::optional<TimePoint> RequestPool::next_deadline() const {
    return sweep_at_;
}

void RequestPool::on_deadline(TimePoint now) {
    if (!sweep_at_ || now < *sweep_at_) return;
    std::vector<std::pair<StreamKey, bool>> over;  // and whether it is for a request
    auto next = TimePoint::max();
    for (auto const& [key, channel] : channels_) {
        auto due = channel.requests.empty() ? channel.used_at + k_kad_idle_stream_timeout : TimePoint::max();
        for (auto const& request : channel.requests) due = std::min(due, request.deadline);
        if (due <= now) {
            over.emplace_back(key, !channel.requests.empty());
        } else {
            next = std::min(next, due);
        }
    }
    sweep_at_ = next == TimePoint::max() ? std::nullopt : std::optional(std::max(next, now + k_sweep_interval));
    std::sort(over.begin(), over.end());
    for (auto const& [key, is_late] : over) {
        if (is_late) {
            outbox_.put_output(ResetStream{key});
        } else {
            outbox_.put_output(FinishStream{key});
        }
        end(key, Error{Errc::timed_out, "no answer in time"}, false, now);
    }
}

}  // namespace ggen::p2p
