#pragma once

#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/file_system.hpp"
#include "base/result.hpp"

namespace ggen::detail {

/// The cache directory of one registry, or its memory directory (docs/formats/registry-layout.md). Holds
/// only what was verified before it was written, and is trusted no more than the registry: readers verify
/// again. Losing the cache costs downloads; losing the memory costs the knowledge of the last checkpoint,
/// by which rollback is refused. Without a directory nothing is kept. Thread-safe.
class ReaderCache {
public:
    ReaderCache(FileSystem& files, std::string directory);

    /// Nothing when it is absent or cannot be read.
    [[nodiscard]] std::optional<Bytes> read(std::string const& path, std::uint64_t bytes_max) const;
    /// Durable: survives a power loss once this returns.
    Result<void> write_durable(std::string const& path, BytesView bytes) const;
    /// A full disk or a read-only cache only costs the next download.
    void write_object(std::string const& path, BytesView bytes) const;
    /// The same for a tile or bundle: of a tile that still grows, only the newest width is kept.
    void write_tile(std::string const& path, BytesView bytes) const;
    void remove(std::string const& path) const;
    /// Whether evidence of a fork is kept; its path.
    [[nodiscard]] std::optional<std::string> find_evidence() const;
    /// Whether anything stands at `path`, readable or not.
    [[nodiscard]] bool holds(std::string const& path) const;
    [[nodiscard]] bool is_enabled() const { return !directory_.empty(); }
    [[nodiscard]] std::string full_path(std::string const& path) const;

private:
    FileSystem& files_;
    std::string directory_;
};

}  // namespace ggen::detail
