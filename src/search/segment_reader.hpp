#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/cancel.hpp"
#include "base/file_system.hpp"
#include "base/result.hpp"
#include "search/segment_view.hpp"

namespace ggen::search_index {

/// Segments up to this size are verified whole when they are opened.
inline constexpr std::uint64_t k_verify_at_open_bytes_max = 1 * k_mib;

enum class Verify : std::uint8_t {
    when_small,  ///< All bytes of a file up to k_verify_at_open_bytes_max, else table and structure.
    all,         ///< Every byte against the checksums: about 60 ms for 100 MB.
    none,        ///< Table and structure only: for bytes that this process has just made.
};

/// An open segment file: mapping, section table and view. Immutable, thread-safe, so one snapshot is shared by all
/// searchers (shared_ptr) and the file may be replaced or removed meanwhile.
class SegmentReader {
public:
    /// Maps `path` and checks magic, version, table digest, bounds and lengths of all sections: milliseconds at
    /// any size. Blocks. Errors: not_found, io, invalid (not a segment or another version), corrupt.
    static Result<std::shared_ptr<SegmentReader const>> open(FileSystem& files, std::string const& path,
                                                             Verify verify = Verify::when_small);

    /// The same for bytes that are mapped already; errors do not name a path.
    static Result<std::shared_ptr<SegmentReader const>> from(std::shared_ptr<MappedFile const> file, Verify verify);

    [[nodiscard]] SegmentView const& view() const { return view_; }
    /// Compares every byte with the checksums of the table. Blocks. Errors: corrupt (names the section), cancelled.
    [[nodiscard]] Result<void> verify(CancelToken const* cancel = nullptr) const;

    [[nodiscard]] std::uint64_t file_bytes() const { return file_->bytes().size(); }
    struct SectionInfo {
        Section section;
        std::uint64_t offset = 0;
        std::uint64_t bytes = 0;
        std::array<std::uint8_t, 32> sha256{};
    };
    /// In the order of the file.
    [[nodiscard]] std::vector<SectionInfo> const& sections() const { return sections_; }

private:
    SegmentReader(std::shared_ptr<MappedFile const> file, std::vector<SectionInfo> sections, SegmentView view)
        : file_(std::move(file)), sections_(std::move(sections)), view_(std::move(view)) {}

    std::shared_ptr<MappedFile const> file_;
    std::vector<SectionInfo> sections_;
    SegmentView view_;
};

}  // namespace ggen::search_index
