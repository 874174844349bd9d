#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "p2p/exchange/message.hpp"

namespace ggen::p2p {

/// An object that is served, while somebody reads it.
class Content {
public:
    virtual ~Content() = default;
    [[nodiscard]] virtual std::uint64_t size() const = 0;
    /// `length` bytes from `offset` on; both lie within the object, and `length` is at most 32 KiB when a peer reads,
    /// 1 MiB when a chunk list is made. Does not block for long. Errors: not_found (gone), io.
    virtual Result<Bytes> read(std::uint64_t offset, std::size_t length) = 0;
};

/// Port: what this node serves. Called on the network thread, so it must not block for long.
class ContentProvider {
public:
    virtual ~ContentProvider() = default;
    /// `path` was checked: a path of a log, or a blob's; chunk lists are made of blobs by the exchange itself. `log` is
    /// nullopt when any log will do (blobs only). Errors: not_found (not here, or not told to serve it), refused,
    /// unavailable (later).
    virtual Result<std::shared_ptr<Content>> open(std::optional<LogId> const& log, std::string_view path) = 0;
};

/// Bytes in memory.
class MemoryContent final : public Content {
public:
    explicit MemoryContent(std::shared_ptr<Bytes const> bytes) : bytes_(std::move(bytes)) {}
    [[nodiscard]] std::uint64_t size() const override { return bytes_->size(); }
    Result<Bytes> read(std::uint64_t offset, std::size_t length) override;

private:
    std::shared_ptr<Bytes const> bytes_;
};

/// Port: where the verified chunks of one blob go, and are read back to be served to others meanwhile.
class ChunkStore {
public:
    virtual ~ChunkStore() = default;
    /// Chunks that are here, from an earlier attempt too: they are not fetched again. They were verified when they
    /// came; whoever uses the whole blob digests it once more.
    [[nodiscard]] virtual bool has(std::uint64_t chunk) const = 0;
    /// `bytes` were verified. Errors end the fetch: io.
    virtual Result<void> put(std::uint64_t chunk, BytesView bytes) = 0;
    /// Within chunks that are here. Errors: not_found, io.
    virtual Result<Bytes> read(std::uint64_t offset, std::size_t length) = 0;
    /// Forgets all chunks: a list that could not be proven beforehand turned out to be false.
    virtual Result<void> clear() = 0;
};

/// Chunks in memory; `bytes` gives the whole blob when all are here.
class MemoryChunkStore final : public ChunkStore {
public:
    [[nodiscard]] bool has(std::uint64_t chunk) const override { return chunks_.contains(chunk); }
    Result<void> put(std::uint64_t chunk, BytesView bytes) override;
    Result<Bytes> read(std::uint64_t offset, std::size_t length) override;
    Result<void> clear() override;
    [[nodiscard]] Bytes bytes() const;

private:
    std::map<std::uint64_t, Bytes> chunks_;
};

}  // namespace ggen::p2p
