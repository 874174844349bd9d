#include "p2p/basic/perf.hpp"

#include <algorithm>

namespace ggen::p2p {
namespace {

std::uint64_t big_endian(std::array<std::uint8_t, 8> const& bytes) {
    std::uint64_t value = 0;
    for (auto const byte : bytes) value = value << 8U | byte;
    return value;
}

std::array<std::uint8_t, 8> to_big_endian(std::uint64_t value) {
    std::array<std::uint8_t, 8> bytes{};
    for (std::size_t i = 8; i-- > 0; value >>= 8U) bytes[i] = static_cast<std::uint8_t>(value);
    return bytes;
}

}  // namespace

std::vector<std::string> Perf::protocols() const {
    return is_server_ ? std::vector{std::string(k_perf_protocol)} : std::vector<std::string>{};
}

std::optional<PerfDone> Perf::poll_event() {
    if (events_.empty()) return std::nullopt;
    auto event = std::move(events_.front());
    events_.pop_front();
    return event;
}

std::uint64_t Perf::run(PerfRequest request, TimePoint now) {
    auto const key = new_stream_key();
    Transfer transfer{.peer = request.peer, .is_ours = true, .to_send = request.upload_bytes,
                      .to_receive = request.download_bytes, .opened_at = now, .progress_at = now};
    streams_.emplace(key, std::move(transfer));
    put(OpenStream{.stream = key, .peer = std::move(request.peer), .protocols = {std::string(k_perf_protocol)},
                   .addresses = std::move(request.addresses)});
    return key;
}

void Perf::on_stream_opened(StreamKey stream, std::string const& /*protocol*/, TimePoint now) {
    auto const at = streams_.find(stream);
    if (at == streams_.end()) return;
    auto& transfer = at->second;
    auto const size = to_big_endian(transfer.to_receive);
    put(WriteStream{stream, std::make_shared<Bytes const>(size.begin(), size.end())});
    transfer.unsent_bytes = size.size();
    transfer.opened_at = transfer.progress_at = now;
    transfer.is_sending = true;
    send(at);
}

void Perf::on_stream_refused(StreamKey stream, Error const& error, TimePoint /*now*/) {
    auto const at = streams_.find(stream);
    if (at != streams_.end()) fail(at, wrap(error, "perf"));
}

void Perf::on_inbound_stream(StreamKey stream, PeerId const& peer, std::string const& /*protocol*/, TimePoint now) {
    if (inbound_count_ == k_perf_inbound_streams_max) {
        put(ResetStream{stream});
        put(ReportPeer{peer, Conduct::overload});
        return;
    }
    ++inbound_count_;
    streams_.emplace(stream, Transfer{.peer = peer, .progress_at = now});
}

/// Keeps the stream full without ever going over what a protocol may have unsent.
void Perf::send(Transfers::iterator at) {
    auto& transfer = at->second;
    if (!transfer.is_sending) return;
    while (transfer.to_send > 0 && transfer.unsent_bytes + k_perf_block_bytes <= k_stream_unsent_bytes_max) {
        auto const size = std::min<std::uint64_t>(transfer.to_send, k_perf_block_bytes);
        put(WriteStream{at->first, size == k_perf_block_bytes ? block_ : std::make_shared<Bytes const>(size)});
        transfer.to_send -= size;
        transfer.unsent_bytes += size;
    }
    if (transfer.to_send > 0) return;
    transfer.is_sending = false;
    put(FinishStream{at->first});
}

void Perf::on_stream_sent(StreamKey stream, std::size_t bytes, TimePoint now) {
    auto const at = streams_.find(stream);
    if (at == streams_.end()) return;
    auto& transfer = at->second;
    transfer.unsent_bytes -= std::min<std::uint64_t>(bytes, transfer.unsent_bytes);
    transfer.progress_at = now;
    send(at);
    if (!transfer.is_ours && transfer.to_send == 0 && transfer.unsent_bytes == 0 &&
        transfer.answered_at) {  // all of the answer has left
        --inbound_count_;
        streams_.erase(at);
    }
}

void Perf::on_stream_bytes(StreamKey stream, BytesView bytes, TimePoint now) {
    auto const at = streams_.find(stream);
    if (at == streams_.end()) return;
    auto& transfer = at->second;
    transfer.progress_at = now;
    if (transfer.is_ours) return on_answer(at, bytes.size(), now);
    auto const head = std::min(bytes.size(), transfer.size.size() - transfer.size_bytes);
    std::copy_n(bytes.begin(), head, transfer.size.begin() + static_cast<std::ptrdiff_t>(transfer.size_bytes));
    transfer.size_bytes += head;  // what follows is the upload, which only its sender counts
}

void Perf::on_answer(Transfers::iterator at, std::size_t size_bytes, TimePoint now) {
    auto& transfer = at->second;
    if (!transfer.answered_at) transfer.answered_at = now;
    if (size_bytes > transfer.to_receive || transfer.is_sending) {
        put(ReportPeer{transfer.peer, Conduct::protocol_error});
        put(ResetStream{at->first});
        return fail(at, Error{Errc::invalid, "perf: the peer sent more than was asked for, or too early"});
    }
    transfer.to_receive -= size_bytes;
}

void Perf::on_stream_finished(StreamKey stream, TimePoint now) {
    auto const at = streams_.find(stream);
    if (at == streams_.end()) return;
    auto& transfer = at->second;
    if (transfer.is_ours) {
        if (transfer.to_receive > 0 || transfer.is_sending) {
            put(ResetStream{stream});
            return fail(at, Error{Errc::unavailable, "perf: the peer closed the stream early"});
        }
        auto const answered_at = transfer.answered_at.value_or(now);
        events_.push_back({stream, PerfReport{answered_at - transfer.opened_at, now - answered_at}});
        streams_.erase(at);
        return;
    }
    auto const wanted = big_endian(transfer.size);
    if (transfer.size_bytes < transfer.size.size() || wanted > k_perf_download_bytes_max) {
        put(ResetStream{stream});
        put(ReportPeer{transfer.peer, wanted > k_perf_download_bytes_max ? Conduct::overload
                                                                         : Conduct::protocol_error});
        return fail(at, Error{Errc::invalid, "perf: no size, or too large a one"});
    }
    transfer.to_send = wanted;
    transfer.is_sending = true;
    transfer.answered_at = now;
    send(at);
    if (wanted > 0) return;
    --inbound_count_;
    streams_.erase(at);
}

void Perf::on_stream_reset(StreamKey stream, TimePoint /*now*/) {
    auto const at = streams_.find(stream);
    if (at != streams_.end()) fail(at, Error{Errc::unavailable, "perf: the peer reset the stream"});
}

/// Forgets a transfer whose stream is gone; ours ends with an event.
void Perf::fail(Transfers::iterator at, Error error) {
    if (at->second.is_ours) {
        events_.push_back({at->first, std::move(error)});
    } else {
        --inbound_count_;
    }
    streams_.erase(at);
}

std::optional<TimePoint> Perf::next_deadline() const {
    std::optional<TimePoint> next;
    for (auto const& [key, transfer] : streams_) {
        auto const deadline = transfer.progress_at + k_perf_stall_timeout;
        if (!next || deadline < *next) next = deadline;
    }
    return next;
}

void Perf::on_deadline(TimePoint now) {
    for (auto at = streams_.begin(); at != streams_.end();) {
        auto const current = at++;
        if (now - current->second.progress_at < k_perf_stall_timeout) continue;
        put(ResetStream{current->first});
        fail(current, Error{Errc::timed_out, "perf: 30 s without a byte"});
    }
}

}  // namespace ggen::p2p
