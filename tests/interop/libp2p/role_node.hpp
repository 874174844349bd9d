#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/random.hpp"
#include "net/p2p/asio_driver.hpp"
#include "p2p/basic/identify.hpp"
#include "p2p/basic/ping.hpp"
#include "p2p/kad/kad.hpp"
#include "p2p/swarm/swarm.hpp"

namespace ggen::p2p::interop {

/// One of our nodes, driven step by step: each call runs it until its answer has come.
class RoleNode {
public:
    /// `kad`: the mode of the public DHT; nullopt = without. Values of namespace `example` are all valid.
    [[nodiscard]] static Result<std::unique_ptr<RoleNode>> create(std::optional<KadMode> kad);

    /// The first address that listens, with /p2p. Errors: io.
    [[nodiscard]] Result<Multiaddr> listen(std::string const& ip);
    /// Dials if need be, and pings once: the time that all of it took, and that of the ping alone.
    struct Latency {
        std::chrono::nanoseconds in_all;
        std::chrono::nanoseconds round_trip;
    };
    [[nodiscard]] Result<Latency> ping(Multiaddr const& address);
    /// Errors: unavailable (nobody answered).
    [[nodiscard]] Result<void> bootstrap(Multiaddr const& address);
    [[nodiscard]] Result<void> provide(std::string const& key);
    [[nodiscard]] Result<void> put(std::string const& key, std::string const& value);
    /// How many. Errors: not_found.
    [[nodiscard]] Result<std::size_t> find_providers(std::string const& key);
    [[nodiscard]] Result<std::string> get(std::string const& key);
    /// Until the process is ended.
    void serve();

private:
    explicit RoleNode(Ed25519PrivateKey const& key) : key_(key) {}

    /// Runs the network until `is_done`. Errors: timed_out.
    [[nodiscard]] Result<void> run(std::function<bool(TimePoint)> is_done);
    /// Starts a query and gives its events to `take` until it has finished.
    [[nodiscard]] Result<void> ask(std::function<QueryId(TimePoint)> const& start,
                                   std::function<void(KadEvent const&)> const& take = {});

    SystemRandom random_;
    Ed25519PrivateKey key_;
    Swarm swarm_{SwarmOptions{.identity = key_}, random_};
    Identify identify_{key_, IdentifyOptions{.agent = "ggen interop role"}};
    Ping ping_{random_.next_u64()};
    std::unique_ptr<Kad> kad_;
    std::unique_ptr<AsioDriver> driver_;
};

}  // namespace ggen::p2p::interop
