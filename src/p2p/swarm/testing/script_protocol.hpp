#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "p2p/protocol/protocol.hpp"

namespace ggen::p2p::testing {

/// A protocol that does what a test says and remembers what it was told.
class ScriptProtocol final : public Protocol {
public:
    explicit ScriptProtocol(std::vector<std::string> names, bool echoes = false)
        : is_echo(echoes), names_(std::move(names)) {}

    void say(ProtocolOutput output) { put(std::move(output)); }
    /// Opens a stream and writes `text` with it.
    StreamKey ask(PeerId const& peer, std::vector<Multiaddr> addresses, std::string_view text,
                  std::vector<std::string> protocols = {}) {
        StreamKey const key = new_stream_key();
        put(OpenStream{key, peer, protocols.empty() ? names_ : std::move(protocols), std::move(addresses)});
        if (!text.empty()) put(WriteStream{key, std::make_shared<Bytes const>(to_bytes(text))});
        return key;
    }
    void send(StreamKey key, std::string_view text) {
        put(WriteStream{key, std::make_shared<Bytes const>(to_bytes(text))});
    }
    void rename(std::vector<std::string> names) {
        names_ = std::move(names);
        put(ProtocolsChanged{});
    }
    [[nodiscard]] std::size_t count(std::string_view prefix) const {
        std::size_t found = 0;
        for (auto const& line : log) found += line.starts_with(prefix) ? 1U : 0U;
        return found;
    }

    [[nodiscard]] std::vector<std::string> protocols() const override { return names_; }
    void on_host_changed(HostInfo const& info, TimePoint /*now*/) override { host.assign(1, info); }
    void on_peer_connected(PeerInfo const& info, TimePoint /*now*/) override {
        log.push_back("connected " + info.peer.text() + (info.direction == Direction::outbound ? " out" : " in"));
        connected[info.peer] = true;
    }
    void on_peer_disconnected(PeerId const& peer, TimePoint /*now*/) override {
        log.push_back("disconnected " + peer.text());
        connected.erase(peer);
    }
    void on_dial_failed(PeerId const& peer, Error const& error, TimePoint now) override {
        log.push_back("dial failed " + std::string{errc_name(error.code)} + " " + peer.text());
        last_error = error.context;
        last_time = now;
    }
    void on_peer_addresses(PeerId const& /*peer*/, std::span<Multiaddr const> addresses, bool /*is_certified*/,
                           TimePoint /*now*/) override {
        log.push_back("addresses " + std::to_string(addresses.size()));
    }
    void on_peer_protocols(PeerId const& /*peer*/, std::span<std::string const> protocols,
                           TimePoint /*now*/) override {
        log.push_back("protocols " + std::to_string(protocols.size()));
    }
    void on_stream_opened(StreamKey stream, std::string const& protocol, TimePoint /*now*/) override {
        log.push_back("opened " + std::to_string(stream) + " " + protocol);
    }
    void on_stream_refused(StreamKey stream, Error const& error, TimePoint /*now*/) override {
        log.push_back("refused " + std::to_string(stream) + " " + std::string{errc_name(error.code)});
        last_error = error.context;
    }
    void on_inbound_stream(StreamKey stream, PeerId const& /*peer*/, std::string const& protocol,
                           TimePoint /*now*/) override {
        log.push_back("inbound " + std::to_string(stream) + " " + protocol);
        last_stream = stream;
    }
    void on_stream_bytes(StreamKey stream, BytesView bytes, TimePoint now) override {
        received_bytes += bytes.size();
        last_time = now;
        if (keeps_text) texts[stream] += as_text(bytes);
        if (is_echo && stream % 2 == 0) send(stream, as_text(bytes));
        if (pauses) put(PauseStream{stream, true});
    }
    void on_stream_finished(StreamKey stream, TimePoint /*now*/) override {
        log.push_back("finished " + std::to_string(stream));
        if (is_echo && stream % 2 == 0) put(FinishStream{stream});
    }
    void on_stream_reset(StreamKey stream, TimePoint /*now*/) override {
        log.push_back("reset " + std::to_string(stream));
    }
    void on_stream_sent(StreamKey stream, std::size_t bytes, TimePoint /*now*/) override { sent[stream] += bytes; }

    bool is_echo;  // of streams that peers open
    bool keeps_text = true;
    bool pauses = false;
    std::vector<std::string> log;
    std::vector<HostInfo> host;  // the last one, if any
    std::map<PeerId, bool> connected;
    std::map<StreamKey, std::string> texts;
    std::map<StreamKey, std::size_t> sent;
    std::size_t received_bytes = 0;
    StreamKey last_stream = 0;
    std::string last_error;
    TimePoint last_time{};

private:
    std::vector<std::string> names_;
};

}  // namespace ggen::p2p::testing
