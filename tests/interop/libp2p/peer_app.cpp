#include "peer_app.hpp"

#include <algorithm>

namespace ggen::p2p::interop {
namespace {

std::uint8_t pattern(std::uint64_t at) { return static_cast<std::uint8_t>(at * 31 + 7); }

}  // namespace

std::vector<std::string> PeerApp::protocols() const {
    auto names = claimed_;
    names.emplace_back(k_echo_protocol);
    return names;
}

void PeerApp::claim(std::string name) {
    claimed_.push_back(std::move(name));
    put(ProtocolsChanged{});
}

void PeerApp::connect(PeerId const& peer, std::vector<Multiaddr> addresses, Done done) {
    if (peers_.contains(peer)) return done(std::uint64_t{0});
    connecting_.emplace(peer, std::move(done));
    put(ConnectPeer{peer, std::move(addresses)});
}

void PeerApp::on_peer_connected(PeerInfo const& info, TimePoint /*now*/) {
    peers_.insert_or_assign(info.peer, info);
    auto const [first, last] = connecting_.equal_range(info.peer);
    for (auto at = first; at != last; ++at) at->second(std::uint64_t{0});
    connecting_.erase(first, last);
}

void PeerApp::on_peer_disconnected(PeerId const& peer, TimePoint /*now*/) {
    peers_.erase(peer);
    protocols_of_.erase(peer);
}

void PeerApp::on_dial_failed(PeerId const& peer, Error const& error, TimePoint /*now*/) {
    auto const [first, last] = connecting_.equal_range(peer);
    for (auto at = first; at != last; ++at) at->second(error);
    connecting_.erase(first, last);
}

void PeerApp::on_peer_protocols(PeerId const& peer, std::span<std::string const> protocols, TimePoint /*now*/) {
    protocols_of_.insert_or_assign(peer, std::vector<std::string>(protocols.begin(), protocols.end()));
}

void PeerApp::echo(PeerId const& peer, std::vector<Multiaddr> addresses, std::uint64_t count, EchoDone done,
                   TimePoint now) {
    auto const key = new_stream_key();
    auto& echo = echoes_[key];
    echo = Echo{.is_ours = true, .to_send = count, .begin = now, .done = std::move(done)};
    put(OpenStream{.stream = key, .peer = peer, .protocols = {std::string(k_echo_protocol)},
                   .addresses = std::move(addresses)});
    send_pattern(key, echo);  // travels with the proposal
}

void PeerApp::on_stream_opened(StreamKey stream, std::string const& /*protocol*/, TimePoint /*now*/) {
    auto const at = echoes_.find(stream);
    if (at == echoes_.end()) return;
    at->second.is_open = true;
    // Not before: js-libp2p misses the end of a stream whose handler it has not called yet.
    if (at->second.to_send == 0) put(FinishStream{stream});
}

void PeerApp::send_pattern(StreamKey stream, Echo& echo) {
    while (echo.to_send > 0 && echo.unsent_bytes < k_echo_unsent_bytes_max) {
        auto const size = static_cast<std::size_t>(std::min<std::uint64_t>(echo.to_send, 16 * k_kib));
        Bytes piece(size);
        for (std::size_t i = 0; i < size; ++i) piece[i] = pattern(echo.sent + i);
        put(WriteStream{stream, std::make_shared<Bytes const>(std::move(piece))});
        echo.sent += size;
        echo.unsent_bytes += size;
        echo.to_send -= size;
        if (echo.to_send == 0 && echo.is_open) put(FinishStream{stream});
    }
}

void PeerApp::on_stream_refused(StreamKey stream, Error const& error, TimePoint /*now*/) { end(stream, error); }

void PeerApp::on_inbound_stream(StreamKey stream, PeerId const& /*peer*/, std::string const& protocol,
                                TimePoint /*now*/) {
    if (protocol == k_echo_protocol) {
        echoes_.emplace(stream, Echo{});
    } else {
        put(ResetStream{stream});  // only a name
    }
}

void PeerApp::on_stream_bytes(StreamKey stream, BytesView bytes, TimePoint now) {
    auto const at = echoes_.find(stream);
    if (at == echoes_.end()) return;
    auto& echo = at->second;
    if (echo.is_ours) {
        if (echo.received == 0) echo.until_first = now - echo.begin;
        for (auto const byte : bytes) {
            if (byte == pattern(echo.received++)) continue;
            put(ResetStream{stream});
            return end(stream, Error{Errc::corrupt, "echo: another byte came back"});
        }
        return;
    }
    put(WriteStream{stream, std::make_shared<Bytes const>(bytes.begin(), bytes.end())});
    echo.unsent_bytes += bytes.size();
    if (!echo.is_paused && echo.unsent_bytes > k_echo_unsent_bytes_max) {
        echo.is_paused = true;
        put(PauseStream{stream, true});
    }
}

void PeerApp::on_stream_sent(StreamKey stream, std::size_t bytes, TimePoint /*now*/) {
    auto const at = echoes_.find(stream);
    if (at == echoes_.end()) return;
    auto& echo = at->second;
    echo.unsent_bytes -= std::min(bytes, echo.unsent_bytes);
    if (echo.is_ours) {
        send_pattern(stream, echo);
    } else if (echo.is_paused && echo.unsent_bytes < k_echo_unsent_bytes_max / 2) {
        echo.is_paused = false;
        put(PauseStream{stream, false});
    }
}

void PeerApp::on_stream_finished(StreamKey stream, TimePoint /*now*/) {
    auto const at = echoes_.find(stream);
    if (at == echoes_.end()) return;
    if (!at->second.is_ours) put(FinishStream{stream});
    end(stream, Echoed{at->second.received, at->second.until_first});
}

void PeerApp::on_stream_reset(StreamKey stream, TimePoint /*now*/) {
    end(stream, Error{Errc::unavailable, "echo: the stream was reset"});
}

void PeerApp::end(StreamKey stream, Result<Echoed> result) {
    auto const at = echoes_.find(stream);
    if (at == echoes_.end()) return;
    auto const done = std::move(at->second.done);
    echoes_.erase(at);
    if (done) done(std::move(result));
}

}  // namespace ggen::p2p::interop
