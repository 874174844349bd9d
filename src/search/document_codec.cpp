#include "search/document_codec.hpp"

#include <algorithm>
#include <limits>

#include "search/index_types.hpp"
#include "search/little_endian.hpp"

namespace ggen::search_index {
namespace {

constexpr std::size_t k_list_max = 1'000'000;

std::uint64_t zigzag(std::int64_t value) {
    return static_cast<std::uint64_t>(value) << 1U ^ static_cast<std::uint64_t>(value >> 63U);
}

std::int64_t unzigzag(std::uint64_t value) {
    return static_cast<std::int64_t>(value >> 1U) ^ -static_cast<std::int64_t>(value & 1U);
}

/// Nine bytes of a varint hold 63 bits; counts beyond 2^62 are of no use.
std::uint64_t clipped(std::uint64_t value) { return std::min(value, std::uint64_t{1} << 62U); }
std::int64_t clipped(std::int64_t value) {
    constexpr std::int64_t k_most = std::int64_t{1} << 60U;
    return std::clamp(value, -k_most, k_most);
}

void put(Bytes& out, std::string const& text) {
    append_varint(out, text.size());
    out.insert(out.end(), text.begin(), text.end());
}

void put(Bytes& out, std::vector<std::string> const& list) {
    append_varint(out, list.size());
    for (auto const& text : list) put(out, text);
}

class RecordReader {
public:
    explicit RecordReader(BytesView record) : record_(record) {}
    void get(std::uint64_t& value) { good_ = good_ && read_varint(record_, at_, value); }
    void get(std::string& text) {
        std::uint64_t length = 0;
        get(length);
        good_ = good_ && length <= record_.size() - at_;
        if (!good_) return;
        text.assign(as_text(record_.subspan(at_, length)));
        at_ += length;
    }
    void get(std::vector<std::string>& list) {
        std::uint64_t count = 0;
        get(count);
        // Each text takes a byte at least.
        good_ = good_ && count <= k_list_max && count <= record_.size() - at_;
        if (!good_) return;
        list.resize(count);
        for (auto& text : list) get(text);
    }
    [[nodiscard]] Result<void> finish() const {
        if (good_ && at_ == record_.size()) return ok();
        return Error{Errc::corrupt, "search segment: record of a document"};
    }

private:
    BytesView record_;
    std::uint64_t at_ = 0;
    bool good_ = true;
};

/// Bits of a stored record: what follows the description.
constexpr std::uint8_t k_has_tags = 1;
constexpr std::uint8_t k_has_keywords = 2;
constexpr std::uint8_t k_has_authors = 4;
constexpr std::uint8_t k_has_numbers = 8;  // What the columns are too narrow for.
constexpr std::uint8_t k_has_long_values = 16;

/// A single author stands in the column.
bool has_author_list(SearchDocument const& document) {
    if (document.authors.empty()) return false;
    return document.authors.size() > 1 || document.authors[0].empty() ||
           document.authors[0].size() > k_term_bytes_max;
}

bool is_long(std::string const& text) { return text.size() > k_term_bytes_max; }

}  // namespace

std::uint32_t column_value(std::uint64_t value) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

std::uint32_t column_value(std::int64_t value) {
    return value < 0 ? 0 : column_value(static_cast<std::uint64_t>(value));
}

void encode_document(SearchDocument const& document, Bytes& out) {
    put(out, document.name);
    put(out, document.version);
    put(out, document.description);
    put(out, document.category);
    put(out, document.tags);
    put(out, document.keywords);
    put(out, document.authors);
    put(out, document.license);
    put(out, document.origin);
    append_varint(out, clipped(document.downloads));
    append_varint(out, clipped(document.stars));
    append_varint(out, zigzag(clipped(document.released_unix)));
    out.push_back(document.is_signed ? 1 : 0);
}

Result<void> decode_document(BytesView record, SearchDocument& document) {
    RecordReader in{record};
    in.get(document.name);
    in.get(document.version);
    in.get(document.description);
    in.get(document.category);
    in.get(document.tags);
    in.get(document.keywords);
    in.get(document.authors);
    in.get(document.license);
    in.get(document.origin);
    in.get(document.downloads);
    in.get(document.stars);
    std::uint64_t released = 0;
    in.get(released);
    document.released_unix = unzigzag(released);
    std::uint64_t is_signed = 0;
    in.get(is_signed);
    document.is_signed = is_signed != 0;
    return in.finish();
}

StoredRecord encode_stored(SearchDocument const& document, Bytes& rest) {
    std::uint64_t const downloads = clipped(document.downloads) - column_value(clipped(document.downloads));
    std::uint64_t const stars = clipped(document.stars) - column_value(clipped(document.stars));
    std::uint64_t const released = zigzag(clipped(document.released_unix) - column_value(document.released_unix));
    bool const has_long = is_long(document.category) || is_long(document.license) || is_long(document.origin);
    auto const bits = (document.tags.empty() ? 0U : k_has_tags) | (document.keywords.empty() ? 0U : k_has_keywords) |
                      (has_author_list(document) ? k_has_authors : 0U) |
                      (downloads + stars + released == 0 ? 0U : k_has_numbers) | (has_long ? k_has_long_values : 0U);
    rest.clear();
    if ((bits & k_has_tags) != 0) put(rest, document.tags);
    if ((bits & k_has_keywords) != 0) put(rest, document.keywords);
    if ((bits & k_has_authors) != 0) put(rest, document.authors);
    if ((bits & k_has_numbers) != 0) {
        append_varint(rest, downloads);
        append_varint(rest, stars);
        append_varint(rest, released);
    }
    if (has_long) {
        for (auto const* const text : {&document.category, &document.license, &document.origin}) {
            put(rest, is_long(*text) ? *text : std::string{});
        }
    }
    return {static_cast<std::uint8_t>(bits), as_bytes(document.version), as_bytes(document.description), rest};
}

Result<void> decode_stored(StoredRecord const& record, SearchDocument& document) {
    auto const bits = record.bits;
    document.version = as_text(record.version);
    document.description = as_text(record.description);
    RecordReader in{record.rest};
    if ((bits & k_has_tags) != 0) in.get(document.tags);
    if ((bits & k_has_keywords) != 0) in.get(document.keywords);
    if ((bits & k_has_authors) != 0) in.get(document.authors);
    if ((bits & k_has_numbers) != 0) {
        std::uint64_t downloads = 0;
        std::uint64_t stars = 0;
        std::uint64_t released = 0;
        in.get(downloads);
        in.get(stars);
        in.get(released);
        document.downloads += downloads;
        document.stars += stars;
        // Unsigned, so that damaged numbers wrap instead of overflowing.
        document.released_unix = static_cast<std::int64_t>(static_cast<std::uint64_t>(document.released_unix) +
                                                           static_cast<std::uint64_t>(unzigzag(released)));
    }
    if ((bits & k_has_long_values) != 0) {
        for (auto* const field : {&document.category, &document.license, &document.origin}) {
            std::string text;
            in.get(text);
            if (!text.empty()) *field = std::move(text);
        }
    }
    return in.finish();
}

}  // namespace ggen::search_index
