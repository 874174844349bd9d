#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "codec/multiaddr.hpp"
#include "codec/peer_id.hpp"
#include "p2p/protocol/protocol.hpp"
#include "p2p/swarm/dial_plan.hpp"
#include "p2p/swarm/ip_address.hpp"
#include "p2p/swarm/transport.hpp"
#include "p2p/wire/connection.hpp"

// What the swarm keeps of each socket, peer, dial and stream; included by its sources alone.
namespace ggen::p2p::detail {

struct Peer;

/// A stream as a protocol names it.
struct StreamRef {
    std::size_t protocol = 0;  ///< index of the protocol
    StreamKey key = 0;
};

/// A socket and the connection over it.
struct Link {
    enum class State : std::uint8_t { connecting, upgrading, open, gone };

    SocketKey key = 0;
    State state = State::connecting;
    Direction direction = Direction::outbound;
    Multiaddr address;                  // of the other end, without /p2p
    std::optional<IpNetwork> network{};   // nullopt over loopback: free of the limits per network
    std::optional<PeerId> dialed{};       // whom a dial is for, until the link is open
    std::unique_ptr<WindowBudget> budget{};  // of the connection, inside that of its peer once there is one
    std::unique_ptr<Connection> connection{};
    Peer* peer = nullptr;               // once open
    std::map<StreamId, StreamRef> streams{};
    std::vector<std::pair<StreamId, std::size_t>> used{};  // bytes that protocols took, and whose credit is due
    TimePoint opened_at{};
    std::optional<TimePoint> idle_since{};
    std::optional<TimePoint> limit{};     // of connecting, then of draining
    std::optional<TimePoint> deadline{};  // as it stands in the set of deadlines
    std::optional<Error> failed{};        // to be closed when what it told was heard
    bool is_writing = false;
    bool is_retiring = false;           // takes no new streams
    bool is_pump_due = false;
    bool is_flush_due = false;
};

struct TimedStep {
    Multiaddr address;
    TimePoint at;
};

/// The search for a connection to one peer.
struct Dial {
    std::uint64_t number = 0;
    std::deque<TimedStep> steps;  // in order of time
    std::set<SocketKey> attempts;
    std::set<ResolveKey> resolves;
    std::size_t resolves_started = 0;
    std::size_t addresses_planned = 0;
    TimePoint resolve_limit{};
    TimePoint patience{};  // no new attempt before
    std::optional<Error> error;
    std::optional<TimePoint> deadline;  // as it stands in the set of deadlines
};

struct Peer {
    PeerId id;
    std::vector<Link*> links{};        // open ones, the oldest first
    std::map<std::size_t, std::uint32_t> values{};  // by protocol
    std::vector<std::string> known{};  // what it speaks, by identify
    std::vector<StreamRef> waiting{};  // for a connection
    std::set<std::size_t> askers{};    // protocols that want a connection without a stream
    std::unique_ptr<Dial> dial{};
    std::unique_ptr<WindowBudget> budget{};  // of all its links, with the first one

    [[nodiscard]] std::uint64_t value() const {
        std::uint64_t sum = 0;
        for (auto const& [protocol, value] : values) sum += value;
        return sum;
    }
    [[nodiscard]] bool is_used() const { return !links.empty() || !waiting.empty() || !askers.empty() || dial; }
};

/// A stream between a protocol and a peer.
struct HostStream {
    Peer* peer = nullptr;
    Link* link = nullptr;  // null while it waits for a connection
    StreamId id = 0;
    std::vector<std::string> protocols{};  // not proposed yet
    std::deque<Block> waiting{};           // not given to the connection yet
    std::vector<Block> flight{};           // given to it with a lazy proposal that is not answered yet
    std::size_t flight_bytes = 0;
    std::size_t unsent_bytes = 0;    // written by the protocol, not reported as sent
    std::size_t reported_bytes = 0;  // of those in flight
    std::size_t skip_bytes = 0;      // to be sent a second time, and not reported again
    std::deque<Bytes> held{};        // received while paused
    bool is_lazy = false;            // and not answered
    bool is_open = false;
    bool is_paused = false;
    bool is_finishing = false;
    bool is_remote_finished = false;
    bool is_end_told = false;
};

/// How many sockets of one network there are.
struct NetworkCount {
    std::size_t inbound = 0;     // handshakes among them
    std::size_t handshakes = 0;  // inbound
    std::size_t dials = 0;
};

}  // namespace ggen::p2p::detail
