#include "p2p/swarm/host.hpp"

#include <algorithm>
#include <deque>
#include <utility>

namespace ggen::p2p {
namespace {

constexpr std::size_t k_block_bytes_max = std::size_t{64} * 1024;
constexpr std::size_t k_resume_bytes = k_stream_unsent_bytes_max / 2;

}  // namespace

struct Stream::State {
    /// Apart, so that a handler which closes its own stream is not destroyed while it runs.
    struct Handlers {
        std::function<void(BytesView)> bytes;
        std::function<void()> finished;
        std::function<void()> drained;
        std::function<void(std::optional<Error>)> closed;
    };

    Host* host = nullptr;  // null when the stream is closed
    StreamKey key = 0;
    PeerId peer;
    std::string protocol;
    std::shared_ptr<Handlers> handlers = std::make_shared<Handlers>();
    std::deque<Block> queue{};
    std::size_t queue_bytes = 0;   // not given to the swarm
    std::size_t unsent_bytes = 0;  // given to it, and not sent
    bool is_paused = false;
    bool is_finishing = false;
    bool is_finish_asked = false;
    bool is_remote_finished = false;

    [[nodiscard]] std::size_t waiting_bytes() const { return queue_bytes + unsent_bytes; }
};

bool Stream::write(BytesView bytes) {
    State& state = *state_;
    bool const is_open = state.host != nullptr && !state.is_finishing;
    if (!is_open || state.waiting_bytes() + bytes.size() > k_app_stream_queue_bytes_max) return false;
    while (!bytes.empty()) {
        BytesView const part = bytes.first(std::min(bytes.size(), k_block_bytes_max));
        state.queue.push_back(std::make_shared<Bytes const>(part.begin(), part.end()));
        state.queue_bytes += part.size();
        bytes = bytes.subspan(part.size());
    }
    state.host->send_queued(state);
    return true;
}

void Stream::finish() {
    if (state_->host == nullptr || state_->is_finishing) return;
    state_->is_finishing = true;
    state_->host->send_queued(*state_);
    state_->host->close_if_done(state_);
}

void Stream::reset() {
    if (state_->host == nullptr) return;
    Host& host = *state_->host;
    host.ask(ResetStream{state_->key});
    host.streams_.erase(state_->key);
    state_->host = nullptr;
    state_->handlers = std::make_shared<State::Handlers>();
}

void Stream::on_bytes(std::function<void(BytesView)> handler) { state_->handlers->bytes = std::move(handler); }
void Stream::on_finished(std::function<void()> handler) { state_->handlers->finished = std::move(handler); }
void Stream::on_drained(std::function<void()> handler) { state_->handlers->drained = std::move(handler); }
void Stream::on_closed(std::function<void(std::optional<Error>)> handler) {
    state_->handlers->closed = std::move(handler);
}

PeerId const& Stream::peer() const { return state_->peer; }
std::string const& Stream::protocol() const { return state_->protocol; }
bool Stream::is_closed() const { return state_->host == nullptr; }

Host::~Host() {
    for (auto const& [key, state] : streams_) {
        state->host = nullptr;
        state->handlers = std::make_shared<Stream::State::Handlers>();
    }
}

void Host::handle(std::string const& protocol, std::function<void(Stream)> handler) {
    handlers_[protocol] = std::move(handler);
    ask(ProtocolsChanged{});
}

void Host::stop_handling(std::string const& protocol) {
    if (handlers_.erase(protocol) > 0) ask(ProtocolsChanged{});
}

Stream Host::open(PeerId const& peer, std::vector<std::string> protocols, std::vector<Multiaddr> addresses) {
    auto const state = add(new_stream_key(), peer, {});
    ask(OpenStream{state->key, peer, std::move(protocols), std::move(addresses)});
    return Stream{state};
}

Host::StatePtr Host::add(StreamKey key, PeerId const& peer, std::string protocol) {
    auto state = std::make_shared<Stream::State>(Stream::State{this, key, peer, std::move(protocol)});
    streams_.emplace(key, state);
    return state;
}

Host::StatePtr Host::find(StreamKey key) const {
    auto const at = streams_.find(key);
    return at == streams_.end() ? nullptr : at->second;
}

void Host::ask(ProtocolOutput output) {
    put(std::move(output));
    if (waker_) waker_();
}

/// Keeps the swarm filled up to what a stream may have unsent, and reads nothing while more than that waits.
void Host::send_queued(Stream::State& state) {
    while (!state.queue.empty() &&
           state.unsent_bytes + state.queue.front()->size() <= k_stream_unsent_bytes_max) {
        auto block = std::move(state.queue.front());
        state.queue.pop_front();
        state.queue_bytes -= block->size();
        state.unsent_bytes += block->size();
        ask(WriteStream{state.key, std::move(block)});
    }
    if (state.is_finishing && !state.is_finish_asked && state.queue.empty()) {
        state.is_finish_asked = true;
        ask(FinishStream{state.key});
    }
    bool const must_pause = state.waiting_bytes() > k_stream_unsent_bytes_max;
    bool const may_resume = state.is_paused && state.waiting_bytes() <= k_resume_bytes;
    if (must_pause == state.is_paused || (state.is_paused && !may_resume)) return;
    state.is_paused = must_pause;
    ask(PauseStream{state.key, must_pause});
}

void Host::close(StatePtr const& state, std::optional<Error> const& why) {
    streams_.erase(state->key);
    state->host = nullptr;
    auto const handlers = std::exchange(state->handlers, std::make_shared<Stream::State::Handlers>());
    if (handlers->closed) handlers->closed(why);
}

void Host::close_if_done(StatePtr const& state) {
    if (state->host != nullptr && state->is_remote_finished && state->is_finish_asked) close(state, std::nullopt);
}

std::vector<std::string> Host::protocols() const {
    std::vector<std::string> names;
    names.reserve(handlers_.size());
    for (auto const& [name, handler] : handlers_) names.push_back(name);
    return names;
}

void Host::on_peer_connected(PeerInfo const& info, TimePoint /*now*/) {
    if (connected_) connected_(info);
}

void Host::on_peer_disconnected(PeerId const& peer, TimePoint /*now*/) {
    if (disconnected_) disconnected_(peer);
}

void Host::on_stream_opened(StreamKey stream, std::string const& protocol, TimePoint /*now*/) {
    if (auto const state = find(stream)) state->protocol = protocol;
}

void Host::on_stream_refused(StreamKey stream, Error const& error, TimePoint /*now*/) {
    if (auto const state = find(stream)) close(state, error);
}

void Host::on_inbound_stream(StreamKey stream, PeerId const& peer, std::string const& protocol, TimePoint /*now*/) {
    auto const handler = handlers_.find(protocol);
    if (handler == handlers_.end()) return ask(ResetStream{stream});
    auto const copy = handler->second;
    copy(Stream{add(stream, peer, protocol)});
}

void Host::on_stream_bytes(StreamKey stream, BytesView bytes, TimePoint /*now*/) {
    auto const state = find(stream);
    if (!state) return;
    auto const handlers = state->handlers;
    if (handlers->bytes) handlers->bytes(bytes);
}

void Host::on_stream_finished(StreamKey stream, TimePoint /*now*/) {
    auto const state = find(stream);
    if (!state) return;
    state->is_remote_finished = true;
    auto const handlers = state->handlers;
    if (handlers->finished) handlers->finished();
    close_if_done(state);
}

void Host::on_stream_reset(StreamKey stream, TimePoint /*now*/) {
    auto const state = find(stream);
    if (state) close(state, Error{Errc::cancelled, "stream: reset by the peer, or its connection ended"});
}

void Host::on_stream_sent(StreamKey stream, std::size_t bytes, TimePoint /*now*/) {
    auto const state = find(stream);
    if (!state) return;
    state->unsent_bytes -= std::min(bytes, state->unsent_bytes);
    send_queued(*state);
    auto const handlers = state->handlers;
    if (state->waiting_bytes() == 0 && handlers->drained) handlers->drained();
}

}  // namespace ggen::p2p
