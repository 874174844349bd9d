#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.hpp"
#include "base/result.hpp"
#include "crypto/digest.hpp"
#include "metadata/package_record.hpp"

namespace ggen::metadata {

/// What an index says about itself.
struct IndexOrigin {
    Digest source;                ///< Root hash of the log, or digest of the text that it was made from.
    std::uint64_t log_size = 0;  ///< Entries of the log that it covers.
    std::uint64_t follows = 0;   ///< Of a file with changes: the number of the file before it (IndexChain).
};

/// Writes an index file from records that come by ascending name. Memory: 16 bytes a package and one buffer.
///
/// The bytes depend on the records and the origin only. Everything goes to `<path>.new` first, which `finish` renames:
/// one writer at a time, the caller holds a lock. One thread; blocks.
class IndexWriter {
public:
    /// Errors: io.
    [[nodiscard]] static Result<std::unique_ptr<IndexWriter>> create(FileSystem& files, std::string path,
                                                                     IndexOrigin const& origin);
    ~IndexWriter();
    IndexWriter(IndexWriter const&) = delete;
    IndexWriter& operator=(IndexWriter const&) = delete;

    /// `record` as encode_package made it. Errors: io; invalid (the name is not above the one before);
    /// too_large (k_index_bytes_max).
    Result<void> add(PackageRecord const& record);
    /// Writes directory and trailer, fsyncs as `sync` says, renames. Once. Errors: io.
    Result<void> finish(Sync sync);

private:
    IndexWriter(FileSystem& files, std::string path, IndexOrigin const& origin, std::unique_ptr<AppendFile> file);
    Result<void> put(BytesView bytes);
    Result<void> flush();
    Result<void> write_directory(std::uint64_t& pages, std::uint32_t& levels);

    struct Place {
        std::uint64_t hash;
        std::uint64_t value;  ///< Offset of a record, or number of a page.
    };
    Result<std::vector<Place>> write_level(std::vector<Place> const& places, std::uint64_t& pages);

    FileSystem& files_;
    std::string path_;
    IndexOrigin origin_;
    std::unique_ptr<AppendFile> file_;
    Bytes buffer_;
    std::uint64_t size_ = 0;
    std::string last_name_;
    std::uint64_t releases_ = 0;
    std::vector<Place> places_;
    bool is_finished_ = false;
};

}  // namespace ggen::metadata
