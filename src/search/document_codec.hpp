#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "search/search.hpp"

/// Records of documents: whole ones while a segment is built, and what its columns do not hold in its store.
/// Format of the latter: docs/formats/search-segment.md, "store".
namespace ggen::search_index {

inline constexpr std::uint32_t k_seconds_a_day = 86'400;

/// As columns hold numbers: between 0 and 2^32 - 1.
[[nodiscard]] std::uint32_t column_value(std::uint64_t value);
[[nodiscard]] std::uint32_t column_value(std::int64_t value);

void encode_document(SearchDocument const& document, Bytes& out);
/// Overwrites `document`, whose texts keep their memory. Errors: corrupt.
Result<void> decode_document(BytesView record, SearchDocument& document);

/// What the store keeps of a document; views of its texts.
struct StoredRecord {
    std::uint8_t bits = 0;  ///< 0: nothing follows the description.
    BytesView version;
    BytesView description;
    BytesView rest;
};

/// `rest` is overwritten, and shown by the record.
[[nodiscard]] StoredRecord encode_stored(SearchDocument const& document, Bytes& rest);
/// Sets the fields that only the store has. `downloads`, `stars`, `released_unix`, `category`, `license`, `origin`
/// and `authors` hold the values of the columns and are corrected where those are too narrow. Errors: corrupt.
Result<void> decode_stored(StoredRecord const& record, SearchDocument& document);

}  // namespace ggen::search_index
