#include "p2p/exchange/content_server.hpp"

#include <algorithm>
#include <utility>

#include "p2p/exchange/limits.hpp"

namespace ggen::p2p {
namespace {

constexpr std::chrono::milliseconds k_held_sweep_interval{100};  // while a peer is held back
constexpr std::chrono::seconds k_idle_sweep_interval{20};
constexpr unsigned k_bits = 8;

/// The part of a blob that is here already.
class PartialContent final : public Content {
public:
    PartialContent(std::uint64_t bytes, std::shared_ptr<ChunkStore> store) : bytes_(bytes), store_(std::move(store)) {}
    [[nodiscard]] std::uint64_t size() const override { return bytes_; }
    Result<Bytes> read(std::uint64_t offset, std::size_t length) override { return store_->read(offset, length); }

private:
    std::uint64_t bytes_;
    std::shared_ptr<ChunkStore> store_;
};

ExchangeStatus status_of(Error const& error) {
    switch (error.code) {
        case Errc::unavailable:
        case Errc::timed_out: return ExchangeStatus::busy;
        case Errc::refused: return ExchangeStatus::refused;
        default: return ExchangeStatus::not_found;
    }
}

/// Whether a blob of that size is spread among those who fetch it.
bool is_spread(std::uint64_t bytes) { return merkle::chunk_count(bytes) >= k_exchange_spread_blob_chunks_min; }

Error not_here() { return Error{Errc::not_found, "not here"}; }

std::shared_ptr<Content> content_of(Bytes bytes) {
    return std::make_shared<MemoryContent>(std::make_shared<Bytes const>(std::move(bytes)));
}

/// Whether all chunks that the request touches are in the store.
bool has_range(PartialBlob const& partial, ExchangeRequest const& request) {
    if (request.offset >= partial.bytes) return true;  // answered as no range
    auto const end = request.offset + std::min(request.length, partial.bytes - request.offset);
    for (auto chunk = request.offset / merkle::k_chunk_bytes; chunk * merkle::k_chunk_bytes < end; ++chunk) {
        if (!partial.store->has(chunk)) return false;
    }
    return true;
}

}  // namespace

void ContentServer::on_stream(StreamKey stream, PeerId const& peer, TimePoint now) {
    auto known = peers_.find(peer);
    auto const of_peer = known == peers_.end() ? 0 : known->second.streams;
    if (streams_.size() >= k_exchange_inbound_streams_max || of_peer >= k_exchange_inbound_streams_per_peer_max) {
        outbox_.put_output(ResetStream{stream});
        outbox_.put_output(ReportPeer{peer, Conduct::overload, 1});
        return;
    }
    if (known == peers_.end()) {
        TokenBucket const full{k_exchange_requests_burst, k_exchange_requests_per_second_max, now};
        known = peers_.emplace(peer, Peer{full}).first;
    }
    ++known->second.streams;
    streams_.emplace(stream, Stream{peer}).first->second.used_at = now;
    if (!sweep_at_) sweep_at_ = now + k_idle_sweep_interval;
}

void ContentServer::set_paused(StreamKey key, Stream& stream, bool is_paused) {
    if (stream.is_paused == is_paused) return;
    stream.is_paused = is_paused;
    outbox_.put_output(PauseStream{key, is_paused});
}

void ContentServer::refuse(StreamKey key, Conduct conduct) {
    outbox_.put_output(ResetStream{key});
    outbox_.put_output(ReportPeer{streams_.at(key).peer, conduct, 1});
    drop(key);
}

void ContentServer::drop(StreamKey key) {
    auto const at = streams_.find(key);
    if (at == streams_.end()) return;
    unsent_ -= at->second.unsent;
    if (auto const peer = peers_.find(at->second.peer); peer != peers_.end()) --peer->second.streams;
    streams_.erase(at);
}

bool ContentServer::take_requests(StreamKey key, TimePoint now) {
    auto& stream = streams_.at(key);
    stream.is_out_of_tokens = false;
    while (stream.requests.size() < k_exchange_requests_waiting_max) {
        if (stream.reader.pending_bytes() == 0) break;
        if (!peers_.at(stream.peer).requests.take(now)) {
            stream.is_out_of_tokens = true;
            sweep_at_ = std::min(sweep_at_.value_or(TimePoint::max()), now + k_held_sweep_interval);
            break;
        }
        auto const next = stream.reader.next();
        auto const request = next && next->has_value() ? std::optional(decode_exchange_request(**next)) : std::nullopt;
        if (!next || (request && !*request)) {
            refuse(key, Conduct::protocol_error);
            return false;
        }
        if (!request) {
            peers_.at(stream.peer).requests.give_back();  // no whole request was there
            break;
        }
        stream.requests.push_back(std::move(*request).value());
    }
    bool const is_held = stream.is_out_of_tokens || stream.requests.size() >= k_exchange_requests_waiting_max;
    set_paused(key, stream, is_held);
    make_ready(key, stream, now);
    return true;
}

bool ContentServer::has_work(Stream const& stream) {
    return (stream.answer || !stream.requests.empty()) && !stream.awaited_list &&
           stream.unsent < k_exchange_stream_unsent_bytes_max;
}

void ContentServer::make_ready(StreamKey key, Stream& stream, TimePoint now) {
    if (stream.is_ready || !has_work(stream)) return;
    stream.is_ready = true;
    auto const standing = ledger_.standing(stream.peer, now);
    (standing.is_stranger || standing.score < 0 ? strangers_ : known_).push_back(key);
}

std::optional<StreamKey> ContentServer::next_ready() {
    while (!known_.empty() || !strangers_.empty()) {
        bool const is_strangers = known_.empty() || (!strangers_.empty() && ++turn_ % k_exchange_stranger_turn == 0);
        auto& queue = is_strangers ? strangers_ : known_;
        auto const key = queue.front();
        queue.pop_front();
        if (streams_.contains(key)) return key;
    }
    return std::nullopt;
}

void ContentServer::pump(TimePoint now) {
    while (unsent_ < k_exchange_unsent_bytes_max) {
        auto const key = next_ready();
        if (!key) return;
        streams_.at(*key).is_ready = false;
        serve_piece(*key, now);
        auto const at = streams_.find(*key);
        if (at == streams_.end()) continue;
        auto& stream = at->second;
        if (stream.requests.size() < k_exchange_requests_waiting_max && stream.is_paused && !stream.is_out_of_tokens &&
            !take_requests(*key, now)) {
            continue;
        }
        make_ready(*key, stream, now);
        if (!stream.is_finished || stream.answer || !stream.requests.empty() || stream.is_out_of_tokens) continue;
        outbox_.put_output(FinishStream{*key});
        drop(*key);
    }
}

void ContentServer::write(StreamKey key, Stream& stream, Bytes bytes) {
    stream.unsent += bytes.size();
    unsent_ += bytes.size();
    outbox_.put_output(WriteStream{key, std::make_shared<Bytes const>(std::move(bytes))});
}

void ContentServer::serve_piece(StreamKey key, TimePoint now) {
    auto& stream = streams_.at(key);
    stream.used_at = now;
    if (!stream.answer) {
        begin_answer(key, stream, now);
        return;
    }
    auto& answer = *stream.answer;
    auto const length = static_cast<std::size_t>(std::min<std::uint64_t>(answer.left, k_exchange_piece_bytes));
    auto bytes = answer.content->read(answer.offset, length);
    if (!bytes || bytes->size() != length) {
        outbox_.put_output(ResetStream{key});  // the head is out, so there is no other way to say it
        drop(key);
        return;
    }
    served_ += length;
    answer.offset += length;
    answer.left -= length;
    if (answer.left == 0) stream.answer.reset();
    write(key, stream, std::move(*bytes));
}

void ContentServer::begin_answer(StreamKey key, Stream& stream, TimePoint now) {
    auto const request = stream.requests.front();
    auto const content = open(stream, request, now);
    if (stream.awaited_list) return;
    stream.requests.pop_front();
    ExchangeAnswer head;
    if (!content) {
        head.status = status_of(content.error());
    } else {
        head.total = (*content)->size();
        if (request.offset >= head.total) {
            head.status = ExchangeStatus::no_range;
        } else {
            head.length = std::min(request.length, head.total - request.offset);
            stream.answer = Answer{*content, request.offset, head.length};
        }
    }
    write(key, stream, frame_message(encode_exchange_answer(head)));
}

Result<std::shared_ptr<Content>> ContentServer::open(Stream& stream, ExchangeRequest const& request, TimePoint now) {
    auto const blob = blob_of_path(request.path);
    switch (kind_of_path(request.path).value_or(ObjectKind::log)) {
        case ObjectKind::chunks: return open_list(stream, request, *blob, now);
        case ObjectKind::have: return open_have(stream.peer, request, now);
        case ObjectKind::blob: return open_blob(stream.peer, request, now);
        case ObjectKind::log: break;
    }
    if (content_ == nullptr) return not_here();
    return content_->open(request.log, request.path);
}

Result<std::shared_ptr<Content>> ContentServer::open_blob(PeerId const& peer, ExchangeRequest const& request,
                                                         TimePoint now) {
    auto const blob = *blob_of_path(request.path);
    if (auto const partial = find_partial_(blob)) {
        if (has_range(*partial, request)) {
            return std::shared_ptr<Content>{std::make_shared<PartialContent>(partial->bytes, partial->store)};
        }
    }
    if (content_ == nullptr) return not_here();
    ASSIGN_OR_RETURN(auto content, content_->open(request.log, request.path));
    if (is_spread(content->size())) {
        auto const chunk = request.offset / merkle::k_chunk_bytes;
        if (spread_.is_withheld(blob, chunk, peer, now)) return not_here();
        spread_.note_given(blob, chunk, peer, now);
    }
    return content;
}

Result<std::shared_ptr<Content>> ContentServer::open_list(Stream& stream, ExchangeRequest const& request,
                                                         Digest const& blob, TimePoint now) {
    stream.awaited_list.reset();
    auto list = lists_.find(blob);
    if (auto const partial = find_partial_(blob); partial && list == nullptr) list = partial->list;
    if (list != nullptr) return std::shared_ptr<Content>{std::make_shared<MemoryContent>(list)};
    if (content_ == nullptr) return not_here();
    ASSIGN_OR_RETURN(auto content, content_->open(request.log, exchange_path(ObjectKind::blob, blob)));
    if (content->size() == 0 || content->size() > k_exchange_blob_bytes_max) return not_here();
    RETURN_IF_ERROR(lists_.make(blob, std::move(content), now));
    stream.awaited_list = blob;
    return not_here();  // not told to anybody: the request is looked at again when the list is made
}

Result<std::shared_ptr<Content>> ContentServer::open_have(PeerId const& peer, ExchangeRequest const& request,
                                                         TimePoint now) {
    auto const blob = *blob_of_path(request.path);
    on_wanted_(blob, peer);
    auto const partial = find_partial_(blob);
    auto const whole = content_ == nullptr ? Result<std::shared_ptr<Content>>{not_here()}
                                           : content_->open(request.log, exchange_path(ObjectKind::blob, blob));
    if (!whole && !partial) return whole.error();
    auto const bytes = whole ? (*whole)->size() : partial->bytes;
    if (bytes == 0 || bytes > k_exchange_blob_bytes_max) return not_here();
    auto const count = merkle::chunk_count(bytes);
    Bytes bits(static_cast<std::size_t>((count + k_bits - 1) / k_bits), 0);
    for (std::uint64_t chunk = 0; chunk < count; ++chunk) {
        if (!whole && !partial->store->has(chunk)) continue;
        if (whole && is_spread(bytes) && spread_.is_withheld(blob, chunk, peer, now)) continue;
        bits[static_cast<std::size_t>(chunk / k_bits)] |= static_cast<std::uint8_t>(0x80U >> (chunk % k_bits));
    }
    return content_of(std::move(bits));
}

void ContentServer::on_bytes(StreamKey stream, BytesView bytes, TimePoint now) {
    auto const at = streams_.find(stream);
    if (at == streams_.end()) return;
    at->second.reader.feed(bytes);
    if (!at->second.is_paused && take_requests(stream, now)) pump(now);
}

void ContentServer::on_finished(StreamKey stream, TimePoint now) {
    auto const at = streams_.find(stream);
    if (at == streams_.end()) return;
    at->second.is_finished = true;
    if (at->second.answer || !at->second.requests.empty() || at->second.is_out_of_tokens) return;
    outbox_.put_output(FinishStream{stream});
    drop(stream);
    pump(now);
}

void ContentServer::on_reset(StreamKey stream, TimePoint now) {
    drop(stream);
    pump(now);
}

void ContentServer::on_sent(StreamKey stream, std::size_t bytes, TimePoint now) {
    auto const at = streams_.find(stream);
    if (at == streams_.end()) return;
    auto const counted = std::min(bytes, at->second.unsent);
    at->second.unsent -= counted;
    unsent_ -= counted;
    make_ready(stream, at->second, now);
    pump(now);
}

void ContentServer::on_peer_disconnected(PeerId const& peer) {
    std::vector<StreamKey> gone;
    for (auto const& [key, stream] : streams_) {
        if (stream.peer == peer) gone.push_back(key);
    }
    for (auto const key : gone) drop(key);
    peers_.erase(peer);
    spread_.on_peer_disconnected(peer);
}

std::optional<TimePoint> ContentServer::next_deadline() const {
    auto const turn = lists_.next_deadline();
    if (!sweep_at_ || (turn && *turn < *sweep_at_)) return turn;
    return sweep_at_;
}

void ContentServer::on_deadline(TimePoint now) {
    for (auto const& blob : lists_.on_deadline(now)) {
        for (auto& [key, stream] : streams_) {
            if (stream.awaited_list != blob) continue;
            stream.awaited_list.reset();
            if (lists_.find(blob) == nullptr) {  // the blob could not be read
                stream.requests.pop_front();
                write(key, stream, frame_message(encode_exchange_answer({ExchangeStatus::not_found, 0, 0})));
            }
            make_ready(key, stream, now);
        }
    }
    if (sweep_at_ && now >= *sweep_at_) {
        std::vector<StreamKey> keys;
        keys.reserve(streams_.size());
        for (auto const& [key, stream] : streams_) keys.push_back(key);
        std::sort(keys.begin(), keys.end());
        auto is_held = false;
        for (auto const key : keys) {
            auto& stream = streams_.at(key);
            if (stream.is_out_of_tokens && !take_requests(key, now)) continue;
            is_held = is_held || stream.is_out_of_tokens;
            if (stream.used_at + k_exchange_idle_stream_timeout > now || stream.awaited_list) continue;
            outbox_.put_output(ResetStream{key});
            drop(key);
        }
        sweep_at_.reset();
        if (!streams_.empty()) {
            sweep_at_ = now + (is_held ? std::chrono::nanoseconds{k_held_sweep_interval}
                                       : std::chrono::nanoseconds{k_idle_sweep_interval});
        }
    }
    pump(now);
}

}  // namespace ggen::p2p
