#include "search/memory_segment.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "search/document_codec.hpp"
#include "search/popularity.hpp"
#include "search/segment_assembler.hpp"
#include "search/segment_store.hpp"
#include "search/segment_writer.hpp"

namespace ggen::search_index {
namespace {

/// Bytes that are appended first and read afterwards. The reader casts parts of them to arrays of up to 8-byte numbers,
/// which the allocator's alignment allows.
class MemoryFile final : public MappedFile {
public:
    [[nodiscard]] BytesView bytes() const override { return bytes_; }
    Result<void> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const override {
        if (offset > bytes_.size() || out.size() > bytes_.size() - offset) {
            return Error{Errc::corrupt, "search segment: read beyond the end"};
        }
        std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
        return ok();
    }
    void prefetch() const override {}
    void append(BytesView bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }

private:
    Bytes bytes_;
};

class MemoryAppender final : public AppendFile {
public:
    explicit MemoryAppender(std::shared_ptr<MemoryFile> file) : file_(std::move(file)) {}
    Result<void> append(BytesView bytes) override {
        file_->append(bytes);
        return ok();
    }
    Result<void> sync() override { return ok(); }
    [[nodiscard]] std::uint64_t size_bytes() const override { return file_->bytes().size(); }

private:
    std::shared_ptr<MemoryFile> file_;
};

/// Places of the documents in the order of their ids.
std::vector<std::size_t> places_by_id(std::span<SearchDocument const> documents) {
    PopularityOrder order;
    Bytes record;
    for (auto const& document : documents) {
        record.clear();
        encode_document(document, record);
        order.add(document, record);
    }
    auto const ids = order.take_ids();
    std::vector<std::size_t> places(documents.size());
    for (std::size_t i = 0; i < ids.size(); ++i) places[ids[i]] = i;
    return places;
}

}  // namespace

Result<std::shared_ptr<SegmentReader const>> make_memory_segment(std::span<SearchDocument const> documents,
                                                                 Analyser const& analyser) {
    if (documents.size() > k_documents_max) return Error{Errc::too_large, "search segment: too many documents"};
    auto const file = std::make_shared<MemoryFile>();
    ASSIGN_OR_RETURN(auto writer, SegmentWriter::create(std::make_unique<MemoryAppender>(file)));
    SegmentStoreWriter store{[&](BytesView bytes) { return writer.write(bytes); }};
    SegmentAssembler assembler;
    std::vector<IndexedString> strings;
    Bytes record;
    RETURN_IF_ERROR(writer.begin(Section::store_blocks));
    for (auto const place : places_by_id(documents)) {
        analyser(documents[place], strings);
        assembler.add(documents[place], strings);
        RETURN_IF_ERROR(store.add(encode_stored(documents[place], record)));
    }
    RETURN_IF_ERROR(store.finish());
    RETURN_IF_ERROR(writer.end());
    RETURN_IF_ERROR(writer.add_numbers<std::uint64_t>(Section::store_index, store.index()));
    RETURN_IF_ERROR(assembler.write(writer));
    RETURN_IF_ERROR(writer.finish(static_cast<std::uint32_t>(documents.size()), assembler.term_count()));
    return SegmentReader::from(file, Verify::none);
}

}  // namespace ggen::search_index
