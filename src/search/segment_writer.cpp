#include "search/segment_writer.hpp"

#include <algorithm>

#include "search/little_endian.hpp"
#include "search/segment_layout.hpp"

namespace ggen::search_index {
namespace {

constexpr std::size_t k_buffer_bytes = 1 * k_mib;

void append_magic(Bytes& out) {
    auto const magic = as_bytes(k_segment_magic);
    out.insert(out.end(), magic.begin(), magic.end());
    append(out, k_segment_version);
}

}  // namespace

Result<SegmentWriter> SegmentWriter::create(std::unique_ptr<AppendFile> file) {
    SegmentWriter writer{std::move(file)};
    Bytes head;
    append_magic(head);
    head.resize(k_segment_head_bytes);
    RETURN_IF_ERROR(writer.put(head));
    return writer;
}

Result<void> SegmentWriter::put(BytesView bytes) {
    size_ += bytes.size();
    if (size_ > k_segment_bytes_max) return Error{Errc::too_large, "search segment over 4 GiB"};
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return buffer_.size() >= k_buffer_bytes ? flush() : ok();
}

Result<void> SegmentWriter::flush() {
    if (buffer_.empty()) return ok();
    RETURN_IF_ERROR(file_->append(buffer_));
    buffer_.clear();
    return ok();
}

Result<void> SegmentWriter::begin(Section section) {
    constexpr std::array<std::uint8_t, k_section_alignment_bytes> k_zeros{};
    RETURN_IF_ERROR(put(BytesView{k_zeros}.first((k_section_alignment_bytes - size_ % k_section_alignment_bytes) %
                                                 k_section_alignment_bytes)));
    entries_.push_back({section, size_, 0, {}});
    return ok();
}

Result<void> SegmentWriter::write(BytesView bytes) {
    hash_.update(bytes);
    entries_.back().bytes += bytes.size();
    return put(bytes);
}

Result<void> SegmentWriter::end() {
    entries_.back().digest = hash_.finish();
    return ok();
}

Result<void> SegmentWriter::add(Section section, BytesView bytes) {
    RETURN_IF_ERROR(begin(section));
    RETURN_IF_ERROR(write(bytes));
    return end();
}

Result<std::uint64_t> SegmentWriter::finish(std::uint32_t doc_count, std::uint32_t term_count) {
    for (std::uint32_t number = 0; number < k_sections; ++number) {
        auto const section = static_cast<Section>(number);
        bool const is_there = std::any_of(entries_.begin(), entries_.end(),
                                          [&](Entry const& entry) { return entry.section == section; });
        if (!is_there) RETURN_IF_ERROR(add(section, {}));
    }
    RETURN_IF_ERROR(begin(Section::term_strings));  // Only aligns the table.
    entries_.pop_back();
    std::uint64_t const table_offset = size_;
    Bytes table;
    for (auto const& entry : entries_) {
        append(table, static_cast<std::uint32_t>(entry.section));
        append(table, std::uint32_t{0});
        append(table, entry.offset);
        append(table, entry.bytes);
        table.insert(table.end(), entry.digest.bytes.begin(), entry.digest.bytes.end());
        append(table, std::uint64_t{0});
    }
    Bytes trailer;
    append_magic(trailer);
    append(trailer, static_cast<std::uint32_t>(k_sections));
    append(trailer, doc_count);
    append(trailer, term_count);
    append(trailer, table_offset);
    auto const digest = sha256_joined(table, trailer);
    trailer.insert(trailer.end(), digest.bytes.begin(), digest.bytes.end());
    RETURN_IF_ERROR(put(table));
    RETURN_IF_ERROR(put(trailer));
    RETURN_IF_ERROR(flush());
    RETURN_IF_ERROR(file_->sync());
    return size_;
}

}  // namespace ggen::search_index
