#pragma once

#include <cstdint>
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

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace ggen
