#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "p2p/discovery/limits.hpp"
#include "p2p/discovery/quiet_protocol.hpp"
#include "p2p/kad/kad.hpp"

namespace ggen::p2p {

struct RendezvousOptions {
    PeerId self;
    std::string name;          ///< what the peers have in common: a topic, a registry
    bool is_announcing = true; ///< off = only looks for others
    std::size_t peers_wanted = k_rendezvous_peers_wanted;
};

/// Peers of one interest find each other by provider records: each provides the key of a name, and looks for others
/// who do while fewer than `peers_wanted` of them are connected. Drives a `Kad` that the same host carries; the owner
/// passes it kad's events. Add it to the host behind kad. What kad says is a hint: peers are who the handshake says.
class Rendezvous final : public QuietProtocol {
public:
    /// `kad` must outlive it. Errors: invalid (an empty name), too_large (over 128 bytes).
    [[nodiscard]] static Result<std::unique_ptr<Rendezvous>> create(Kad& kad, RendezvousOptions options,
                                                                    TimePoint now);

    /// Whether the event was about a query of this object.
    bool on_kad_event(KadEvent const& event, TimePoint now);
    /// Peers that were found and are connected now.
    [[nodiscard]] std::size_t connected_count() const { return connected_.size(); }
    [[nodiscard]] bool is_announced() const { return is_announced_; }

    void on_peer_connected(PeerInfo const& info, TimePoint now) override;
    void on_peer_disconnected(PeerId const& peer, TimePoint now) override;
    [[nodiscard]] std::optional<TimePoint> next_deadline() const override;
    void on_deadline(TimePoint now) override;

private:
    Rendezvous(Kad& kad, RendezvousOptions options, Bytes key, TimePoint now);
    void on_found(FoundPeer const& found);
    void search_later(TimePoint now);

    Kad& kad_;
    RendezvousOptions options_;
    Bytes key_;
    std::set<PeerId> found_;
    std::set<PeerId> connected_;       // of those found
    std::set<PeerId> all_connected_;
    QueryId announcement_ = 0;
    QueryId search_ = 0;
    std::chrono::nanoseconds step_{k_rendezvous_first_search};
    std::optional<TimePoint> announce_at_;
    std::optional<TimePoint> search_at_;
    bool is_announced_ = false;
};

/// The key that peers of `name` provide: the sha2-256 multihash of "/ggen/rendezvous/" and the name.
[[nodiscard]] Bytes rendezvous_key(std::string_view name);

}  // namespace ggen::p2p
