#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "codec/json.hpp"
#include "daemon_channel.hpp"
#include "daemon_message.hpp"
#include "net/p2p/asio_driver.hpp"
#include "p2p/basic/identify.hpp"
#include "p2p/basic/ping.hpp"
#include "p2p/gossip/gossip.hpp"
#include "p2p/kad/kad.hpp"
#include "p2p/swarm/host.hpp"
#include "p2p/swarm/swarm.hpp"
#include "peer_app.hpp"

namespace ggen::p2p::interop {

/// One of our nodes behind the daemon control protocol. All but `run` and `serve` happens on the thread of `run`.
class DaemonNode {
public:
    /// `options`: "key" = a file with libp2p's PrivateKey message, "listen", "dht" and "pubsub" = true.
    [[nodiscard]] static Result<std::unique_ptr<DaemonNode>> create(Json const& options);

    /// Blocks.
    void run();
    /// A client's connection. From any thread.
    void serve(int socket);

private:
    using Channel = std::shared_ptr<DaemonChannel>;

    explicit DaemonNode(Ed25519PrivateKey const& key) : key_(key) {}

    void perform(Channel const& channel, Bytes const& message);
    /// Carries out a request. What it returns is told to the client, as are errors; nullopt = that comes later.
    [[nodiscard]] Result<std::optional<Bytes>> start(Channel const& channel, DaemonRequest const& request);
    [[nodiscard]] Result<std::optional<Bytes>> start_dht(Channel const& channel, DaemonRequest const& request);
    [[nodiscard]] Result<std::optional<Bytes>> start_pubsub(Channel const& channel, DaemonRequest const& request);
    [[nodiscard]] Result<std::optional<Bytes>> value_peer(DaemonRequest const& request);
    [[nodiscard]] Result<std::optional<Bytes>> protocols_of(DaemonRequest const& request);
    [[nodiscard]] Result<void> connect(Channel const& channel, DaemonRequest const& request);
    [[nodiscard]] Result<void> open_stream(Channel const& channel, DaemonRequest const& request);
    [[nodiscard]] Result<void> handle_streams(DaemonRequest const& request);
    [[nodiscard]] DaemonPeer connected(PeerId const& peer) const;
    [[nodiscard]] Bytes identity() const;
    [[nodiscard]] Bytes peers() const;

    void poll();
    void poll_opening();
    void on_event(KadEvent const& event);
    void on_message(MessageReceived const& received);
    void tell(Channel const& channel, Result<std::optional<Bytes>> const& answer);
    [[nodiscard]] DaemonChannel::Post post();

    struct Question {
        Channel channel;
        DaemonDhtCall call;
        bool is_answered = false;  ///< what is not a list has one answer
    };
    struct Opening {
        Channel channel;
        Stream stream;
    };

    SystemRandom random_;
    Ed25519PrivateKey key_;
    Swarm swarm_{SwarmOptions{.identity = key_}, random_};
    Identify identify_{key_, IdentifyOptions{.agent = "ggen test daemon"}};
    Ping ping_{random_.next_u64()};
    Host host_;
    PeerApp app_;
    std::unique_ptr<Kad> kad_;
    std::unique_ptr<Gossip> gossip_;
    std::unique_ptr<AsioDriver> driver_;
    TimePoint now_{};
    bool is_ready_ = false;
    bool has_asked_ = false;
    std::map<QueryId, Question> questions_;
    std::vector<Opening> opening_;
    std::map<std::string, std::set<Channel>> subscribers_;
};

}  // namespace ggen::p2p::interop
