#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.hpp"
#include "p2p/exchange/content.hpp"
#include "p2p/exchange/message.hpp"

namespace ggen::p2p {

/// What a node gives to anyone: the folders of its own registry and of its mirrors, each under the name of its log, and
/// nothing else. Files are read as they are; who fetches verifies. Thread-safe.
class ServedFolders final : public ContentProvider {
public:
    explicit ServedFolders(FileSystem& files) : files_(files) {}

    /// Also when what a folder holds has grown: watchers are called each time.
    void add(LogId const& log, std::string folder);
    void remove(LogId const& log);
    /// Calls `changed` after each change, on the thread that makes it. Before there are any other threads.
    void on_change(std::function<void()> changed) { changed_ = std::move(changed); }
    [[nodiscard]] std::map<LogId, std::string> all() const {
        std::lock_guard const guard{mutex_};
        return folders_;
    }
    /// Where a blob stands, in whatever folder; nothing when it is nowhere.
    [[nodiscard]] std::optional<std::string> find_blob(Digest const& digest) const;

    Result<std::shared_ptr<Content>> open(std::optional<LogId> const& log, std::string_view path) override;

private:
    [[nodiscard]] std::vector<std::string> folders(std::optional<LogId> const& log) const;

    FileSystem& files_;
    std::function<void()> changed_;
    mutable std::mutex mutex_;  // Guards folders_.
    std::map<LogId, std::string> folders_;
};

}  // namespace ggen::p2p
