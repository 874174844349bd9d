#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/file_system.hpp"
#include "base/result.hpp"
#include "search/index_types.hpp"

namespace ggen::search_index {

/// Records of documents on their way into a segment: appended in any order, read back part by part in the order of
/// their ids, with two sequential passes over the disk. Little input never touches it. One thread.
class DocumentSpool {
public:
    /// Uses files `<prefix>spool` and `<prefix>part-<n>`; what stands there is removed.
    DocumentSpool(FileSystem& files, std::string prefix) : files_(files), prefix_(std::move(prefix)) {}
    /// Removes the files.
    ~DocumentSpool();
    DocumentSpool(DocumentSpool const&) = delete;
    DocumentSpool& operator=(DocumentSpool const&) = delete;

    /// Errors: io.
    Result<void> append(BytesView record);
    /// Distributes the records: the i-th appended one has id `ids[i]`, a permutation. Errors: io, corrupt (a file
    /// changed meanwhile).
    Result<void> split(std::span<DocId const> ids);
    /// About k_samples records spread evenly over the ids, ascending; after `split`.
    [[nodiscard]] std::vector<Bytes> const& samples() const { return samples_; }
    static constexpr std::size_t k_samples = 12'288;
    [[nodiscard]] std::size_t part_count() const { return parts_.size(); }

    struct Part {
        Bytes bytes;
        std::vector<BytesView> records;  ///< Ascending by id, without gaps from `first` on.
        DocId first = 0;
    };
    /// Errors: io, corrupt.
    Result<Part> read_part(std::size_t index);
    /// Kept in memory before a file is begun.
    static constexpr std::size_t k_memory_bytes = 2 * k_mib;

private:
    /// Bytes in memory, with those before them in a file.
    struct Stream {
        std::string path;
        std::unique_ptr<AppendFile> file;
        Bytes memory;
    };
    Result<void> spill(Stream& stream);
    Result<void> put(Stream& stream, DocId id, BytesView record, std::size_t memory_bytes);
    Result<Bytes> take(Stream& stream);
    template <class Visit>
    Result<void> for_each_record(Visit visit);

    FileSystem& files_;
    std::string prefix_;
    Stream spool_;
    std::vector<Stream> parts_;
    std::vector<Bytes> samples_;
    std::uint64_t bytes_ = 0;
    std::uint32_t docs_in_part_ = 0;
    std::uint32_t doc_count_ = 0;
};

}  // namespace ggen::search_index
