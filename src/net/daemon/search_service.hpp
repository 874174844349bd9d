#pragma once

#include <chrono>
#include <memory>

#include "codec/json.hpp"
#include "net/daemon/control_server.hpp"
#include "net/daemon/daemon.hpp"
#include "net/p2p/node.hpp"
#include "node/peer_watch.hpp"
#include "node/served_folders.hpp"

namespace ggen::p2p {

inline constexpr std::size_t k_search_fan_out = 16;         ///< peers that one question goes to
inline constexpr std::size_t k_search_waiting_max = 64;     ///< questions of peers that wait for their answer
inline constexpr std::size_t k_search_streams_per_peer_max = 2;
inline constexpr double k_search_questions_burst = 20;      ///< of one peer
inline constexpr double k_search_questions_per_second = 10;
inline constexpr std::chrono::seconds k_search_idle_max{10};  ///< a stream that asks nothing, or takes no answer

/// Search among peers (docs/protocols/p2p-search.md): answers the questions of others from what this node serves, and
/// puts its own to connected peers. One thread of its own, which looks things up; calls come from the threads of
/// sessions.
class SearchService {
public:
    struct Parts {
        Node& node;
        PeerWatch& watch;
        ServedFolders& served;
        DaemonOptions const& options;
    };

    /// Answers from now on. To be called before the node runs in earnest.
    [[nodiscard]] static std::unique_ptr<SearchService> start(Parts parts);
    ~SearchService();
    SearchService(SearchService const&) = delete;
    SearchService& operator=(SearchService const&) = delete;
    void stop();
    /// Waits for its thread. The object outlives what the node still has to carry out.
    void finish();

    /// Asks up to `k_search_fan_out` peers about registries that are not served here. Hits come proven, each once, as
    /// this node's own search orders them. Errors: invalid, cancelled.
    [[nodiscard]] Result<Json> search(Json const& arguments, ControlSession const& session);

private:
    class Impl;
    explicit SearchService(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

}  // namespace ggen::p2p
