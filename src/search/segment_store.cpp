#include "search/segment_store.hpp"

#include <zdict.h>
#include <zstd.h>

#include <algorithm>
#include <utility>

#include "search/little_endian.hpp"

namespace ggen::search_index {
namespace {

constexpr unsigned k_doc_bits = 24;
constexpr std::uint64_t k_doc_mask = (std::uint64_t{1} << k_doc_bits) - 1;
/// Level 6 takes 1.3 s more for a million packages and saves 5 %.
constexpr int k_level = 3;
/// Fewer bytes of samples do not pay for a dictionary.
constexpr std::size_t k_samples_bytes_min = 256 * k_kib;

Error damaged(std::string what) { return Error{Errc::corrupt, "search segment: store: " + std::move(what)}; }

void append_head(Bytes& out, StoredRecord const& record) {
    out.push_back(record.bits);
    append_varint(out, record.version.size());
    out.insert(out.end(), record.version.begin(), record.version.end());
}

void append_body(Bytes& out, StoredRecord const& record) {
    append_varint(out, record.description.size());
    out.insert(out.end(), record.description.begin(), record.description.end());
    if (record.bits == 0) return;
    append_varint(out, record.rest.size());
    out.insert(out.end(), record.rest.begin(), record.rest.end());
}

/// A length and so many bytes.
bool read_text(BytesView bytes, std::uint64_t& at, BytesView& text) {
    std::uint64_t length = 0;
    if (!read_varint(bytes, at, length) || length > bytes.size() - at) return false;
    text = bytes.subspan(at, length);
    at += length;
    return true;
}

Result<StoredRecord> record_at(BytesView block, std::uint64_t ordinal) {
    StoredRecord record;
    BytesView heads;
    std::uint64_t body = 0;
    bool is_whole = read_text(block, body, heads);
    std::uint64_t head = 0;
    for (std::uint64_t i = 0; is_whole && i <= ordinal; ++i) {
        is_whole = head < heads.size();
        if (!is_whole) break;
        record.bits = heads[head++];
        record.rest = {};
        is_whole = read_text(heads, head, record.version) && read_text(block, body, record.description) &&
                   (record.bits == 0 || read_text(block, body, record.rest));
    }
    if (!is_whole) return damaged("record outside its block");
    return record;
}

struct FreeContext {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    void operator()(ZSTD_DDict* dictionary) const { ZSTD_freeDDict(dictionary); }
    void operator()(ZSTD_CDict* dictionary) const { ZSTD_freeCDict(dictionary); }
};

}  // namespace

struct StoreScratch {
    std::unique_ptr<ZSTD_DCtx, FreeContext> context{ZSTD_createDCtx()};
    Bytes compressed;
    Bytes block;
    std::weak_ptr<MappedFile const> file;  // Whose block stands in `block`.
    std::size_t block_index = SIZE_MAX;
};

struct SegmentStore::Dictionary {
    std::unique_ptr<ZSTD_DDict, FreeContext> zstd;
};

Result<SegmentStore> SegmentStore::open(std::shared_ptr<MappedFile const> file, BytesView dictionary,
                                        BytesView index, std::uint64_t offset, std::uint64_t bytes,
                                        std::uint32_t doc_count) {
    if (index.size() < sizeof(std::uint64_t) || index.size() % sizeof(std::uint64_t) != 0) {
        return damaged("length of the index");
    }
    SegmentStore store;
    store.index_ = {reinterpret_cast<std::uint64_t const*>(index.data()), index.size() / sizeof(std::uint64_t)};
    if ((store.index_.back() & k_doc_mask) != doc_count || store.index_.back() >> k_doc_bits != bytes) {
        return damaged("the index has another end");
    }
    if (!dictionary.empty()) {
        auto made = std::make_shared<Dictionary>();
        made->zstd.reset(ZSTD_createDDict(dictionary.data(), dictionary.size()));
        if (made->zstd == nullptr) return damaged("dictionary");
        store.dictionary_ = std::move(made);
    }
    store.file_ = std::move(file);
    store.offset_ = offset;
    return store;
}

Result<StoredRecord> SegmentStore::read(DocId doc, StoreScratchPtr& scratch) const {
    if (file_ == nullptr || doc >= (index_.back() & k_doc_mask)) {
        return Error{Errc::not_found, "search segment: no such document"};
    }
    if (scratch == nullptr) scratch = std::make_shared<StoreScratch>();
    auto const after = std::upper_bound(index_.begin(), index_.end(), doc, [](DocId wanted, std::uint64_t entry) {
        return wanted < (entry & k_doc_mask);
    });
    if (after == index_.begin() || after == index_.end()) return damaged("the index is not in order");
    auto const block = static_cast<std::size_t>(after - index_.begin()) - 1;
    if (scratch->block_index != block || scratch->file.lock() != file_) RETURN_IF_ERROR(load_block(block, *scratch));
    return record_at(scratch->block, doc - (index_[block] & k_doc_mask));
}

Result<void> SegmentStore::load_block(std::size_t block, StoreScratch& scratch) const {
    scratch.block_index = SIZE_MAX;
    std::uint64_t const begin = index_[block] >> k_doc_bits;
    std::uint64_t const end = index_[block + 1] >> k_doc_bits;
    std::uint64_t const bytes = index_.back() >> k_doc_bits;
    if (begin >= end || end > bytes || end - begin > k_store_block_bytes_max) return damaged("block bounds");
    scratch.compressed.resize(end - begin);
    RETURN_IF_ERROR(file_->read_at(offset_ + begin, scratch.compressed));
    auto const size = ZSTD_getFrameContentSize(scratch.compressed.data(), scratch.compressed.size());
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > k_store_block_bytes_max) {
        return damaged("block header");
    }
    scratch.block.resize(size);
    std::size_t const written =
        dictionary_ != nullptr
            ? ZSTD_decompress_usingDDict(scratch.context.get(), scratch.block.data(), size,
                                         scratch.compressed.data(), scratch.compressed.size(),
                                         dictionary_->zstd.get())
            : ZSTD_decompressDCtx(scratch.context.get(), scratch.block.data(), size, scratch.compressed.data(),
                                  scratch.compressed.size());
    if (ZSTD_isError(written) != 0 || written != size) return damaged("block does not decompress");
    scratch.file = file_;
    scratch.block_index = block;
    return ok();
}

