#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/file_system.hpp"
#include "base/result.hpp"
#include "search/document_codec.hpp"
#include "search/index_types.hpp"

namespace ggen::search_index {

/// Uncompressed bytes from which on a block is closed.
inline constexpr std::size_t k_store_block_bytes = 4 * k_kib;
/// A block may end with one document of any size.
inline constexpr std::size_t k_store_block_bytes_max = 8 * k_mib;
inline constexpr std::size_t k_store_dictionary_bytes = 110 * k_kib;

/// Decompression state and the last block of one thread; made on first use.
struct StoreScratch;
using StoreScratchPtr = std::shared_ptr<StoreScratch>;

/// Records of documents in compressed blocks (zstd frames with a common dictionary), read with pread so that they
/// do not stay resident. Thread-safe. Format: docs/formats/search-segment.md, "store".
class SegmentStore {
public:
    SegmentStore() = default;
    /// `offset` and `bytes` place the blocks in `file`. Errors: corrupt (lengths).
    static Result<SegmentStore> open(std::shared_ptr<MappedFile const> file, BytesView dictionary, BytesView index,
                                     std::uint64_t offset, std::uint64_t bytes, std::uint32_t doc_count);
    /// The record of `doc`; valid until the next call with this scratch. Errors: not_found, corrupt, io.
    [[nodiscard]] Result<StoredRecord> read(DocId doc, StoreScratchPtr& scratch) const;

private:
    struct Dictionary;
    [[nodiscard]] Result<void> load_block(std::size_t block, StoreScratch& scratch) const;

    std::shared_ptr<MappedFile const> file_;
    std::shared_ptr<Dictionary const> dictionary_;
    std::span<std::uint64_t const> index_;  // Offset << 24 | first document; one a block and the end.
    std::uint64_t offset_ = 0;
};

/// Compresses records in document order. One thread.
class SegmentStoreWriter {
public:
    using Sink = std::function<Result<void>(BytesView)>;
    explicit SegmentStoreWriter(Sink sink);
    ~SegmentStoreWriter();
    SegmentStoreWriter(SegmentStoreWriter const&) = delete;
    SegmentStoreWriter& operator=(SegmentStoreWriter const&) = delete;

    /// Records like those that `add` will get, before the first of these.
    void add_sample(StoredRecord const& record);
    /// After the samples: makes the dictionary from them, or none of few.
    void train();
    /// Errors: those of the sink, internal (zstd).
    Result<void> add(StoredRecord const& record);
    Result<void> finish();
    [[nodiscard]] Bytes const& dictionary() const { return dictionary_; }
    [[nodiscard]] std::vector<std::uint64_t> const& index() const { return index_; }

private:
    struct Zstd;
    Result<void> flush();

    std::unique_ptr<Zstd> zstd_;
    Sink sink_;
    Bytes dictionary_;
    Bytes samples_;
    std::vector<std::size_t> sample_sizes_;
    Bytes heads_;  // Of the block: bits and versions, which resemble each other …
    Bytes bodies_;  // … and all else.
    Bytes block_;
    Bytes compressed_;
    std::vector<std::uint64_t> index_;
    std::uint64_t written_ = 0;
    std::uint32_t doc_ = 0;
    std::uint32_t first_ = 0;
};

}  // namespace ggen::search_index
