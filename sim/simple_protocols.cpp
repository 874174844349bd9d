#include "sim/simple_protocols.hpp"

#include <algorithm>
#include <utility>

namespace ggen::sim {

namespace {
constexpr std::size_t k_id_bytes = 8;
constexpr std::chrono::seconds k_retry{5};

std::uint64_t read_id(BytesView message) {
    std::uint64_t id = 0;
    for (std::size_t i = 0; i < k_id_bytes; ++i) id = id << 8U | message[i];
    return id;
}
}  // namespace

void Echo::ask(PeerId const& peer, std::vector<Multiaddr> addresses, p2p::Block question, Done done) {
    auto const stream = new_stream_key();
    put(p2p::OpenStream{.stream = stream, .peer = peer, .protocols = {k_name}, .addresses = std::move(addresses)});
    put(p2p::WriteStream{.stream = stream, .bytes = question});
    put(p2p::FinishStream{stream});
    questions_[stream] = {.bytes = std::move(question), .answered = 0, .is_right = true, .first_byte = {}, .done =
        std::move(done)};
}

void Echo::end(p2p::StreamKey stream, bool is_right, TimePoint now) {
    auto const found = questions_.find(stream);
    if (found == questions_.end()) return;
    auto const question = std::move(found->second);
    questions_.erase(found);
    bool const is_whole = is_right && question.is_right && question.answered == question.bytes->size();
    question.done(is_whole, question.answered > 0 ? question.first_byte : now);
}

void Echo::on_stream_refused(p2p::StreamKey stream, Error const& /*error*/, TimePoint now) { end(stream, false, now); }
void Echo::on_stream_reset(p2p::StreamKey stream, TimePoint now) { end(stream, false, now); }

void Echo::on_stream_bytes(p2p::StreamKey stream, BytesView bytes, TimePoint now) {
    if (stream % 2 == 0) {
        put(p2p::WriteStream{.stream = stream, .bytes = std::make_shared<Bytes const>(bytes.begin(), bytes.end())});
        return;
    }
    auto& question = questions_.at(stream);
    if (question.answered == 0) question.first_byte = now;
    auto const left = question.bytes->size() - question.answered;
    question.is_right = question.is_right && bytes.size() <= left &&
                        std::equal(bytes.begin(), bytes.end(),
                                   question.bytes->begin() + static_cast<std::ptrdiff_t>(question.answered));
    question.answered += std::min(bytes.size(), left);
}

void Echo::on_stream_finished(p2p::StreamKey stream, TimePoint now) {
    if (stream % 2 == 0) {
        put(p2p::FinishStream{stream});
    } else {
        end(stream, true, now);
    }
}

std::size_t Links::index_of(PeerId const& peer) const {
    auto const found = std::find_if(peers_.begin(), peers_.end(), [&](auto const& one) { return one.first == peer; });
    return static_cast<std::size_t>(found - peers_.begin());
}

void Links::plan() {
    auto const least = std::min_element(missing_.begin(), missing_.end());
    next_ = least == missing_.end() || *least == TimePoint::max() ? std::nullopt : std::optional{*least};
}

void Links::on_host_changed(p2p::HostInfo const& /*info*/, TimePoint /*now*/) { plan(); }

void Links::on_deadline(TimePoint now) {
    for (std::size_t i = 0; i < peers_.size(); ++i) {
        if (missing_[i] > now) continue;
        missing_[i] = TimePoint::max();
        put(p2p::ConnectPeer{.peer = peers_[i].first, .addresses = {peers_[i].second}});
    }
    plan();
}

void Links::on_peer_connected(p2p::PeerInfo const& info, TimePoint /*now*/) {
    put(p2p::ValuePeer{.peer = info.peer, .value = 1});
    if (auto const at = index_of(info.peer); at < peers_.size()) missing_[at] = TimePoint::max();
    plan();
}

void Links::on_peer_disconnected(PeerId const& peer, TimePoint now) {
    if (auto const at = index_of(peer); at < peers_.size()) missing_[at] = now + k_retry;
    plan();
}

void Links::on_dial_failed(PeerId const& peer, Error const& /*error*/, TimePoint now) {
    on_peer_disconnected(peer, now);
}

Flood::Flood(std::vector<std::pair<PeerId, Multiaddr>> neighbours, Received received)
    : neighbours_(std::move(neighbours)), received_(std::move(received)) {}

void Flood::on_host_changed(p2p::HostInfo const& /*info*/, TimePoint /*now*/) {
    if (std::exchange(is_started_, true)) return;
    for (auto const& [peer, address] : neighbours_) put(p2p::ConnectPeer{.peer = peer, .addresses = {address}});
}

void Flood::on_peer_connected(p2p::PeerInfo const& info, TimePoint /*now*/) {
    auto const stream = new_stream_key();
    put(p2p::OpenStream{.stream = stream, .peer = info.peer, .protocols = {k_name}, .addresses = {}, .may_dial =
        false});
    put(p2p::ValuePeer{.peer = info.peer, .value = 1});
    out_.emplace_back(info.peer, stream);
}

void Flood::on_peer_disconnected(PeerId const& peer, TimePoint /*now*/) {
    std::erase_if(out_, [&](auto const& entry) { return entry.first == peer; });
}

void Flood::on_inbound_stream(p2p::StreamKey stream, PeerId const& peer, std::string const& /*protocol*/,
                              TimePoint /*now*/) {
    in_.emplace(stream, Inbound{.peer = peer});
}

void Flood::on_stream_bytes(p2p::StreamKey stream, BytesView bytes, TimePoint now) {
    auto const found = in_.find(stream);
    if (found == in_.end()) return;
    auto& inbound = found->second;
    inbound.reader.feed(bytes);
    for (;;) {
        auto const message = inbound.reader.next();
        if (!message || (message.value() && message.value()->size() < k_id_bytes)) {
            put(p2p::ResetStream{stream});
            in_.erase(stream);
            return;
        }
        if (!message.value()) return;
        auto const id = read_id(*message.value());
        ++copies_;
        if (!seen_.insert(id).second) continue;
        received_(id, now);
        pass_on(std::make_shared<Bytes const>(p2p::frame_message(*message.value())), &inbound.peer);
    }
}

void Flood::on_stream_finished(p2p::StreamKey stream, TimePoint /*now*/) { in_.erase(stream); }

void Flood::on_stream_reset(p2p::StreamKey stream, TimePoint /*now*/) {
    in_.erase(stream);
    std::erase_if(out_, [&](auto const& entry) { return entry.second == stream; });
}

void Flood::publish(std::uint64_t id, std::size_t size_bytes) {
    Bytes message(std::max(size_bytes, k_id_bytes), 0x2e);
    for (std::size_t i = 0; i < k_id_bytes; ++i) message[i] = static_cast<std::uint8_t>(id >> (56 - 8 * i));
    seen_.insert(id);
    pass_on(std::make_shared<Bytes const>(p2p::frame_message(message)), nullptr);
}

void Flood::pass_on(p2p::Block const& framed, PeerId const* except) {
    for (auto const& [peer, stream] : out_) {
        if (except == nullptr || peer != *except) put(p2p::WriteStream{.stream = stream, .bytes = framed});
    }
}

}  // namespace ggen::sim
