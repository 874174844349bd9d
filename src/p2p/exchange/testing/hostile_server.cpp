#include "p2p/exchange/testing/hostile_server.hpp"

#include <algorithm>

#include "merkle/chunk_tree.hpp"

namespace ggen::p2p::testing {
namespace {

constexpr std::size_t k_piece = 16 * k_kib;
constexpr std::size_t k_trickle_bytes = 256;
constexpr std::chrono::milliseconds k_trickle_interval{250};  // 1 KiB/s
constexpr std::uint8_t k_spoiled = 0x01;
constexpr std::uint64_t k_per_cent = 100;
constexpr std::size_t k_false_file_bytes = 300;

}  // namespace

void HostileServer::on_inbound_stream(StreamKey stream, PeerId const&, std::string const&, TimePoint) {
    streams_.try_emplace(stream);
}

void HostileServer::on_stream_bytes(StreamKey key, BytesView bytes, TimePoint now) {
    auto const at = streams_.find(key);
    if (at == streams_.end()) return;
    at->second.reader.feed(bytes);
    for (;;) {
        auto const next = at->second.reader.next();
        if (!next || !*next) return;
        auto const request = decode_exchange_request(**next);
        if (request) answer(key, at->second, *request, now);
    }
}

void HostileServer::answer(StreamKey key, Stream& stream, ExchangeRequest const& request, TimePoint now) {
    auto const kind = kind_of_path(request.path);
    if (kind == ObjectKind::blob) ++chunk_requests_;
    if (malice_ == Malice::stalls || (malice_ == Malice::stalls_after_list && kind == ObjectKind::blob)) return;
    if (malice_ == Malice::babbles) {
        write(key, stream, Bytes(1000, 0xff));
        return;
    }
    if (malice_ == Malice::refuses) {
        write(key, stream, frame_message(encode_exchange_answer({ExchangeStatus::busy, 0, 0})));
        return;
    }
    if (kind == ObjectKind::chunks && list_.empty()) list_ = merkle::encode_chunk_list(merkle::chunk_list(*blob_));
    Bytes const all(merkle::chunk_count(blob_->size()) / 8 + 1, 0xff);
    Bytes const false_file(k_false_file_bytes, 'x');  // files of a log are not known here, so they are made up
    auto const& object = kind == ObjectKind::chunks ? list_
                         : kind == ObjectKind::have ? all
                         : kind == ObjectKind::log  ? false_file
                                                    : *blob_;
    if (request.offset >= object.size()) return;
    auto const length = std::min<std::uint64_t>(request.length, object.size() - request.offset);
    auto head = ExchangeAnswer{ExchangeStatus::ok, object.size(), length};
    if (malice_ == Malice::claims_more) head.length = head.total = k_exchange_range_bytes_max;
    auto out = frame_message(encode_exchange_answer(head));
    auto const from = object.begin() + static_cast<std::ptrdiff_t>(request.offset);
    auto const body_at = out.size();
    out.insert(out.end(), from, from + static_cast<std::ptrdiff_t>(length));
    bool const lies_in_chunks = malice_ == Malice::lies_in_chunks || malice_ == Malice::goes_on;
    bool const is_spoiled = malice_ == Malice::lies || (lies_in_chunks && kind == ObjectKind::blob);
    if (is_spoiled) out[body_at + length / 2] ^= k_spoiled;
    if (malice_ == Malice::stalls_at_99 && kind == ObjectKind::blob) out.resize(out.size() - length / k_per_cent - 1);
    if (malice_ == Malice::goes_on) stream.is_endless = true;
    if (malice_ == Malice::trickles && kind == ObjectKind::blob && !stream.trickle_at) stream.trickle_at = now;
    write(key, stream, std::move(out));
}

void HostileServer::write(StreamKey key, Stream& stream, Bytes bytes) {
    stream.waiting.push_back(std::move(bytes));
    push(key, stream);
}

void HostileServer::push(StreamKey key, Stream& stream) {
    while (stream.unsent < 4 * k_piece && !stream.trickle_at) {
        if (stream.waiting.empty()) {
            if (!stream.is_endless) return;
            stream.waiting.emplace_back(k_piece, std::uint8_t{0});
            stream.at = 0;
        }
        auto const& front = stream.waiting.front();
        auto const count = std::min(k_piece, front.size() - stream.at);
        auto const from = front.begin() + static_cast<std::ptrdiff_t>(stream.at);
        put(WriteStream{key, std::make_shared<Bytes const>(from, from + static_cast<std::ptrdiff_t>(count))});
        stream.unsent += count;
        stream.at += count;
        if (stream.at < front.size()) continue;
        stream.waiting.pop_front();
        stream.at = 0;
    }
}

void HostileServer::on_stream_sent(StreamKey key, std::size_t bytes, TimePoint) {
    auto const at = streams_.find(key);
    if (at == streams_.end()) return;
    at->second.unsent -= std::min(bytes, at->second.unsent);
    push(key, at->second);
}

void HostileServer::on_stream_finished(StreamKey key, TimePoint) {
    if (streams_.erase(key) != 0) put(FinishStream{key});
}

void HostileServer::on_stream_reset(StreamKey key, TimePoint) { streams_.erase(key); }

std::optional<TimePoint> HostileServer::next_deadline() const {
    std::optional<TimePoint> next;
    for (auto const& [key, stream] : streams_) {
        if (!stream.trickle_at || stream.waiting.empty()) continue;
        if (!next || *stream.trickle_at < *next) next = stream.trickle_at;
    }
    return next;
}

void HostileServer::on_deadline(TimePoint now) {
    for (auto& [key, stream] : streams_) {
        if (!stream.trickle_at || *stream.trickle_at > now || stream.waiting.empty()) continue;
        auto const& front = stream.waiting.front();
        auto const count = std::min(k_trickle_bytes, front.size() - stream.at);
        auto const from = front.begin() + static_cast<std::ptrdiff_t>(stream.at);
        put(WriteStream{key, std::make_shared<Bytes const>(from, from + static_cast<std::ptrdiff_t>(count))});
        stream.at += count;
        stream.trickle_at = now + k_trickle_interval;
        if (stream.at < front.size()) continue;
        stream.waiting.pop_front();
        stream.at = 0;
    }
}

}  // namespace ggen::p2p::testing
