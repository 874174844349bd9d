#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "net/daemon/node_thread.hpp"
#include "net/p2p/node.hpp"
#include "node/peer_exchange.hpp"

namespace ggen::p2p {

/// Who has which log or archive, as the network's table knows it: tells that this node has some, and asks who else has.
/// Both are named by a digest. What it
/// learns are hints (docs/protocols/p2p-kad.md). Called from any thread; outlives what the node still carries out.
class LogProviders {
public:
    /// `node` outlives it, and calls nothing of it before `start`.
    explicit LogProviders(Node& node) : node_(node) {}
    /// Before the node runs.
    void start();

    /// Tells once of each, as soon as there are peers to tell and at most so many at once; the table repeats it.
    void provide(std::vector<Digest> const& all, std::size_t at_once = 64);
    void unprovide(Digest const& digest);
    /// Calls `done` on the node's thread, once, with whoever the table names.
    void ask(Digest const& digest, std::function<void(std::vector<Holder>)> done);
    [[nodiscard]] std::size_t provided() const {
        std::lock_guard const guard{mutex_};
        return provided_.size();
    }
    /// Providers of a log, and where `origin` is. Waits some seconds at most.
    [[nodiscard]] std::vector<Holder> look_up(Digest const& log, std::optional<PeerId> const& origin,
                                              std::function<Result<void>()> const& check);

private:
    using Waiting = std::function<void(std::vector<Holder>)>;
    void on_kad(KadEvent const& event);
    /// `waits` is called when the lock is not held any more.
    void take(KadEvent const& event, Waiting& waits, std::vector<Holder>& holders);

    Node& node_;
    mutable std::mutex mutex_;  // Guards all below.
    std::set<Digest> provided_;
    std::map<QueryId, Digest> provides_;
    std::map<QueryId, Waiting> lookups_;
    std::map<QueryId, std::vector<Holder>> found_;
};

}  // namespace ggen::p2p