struct SegmentStoreWriter::Zstd {
    std::unique_ptr<ZSTD_CCtx, FreeContext> context{ZSTD_createCCtx()};
    std::unique_ptr<ZSTD_CDict, FreeContext> dictionary;
};

SegmentStoreWriter::SegmentStoreWriter(Sink sink) : zstd_(std::make_unique<Zstd>()), sink_(std::move(sink)) {
    static_cast<void>(ZSTD_CCtx_setParameter(zstd_->context.get(), ZSTD_c_checksumFlag, 1));
    static_cast<void>(ZSTD_CCtx_setParameter(zstd_->context.get(), ZSTD_c_compressionLevel, k_level));
}

void SegmentStoreWriter::add_sample(StoredRecord const& record) {
    auto const before = samples_.size();
    append_head(samples_, record);
    append_body(samples_, record);
    sample_sizes_.push_back(samples_.size() - before);
}

void SegmentStoreWriter::train() {
    if (samples_.size() >= k_samples_bytes_min) {
        dictionary_.resize(k_store_dictionary_bytes);
        std::size_t const trained =
            ZDICT_trainFromBuffer(dictionary_.data(), dictionary_.size(), samples_.data(), sample_sizes_.data(),
                                  static_cast<unsigned>(sample_sizes_.size()));
        // Samples that have nothing in common train no dictionary; blocks then stand alone.
        dictionary_.resize(ZDICT_isError(trained) != 0 ? 0 : trained);
    }
    Bytes{}.swap(samples_);
    if (dictionary_.empty()) return;
    zstd_->dictionary.reset(ZSTD_createCDict(dictionary_.data(), dictionary_.size(), k_level));
    static_cast<void>(ZSTD_CCtx_refCDict(zstd_->context.get(), zstd_->dictionary.get()));
}

SegmentStoreWriter::~SegmentStoreWriter() = default;

Result<void> SegmentStoreWriter::add(StoredRecord const& record) {
    append_head(heads_, record);
    append_body(bodies_, record);
    ++doc_;
    return heads_.size() + bodies_.size() >= k_store_block_bytes ? flush() : ok();
}

Result<void> SegmentStoreWriter::flush() {
    if (heads_.empty()) return ok();
    block_.clear();
    append_varint(block_, heads_.size());
    block_.insert(block_.end(), heads_.begin(), heads_.end());
    block_.insert(block_.end(), bodies_.begin(), bodies_.end());
    heads_.clear();
    bodies_.clear();
    compressed_.resize(ZSTD_compressBound(block_.size()));
    std::size_t const size = ZSTD_compress2(zstd_->context.get(), compressed_.data(), compressed_.size(),
                                            block_.data(), block_.size());
    if (ZSTD_isError(size) != 0) return Error{Errc::internal, "compress: " + std::string{ZSTD_getErrorName(size)}};
    index_.push_back(written_ << k_doc_bits | first_);
    written_ += size;
    first_ = doc_;
    return sink_(BytesView{compressed_}.first(size));
}

Result<void> SegmentStoreWriter::finish() {
    RETURN_IF_ERROR(flush());
    index_.push_back(written_ << k_doc_bits | doc_);
    return ok();
}

}  // namespace ggen::search_index
