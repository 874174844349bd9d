#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "p2p/discovery/dns_message.hpp"
#include "p2p/discovery/quiet_protocol.hpp"
#include "p2p/protocol/seeded_random.hpp"

namespace ggen::p2p {

inline constexpr std::string_view k_mdns_service = "_p2p._udp.local";

struct MdnsOptions {
    PeerId self;
    std::uint64_t seed = 0;               ///< of all dice
    /// Networks with a key of their own use another name (`_p2p-<fingerprint>._udp.local`).
    std::string service{k_mdns_service};
    bool dials = true;                    ///< off = neighbours are only told of
};

/// Addresses are what somebody on the local network said, without /p2p.
struct NeighbourFound {
    PeerId peer;
    std::vector<Multiaddr> addresses;
};
/// It said farewell, or was not heard of any more.
struct NeighbourLost { PeerId peer; };
using MdnsEvent = std::variant<NeighbourFound, NeighbourLost>;

/// Finds peers on the local network by multicast DNS (libp2p/specs discovery/mdns.md r2 over RFC 6762): asks, answers,
/// announces, and connects to whom it finds while there are few. A protocol core whose datagrams a driver carries
/// (docs/protocols/p2p-discovery.md). What it hears proves nothing: a neighbour is who the handshake says it is.
///
/// At most 1,024 neighbours with 16 addresses; the one whose time ends first gives way.
class Mdns final : public QuietProtocol {
public:
    /// Errors: invalid, too_large (the name of the service).
    [[nodiscard]] static Result<std::unique_ptr<Mdns>> create(MdnsOptions options, TimePoint now);

    /// A datagram that came to the group. `is_own_machine`: its sender is this machine, so loopback addresses in it
    /// mean something. Whatever it holds, it is read or passed over.
    void on_datagram(BytesView datagram, bool is_own_machine, TimePoint now);
    /// What goes to the group, each at most 1,400 bytes.
    [[nodiscard]] std::optional<Bytes> poll_datagram();
    [[nodiscard]] std::optional<MdnsEvent> poll_event();
    /// The farewell: neighbours forget this node at once. It can be woken by `on_host_changed`.
    void say_farewell();

    [[nodiscard]] std::size_t neighbour_count() const { return neighbours_.size(); }
    /// Datagrams that could not be read.
    [[nodiscard]] std::uint64_t refused_count() const { return refused_; }

    void on_host_changed(HostInfo const& info, TimePoint now) override;
    void on_peer_connected(PeerInfo const& info, TimePoint now) override;
    void on_peer_disconnected(PeerId const& peer, TimePoint now) override;
    [[nodiscard]] std::optional<TimePoint> next_deadline() const override;
    void on_deadline(TimePoint now) override;

private:
    struct Neighbour {
        std::vector<Multiaddr> addresses;
        TimePoint until;
    };

    Mdns(MdnsOptions options, DnsName service, DnsName meta, TimePoint now);
    void on_question(DnsQuestion const& question, TimePoint now);
    void on_text(DnsRecord const& record, bool is_own_machine, TimePoint now);
    void on_neighbour(PeerId const& peer, std::vector<Multiaddr> addresses, std::chrono::seconds ttl, TimePoint now);
    void forget(std::map<PeerId, Neighbour>::iterator at);
    void answer(std::chrono::seconds ttl);
    void announce(TimePoint earliest);
    void put_event(MdnsEvent event);

    MdnsOptions options_;
    SeededRandom random_;
    DnsName service_;
    DnsName meta_;      // "which services are there?"
    DnsName instance_;  // a random label under the service: says nothing of who we are
    std::vector<Multiaddr> own_;
    std::map<PeerId, Neighbour> neighbours_;
    std::set<std::pair<TimePoint, PeerId>> by_end_;
    std::set<PeerId> connected_;
    TimePoint query_at_;
    std::chrono::nanoseconds query_step_{k_mdns_second_query};
    std::optional<TimePoint> answer_at_;
    std::optional<TimePoint> answered_at_;
    int announcements_left_ = 0;
    bool is_meta_asked_ = false;
    std::uint64_t refused_ = 0;
    std::deque<Bytes> datagrams_;
    std::deque<MdnsEvent> events_;
};

}  // namespace ggen::p2p
