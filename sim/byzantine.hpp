#pragma once

#include <deque>
#include <map>
#include <memory>

#include "p2p/protocol/protocol.hpp"
#include "sim/world.hpp"

namespace ggen::sim {

/// A protocol that runs as it should, behind a host that does not pass everything on: the four ways of not being
/// honest that need no knowledge of the protocol. `mute` drops writes (from `bytes_min` on), `late` holds each back
/// for `delay`, `slow` lets `bytes_per_second` through, `invalid` spoils a byte of each so-many-th write.
class Misbehaving : public p2p::Protocol {
public:
    Misbehaving(Crowd const& crowd, std::unique_ptr<p2p::Protocol> inner, std::uint64_t seed);
    ~Misbehaving() override;
    [[nodiscard]] p2p::Protocol& inner() { return *inner_; }

    [[nodiscard]] std::vector<std::string> protocols() const override { return inner_->protocols(); }
    void on_host_changed(p2p::HostInfo const& info, TimePoint now) override;
    void on_peer_connected(p2p::PeerInfo const& info, TimePoint now) override;
    void on_peer_disconnected(PeerId const& peer, TimePoint now) override;
    void on_dial_failed(PeerId const& peer, Error const& error, TimePoint now) override;
    void on_peer_addresses(PeerId const& peer, std::span<Multiaddr const> addresses, bool is_certified,
                           TimePoint now) override;
    void on_peer_protocols(PeerId const& peer, std::span<std::string const> names, TimePoint now) override;
    void on_stream_opened(p2p::StreamKey stream, std::string const& name, TimePoint now) override;
    void on_stream_refused(p2p::StreamKey stream, Error const& error, TimePoint now) override;
    void on_inbound_stream(p2p::StreamKey stream, PeerId const& peer, std::string const& name, TimePoint now) override;
    void on_stream_bytes(p2p::StreamKey stream, BytesView bytes, TimePoint now) override;
    void on_stream_finished(p2p::StreamKey stream, TimePoint now) override;
    void on_stream_reset(p2p::StreamKey stream, TimePoint now) override;
    void on_stream_sent(p2p::StreamKey stream, std::size_t bytes, TimePoint now) override;
    [[nodiscard]] std::optional<TimePoint> next_deadline() const override;
    void on_deadline(TimePoint now) override;
    /// Takes what the inner protocol puts out, after a call to it from outside.
    void take_outputs(TimePoint now);

protected:
    /// What becomes of one write of the inner protocol: `put`, `drop`, or nothing yet.
    virtual void take_write(p2p::WriteStream write, TimePoint now);
    void drop(p2p::WriteStream write) { dropped_.push_back(std::move(write)); }

private:
    struct Held {
        TimePoint at;
        p2p::ProtocolOutput output;
    };

    Crowd crowd_;
    std::unique_ptr<p2p::Protocol> inner_;
    Dice dice_;
    std::deque<Held> held_;  ///< in order of time
    std::deque<p2p::WriteStream> dropped_;  ///< the inner protocol has to be told that they left
    TimePoint free_at_;
    std::uint64_t writes_ = 0;
};

/// `inner`, wrapped as the conduct of `node` asks.
[[nodiscard]] std::unique_ptr<p2p::Protocol> make_conduct(World& world, NodeId node,
    std::unique_ptr<p2p::Protocol> inner);
/// The protocol inside a wrapper, or `protocol` itself.
[[nodiscard]] p2p::Protocol& inner_protocol(p2p::Protocol& protocol);

}  // namespace ggen::sim
