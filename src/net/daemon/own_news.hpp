#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/cancel.hpp"
#include "merkle/checkpoint.hpp"
#include "net/daemon/file_watch.hpp"
#include "net/p2p/node.hpp"
#include "node/checkpoint_topic.hpp"
#include "node/profile.hpp"
#include "node/served_folders.hpp"

namespace ggen::p2p {

/// What a signed note says, unverified. Errors: invalid.
[[nodiscard]] Result<merkle::Checkpoint> checkpoint_of(BytesView note);

/// The node's own registry as it stands on disk, whoever publishes there: this program, its import, another process.
/// Tells its newest checkpoint in the topic of its log. From any thread but the node's.
class OwnNews {
public:
    struct Parts {
        Node& node;
        FileSystem& files;
        ServedFolders& served;
        std::string folder;
        Digest log;
        std::shared_ptr<CheckpointTopic> topic;  ///< Of the node's thread.
    };
    explicit OwnNews(Parts parts);

    /// Tells the checkpoint unless it was told; `stop` ends the wait for the node.
    void look(CancelToken const& stop);
    /// There is a newer one than was told: under the limit of the topic, it has to wait.
    [[nodiscard]] bool has_more() const { return has_more_; }
    /// As it stands. Errors: not_found, io.
    [[nodiscard]] Result<Bytes> checkpoint() const;
    /// What was published, at most `max`. Of one thread.
    [[nodiscard]] std::vector<Digest> const& blobs(std::size_t max);
    /// Tells when there is something to look at.
    [[nodiscard]] FileWatch& watch() { return watch_; }
    [[nodiscard]] FileWatch const& watch() const { return watch_; }

private:
    Parts parts_;
    FileWatch watch_;
    std::pair<Bytes, std::vector<Digest>> blobs_;  // As the checkpoint stood.
    std::atomic<bool> has_more_{false};
    std::mutex mutex_;  // Held by who looks; guards the next two.
    std::string seen_;  // The note that stood there.
    std::string told_;  // The note that was told last.
};

}  // namespace ggen::p2p
