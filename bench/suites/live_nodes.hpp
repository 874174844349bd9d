#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/p2p/node.hpp"

namespace ggen::bench {

/// Wakes whoever waits for something that handlers bring about, so that nobody polls or sleeps.
class Bell {
public:
    template <class Change>
    void ring(Change const& change) {
        {
            std::lock_guard const lock{mutex_};
            change();
        }
        changed_.notify_all();
    }
    /// False when `limit` passes first.
    template <class Predicate>
    [[nodiscard]] bool wait(std::chrono::seconds limit, Predicate const& is_done) {
        std::unique_lock lock{mutex_};
        return changed_.wait_for(lock, limit, is_done);
    }
    /// Reads what `ring` changes.
    template <class Read>
    auto read(Read const& read) {
        std::lock_guard const lock{mutex_};
        return read();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
};

/// A node of the product with a thread and sockets of its own on loopback.
class LiveNode {
public:
    /// Errors: those of `Node::create`.
    static Result<std::unique_ptr<LiveNode>> create(p2p::NodeOptions options, Bell& bell);
    ~LiveNode();
    LiveNode(LiveNode const&) = delete;
    LiveNode& operator=(LiveNode const&) = delete;

    /// Before `start`, or inside of `call`.
    [[nodiscard]] p2p::Node& node() { return *node_; }
    void start();
    /// With its /p2p part. Errors: timed_out (it does not listen).
    Result<std::string> address();
    [[nodiscard]] PeerId const& self() const { return self_; }
    /// Open connections, as far as handlers were told.
    [[nodiscard]] std::size_t connections() const { return connections_.load(); }

    /// The result of `work()`, carried out on the node's thread.
    template <class Work>
    auto call(Work work) {
        auto task = std::make_shared<std::packaged_task<decltype(work())()>>(std::move(work));
        auto result = task->get_future();
        node_->post([task] { (*task)(); });
        return result.get();
    }

private:
    LiveNode(std::unique_ptr<p2p::Node> node, Bell& bell);

    Bell& bell_;
    std::unique_ptr<p2p::Node> node_;
    PeerId self_;
    std::string address_;  // Under the bell.
    std::atomic<std::size_t> connections_{0};
    std::thread thread_;
};

/// Nodes 1 … n - 1 know node 0 and nobody else.
class LiveNetwork {
public:
    /// Only node 0, listening. `options` are those of every node.
    static Result<std::unique_ptr<LiveNetwork>> create(p2p::NodeOptions options);
    /// Adds nodes until there are `count`. `equip` is called for each before it runs, with its number.
    Result<void> grow(std::size_t count, std::function<Result<void>(std::size_t, LiveNode&)> const& equip = {});
    /// Errors: timed_out, with how many connections the poorest has.
    Result<void> wait_for_connections(std::size_t each);

    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    [[nodiscard]] LiveNode& at(std::size_t i) { return *nodes_[i]; }
    [[nodiscard]] Bell& bell() { return bell_; }

private:
    explicit LiveNetwork(p2p::NodeOptions options) : options_(std::move(options)) {}
    [[nodiscard]] std::size_t poorest() const;

    Bell bell_;
    p2p::NodeOptions options_;
    std::vector<std::unique_ptr<LiveNode>> nodes_;
};

inline constexpr std::chrono::seconds k_network_limit{30};
inline constexpr char const* k_loopback = "/ip4/127.0.0.1/tcp/0";

/// `ggen-bench child-nodes`: `count` nodes in a process of their own, connected to `connect` unless it is empty. Prints
/// the address of the first, then answers lines: "wait N" when each has N connections at least (0: none is left),
/// "memory" with the resident and the anonymous bytes of the process.
Result<void> run_nodes_child(std::size_t count, std::string const& connect);

}  // namespace ggen::bench
