#include "p2p/exchange/channels.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "codec/varint.hpp"
#include "p2p/protocol/message_reader.hpp"

namespace ggen::p2p {
namespace {

/// An unused stream is closed by us before the peer's own limit comes (k_exchange_idle_stream_timeout).
constexpr std::chrono::seconds k_keep_idle{30};
constexpr std::uint64_t k_window_seconds = k_exchange_floor_window.count();
constexpr std::chrono::milliseconds k_patience_min{150};
constexpr double k_patience_deviations = 4;

}  // namespace

std::optional<ChannelOutcome> Channels::poll_outcome() {
    if (outcomes_.empty()) return std::nullopt;
    auto outcome = std::move(outcomes_.front());
    outcomes_.pop_front();
    return outcome;
}

std::size_t Channels::request_count() const {
    std::size_t count = 0;
    for (auto const& [key, channel] : channels_) count += channel.requests.size();
    return count;
}

void Channels::send(ContentHolder const& provider, ExchangeRequest const& request, FetchTag tag,
                    std::uint64_t floor_bytes_per_second, TimePoint now) {
    auto const& peer = provider.peer;
    auto known = by_peer_.find(peer);
    if (known == by_peer_.end()) {
        auto const key = outbox_.new_stream();
        known = by_peer_.emplace(peer, key).first;
        auto& fresh = channels_.emplace(key, Channel{peer}).first->second;
        fresh.heard_at = now;
        fresh.deadline = now + k_exchange_dial_timeout;
        outbox_.put_output(OpenStream{key, peer, {std::string{k_exchange_protocol}}, provider.addresses, true});
    }
    auto& channel = channels_.at(known->second);
    if (channel.requests.size() >= k_exchange_requests_per_peer_max) {
        outcomes_.push_back({tag, peer, Error{Errc::too_large, "many requests wait for this peer"}, {}});
        return;
    }
    auto block = std::make_shared<Bytes const>(frame_message(encode_exchange_request(request)));
    outbox_.put_output(WriteStream{known->second, std::move(block)});
    bool const is_first = channel.requests.empty();
    channel.requests.push_back({tag, request.length, floor_bytes_per_second, is_first, false, now});
    if (!is_first) return;
    channel.heard_at = now;
    if (channel.is_open) expect_answer(channel, now);
}

void Channels::expect_answer(Channel& channel, TimePoint now) {
    channel.deadline = now + (channel.requests.empty() ? std::chrono::nanoseconds{k_keep_idle}
                                                       : std::chrono::nanoseconds{k_exchange_stall_timeout});
}

std::chrono::nanoseconds Channels::patience() const {
    if (head_mean_s_ == 0) return k_exchange_patience;
    auto const deviation = std::max(head_deviation_s_, head_mean_s_ / 8);
    auto const bound = std::chrono::duration<double>(head_mean_s_ + k_patience_deviations * deviation);
    return std::clamp<std::chrono::nanoseconds>(std::chrono::duration_cast<std::chrono::nanoseconds>(bound),
                                                k_patience_min, k_exchange_patience);
}

ChannelView Channels::view(PeerId const& peer) const {
    auto const known = by_peer_.find(peer);
    if (known == by_peer_.end()) return {};
    auto const& channel = channels_.at(known->second);
    return {channel.requests.size(), channel.heard_at, channel.answer.has_value(), channel.received};
}

void Channels::cancel(PeerId const& peer, FetchTag const& tag, TimePoint now) {
    auto const known = by_peer_.find(peer);
    if (known == by_peer_.end()) return;
    auto const at = channels_.find(known->second);
    for (auto& request : at->second.requests) request.is_cancelled = request.is_cancelled || request.tag == tag;
    forget_if_idle(at, now);
}

void Channels::cancel_fetch(std::uint64_t fetch, TimePoint now) {
    for (auto at = channels_.begin(); at != channels_.end();) {
        auto const here = at++;
        for (auto& request : here->second.requests) {
            request.is_cancelled = request.is_cancelled || request.tag.fetch == fetch;
        }
        forget_if_idle(here, now);
    }
}

/// Nobody waits for anything that is under way: the peer is stopped rather than heard out.
void Channels::forget_if_idle(At at, TimePoint /*now*/) {
    auto const& requests = at->second.requests;
    if (requests.empty()) return;
    if (!std::all_of(requests.begin(), requests.end(), [](auto const& one) { return one.is_cancelled; })) return;
    // The few bytes that are left of an answer cost less than a new stream.
    auto const& channel = at->second;
    if (requests.size() == 1 && channel.answer && channel.left <= k_exchange_piece_bytes) return;
    fail(at, Error{Errc::cancelled, "nobody waits"}, std::nullopt, true);
}

void Channels::fail(At at, Error const& error, std::optional<Conduct> conduct, bool is_to_reset) {
    auto const key = at->first;
    auto channel = std::move(at->second);
    channels_.erase(at);
    by_peer_.erase(channel.peer);
    if (is_to_reset) outbox_.put_output(ResetStream{key});
    if (conduct) outbox_.put_output(ReportPeer{channel.peer, *conduct, 1});
    if (channel.answer) dropped_ += channel.answer->bytes.size();
    for (auto const& request : channel.requests) {
        if (!request.is_cancelled) outcomes_.push_back({request.tag, channel.peer, error, {}});
    }
}

void Channels::on_opened(StreamKey stream, TimePoint now) {
    auto const at = channels_.find(stream);
    if (at == channels_.end()) return;
    at->second.is_open = true;
    expect_answer(at->second, now);
}

void Channels::on_refused(StreamKey stream, Error const& error, TimePoint /*now*/) {
    if (auto const at = channels_.find(stream); at != channels_.end()) fail(at, error, std::nullopt, false);
}

void Channels::on_reset(StreamKey stream, TimePoint /*now*/) {
    auto const at = channels_.find(stream);
    if (at != channels_.end()) fail(at, Error{Errc::unavailable, "the peer reset the stream"}, std::nullopt, false);
}

void Channels::on_finished(StreamKey stream, TimePoint /*now*/) {
    auto const at = channels_.find(stream);
    if (at != channels_.end()) fail(at, Error{Errc::unavailable, "the peer ended the stream"}, std::nullopt, true);
}

bool Channels::on_bytes(StreamKey stream, BytesView bytes, TimePoint now) {
    while (!bytes.empty()) {
        auto const at = channels_.find(stream);
        if (at == channels_.end()) break;
        auto& channel = at->second;
        channel.is_open = true;
        if (channel.requests.empty()) {
            fail(at, Error{Errc::invalid, "bytes that nobody asked for"}, Conduct::protocol_error, true);
        } else if (channel.answer) {
            take_body(at, bytes, now);
        } else if (!take_head(at, bytes, now)) {
            break;
        }
    }
    return !outcomes_.empty();
}

bool Channels::take_head(At at, BytesView& bytes, TimePoint now) {
    auto& channel = at->second;
    channel.head.push_back(bytes.front());
    bytes = bytes.subspan(1);
    auto const length = peek_uvarint(channel.head);
    auto const malformed = [&](char const* what) {
        fail(at, Error{Errc::invalid, what}, Conduct::protocol_error, true);
        return false;
    };
    if (!length) return malformed("a malformed answer");
    if (!*length) return true;
    if ((*length)->value > k_exchange_answer_bytes_max) return malformed("an answer with a long head");
    if (channel.head.size() < (*length)->size_bytes + (*length)->value) return true;
    auto const head = decode_exchange_answer(BytesView{channel.head}.subspan((*length)->size_bytes));
    if (!head) return malformed("a malformed answer");
    if (head->length > channel.requests.front().length) return malformed("more than was asked for");
    if (auto const& request = channel.requests.front(); request.is_first) {
        auto const took = std::chrono::duration<double>(now - request.sent_at).count();
        bool const is_known = head_mean_s_ != 0;
        auto const off = std::abs(took - head_mean_s_);
        head_deviation_s_ = is_known ? head_deviation_s_ + (off - head_deviation_s_) / 4 : took / 2;
        head_mean_s_ = is_known ? head_mean_s_ + (took - head_mean_s_) / 8 : took;
    }
    channel.head.clear();
    channel.answer = ChannelAnswer{head->status, head->total, {}};
    channel.left = head->length;
    channel.heard_at = now;
    channel.window_at = now;
    channel.window_bytes = 0;
    if (channel.left == 0) {
        finish_answer(at, now);
    } else {
        channel.deadline = now + k_exchange_stall_timeout;
    }
    return true;
}

void Channels::take_body(At at, BytesView& bytes, TimePoint now) {
    auto& channel = at->second;
    auto const part = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), channel.left)));
    bytes = bytes.subspan(part.size());
    if (channel.requests.front().is_cancelled) {
        dropped_ += part.size();
    } else {
        channel.answer->bytes.insert(channel.answer->bytes.end(), part.begin(), part.end());
    }
    channel.left -= part.size();
    channel.heard_at = now;
    channel.window_bytes += part.size();
    channel.received += part.size();
    received_ += part.size();
    if (channel.left == 0) {
        finish_answer(at, now);
        return;
    }
    channel.deadline = now + k_exchange_stall_timeout;
    if (channel.requests.front().floor_bytes_per_second != 0) {
        channel.deadline = std::min(channel.deadline, channel.window_at + k_exchange_floor_window);
    }
}

