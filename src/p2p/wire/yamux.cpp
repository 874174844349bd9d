#include "p2p/wire/yamux.hpp"

#include <algorithm>
#include <utility>

namespace ggen::p2p {
namespace {

constexpr std::uint32_t k_go_away_normal = 0;
constexpr std::uint32_t k_go_away_protocol_error = 1;
/// Small frames of one stream come together; larger ones are not copied again.
constexpr std::size_t k_joined_bytes_max = 16 * k_kib;
constexpr StreamId k_stream_id_max = UINT32_MAX - 2;

Error invalid(char const* why) { return Error{Errc::invalid, std::string{"yamux: "} + why}; }
Error too_large(char const* why) { return Error{Errc::too_large, std::string{"yamux: "} + why}; }
Error gone(StreamId id) { return Error{Errc::not_found, "yamux: stream " + std::to_string(id) + " is gone"}; }

struct Joined final : ByteSink {
    Bytes bytes;
    void put(BytesView piece) override { bytes.insert(bytes.end(), piece.begin(), piece.end()); }
};

YamuxHeader reset_of(StreamId id) { return {YamuxType::window_update, k_yamux_rst, id, 0}; }

}  // namespace

Yamux::Yamux(Role role, WindowBudget& budget) : role_(role), budget_(budget), next_id_(role == Role::dialer ? 1 : 2) {}

Yamux::~Yamux() { budget_.give_back(reserved_); }

Result<void> Yamux::on_bytes(BytesView bytes, TimePoint now) {
    if (failed_) return *failed_;
    auto done = take_bytes(bytes, now);
    if (done) return ok();
    failed_ = done.error();
    replies_.clear();
    YamuxHeader{YamuxType::go_away, 0, 0, k_go_away_protocol_error}.append_to(replies_);
    ready_.clear();
    return *failed_;
}

Result<void> Yamux::take_bytes(BytesView bytes, TimePoint now) {
    while (!bytes.empty()) {
        if (body_left_ > 0) {
            BytesView const part = bytes.first(std::min(body_left_, bytes.size()));
            on_body(part);
            bytes = bytes.subspan(part.size());
            body_left_ -= part.size();
            if (body_left_ == 0) on_body_end();
            continue;
        }
        std::size_t const more = std::min(k_yamux_header_bytes - header_size_, bytes.size());
        std::copy_n(bytes.begin(), more, header_.begin() + static_cast<std::ptrdiff_t>(header_size_));
        bytes = bytes.subspan(more);
        header_size_ += more;
        if (header_size_ < k_yamux_header_bytes) break;
        header_size_ = 0;
        ASSIGN_OR_RETURN(YamuxHeader const header, YamuxHeader::decode(header_));
        RETURN_IF_ERROR(on_header(header, now));
    }
    return ok();
}

Result<void> Yamux::on_header(YamuxHeader const& header, TimePoint now) {
    switch (header.type) {
        case YamuxType::ping: return on_ping(header, now);
        case YamuxType::go_away:
            if (header.stream != 0) return invalid("a GoAway of a stream");
            if (!is_remote_going_away_) events_.emplace_back(GoneAway{header.length});
            is_remote_going_away_ = true;
            return ok();
        case YamuxType::data:
            if (header.length > k_yamux_frame_accept_bytes_max) return too_large("a frame of more than 32 MiB");
            break;
        case YamuxType::window_update: break;
    }
    return on_stream_header(header, now);
}

Result<void> Yamux::on_stream_header(YamuxHeader const& header, TimePoint now) {
    bool const is_data = header.type == YamuxType::data;
    if (header.stream == 0) return invalid("a stream frame of the session");
    // The body is read even when its stream is gone: data for unknown streams is not an error.
    body_ = header;
    body_left_ = is_data ? header.length : 0;
    // Before any credit: go-yamux puts an error code where the credit would be.
    if (header.has(k_yamux_rst)) return on_reset(header, now);
    if (header.has(k_yamux_syn)) {
        ASSIGN_OR_RETURN(bool const is_open, on_syn(header));
        if (!is_open) return ok();
    }
    auto const at = streams_.find(header.stream);
    if (at == streams_.end()) return ok();
    Stream& stream = at->second;
    if (header.has(k_yamux_ack) && is_ours(header.stream) && !stream.is_acked) {
        stream.is_acked = true;
        --unacked_;
    }
    if (!is_data) {
        stream.send_credit += header.length;
        if (stream.send_credit > UINT32_MAX) return too_large("more credit than a window can have");
        make_ready(header.stream, stream);
    } else if (stream.is_remote_finished) {
        return invalid("data after the end of a stream");
    } else {
        if (header.length > stream.receive_credit) return too_large("more data than the window allows");
        stream.receive_credit -= header.length;
    }
    if (body_left_ == 0) on_body_end();
    return ok();
}

/// Whether the stream is open now; false when it was refused by a reset.
Result<bool> Yamux::on_syn(YamuxHeader const& header) {
    if (is_ours(header.stream)) return invalid("the peer opens a stream with an id of ours");
    if (streams_.contains(header.stream)) return invalid("a stream is opened twice");
    if (header.type == YamuxType::data && header.length > k_yamux_window_bytes_min) {
        return too_large("a first frame of more than the first window");
    }
    // Resets of ours do not count as replies, but a peer that reads none of them cannot go on opening.
    if (abandoned_ > k_yamux_inbound_streams_max + k_yamux_outbound_streams_max) {
        return too_large("more resets wait to be sent than there can be streams");
    }
    bool const is_full = count(false) >= k_yamux_inbound_streams_max || unaccepted_ >= k_yamux_unacked_accept_max;
    if (is_full || is_going_away_) {
        RETURN_IF_ERROR(queue_reply(reset_of(header.stream)));
        return false;
    }
    streams_.try_emplace(header.stream);
    ++unaccepted_;
    events_.emplace_back(StreamOpened{header.stream});
    return true;
}

Result<void> Yamux::on_reset(YamuxHeader const& header, TimePoint now) {
    auto const at = streams_.find(header.stream);
    bool const is_inbound = !is_ours(header.stream);
    // Opening and resetting costs the peer nothing and us a stream each time (CVE-2023-44487 in HTTP/2).
    if (is_inbound && (at != streams_.end() || header.has(k_yamux_syn))) {
        if (now - resets_since_ >= std::chrono::seconds{1}) {
            resets_since_ = now;
            resets_ = 0;
        }
        if (++resets_ > k_yamux_resets_per_second_max) return too_large("more than 200 resets a second");
    }
    if (at == streams_.end()) return ok();
    std::uint32_t const code = header.type == YamuxType::window_update ? header.length : 0;
    drop(at);
    events_.emplace_back(StreamReset{header.stream, code});
    return ok();
}

Result<void> Yamux::on_ping(YamuxHeader const& header, TimePoint now) {
    if (header.stream != 0) return invalid("a ping of a stream");
    if (header.flags == k_yamux_syn) return queue_reply({YamuxType::ping, k_yamux_ack, 0, header.length});
    if (header.flags != k_yamux_ack) return invalid("a ping that neither asks nor answers");
    if (!ping_sent_ || header.length != ping_nonce_) return invalid("an answer to no ping of ours");
    round_trip_ = now - *ping_sent_;
    ping_sent_.reset();
    events_.emplace_back(Ponged{*round_trip_});
    return ok();
}

void Yamux::on_body(BytesView bytes) {
    auto const at = streams_.find(body_.stream);
    if (at == streams_.end() || body_.has(k_yamux_rst)) return;
    Stream& stream = at->second;
    // Credit that was given cannot be taken back, so a host without memory gives up the stream.
    std::uint64_t const growth = stream.window - k_yamux_window_bytes_min;
    if (!reserve(stream, std::max<std::uint64_t>(stream.buffered + bytes.size(), growth), Claim::arrived)) {
        abandon(body_.stream);
        events_.emplace_back(StreamReset{body_.stream, 0});
        return;
    }
    stream.buffered += bytes.size();
    auto* const last = events_.empty() ? nullptr : std::get_if<StreamData>(&events_.back());
    bool const is_joined = last != nullptr && last->stream == body_.stream &&
                           last->bytes.size() + bytes.size() <= k_joined_bytes_max;
    if (is_joined) {
        last->bytes.insert(last->bytes.end(), bytes.begin(), bytes.end());
    } else {
        events_.emplace_back(StreamData{body_.stream, Bytes{bytes.begin(), bytes.end()}});
    }
}

void Yamux::on_body_end() {
    auto const at = streams_.find(body_.stream);
    if (at == streams_.end() || !body_.has(k_yamux_fin) || at->second.is_remote_finished) return;
    at->second.is_remote_finished = true;
    events_.emplace_back(StreamFinished{body_.stream});
    drop_if_done(body_.stream);
}

Result<void> Yamux::queue_reply(YamuxHeader const& header) {
    if (reply_count_ == k_yamux_queued_controls_max) return too_large("more than 64 replies wait to be sent");
    ++reply_count_;
    header.append_to(replies_);
    return ok();
}

std::optional<YamuxEvent> Yamux::poll_event() {
    if (events_.empty()) return std::nullopt;
    YamuxEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
}

Bytes Yamux::take_output(std::size_t bytes_max) {
    Joined joined;
    append_output(bytes_max, joined);
    return std::move(joined.bytes);
}

void Yamux::append_output(std::size_t bytes_max, ByteSink& sink) {
    std::size_t put = replies_.size();
    sink.put(std::exchange(replies_, {}));
    reply_count_ = 0;
    abandoned_ = 0;
    while (!ready_.empty() && put < bytes_max) {
        StreamId const id = ready_.front();
        ready_.pop_front();
        auto const at = streams_.find(id);
        if (at == streams_.end()) continue;
        at->second.is_ready = false;
        put += append_frames(id, at->second, sink);
        drop_if_done(id);
    }
}

std::size_t Yamux::sendable_bytes(std::size_t bytes_max) const {
    std::size_t bytes = replies_.size();
    for (auto const id : ready_) {
        if (bytes >= bytes_max) return bytes_max;
        auto const at = streams_.find(id);
        if (at == streams_.end()) continue;
        bytes += 2 * k_yamux_header_bytes;
        bytes += static_cast<std::size_t>(std::min<std::uint64_t>(at->second.queue.size(), at->second.send_credit));
    }
    return std::min(bytes, bytes_max);
}

/// A window update if one is due, then one frame of data; a stream that has more goes to the end of the line. Returns
/// the bytes of all of it.
std::size_t Yamux::append_frames(StreamId id, Stream& stream, ByteSink& sink) {
    std::size_t put = 0;
    auto const put_head = [&](YamuxType type, std::uint16_t flags, std::uint32_t length) {
        sink.put(YamuxHeader{type, flags, id, length}.encode());
        put += k_yamux_header_bytes;
    };
    auto const take_flags = [&] { return std::exchange(stream.pending_flags, std::uint16_t{0}); };
    std::size_t const queued = stream.queue.size();
    auto const size = static_cast<std::size_t>(
        std::min<std::uint64_t>({queued, stream.send_credit, k_yamux_frame_emit_bytes_max}));
    bool const has_fin = stream.is_finishing && !stream.is_finished && size == queued;
    if (stream.credit_to_send > 0 || (stream.pending_flags != 0 && size == 0 && !has_fin)) {
        put_head(YamuxType::window_update, take_flags(), std::exchange(stream.credit_to_send, 0U));
    }
    if (size == 0 && !has_fin) return put;
    if (size > 0) {
        put_head(YamuxType::data, take_flags(), static_cast<std::uint32_t>(size));
        stream.queue.take(size, sink);
        put += size;
    }
    if (has_fin) {
        // A frame of its own: js-libp2p acts on the flags of a frame before its data, and would drop that data.
        put_head(YamuxType::window_update, static_cast<std::uint16_t>(take_flags() | k_yamux_fin), 0);
        stream.is_finished = true;
    }
    on_framed(id, stream, size);
    return put;
}

void Yamux::on_framed(StreamId id, Stream& stream, std::size_t size) {
    stream.send_credit -= size;
    unsent_ -= size;
    if (size > 0) {
        auto* const last = events_.empty() ? nullptr : std::get_if<StreamSent>(&events_.back());
        if (last != nullptr && last->stream == id) {
            last->bytes += size;
        } else {
            events_.emplace_back(StreamSent{id, size});
        }
    }
    std::size_t const left = stream.queue.size();
    if (stream.is_cut_short && left <= k_yamux_send_queue_bytes_max / 2) {
        stream.is_cut_short = false;
        events_.emplace_back(StreamWritable{id});
    }
    if (left > 0 && stream.send_credit > 0) make_ready(id, stream);
}

Result<StreamId> Yamux::open_stream() {
    if (failed_ || is_going_away_ || is_remote_going_away_ || next_id_ > k_stream_id_max) {
        return Error{Errc::refused, "yamux: the session takes no new streams"};
    }
    if (count(true) >= k_yamux_outbound_streams_max || unacked_ >= k_yamux_unacked_emit_max) {
        return Error{Errc::unavailable, "yamux: too many streams are open or unanswered"};
    }
    StreamId const id = std::exchange(next_id_, next_id_ + 2);
    Stream& stream = streams_.try_emplace(id).first->second;
    stream.is_accepted = true;
    stream.pending_flags = k_yamux_syn;
    ++outbound_;
    ++unacked_;
    make_ready(id, stream);
    return id;
}

void Yamux::accept(StreamId id) {
    auto const at = streams_.find(id);
    if (at == streams_.end() || at->second.is_accepted) return;
    at->second.is_accepted = true;
    at->second.pending_flags = k_yamux_ack;
    --unaccepted_;
    make_ready(id, at->second);
}

/// The stream, accepted; errors as `write` has them.
Result<Yamux::Stream*> Yamux::writable(StreamId id) {
    auto const at = streams_.find(id);
    if (failed_ || at == streams_.end()) return gone(id);
    if (at->second.is_finishing) return Error{Errc::refused, "yamux: a stream that we finished takes no more"};
    accept(id);
    return &at->second;
}

Result<std::size_t> Yamux::write(StreamId id, BytesView bytes) {
    ASSIGN_OR_RETURN(Stream* const stream, writable(id));
    std::size_t const size = std::min(bytes.size(), k_yamux_send_queue_bytes_max - stream->queue.size());
    stream->queue.append(bytes.first(size));
    stream->is_cut_short = size < bytes.size();
    unsent_ += size;
    make_ready(id, *stream);
    return size;
}

Result<std::size_t> Yamux::write(StreamId id, std::shared_ptr<Bytes const> const& block) {
    ASSIGN_OR_RETURN(Stream* const stream, writable(id));
    if (block->size() > k_yamux_send_queue_bytes_max - stream->queue.size()) return write(id, BytesView{*block});
    stream->queue.append(block);
    stream->is_cut_short = false;
    unsent_ += block->size();
    make_ready(id, *stream);
    return block->size();
}

void Yamux::finish(StreamId id) {
    auto const at = streams_.find(id);
    if (at == streams_.end() || at->second.is_finishing) return;
    accept(id);
    at->second.is_finishing = true;
    make_ready(id, at->second);
}

void Yamux::reset(StreamId id) {
    if (streams_.contains(id)) abandon(id);
}

void Yamux::consume(StreamId id, std::size_t bytes, TimePoint now) {
    auto const at = streams_.find(id);
    if (at == streams_.end()) return;
    Stream& stream = at->second;
    stream.buffered -= std::min<std::uint64_t>(bytes, stream.buffered);
    // Credit of a body is spent by its header, before its bytes are here.
    std::uint64_t const arriving = body_.stream == id ? body_left_ : 0;
    std::uint64_t const held = stream.buffered + arriving;
    std::uint64_t const used = stream.window - stream.receive_credit - held;
    if (!stream.is_remote_finished && used >= stream.window / 2) {
        // Half a window went in less than two round trips: the window, not the path, is the limit.
        bool const is_window_short = round_trip_ && now - stream.last_update < 2 * *round_trip_;
        if (is_window_short) widen(stream);
        auto const credit = static_cast<std::uint32_t>(stream.window - stream.receive_credit - held);
        stream.receive_credit += credit;
        stream.credit_to_send += credit;
        stream.last_update = now;
        make_ready(id, stream);
    }
    bool const has_shrunk =
        reserve(stream, std::max<std::uint64_t>(stream.buffered, stream.window - k_yamux_window_bytes_min),
                Claim::arrived);
    GGEN_ASSERT(has_shrunk);
    drop_if_done(id);
}

/// Twice the window, or half of it more where the budgets have no room for that.
void Yamux::widen(Stream& stream) {
    auto const window = std::uint64_t{stream.window};
    for (auto const size : {window * 2, window + window / 2}) {
        auto const wanted = std::min<std::uint64_t>(size, k_yamux_window_bytes_max);
        std::uint64_t const growth = wanted - k_yamux_window_bytes_min;
        if (!reserve(stream, std::max(growth, stream.buffered), Claim::promised)) continue;
        stream.window = static_cast<std::uint32_t>(wanted);
        return;
    }
}

void Yamux::ping(TimePoint now) {
    if (ping_sent_ || failed_) return;
    ping_sent_ = now;
    YamuxHeader{YamuxType::ping, k_yamux_syn, 0, ++ping_nonce_}.append_to(replies_);
}

void Yamux::go_away() {
    if (is_going_away_ || failed_) return;
    is_going_away_ = true;
    YamuxHeader{YamuxType::go_away, 0, 0, k_go_away_normal}.append_to(replies_);
}

void Yamux::make_ready(StreamId id, Stream& stream) {
    if (stream.is_ready) return;
    stream.is_ready = true;
    ready_.push_back(id);
}

/// Makes `bytes` what the stream holds of the budgets; false, and nothing changed, when that is too much.
bool Yamux::reserve(Stream& stream, std::uint64_t bytes, Claim claim) {
    if (bytes > stream.reserved) {
        std::uint64_t const more = bytes - stream.reserved;
        if (!(claim == Claim::promised ? budget_.try_promise(more) : budget_.try_take(more))) return false;
        reserved_ += more;
    } else {
        budget_.give_back(stream.reserved - bytes);
        reserved_ -= stream.reserved - bytes;
    }
    stream.reserved = bytes;
    return true;
}

/// Resets a stream from this side.
void Yamux::abandon(StreamId id) {
    drop(streams_.find(id));
    ++abandoned_;
    reset_of(id).append_to(replies_);
}

void Yamux::drop(Streams::iterator at) {
    Stream& stream = at->second;
    if (!stream.is_accepted) --unaccepted_;
    if (is_ours(at->first)) {
        --outbound_;
        if (!stream.is_acked) --unacked_;
    }
    GGEN_ASSERT(reserve(stream, 0, Claim::arrived));
    unsent_ -= stream.queue.size();
    streams_.erase(at);
}

void Yamux::drop_if_done(StreamId id) {
    auto const at = streams_.find(id);
    if (at == streams_.end()) return;
    Stream const& stream = at->second;
    if (stream.is_finished && stream.is_remote_finished && stream.buffered == 0) drop(at);
}

}  // namespace ggen::p2p
