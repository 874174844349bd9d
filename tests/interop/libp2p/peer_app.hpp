#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "p2p/protocol/protocol.hpp"

namespace ggen::p2p::interop {

inline constexpr std::string_view k_echo_protocol = "/test/echo/1.0.0";
inline constexpr std::size_t k_echo_unsent_bytes_max = 64 * k_kib;

/// What the test peer has of its own beside the product's protocols: connecting on command, an echo in both roles,
/// names that it only claims to speak (so that identify has something to push).
class PeerApp final : public Protocol {
public:
    using Done = std::function<void(Result<std::uint64_t>)>;

    void connect(PeerId const& peer, std::vector<Multiaddr> addresses, Done done);
    struct Echoed {
        std::uint64_t bytes = 0;
        std::chrono::nanoseconds until_first{0};  // from the command; 0 when none came
    };
    using EchoDone = std::function<void(Result<Echoed>)>;
    /// Sends `count` bytes of a pattern and wants them back; `done` gets how many came.
    void echo(PeerId const& peer, std::vector<Multiaddr> addresses, std::uint64_t count, EchoDone done, TimePoint now);
    void claim(std::string name);
    void value(PeerId const& peer, std::uint32_t value) { put(ValuePeer{peer, value}); }

    [[nodiscard]] std::map<PeerId, std::vector<std::string>> const& protocols_of() const { return protocols_of_; }
    [[nodiscard]] std::map<PeerId, PeerInfo> const& peers() const { return peers_; }

    [[nodiscard]] std::vector<std::string> protocols() const override;
    void on_peer_connected(PeerInfo const& info, TimePoint now) override;
    void on_peer_disconnected(PeerId const& peer, TimePoint now) override;
    void on_dial_failed(PeerId const& peer, Error const& error, TimePoint now) override;
    void on_peer_protocols(PeerId const& peer, std::span<std::string const> protocols, TimePoint now) override;
    void on_stream_opened(StreamKey stream, std::string const& protocol, TimePoint now) override;
    void on_stream_refused(StreamKey stream, Error const& error, TimePoint now) override;
    void on_inbound_stream(StreamKey stream, PeerId const& peer, std::string const& protocol, TimePoint now) override;
    void on_stream_bytes(StreamKey stream, BytesView bytes, TimePoint now) override;
    void on_stream_finished(StreamKey stream, TimePoint now) override;
    void on_stream_reset(StreamKey stream, TimePoint now) override;
    void on_stream_sent(StreamKey stream, std::size_t bytes, TimePoint now) override;

private:
    struct Echo {
        bool is_ours = false;
        std::uint64_t to_send = 0;
        std::uint64_t sent = 0;
        std::uint64_t received = 0;
        std::size_t unsent_bytes = 0;
        bool is_open = false;
        bool is_paused = false;
        TimePoint begin = {};
        std::chrono::nanoseconds until_first{0};
        EchoDone done = {};
    };
    void send_pattern(StreamKey stream, Echo& echo);
    void end(StreamKey stream, Result<Echoed> result);

    std::vector<std::string> claimed_;
    std::map<PeerId, PeerInfo> peers_;
    std::map<PeerId, std::vector<std::string>> protocols_of_;
    std::multimap<PeerId, Done> connecting_;
    std::map<StreamKey, Echo> echoes_;
};

}  // namespace ggen::p2p::interop
