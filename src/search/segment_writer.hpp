#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/file_system.hpp"
#include "base/result.hpp"
#include "crypto/digest.hpp"
#include "search/segment_sections.hpp"

namespace ggen::search_index {

/// Writes the frame of a segment: head, aligned sections with checksums, table and trailer. One thread.
class SegmentWriter {
public:
    /// Writes to `file`, which is empty. Errors: io.
    static Result<SegmentWriter> create(std::unique_ptr<AppendFile> file);

    /// Sections come in any order, each once, one open at a time; `finish` adds empty ones that are missing.
    Result<void> begin(Section section);
    Result<void> write(BytesView bytes);
    Result<void> end();
    Result<void> add(Section section, BytesView bytes);
    template <class T>
    Result<void> add_numbers(Section section, std::span<T const> numbers) {
        return add(section, {reinterpret_cast<std::uint8_t const*>(numbers.data()), numbers.size_bytes()});
    }
    /// Bytes of the open section so far.
    [[nodiscard]] std::uint64_t section_bytes() const { return entries_.back().bytes; }
    /// Writes table and trailer and fsyncs. Returns the file's size. Errors: io, too_large.
    Result<std::uint64_t> finish(std::uint32_t doc_count, std::uint32_t term_count);

private:
    struct Entry {
        Section section;
        std::uint64_t offset = 0;
        std::uint64_t bytes = 0;
        Digest digest;
    };
    explicit SegmentWriter(std::unique_ptr<AppendFile> file) : file_(std::move(file)) {}
    Result<void> put(BytesView bytes);
    Result<void> flush();

    std::unique_ptr<AppendFile> file_;
    Bytes buffer_;
    std::uint64_t size_ = 0;
    Sha256 hash_;
    std::vector<Entry> entries_;
};

}  // namespace ggen::search_index
