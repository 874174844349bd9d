#include "net/p2p/node.hpp"

#include <algorithm>
#include <utility>

#include "base/random.hpp"
#include "net/p2p/asio_driver.hpp"
#include "net/p2p/node_services.hpp"
#include "p2p/basic/identify.hpp"
#include "p2p/basic/ping.hpp"
#include "p2p/identity/identity.hpp"
#include "p2p/swarm/ledger_gate.hpp"

namespace ggen::p2p {
namespace {

/// For the farewell to reach the peers.
constexpr std::chrono::milliseconds k_farewell{200};
constexpr std::chrono::hours k_run_step{24};

TimePoint now() { return std::chrono::steady_clock::now(); }

}  // namespace

struct Node::Impl {
    explicit Impl(NodeOptions const& options)
        : key(options.identity ? *options.identity : Ed25519PrivateKey::generate(random)),
          gate(ledger),
          swarm(SwarmOptions{.identity = key, .connections_max = options.connections_max}, random, &gate),
          identify(key, IdentifyOptions{.agent = options.agent,
                                        .record_seq = static_cast<std::uint64_t>(
                                            SystemClock{}.wall_now().seconds) * 1000}),
          ping(random.next_u64()) {}

    /// What handlers asked outside of the swarm's own calls, and news of listeners. Whether there may be commands.
    bool turn(TimePoint time) {
        auto const addresses = swarm.listen_addresses();
        while (told < addresses.size()) {
            auto parts = addresses[told++].parts();
            auto const self = swarm.self().bytes();
            parts.push_back({MultiaddrCode::p2p, Bytes{self.begin(), self.end()}});
            auto const full = Multiaddr::from_parts(std::move(parts));
            if (listening && full) listening(*full);
        }
        if (services->turn(time)) has_asked = true;
        if (turn_handler && turn_handler(time)) has_asked = true;
        if (!std::exchange(has_asked, false)) return false;
        swarm.on_protocols_called(time);
        return true;
    }
    void run_until(TimePoint end) {
        is_stopped = false;
        do {
            has_asked = true;
            driver->run_until(std::min(end, services->save_at()));
            if (now() >= services->save_at()) services->save(now());
        } while (!is_stopped && now() < end);
    }

    SystemRandom random;
    Ed25519PrivateKey key;
    Ledger ledger;
    LedgerGate gate;
    Host host;
    Swarm swarm;
    Identify identify;
    Ping ping;
    std::unique_ptr<AsioDriver> driver;
    std::unique_ptr<NodeServices> services;  // has a socket on the driver's loop: goes first
    std::function<void(Multiaddr const&)> listening;
    std::function<bool(TimePoint)> turn_handler;
    std::size_t told = 0;
    bool has_asked = false;
    bool is_stopped = false;
};

Node::Node(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Node::~Node() = default;

Result<std::unique_ptr<Node>> Node::create(NodeOptions const& options) {
    std::vector<Multiaddr> addresses;
    for (auto const& text : options.listen) {
        ASSIGN_OR_RETURN(auto address, Multiaddr::parse(text));
        addresses.push_back(std::move(address));
    }
    auto impl = std::make_unique<Impl>(options);
    NodeServices::Start const start{impl->swarm.self(), impl->key, SystemClock{}.wall_now(), now()};
    ASSIGN_OR_RETURN(impl->services, NodeServices::create(options, start, impl->random, impl->ledger));
    ASSIGN_OR_RETURN(impl->driver, AsioDriver::create(impl->swarm));
    auto* const raw = impl.get();
    RETURN_IF_ERROR(impl->services->open_multicast(impl->driver->io(), options.multicast,
                                                   [raw] { raw->has_asked = true; }));
    impl->host.set_waker([raw] { raw->has_asked = true; });
    impl->driver->set_turn_hook([raw](TimePoint time) { return raw->turn(time); });
    for (auto* const protocol : std::initializer_list<Protocol*>{&impl->identify, &impl->ping, &impl->host}) {
        impl->swarm.add_protocol(*protocol, now());
    }
    for (auto* const protocol : impl->services->protocols()) impl->swarm.add_protocol(*protocol, now());
    for (auto const& address : addresses) (void)impl->swarm.listen(address, now());
    return std::unique_ptr<Node>{new Node{std::move(impl)}};
}

void Node::add(Protocol& protocol) { impl_->swarm.add_protocol(protocol, now()); }

void Node::on_listening(std::function<void(Multiaddr const&)> handler) { impl_->listening = std::move(handler); }

Result<Stream> Node::open(std::string_view address, std::string protocol) {
    ASSIGN_OR_RETURN(auto parsed, Multiaddr::parse(address));
    auto const peer = parsed.peer_id();
    if (!peer) return Error{Errc::invalid, std::string{address} + ": the address must end in /p2p/PEER"};
    return impl_->host.open(*peer, {std::move(protocol)}, {std::move(parsed)});
}

Result<void> Node::join(std::string const& topic, TopicHandler handler) {
    impl_->has_asked = true;
    return impl_->services->join(topic, std::move(handler), now());
}

Result<void> Node::publish(std::string_view topic, BytesView data) {
    impl_->has_asked = true;
    return impl_->services->publish(topic, data, now());
}

void Node::on_kad_event(std::function<void(KadEvent const&)> handler) {
    impl_->services->set_kad_handler(std::move(handler));
}

void Node::on_gossip_event(std::function<void(GossipEvent const&)> handler) {
    impl_->services->set_gossip_handler(std::move(handler));
}

void Node::on_turn(std::function<bool(TimePoint)> handler) { impl_->turn_handler = std::move(handler); }

void Node::run() {
    do impl_->run_until(now() + k_run_step);
    while (!impl_->is_stopped);
}

void Node::run_for(std::chrono::nanoseconds duration) { impl_->run_until(now() + duration); }

void Node::post(std::function<void()> work) {
    auto* const raw = impl_.get();
    raw->driver->post([raw, work = std::move(work)](TimePoint) {
        work();
        raw->has_asked = true;
    });
}

void Node::stop() {
    auto* const raw = impl_.get();
    raw->driver->post([raw](TimePoint) {
        raw->is_stopped = true;
        raw->driver->stop();
    });
}

Result<void> Node::stop_when_readable(int descriptor) {
    auto* const raw = impl_.get();
    return raw->driver->when_readable(descriptor, [raw] {
        raw->is_stopped = true;
        raw->driver->stop();
    });
}

void Node::shut_down() {
    impl_->services->say_farewell();
    impl_->swarm.shut_down(now());
    auto const end = now() + k_farewell;
    while (now() < end && impl_->driver->socket_count() > 0) {
        impl_->driver->run_until(std::min<TimePoint>(end, now() + k_farewell / 10));
    }
    impl_->services->save(now());
}

Host& Node::host() { return impl_->host; }
Swarm& Node::swarm() { return impl_->swarm; }
Ledger& Node::ledger() { return impl_->ledger; }
Gossip* Node::gossip() { return impl_->services->gossip(); }
Kad* Node::kad() { return impl_->services->kad(); }
std::vector<Error> const& Node::warnings() const { return impl_->services->warnings(); }

}  // namespace ggen::p2p
