#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/file_system.hpp"
#include "base/result.hpp"
#include "search/string_table.hpp"

namespace ggen::search_index {

/// Names as published, by document. Most differ from their joined name, a dictionary string, by a few separators and
/// capitals only, so a name is kept as the term and the differences. Read with pread, 16 names at a time, as names are
/// wanted for shown hits only and would otherwise stay resident; a small table is read where it is mapped, because a
/// system call takes longer than all the rest. Thread-safe.
/// Format: docs/formats/search-segment.md, "names".
class NameTable {
public:
    NameTable() = default;
    /// `section` stands at `offset` of `file`. Errors: corrupt (lengths).
    static Result<NameTable> open(std::shared_ptr<MappedFile const> file, BytesView section, std::uint64_t offset,
                                  std::uint32_t doc_count, std::uint32_t term_count);
    /// Written into `buffer`; empty for damaged bytes and ids out of range.
    [[nodiscard]] std::string_view at(DocId doc, StringTable const& terms, std::string& buffer) const;

private:
    [[nodiscard]] std::string_view decode(BytesView block, std::uint32_t place, StringTable const& terms,
                                          std::string& buffer) const;

    std::shared_ptr<MappedFile const> file_;
    BytesView offsets_;           // Mapped: one a block of names, and the end.
    BytesView data_;              // Mapped, of a small table; else empty.
    std::uint64_t data_at_ = 0;   // In the file.
    std::uint64_t data_bytes_ = 0;
    std::uint32_t doc_count_ = 0;
    std::uint32_t head_bytes_ = 0;
};

/// The differences of `name` to `joined`: ASCII capitals, and other characters put in between. Appends them to `out`;
/// when `name` cannot be told that way, the whole name.
void append_name_recipe(std::string_view name, std::string_view joined, Bytes& out);

/// The section from each document's recipe, one after the other in `recipes`, and the number of its joined name's term
/// (ignored for whole names).
[[nodiscard]] Bytes write_name_table(BytesView recipes, std::span<TermId const> terms, std::uint32_t term_count);

}  // namespace ggen::search_index
