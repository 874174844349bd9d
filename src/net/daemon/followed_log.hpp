#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/log.hpp"
#include "codec/json.hpp"
#include "net/daemon/control_server.hpp"
#include "net/daemon/peer_source.hpp"
#include "node/checkpoint_topic.hpp"
#include "node/peer_exchange.hpp"
#include "node/profile.hpp"
#include "registry/log_mirror.hpp"

namespace ggen::p2p {

/// A registry that a node follows: its mirror, and how it fares.
struct FollowedLog {
    /// What it is and where: does not change.
    struct Place {
        std::string label;  ///< The peer id of whose registry it is, else the log's id; names the mirror's folder.
        Digest log;
        std::optional<PeerId> peer;
        RootFile root;  ///< As it was pinned.
        std::vector<std::string> sources = {};  ///< Folders and web servers of the same registry, if it has some.
    };

    std::string label;
    Digest log;
    std::optional<PeerId> peer;
    RootFile root;
    std::vector<std::string> sources;
    std::shared_ptr<CheckpointTopic> topic;  ///< Of the node's thread.
    std::mutex update_mutex;                 ///< Held by who writes the mirror.
    std::unique_ptr<LogMirror> mirror;       ///< Written under `update_mutex`.
    std::atomic<bool> is_whole{false};       ///< Mirrored once: it can be served.
    TimePoint next_at{};                     ///< Guarded by the service's mutex.

    /// Keeps what is told of it. Called by who holds `update_mutex`.
    void note(Result<MirrorReport> const& report);
    /// Thread-safe.
    [[nodiscard]] Json describe() const;
    /// What the release record says of the chunks of an archive. Thread-safe.
    [[nodiscard]] std::optional<Digest> chunk_root(Digest const& archive) const;
    /// Archives that stand in the mirror. Thread-safe.
    [[nodiscard]] std::vector<Digest> held() const;
    void hold(Digest const& archive);

private:
    mutable std::mutex told_mutex_;  // Guards all below.
    std::uint64_t size_ = 0;
    std::uint64_t releases_ = 0;
    std::vector<std::string> namespaces_;
    std::string problem_;
    std::string evidence_;
    std::size_t looked_at_ = 0;  // Of the mirror's releases.
    std::unordered_map<Digest, std::optional<Digest>> chunk_roots_;
    std::set<Digest> held_;

    friend Result<std::shared_ptr<FollowedLog>> open_followed(FileSystem& files, Clock& clock, Profile const& profile,
                                                              Place const& place);
    void look(FileSystem* files = nullptr);
};

/// Opens its mirror. Errors: io.
[[nodiscard]] Result<std::shared_ptr<FollowedLog>> open_followed(FileSystem& files, Clock& clock,
                                                                 Profile const& profile,
                                                                 FollowedLog::Place const& place);
/// What was followed when the node ran last; what cannot be read is told and left out.
[[nodiscard]] std::vector<std::shared_ptr<FollowedLog>> load_follows(FileSystem& files, Clock& clock,
                                                                     Profile const& profile, Logger& log);
/// Durably. Errors: io.
[[nodiscard]] Result<void> save_follows(FileSystem& files, Profile const& profile,
                                        std::vector<std::shared_ptr<FollowedLog>> const& follows);

/// Whether another holder may do better than the one whose log could not be taken.
[[nodiscard]] bool may_try_next(Error const& error);

}  // namespace ggen::p2p
