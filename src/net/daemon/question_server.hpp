#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/bytes.hpp"
#include "base/cancel.hpp"
#include "net/daemon/node_thread.hpp"
#include "net/p2p/node.hpp"
#include "p2p/protocol/message_reader.hpp"
#include "p2p/protocol/token_bucket.hpp"

namespace ggen::p2p {

struct QuestionLimits {
    std::string_view protocol;
    std::size_t request_bytes_max = 0;
    std::size_t streams_max = 0;  ///< at once
    std::size_t streams_per_peer_max = 0;
    double burst = 0;  ///< of one peer
    double per_second = 0;
    std::chrono::nanoseconds stream_max{};  ///< from the stream to its end
};

/// Answers peers who ask one question on each stream, behind a varint length: taken and limited on the node's thread,
/// answered on a thread of its own, one after another. Who goes over a limit or speaks out of turn loses the stream and
/// is reported to the ledger. Held by a shared pointer: handlers of the node may outlive its owner, who waits for the
/// thread (`finish`) before what answers go.
class QuestionServer : public std::enable_shared_from_this<QuestionServer> {
public:
    /// What is written to the stream, with its length in front. On the server's thread.
    using Answering = std::function<Bytes()>;
    struct Work {
        /// On the node's thread: how to answer this question; empty when it is none.
        std::function<Answering(BytesView)> read;
        /// On the server's thread: at its start, before each answer and after each `look_again`; may be empty.
        std::function<void()> look = {};
    };
    QuestionServer(Node& node, QuestionLimits const& limits, Work work)
        : node_(node), limits_(limits), work_(std::move(work)) {}

    void start();
    /// What `work.look` looks at has changed. From any thread.
    void look_again();
    /// Does not wait.
    void stop();
    /// Waits for the thread.
    void finish();

private:
    /// A stream on which a peer asks.
    struct Asking {
        Asking(Stream stream_in, std::size_t bytes_max) : stream(std::move(stream_in)), reader(bytes_max) {}
        Stream stream;
        MessageReader reader;
        TimePoint since = steady_now();
        bool has_asked = false;
    };
    struct Job {
        std::uint64_t asking = 0;
        Answering answer;
    };

    // The node's thread.
    void take(Stream stream);
    void on_bytes(std::uint64_t id, BytesView bytes);
    void drop(std::uint64_t id, std::optional<Conduct> conduct);
    void sweep();
    [[nodiscard]] bool has_token(PeerId const& peer);

    // The server's thread.
    void loop();

    Node& node_;
    QuestionLimits limits_;
    Work work_;
    CancelToken stopping_;
    std::thread thread_;

    std::map<std::uint64_t, Asking> asking_;  // Of the node's thread.
    std::map<PeerId, TokenBucket> buckets_;   // Likewise.
    std::uint64_t next_asking_ = 1;           // Likewise.

    std::mutex mutex_;  // Guards all below.
    std::condition_variable came_;
    std::deque<Job> jobs_;
    bool has_streams_ = false;  // Somebody asks, and may say nothing.
    bool looks_ = true;
};

}  // namespace ggen::p2p
