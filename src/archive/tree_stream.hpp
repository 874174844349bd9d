#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "archive/archive.hpp"
#include "archive/bounds.hpp"
#include "archive/ustar.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"

namespace ggen {

/// Reads canonical ustar bytes (docs/formats/archive.md) in pieces of any size, in the order in which they stand.
/// Every header and path is checked before the sink hears of it; what only the end can tell (collisions, the end
/// marker) is checked by `finish`. Keeps one path a file. One thread. Private to `archive`.
class TreeStream {
public:
    /// `tree_bytes` is how many bytes will be fed in all. `sink` outlives the stream.
    TreeStream(std::uint64_t tree_bytes, ArchiveBounds const& bounds, ArchiveSink& sink)
        : left_(tree_bytes), bounds_(bounds), sink_(sink) {}

    /// Errors: corrupt (archive_not_canonical, archive_truncated), refused (archive_path_unsafe,
    /// archive_collision), too_large (archive_too_large), and the sink's. Nothing may be fed after one.
    Result<void> feed(BytesView bytes);
    /// After the last byte.
    Result<void> finish();

    [[nodiscard]] std::string const& top_directory() const { return top_; }
    [[nodiscard]] std::size_t files() const { return paths_.size(); }

private:
    enum class Expecting : std::uint8_t { header, content, padding, end_marker, nothing };

    Result<void> expect_header();
    Result<void> read_block();
    Result<void> read_entry();
    Result<void> read_padding(BytesView piece);
    Result<std::string> take_top(std::string const& path);
    Result<void> check_spelling(ustar::Header const& header) const;

    std::uint64_t left_;  // Bytes that are not fed yet.
    ArchiveBounds bounds_;
    ArchiveSink& sink_;
    Expecting expecting_ = Expecting::header;
    std::array<std::uint8_t, ustar::k_block_bytes> block_{};
    std::size_t block_filled_ = 0;
    std::uint64_t content_left_ = 0;
    std::uint64_t padding_left_ = 0;
    std::string top_;
    std::vector<std::string> paths_;  // Below the top directory.
};

}  // namespace ggen
