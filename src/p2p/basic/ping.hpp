#pragma once

#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <optional>

#include "p2p/protocol/protocol.hpp"
#include "p2p/protocol/seeded_random.hpp"

namespace ggen::p2p {

inline constexpr std::string_view k_ping_protocol = "/ipfs/ping/1.0.0";
inline constexpr std::size_t k_ping_bytes = 32;
inline constexpr std::chrono::seconds k_ping_timeout{10};
inline constexpr std::size_t k_ping_inbound_per_peer_max = 2;  ///< streams; more are reset
inline constexpr std::size_t k_pings_waiting_per_peer_max = 64;
/// Echoes of one stream that did not leave yet: above, the peer is held back; below half, it may go on.
inline constexpr std::size_t k_ping_unsent_bytes_max = 16 * k_kib;

/// The end of one ping. Errors: those of OpenStream; timed_out; invalid (another answer than was sent);
/// unavailable (the stream was closed); too_large (64 wait already).
struct PingDone {
    PeerId peer;
    Result<std::chrono::nanoseconds> round_trip;
};

/// Ping (libp2p/specs ping/ping.md): 32 bytes that come back. One stream of ours a peer, kept open and used again;
/// two of the peer's. Answers in any cut.
class Ping final : public Protocol {
public:
    /// `timeout` is that of one ping, dialing included.
    explicit Ping(std::uint64_t seed, std::chrono::nanoseconds timeout = k_ping_timeout)
        : random_(seed), timeout_(timeout) {}

    /// Pings once; dials when there is no connection. Pings of one peer are sent one after the other.
    void ping(PeerId const& peer, std::vector<Multiaddr> addresses, TimePoint now);
    /// Exactly one for each `ping`.
    [[nodiscard]] std::optional<PingDone> poll_event();
    [[nodiscard]] std::size_t inbound_count() const { return inbound_.size(); }

    [[nodiscard]] std::vector<std::string> protocols() const override { return {std::string(k_ping_protocol)}; }
    void on_stream_opened(StreamKey stream, std::string const& protocol, TimePoint now) override;
    void on_stream_refused(StreamKey stream, Error const& error, TimePoint now) override;
    void on_inbound_stream(StreamKey stream, PeerId const& peer, std::string const& protocol, TimePoint now) override;
    void on_stream_bytes(StreamKey stream, BytesView bytes, TimePoint now) override;
    void on_stream_finished(StreamKey stream, TimePoint now) override;
    void on_stream_reset(StreamKey stream, TimePoint now) override;
    void on_stream_sent(StreamKey stream, std::size_t bytes, TimePoint now) override;
    [[nodiscard]] std::optional<TimePoint> next_deadline() const override;
    void on_deadline(TimePoint now) override;

private:
    struct Inbound {
        PeerId peer;
        std::size_t unsent_bytes = 0;
        bool is_paused = false;
    };
    /// Our stream to one peer, while it is open or pings wait for it.
    struct Outbound {
        StreamKey stream = 0;
        bool is_open = false;
        std::deque<TimePoint> deadlines;  // of the pings that wait; the first one is on its way once is_open
        std::optional<TimePoint> sent_at;
        std::array<std::uint8_t, k_ping_bytes> sent{};
        std::size_t matched_bytes = 0;
    };
    using Outbounds = std::map<PeerId, Outbound>;

    [[nodiscard]] Outbounds::iterator find(StreamKey stream);
    void send_next(Outbound& outbound, TimePoint now);
    void fail_all(Outbounds::iterator at, Error const& error);
    void on_answer(Outbounds::iterator at, BytesView bytes, TimePoint now);
    void echo(StreamKey stream, Inbound& inbound, BytesView bytes);

    SeededRandom random_;
    std::chrono::nanoseconds timeout_;
    Outbounds outbound_;
    std::map<StreamKey, Inbound> inbound_;
    std::deque<PingDone> events_;
};

}  // namespace ggen::p2p
