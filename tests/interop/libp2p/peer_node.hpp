#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "base/random.hpp"
#include "codec/json.hpp"
#include "net/p2p/asio_driver.hpp"
#include "p2p/basic/identify.hpp"
#include "p2p/basic/perf.hpp"
#include "p2p/basic/ping.hpp"
#include "p2p/swarm/swarm.hpp"
#include "peer_app.hpp"
#include "peer_overlay.hpp"

namespace ggen::p2p::interop {

/// One of our nodes, with all protocols of the product, that lines of JSON command (README.md has the commands).
/// One line is printed for each command, some for events. `run` blocks; `command` and `stop` come from any thread.
class PeerNode {
public:
    [[nodiscard]] static Result<std::unique_ptr<PeerNode>> create(Json const& options);

    void run();
    void command(std::string line);
    void stop();

private:
    explicit PeerNode(Ed25519PrivateKey const& key) : key_(key) {}

    void perform(Json const& command, TimePoint now);
    /// Answers at once, or nullopt when the answer comes later.
    [[nodiscard]] std::optional<Answer> start(std::int64_t id, Json const& command, TimePoint now);
    [[nodiscard]] std::optional<Answer> start_basic(std::int64_t id, std::string const& name, Json const& command,
                                                    TimePoint now);
    [[nodiscard]] Answer peers() const;
    [[nodiscard]] Answer protocols_of(PeerId const& peer) const;
    void answer(std::int64_t id, Answer const& result);
    void poll(TimePoint now);
    [[nodiscard]] PeerOverlay::Tell tell();
    void poll_basic(TimePoint now);

    struct PerfGroup {
        std::size_t left = 0;
        std::uint64_t download_bytes = 0;
        TimePoint begin{};
    };

    SystemRandom random_;
    Ed25519PrivateKey key_;
    Swarm swarm_{SwarmOptions{.identity = key_}, random_};
    Identify identify_{key_, IdentifyOptions{.agent = "ggen test peer", .keeps_events = true}};
    Ping ping_{random_.next_u64()};
    Perf perf_{true};
    PeerApp app_;
    std::unique_ptr<PeerOverlay> overlay_;
    std::unique_ptr<AsioDriver> driver_;
    bool is_ready_ = false;
    std::map<PeerId, std::deque<std::int64_t>> pings_;
    std::multimap<PeerId, std::int64_t> identifies_;
    std::map<PeerId, PeerIdentity> identities_;
    std::map<std::uint64_t, std::int64_t> transfers_;  // id of perf -> command
    std::map<std::int64_t, PerfGroup> perf_groups_;
};

}  // namespace ggen::p2p::interop
