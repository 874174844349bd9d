#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "codec/json.hpp"
#include "net/daemon/daemon.hpp"
#include "net/daemon/peer_source.hpp"
#include "node/peer_exchange.hpp"

namespace ggen::p2p {

/// How long peers have, together, to say what they hold of our log.
inline constexpr std::chrono::seconds k_own_log_wait{10};

/// Holds the node's own log against the copies of its peers: one that was set back, as by restoring a backup, comes
/// whole again before anything is signed. Calls from any thread; one at a time.
class OwnLogKeeper {
public:
    using Check = PeerSource::Check;

    OwnLogKeeper(Node& node, PeerExchange& exchange, DaemonOptions const& options, Digest log)
        : node_(node), exchange_(exchange), options_(options), log_(log) {}

    /// Asks `holders` and takes back what is missing here: members size, restored (entries that came back), asked,
    /// holders (who had a copy). Once one of them had one, what stands here may sign again. Errors: refused (log_fork,
    /// log_writer_stopped), cancelled, io.
    [[nodiscard]] Result<Json> recover(std::vector<Holder> const& holders, Check const& check,
                                       CancelToken const& cancel);
    /// By the word of the user, what stands here is all there is. Errors: those of accept_log.
    [[nodiscard]] Result<Json> accept_alone();

    /// Somebody showed a checkpoint of our log that is larger than ours: the next look asks.
    void suspect() { is_suspected_ = true; }
    [[nodiscard]] bool takes_suspicion() { return is_suspected_.exchange(false); }

private:
    struct Shown {
        Holder holder;
        std::uint64_t size;
    };
    [[nodiscard]] std::optional<std::uint64_t> size_shown_by(PeerSource& source) const;

    Node& node_;
    PeerExchange& exchange_;
    DaemonOptions const& options_;
    Digest log_;
    std::mutex one_at_a_time_;
    std::atomic<bool> is_suspected_{false};
};

}  // namespace ggen::p2p
