#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "archive/bounds.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"

namespace ggen {

/// One zstd frame around the tree bytes, in the narrow form of docs/formats/archive.md. Keeps zstd's
/// working memory between calls. One thread. Private to `archive`.
class FrameCodec {
public:
    FrameCodec();
    FrameCodec(FrameCodec&&) noexcept;
    FrameCodec& operator=(FrameCodec&&) noexcept;
    ~FrameCodec();

    /// The same bytes for the same input (one version of libzstd, one thread).
    /// Errors: internal (zstd fails), too_large (no memory).
    [[nodiscard]] Result<Bytes> compress(BytesView tree);
    /// Memory grows with what really comes out, never beyond what the frame declares, and that is
    /// held against `bounds` before anything is allocated.
    /// Errors: corrupt (archive_compression, archive_truncated), too_large (archive_too_large).
    [[nodiscard]] Result<Bytes> decompress(BytesView packed, ArchiveBounds const& bounds,
                                           std::optional<std::uint64_t> content_bytes_expected = {});
    /// Gives back what decompress() returned: the next call unpacks into it unless it is large.
    void recycle(Bytes tree);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// FrameCodec::compress for a tree that comes in pieces and goes on in pieces: the same bytes however it is cut. One
/// thread. Private to `archive`.
class FrameWriter {
public:
    using Take = std::function<Result<void>(BytesView)>;

    /// `tree_bytes` is how many bytes will be fed in all.
    FrameWriter(std::uint64_t tree_bytes, Take take);
    ~FrameWriter();
    FrameWriter(FrameWriter const&) = delete;
    FrameWriter& operator=(FrameWriter const&) = delete;

    /// Errors: as FrameCodec::compress, and `take`'s. Nothing may be fed after one.
    [[nodiscard]] Result<void> feed(BytesView tree);
    /// After the last byte.
    [[nodiscard]] Result<void> finish();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// FrameCodec::decompress for a frame that comes in pieces and goes on in pieces: holds zstd's window and one piece.
/// One thread. Private to `archive`.
class FrameStream {
public:
    using Take = std::function<Result<void>(BytesView)>;

    /// `packed_bytes` is how many bytes will be fed in all.
    FrameStream(std::uint64_t packed_bytes, ArchiveBounds const& bounds);
    ~FrameStream();
    FrameStream(FrameStream const&) = delete;
    FrameStream& operator=(FrameStream const&) = delete;

    /// Calls `take` with what comes out. Errors: as FrameCodec::decompress, and `take`'s.
    [[nodiscard]] Result<void> feed(BytesView packed, Take const& take);
    /// After the last byte.
    [[nodiscard]] Result<void> finish();
    /// What the frame declares; known before `take` is called first.
    [[nodiscard]] std::uint64_t content_bytes() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace ggen
