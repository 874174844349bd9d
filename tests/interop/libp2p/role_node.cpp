#include "role_node.hpp"

#include <optional>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "p2p/swarm/address_book.hpp"
#include "peer_overlay.hpp"

namespace ggen::p2p::interop {
namespace {

constexpr std::chrono::seconds k_step_timeout{60};

TimePoint steady_now() { return std::chrono::steady_clock::now(); }

/// Who listens there, and where. Errors: invalid (it does not say both).
Result<std::pair<PeerId, Multiaddr>> place_of(Multiaddr const& address) {
    auto const peer = address.peer_id();
    auto const bare = peer ? without_peer(address, *peer) : std::nullopt;
    if (bare) return std::pair{*peer, *bare};
    return Error{Errc::invalid, address.text() + " does not say where and, in a /p2p part, who"};
}

}  // namespace

Result<std::unique_ptr<RoleNode>> RoleNode::create(std::optional<KadMode> kad) {
    SystemRandom random;
    std::unique_ptr<RoleNode> node{new RoleNode(Ed25519PrivateKey::generate(random))};
    ASSIGN_OR_RETURN(node->driver_, AsioDriver::create(node->swarm_));
    std::vector<Protocol*> protocols{&node->identify_, &node->ping_};
    if (kad) {
        KadOptions options{.self = node->swarm_.self()};
        options.seed = random.next_u64();
        options.mode = *kad;
        options.protocol = k_kad_public_protocol;
        options.validators.add("example", std::make_shared<AnyValue const>());
        options.wall_at = SystemClock{}.wall_now();
        options.steady_at = steady_now();
        node->kad_ = std::make_unique<Kad>(std::move(options));
        protocols.push_back(node->kad_.get());
    }
    for (auto* const protocol : protocols) node->swarm_.add_protocol(*protocol, steady_now());
    return node;
}

Result<void> RoleNode::run(std::function<bool(TimePoint)> is_done) {
    bool has_come = false;
    driver_->set_turn_hook([&](TimePoint now) {
        has_come = is_done(now);
        if (has_come) driver_->stop();
        return false;
    });
    driver_->run_until(steady_now() + k_step_timeout);
    driver_->set_turn_hook({});
    return has_come ? ok() : Error{Errc::timed_out, "no answer within a minute"};
}

Result<Multiaddr> RoleNode::listen(std::string const& ip) {
    ASSIGN_OR_RETURN(auto const address, Multiaddr::parse("/ip4/" + ip + "/tcp/0"));
    swarm_.listen(address, steady_now());
    RETURN_IF_ERROR(run([this](TimePoint) { return swarm_.pending_listeners() == 0; }));
    if (swarm_.listen_addresses().empty()) return swarm_.listen_failure().value();
    return Multiaddr::parse(swarm_.listen_addresses().front().text() + "/p2p/" + swarm_.self().text());
}

Result<RoleNode::Latency> RoleNode::ping(Multiaddr const& address) {
    ASSIGN_OR_RETURN(auto const place, place_of(address));
    auto const begin = steady_now();
    std::optional<PingDone> done;
    ping_.ping(place.first, {place.second}, begin);
    swarm_.on_protocols_called(begin);
    RETURN_IF_ERROR(run([&](TimePoint) {
        done = ping_.poll_event();
        return done.has_value();
    }));
    ASSIGN_OR_RETURN(auto const round_trip, done->round_trip);
    return Latency{steady_now() - begin, round_trip};
}

Result<void> RoleNode::ask(std::function<QueryId(TimePoint)> const& start,
                            std::function<void(KadEvent const&)> const& take) {
    auto const query = start(steady_now());
    swarm_.on_protocols_called(steady_now());
    std::optional<QueryFinished> finished;
    RETURN_IF_ERROR(run([&](TimePoint) {
        while (auto const event = kad_->poll_event()) {
            if (std::visit([](auto const& one) { return one.query; }, *event) != query) continue;
            if (take) take(*event);
            if (auto const* const end = std::get_if<QueryFinished>(&*event)) finished = *end;
        }
        return finished.has_value();
    }));
    if (finished->error) return *finished->error;
    return ok();
}

Result<void> RoleNode::bootstrap(Multiaddr const& address) {
    ASSIGN_OR_RETURN(auto const place, place_of(address));
    std::vector const addresses{place.second};
    return ask([&](TimePoint now) {
        return kad_->bootstrap({KadPeer{place.first, AddressList::from(addresses, 8)}}, now);
    });
}

Result<void> RoleNode::provide(std::string const& key) {
    return ask([&](TimePoint now) { return kad_->provide(as_bytes(key), now); });
}

Result<void> RoleNode::put(std::string const& key, std::string const& value) {
    return ask([&](TimePoint now) { return kad_->put_value(as_bytes(key), as_bytes(value), now); });
}

Result<std::size_t> RoleNode::find_providers(std::string const& key) {
    std::size_t count = 0;
    RETURN_IF_ERROR(ask([&](TimePoint now) { return kad_->find_providers(as_bytes(key), now, 1); },
                        [&](KadEvent const& event) {
                            if (auto const* const found = std::get_if<ProvidersFound>(&event)) {
                                count += found->providers.size();
                            }
                        }));
    return count;
}

Result<std::string> RoleNode::get(std::string const& key) {
    std::string value;
    RETURN_IF_ERROR(ask([&](TimePoint now) { return kad_->get_value(as_bytes(key), now); },
                        [&](KadEvent const& event) {
                            if (auto const* const found = std::get_if<ValueFound>(&event)) {
                                value = as_text(found->value);
                            }
                        }));
    return value;
}

void RoleNode::serve() { driver_->run_until(TimePoint::max()); }

}  // namespace ggen::p2p::interop
