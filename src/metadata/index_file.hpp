#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.hpp"
#include "base/file_system.hpp"
#include "base/result.hpp"
#include "metadata/index_layout.hpp"
#include "metadata/package_record.hpp"

namespace ggen::metadata {

/// An index file, mapped. Opening reads one page; a look-up reads one page a level of the directory (two for 65,025
/// packages, three for 16.5 million) and the record. Whatever is read is compared with its checksum first.
///
/// One thread: it remembers which pages were checked.
class IndexFile {
public:
    /// Errors: not_found, io, invalid (another format), corrupt.
    [[nodiscard]] static Result<std::unique_ptr<IndexFile>> open(FileSystem& files, std::string const& path);
    /// The same for bytes that are mapped already; errors do not name a path.
    [[nodiscard]] static Result<std::unique_ptr<IndexFile>> from(std::shared_ptr<MappedFile const> file);

    [[nodiscard]] Trailer const& trailer() const { return trailer_; }
    [[nodiscard]] std::uint64_t file_bytes() const { return bytes_.size(); }
    /// Nothing when the index does not have it. The record is valid as long as the index. Errors: corrupt.
    [[nodiscard]] Result<std::optional<PackageRecord>> find(std::string_view name);

    /// Walks the records by ascending name. One thread. Errors of `next`: corrupt; nothing at the end.
    class Cursor {
    public:
        explicit Cursor(IndexFile const& index) : index_(index) {}
        [[nodiscard]] Result<std::optional<PackageRecord>> next();
        /// Where the record that `next` returned stands.
        [[nodiscard]] std::uint64_t offset() const { return offset_; }

    private:
        IndexFile const& index_;
        std::uint64_t offset_ = 0;
        std::uint64_t next_ = k_head_bytes;
        std::string last_name_;
    };

    /// Looks at every byte: checksums, zeros between the parts, order, the directory, what the records say.
    /// Errors: corrupt, cancelled.
    [[nodiscard]] Result<void> verify(CancelToken const* cancel = nullptr);

private:
    struct Entry {
        std::uint64_t hash;
        std::uint64_t value;
    };
    IndexFile(std::shared_ptr<MappedFile const> file, Trailer const& trailer);
    [[nodiscard]] Result<BytesView> page(std::uint64_t number);
    [[nodiscard]] static Entry entry(BytesView page, std::uint32_t at);
    [[nodiscard]] static std::uint32_t entry_count(BytesView page);
    [[nodiscard]] Result<std::uint64_t> first_leaf(std::uint64_t hash);
    [[nodiscard]] Result<PackageRecord> record_at(std::uint64_t offset) const;
    [[nodiscard]] Result<void> verify_frame() const;
    [[nodiscard]] Result<void> verify_directory();

    std::shared_ptr<MappedFile const> file_;
    BytesView bytes_;
    Trailer trailer_;
    std::uint64_t directory_ = 0;      ///< Offset of its first page.
    std::uint64_t leaf_pages_ = 0;
    std::vector<bool> checked_pages_;
};

}  // namespace ggen::metadata
