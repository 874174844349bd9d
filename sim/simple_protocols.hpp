#pragma once

#include <functional>
#include <map>
#include <set>
#include <vector>

#include "p2p/protocol/message_reader.hpp"
#include "p2p/protocol/protocol.hpp"

// Two protocols of a page each: they measure the simulator, and test it.
namespace ggen::sim {

/// Sends back what it is sent. As a client it opens a stream for each question.
class Echo final : public p2p::Protocol {
public:
    static constexpr char const* k_name = "/sim/echo/1";
    /// Whether the answer was whole and equal, and when its first byte came.
    using Done = std::function<void(bool is_right, TimePoint first_byte)>;

    void ask(PeerId const& peer, std::vector<Multiaddr> addresses, p2p::Block question, Done done);

    [[nodiscard]] std::vector<std::string> protocols() const override { return {k_name}; }
    void on_stream_refused(p2p::StreamKey stream, Error const& error, TimePoint now) override;
    void on_inbound_stream(p2p::StreamKey, PeerId const&, std::string const&, TimePoint) override {}
    void on_stream_bytes(p2p::StreamKey stream, BytesView bytes, TimePoint now) override;
    void on_stream_finished(p2p::StreamKey stream, TimePoint now) override;
    void on_stream_reset(p2p::StreamKey stream, TimePoint now) override;

private:
    struct Question {
        p2p::Block bytes;
        std::size_t answered = 0;
        bool is_right = true;
        TimePoint first_byte;
        Done done;
    };
    void end(p2p::StreamKey stream, bool is_right, TimePoint now);

    std::map<p2p::StreamKey, Question> questions_;
};

/// Keeps connections to the peers that it is given, from `start` on: dials again after five seconds.
class Links final : public p2p::Protocol {
public:
    using Peers = std::vector<std::pair<PeerId, Multiaddr>>;
    Links(Peers peers, TimePoint start) : peers_(std::move(peers)), missing_(peers_.size(), start) {}

    [[nodiscard]] std::vector<std::string> protocols() const override { return {}; }
    void on_peer_connected(p2p::PeerInfo const& info, TimePoint now) override;
    void on_peer_disconnected(PeerId const& peer, TimePoint now) override;
    void on_dial_failed(PeerId const& peer, Error const& error, TimePoint now) override;
    void on_inbound_stream(p2p::StreamKey stream, PeerId const&, std::string const&, TimePoint) override {
        put(p2p::ResetStream{stream});
    }
    void on_stream_bytes(p2p::StreamKey, BytesView, TimePoint) override {}
    void on_stream_finished(p2p::StreamKey, TimePoint) override {}
    void on_stream_reset(p2p::StreamKey, TimePoint) override {}
    [[nodiscard]] std::optional<TimePoint> next_deadline() const override { return next_; }
    void on_deadline(TimePoint now) override;
    void on_host_changed(p2p::HostInfo const& info, TimePoint now) override;

private:
    void plan();
    [[nodiscard]] std::size_t index_of(PeerId const& peer) const;

    Peers peers_;
    std::vector<TimePoint> missing_;  ///< when to dial; max = connected or dialing
    std::optional<TimePoint> next_;
};

/// Passes every message on to all neighbours but the one it came from.
class Flood final : public p2p::Protocol {
public:
    static constexpr char const* k_name = "/sim/flood/1";
    static constexpr std::size_t k_message_bytes_max = 1 << 20;
    using Received = std::function<void(std::uint64_t id, TimePoint now)>;

    /// `neighbours` are dialed at the start.
    Flood(std::vector<std::pair<PeerId, Multiaddr>> neighbours, Received received);
    /// `id` names the message; `size_bytes` includes its 8 bytes.
    void publish(std::uint64_t id, std::size_t size_bytes);

    [[nodiscard]] std::vector<std::string> protocols() const override { return {k_name}; }
    void on_host_changed(p2p::HostInfo const& info, TimePoint now) override;
    void on_peer_connected(p2p::PeerInfo const& info, TimePoint now) override;
    void on_peer_disconnected(PeerId const& peer, TimePoint now) override;
    void on_inbound_stream(p2p::StreamKey stream, PeerId const& peer, std::string const&, TimePoint) override;
    void on_stream_bytes(p2p::StreamKey stream, BytesView bytes, TimePoint now) override;
    void on_stream_finished(p2p::StreamKey stream, TimePoint now) override;
    void on_stream_reset(p2p::StreamKey stream, TimePoint now) override;
    [[nodiscard]] std::uint64_t copies() const { return copies_; }

private:
    struct Inbound {
        PeerId peer;
        p2p::MessageReader reader{k_message_bytes_max};
    };
    void pass_on(p2p::Block const& framed, PeerId const* except);

    std::vector<std::pair<PeerId, Multiaddr>> neighbours_;
    Received received_;
    bool is_started_ = false;
    std::vector<std::pair<PeerId, p2p::StreamKey>> out_;
    std::map<p2p::StreamKey, Inbound> in_;
    std::set<std::uint64_t> seen_;
    std::uint64_t copies_ = 0;
};

}  // namespace ggen::sim
