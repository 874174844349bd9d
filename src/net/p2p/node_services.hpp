#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.hpp"
#include "base/random.hpp"
#include "net/p2p/multicast.hpp"
#include "net/p2p/node.hpp"
#include "p2p/discovery/bootstrap.hpp"
#include "p2p/discovery/mdns.hpp"
#include "p2p/discovery/peerstore.hpp"
#include "p2p/discovery/rendezvous.hpp"

namespace ggen::p2p {

/// The protocol cores of a node beside identify, ping and the host, and what joins them: reputation, discovery, topics,
/// kad, the files between runs. Included by node.cpp alone; on the node's thread.
class NodeServices {
public:
    struct Start {
        PeerId self;
        Ed25519PrivateKey key;
        UnixTime wall;
        TimePoint now;
    };

    /// `random` and `ledger` must outlive it. Errors: as `Node::create`.
    [[nodiscard]] static Result<std::unique_ptr<NodeServices>> create(NodeOptions const& options, Start const& start,
                                                                      Random& random, Ledger& ledger);

    /// In the order in which a swarm is to have them.
    [[nodiscard]] std::vector<Protocol*> protocols();
    /// `wake` is called when a datagram brought something that the swarm should look at.
    [[nodiscard]] Result<void> open_multicast(asio::io_context& io, MulticastOptions const& options,
                                              std::function<void()> wake);
    /// Carries events and datagrams. Whether cores were called, so that the swarm has to look.
    [[nodiscard]] bool turn(TimePoint now);
    /// When state is to be written next.
    [[nodiscard]] TimePoint save_at() const { return save_at_; }
    void save(TimePoint now);
    void say_farewell();

    [[nodiscard]] Result<void> join(std::string const& topic, TopicHandler handler, TimePoint now);
    [[nodiscard]] Result<void> publish(std::string_view topic, BytesView data, TimePoint now);
    void set_kad_handler(std::function<void(KadEvent const&)> handler) { kad_handler_ = std::move(handler); }
    void set_gossip_handler(std::function<void(GossipEvent const&)> handler) { gossip_handler_ = std::move(handler); }
    [[nodiscard]] Gossip* gossip() { return gossip_.get(); }
    [[nodiscard]] Kad* kad() { return kad_.get(); }
    [[nodiscard]] std::vector<Error> const& warnings() const { return warnings_; }

private:
    NodeServices(NodeOptions const& options, Start const& start, Random& random, Ledger& ledger);
    void join_kad(TimePoint now);
    void load(TimePoint now);
    [[nodiscard]] Result<void> load_ledger(TimePoint now);
    void warn(Error error);

    Ledger& ledger_;
    Start start_;
    std::string folder_;
    std::unique_ptr<FileSystem> disk_;
    Peerstore peerstore_;
    Bootstrap bootstrap_;
    std::unique_ptr<Mdns> mdns_;
    std::unique_ptr<MulticastSocket> multicast_;
    std::unique_ptr<Kad> kad_;
    std::vector<std::unique_ptr<Rendezvous>> rendezvous_;
    std::unique_ptr<Gossip> gossip_;
    std::map<std::string, TopicHandler, std::less<>> topics_;
    std::function<void(KadEvent const&)> kad_handler_;
    std::function<void(GossipEvent const&)> gossip_handler_;
    bool is_in_kad_ = false;
    TimePoint save_at_;
    std::vector<Error> warnings_;
};

}  // namespace ggen::p2p