void Channels::finish_answer(At at, TimePoint now) {
    auto& channel = at->second;
    auto const request = channel.requests.front();
    channel.requests.pop_front();
    auto answer = std::move(*channel.answer);
    channel.answer.reset();
    expect_answer(channel, now);
    if (request.is_cancelled) return;
    outcomes_.push_back({request.tag, channel.peer, std::move(answer), now - request.sent_at});
}

std::optional<TimePoint> Channels::next_deadline() const {
    std::optional<TimePoint> next;
    for (auto const& [key, channel] : channels_) {
        if (!next || channel.deadline < *next) next = channel.deadline;
    }
    return next;
}

void Channels::on_deadline(TimePoint now) {
    for (auto at = channels_.begin(); at != channels_.end();) {
        auto const here = at++;
        auto& channel = here->second;
        if (channel.deadline > now) continue;
        if (channel.requests.empty()) {
            outbox_.put_output(FinishStream{here->first});
            fail(here, Error{Errc::cancelled, "unused"}, std::nullopt, false);
            continue;
        }
        bool const is_stalled = !channel.answer || now - channel.heard_at >= k_exchange_stall_timeout;
        auto const floor = channel.requests.front().floor_bytes_per_second;
        if (!is_stalled && channel.window_bytes >= floor * k_window_seconds) {
            channel.window_at = now;
            channel.window_bytes = 0;
            channel.deadline = std::min(channel.heard_at + k_exchange_stall_timeout, now + k_exchange_floor_window);
            continue;
        }
        fail(here, Error{Errc::timed_out, is_stalled ? k_stalled : k_too_slow}, Conduct::timeout, true);
    }
}

}  // namespace ggen::p2p
