#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/result.hpp"
#include "net/p2p/node.hpp"

namespace ggen::p2p {

/// The clock of a node and of the threads that wait for it.
[[nodiscard]] inline TimePoint steady_now() { return std::chrono::steady_clock::now(); }

/// An answer that comes once, from another thread or none at all. Shared by who asks and who answers, so that either
/// may go first.
template <class T>
class Answer {
public:
    /// The first one counts.
    void give(T value) {
        std::lock_guard const guard{mutex_};
        if (!value_) value_.emplace(std::move(value));
        came_.notify_all();
    }
    /// Waits in short steps; `check` says whether to go on. Errors: check's, timed_out.
    template <class Check>
    [[nodiscard]] Result<T> wait(Check const& check, TimePoint deadline) {
        std::unique_lock guard{mutex_};
        while (!value_) {
            if (auto const goes_on = check(); !goes_on) return goes_on.error();
            if (std::chrono::steady_clock::now() >= deadline) return Error{Errc::timed_out, "no answer in time"};
            came_.wait_for(guard, std::chrono::milliseconds{50});
        }
        return std::move(*value_);
    }

private:
    std::mutex mutex_;  // Guards value_.
    std::condition_variable came_;
    std::optional<T> value_;
};

/// How long the node's thread may take to come to a piece of work.
inline constexpr std::chrono::seconds k_node_turn_max{30};

/// Runs `work` on the node's thread and waits for what it returns. `work` owns all it needs: it may run after the wait
/// was given up. Errors: check's, timed_out.
template <class Work, class Check>
[[nodiscard]] auto on_node(Node& node, Work work, Check const& check) {
    using Value = decltype(work());
    auto const answer = std::make_shared<Answer<Value>>();
    node.post([answer, work = std::move(work)]() mutable { answer->give(work()); });
    return answer->wait(check, std::chrono::steady_clock::now() + k_node_turn_max);
}

}  // namespace ggen::p2p
