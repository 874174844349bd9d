#include "search/document_spool.hpp"

#include <algorithm>

#include "search/little_endian.hpp"

namespace ggen::search_index {
namespace {

constexpr std::size_t k_part_bytes = 4 * k_mib;  // Aimed at; a part is held in memory whole.
constexpr std::size_t k_parts_max = 256;         // Open files.
constexpr std::size_t k_part_memory_bytes = 64 * k_kib;
constexpr std::size_t k_head_bytes = 8;          // Id and length before each record.
constexpr std::size_t k_sample_bytes_max = 4 * k_kib;  // Longer ones would fill memory.
constexpr std::size_t k_read_bytes = 1 * k_mib;

Error changed() { return Error{Errc::corrupt, "search index: a file of the build changed meanwhile"}; }

}  // namespace

DocumentSpool::~DocumentSpool() {
    parts_.push_back(std::move(spool_));
    for (auto& stream : parts_) {
        if (stream.file == nullptr) continue;
        stream.file.reset();
        // What stays is overwritten by the next build in this slot.
        static_cast<void>(files_.remove_file(stream.path).has_value());
    }
}

Result<void> DocumentSpool::spill(Stream& stream) {
    if (stream.file == nullptr) {
        if (auto const removed = files_.remove_file(stream.path); !removed) {
            if (removed.error().code != Errc::not_found) return removed;
        }
        ASSIGN_OR_RETURN(stream.file, files_.open_append(stream.path));
    }
    RETURN_IF_ERROR(stream.file->append(stream.memory));
    stream.memory.clear();
    return ok();
}

Result<void> DocumentSpool::put(Stream& stream, DocId id, BytesView record, std::size_t memory_bytes) {
    ggen::search_index::append(stream.memory, id);
    ggen::search_index::append(stream.memory, static_cast<std::uint32_t>(record.size()));
    stream.memory.insert(stream.memory.end(), record.begin(), record.end());
    return stream.memory.size() >= memory_bytes ? spill(stream) : ok();
}

Result<void> DocumentSpool::append(BytesView record) {
    if (spool_.path.empty()) spool_.path = prefix_ + "spool";
    bytes_ += record.size() + k_head_bytes;
    return put(spool_, doc_count_++, record, k_memory_bytes);
}

template <class Visit>
Result<void> DocumentSpool::for_each_record(Visit visit) {
    Bytes buffer = std::move(spool_.memory);
    if (spool_.file != nullptr) {
        spool_.memory = std::move(buffer);
        RETURN_IF_ERROR(spill(spool_));
        buffer.clear();
    }
    std::unique_ptr<MappedFile> file;
    std::uint64_t left = 0;
    if (spool_.file != nullptr) {
        ASSIGN_OR_RETURN(file, files_.map(spool_.path, bytes_));
        left = file->bytes().size();
    }
    std::uint64_t read_from = 0;
    std::size_t at = 0;
    while (true) {
        // Records at the front of the buffer, as long as they are whole.
        while (buffer.size() - at >= k_head_bytes) {
            std::size_t const length = load<std::uint32_t>(buffer.data() + at + sizeof(DocId));
            if (buffer.size() - at - k_head_bytes < length) break;
            RETURN_IF_ERROR(visit(BytesView{buffer}.subspan(at + k_head_bytes, length)));
            at += k_head_bytes + length;
        }
        buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(at));
        at = 0;
        if (left == 0) return buffer.empty() ? ok() : Result<void>{changed()};
        auto const bytes = static_cast<std::size_t>(std::min<std::uint64_t>(left, k_read_bytes));
        auto const before = buffer.size();
        buffer.resize(before + bytes);
        RETURN_IF_ERROR(file->read_at(read_from, std::span{buffer}.subspan(before)));
        read_from += bytes;
        left -= bytes;
    }
}

Result<void> DocumentSpool::split(std::span<DocId const> ids) {
    GGEN_ASSERT(ids.size() == doc_count_);
    auto const wanted = std::clamp<std::size_t>(bytes_ / k_part_bytes, 1, k_parts_max);
    docs_in_part_ = static_cast<std::uint32_t>((ids.size() + wanted - 1) / wanted);
    docs_in_part_ = std::max(docs_in_part_, 1U);
    parts_.resize((ids.size() + docs_in_part_ - 1) / docs_in_part_);
    for (std::size_t i = 0; i < parts_.size(); ++i) parts_[i].path = prefix_ + "part-" + std::to_string(i);
    // A single part need not go to the disk, as it is held in memory whole anyway.
    std::size_t const memory_bytes = parts_.size() == 1 ? SIZE_MAX : k_part_memory_bytes;
    std::size_t const stride = (ids.size() + k_samples - 1) / k_samples;
    samples_.resize(stride == 0 ? 0 : (ids.size() + stride - 1) / stride);
    std::size_t ordinal = 0;
    return for_each_record([&](BytesView record) -> Result<void> {
        if (ordinal == ids.size()) return changed();
        DocId const id = ids[ordinal++];
        if (id % stride == 0 && record.size() <= k_sample_bytes_max) {
            samples_[id / stride].assign(record.begin(), record.end());
        }
        return put(parts_[id / docs_in_part_], id, record, memory_bytes);
    });
}

Result<Bytes> DocumentSpool::take(Stream& stream) {
    if (stream.file == nullptr) return std::move(stream.memory);
    RETURN_IF_ERROR(spill(stream));
    auto const size = stream.file->size_bytes();
    auto bytes = files_.read_file(stream.path, size);
    stream.file.reset();
    stream.memory = {};
    static_cast<void>(files_.remove_file(stream.path).has_value());
    return bytes;
}

Result<DocumentSpool::Part> DocumentSpool::read_part(std::size_t index) {
    Part part;
    ASSIGN_OR_RETURN(part.bytes, take(parts_[index]));
    part.first = static_cast<DocId>(index) * docs_in_part_;
    part.records.resize(std::min(docs_in_part_, doc_count_ - part.first));
    std::size_t found = 0;
    BytesView rest = part.bytes;
    while (rest.size() >= k_head_bytes) {
        auto const slot = load<DocId>(rest.data()) - part.first;
        std::size_t const length = load<std::uint32_t>(rest.data() + sizeof(DocId));
        if (slot >= part.records.size() || length > rest.size() - k_head_bytes) return changed();
        part.records[slot] = rest.subspan(k_head_bytes, length);
        rest = rest.subspan(k_head_bytes + length);
        ++found;
    }
    if (!rest.empty() || found != part.records.size()) return changed();
    return part;
}

}  // namespace ggen::search_index
