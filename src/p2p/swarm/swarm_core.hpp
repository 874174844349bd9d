#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "p2p/swarm/address_book.hpp"
#include "p2p/swarm/ban_list.hpp"
#include "p2p/swarm/swarm.hpp"
#include "p2p/swarm/swarm_parts.hpp"

namespace ggen::p2p {

/// Included by the sources of the swarm alone. Public calls of `Swarm` change state and end in `settle`; nothing
/// here calls `settle` itself, so nothing re-enters. A link that ends is `gone` at once and freed by `settle`.
class Swarm::Core {
public:
    using Link = detail::Link;
    using Peer = detail::Peer;
    using HostStream = detail::HostStream;
    using StreamRef = detail::StreamRef;
    enum class Ending : std::uint8_t { orderly, abrupt, socket_gone };

    struct Listener {
        Multiaddr asked;
        std::vector<Multiaddr> actual{};
    };
    struct Lookup {
        PeerId peer;
        std::size_t depth = 1;
    };
    struct Carried {
        Protocol* protocol = nullptr;
        std::unordered_map<StreamKey, HostStream> streams{};
        StreamKey next_key = 2;
    };

    Core(SwarmOptions options, Random& random, Gate* gate);

    // core.cpp: the loop
    void settle(TimePoint now);
    void on_deadline(TimePoint now);
    [[nodiscard]] std::optional<TimePoint> next_deadline() const;
    [[nodiscard]] SwarmUsage usage() const;
    [[nodiscard]] std::vector<PeerUsage> peers() const;

    // core_protocols.cpp: what protocols say and are told
    void tell_host_info();
    void refresh_names();
    [[nodiscard]] bool drain_protocols();
    void apply(std::size_t protocol, ProtocolOutput output);
    void on_conduct(ReportPeer const& report);
    void on_learned(LearnAddresses const& learned);
    void on_identified(PeerIdentified identified);

    // core_links.cpp: sockets and connections
    [[nodiscard]] std::optional<SocketKey> accept(Multiaddr const& remote, TimePoint now);
    Link& add_link(Direction direction, Multiaddr address, TimePoint now);
    void start_upgrade(Link& link, TimePoint now);
    void on_bytes(Link& link, BytesView bytes, TimePoint now);
    void pump(Link& link);
    [[nodiscard]] bool flush(Link& link);
    void on_established(Link& link, PeerId const& id);
    void set_allowance(Peer& peer, TimePoint now);
    [[nodiscard]] std::optional<Error> refusal_of(Link const& link, PeerId const& id, TimePoint now);
    void retire(Link& link, TimePoint now);
    void settle_crossing(Peer& peer, TimePoint now);
    void close(Link& link, Ending ending, Error const& why);
    [[nodiscard]] bool make_room(TimePoint now);
    [[nodiscard]] Link* least_worth(TimePoint now);
    void on_link_due(Link& link, TimePoint now);
    void reschedule(Link& link);
    void mark(Link& link);
    void count(Link const& link, bool is_added);
    [[nodiscard]] Link* link_of(SocketKey key);

    // core_dials.cpp: the way to a peer
    [[nodiscard]] Peer& peer_of(PeerId const& id);
    [[nodiscard]] Peer* find_peer(PeerId const& id);
    void forget_if_unused(Peer& peer);
    void want_connection(Peer& peer, std::vector<Multiaddr> const& addresses, TimePoint now);
    [[nodiscard]] std::optional<Error> plan(Peer& peer, std::vector<Multiaddr> const& addresses, std::size_t depth,
                                            bool is_named, TimePoint now);
    [[nodiscard]] bool may_dial(Peer const& peer, Multiaddr const& address, bool is_named, TimePoint now);
    void on_resolved(ResolveKey key, Result<std::vector<Multiaddr>> const& addresses, TimePoint now);
    void run_dial(Peer& peer, TimePoint now);
    void on_attempt_over(Link& link, Error const& why, TimePoint now);
    void end_dial(Peer& peer);
    void fail_dial(Peer& peer, Error const& why);
    void schedule_dial(Peer& peer, std::optional<TimePoint> at);

    // core_streams.cpp
    void open(std::size_t protocol, OpenStream request, TimePoint now);
    void start(StreamRef ref, HostStream& stream, Link& link, TimePoint now);
    void open_waiting(Peer& peer, Link& link, TimePoint now);
    void write(StreamRef ref, Block bytes);
    void pass_on(StreamRef ref, HostStream& stream);
    void finish(StreamRef ref);
    void reset(StreamRef ref);
    void pause(StreamRef ref, bool is_paused);
    [[nodiscard]] bool deliver_resumed();
    void hold(HostStream& stream, Bytes bytes);
    void deliver(StreamRef ref, HostStream& stream, Bytes bytes);
    void deliver_end(StreamRef ref, HostStream& stream);
    void refuse(StreamRef ref, Error const& error);
    void drop(StreamRef ref, HostStream& stream);
    void forget_if_done(StreamRef ref);
    void lose_streams(Link& link, Error const& why);
    [[nodiscard]] static Link* link_for_streams(Peer const& peer);
    [[nodiscard]] HostStream* stream_of(StreamRef ref);
    void on_event(Link& link, ConnectionEvent event);
    void on_requested(Link& link, StreamRequested const& requested);
    void on_negotiated(Link& link, StreamNegotiated const& negotiated);
    void on_refused(Link& link, StreamRefused const& refused);
    void on_sent(Link& link, StreamSent const& sent);

    SwarmOptions options_;
    Random& random_;
    Gate& gate_;
    PeerId self_;
    X25519PrivateKey static_key_;
    std::optional<Ed25519Signature> static_key_signature_;  // made with the first connection
    WindowBudget budget_;
    TimePoint now_{};

    std::vector<Carried> carried_;
    std::map<std::string, std::size_t> by_name_;  // which protocol takes a name
    ProtocolNames names_ = std::make_shared<std::vector<std::string> const>();
    bool is_host_info_due_ = false;

    std::map<ListenerKey, Listener> listeners_;
    std::optional<Error> listen_failure_;
    std::vector<Multiaddr> confirmed_;
    std::map<PeerId, std::unique_ptr<Peer>> peers_;
    AddressBook book_;
    BanList<PeerId> banned_peers_;
    BanList<IpNetwork> banned_networks_;

    std::map<SocketKey, std::unique_ptr<Link>> links_;
    std::map<IpNetwork, detail::NetworkCount> networks_;
    std::set<SocketKey> handshakes_;  // inbound; the oldest first
    std::size_t open_ = 0;
    std::size_t dials_ = 0;           // sockets that connect
    std::vector<SocketKey> pumps_;
    std::vector<SocketKey> flushes_;
    std::vector<SocketKey> touched_;
    std::vector<SocketKey> gone_;
    std::deque<StreamRef> resumed_;

    std::map<ResolveKey, Lookup> lookups_;
    std::size_t dialing_peers_ = 0;
    std::set<std::pair<TimePoint, SocketKey>> link_deadlines_;
    std::map<std::pair<TimePoint, std::uint64_t>, PeerId> dial_deadlines_;
    std::uint64_t next_number_ = 1;  // of sockets, listeners, lookups and dials
    std::deque<SwarmCommand> commands_;
};

}  // namespace ggen::p2p
