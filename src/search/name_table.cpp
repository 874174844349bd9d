#include "search/name_table.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <utility>

#include "search/little_endian.hpp"

namespace ggen::search_index {
namespace {

constexpr std::uint32_t k_names_in_block = 16;
/// A recipe is a count and that many pairs, or k_whole_name, a length and the name. In the file the count is the low
/// three bits of a number whose others are the term.
constexpr std::uint8_t k_whole_name = 7;
constexpr unsigned k_count_bits = 3;
/// Most blocks of names fit; longer ones are read into allocated memory.
constexpr std::size_t k_stack_bytes = 1'024;
constexpr std::size_t k_differences_max = k_whole_name - 1;
/// Tables of so many bytes, some 10,000 names, may stay resident.
constexpr std::size_t k_resident_bytes_max = 64 * k_kib;

bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
char lower(char c) { return static_cast<char>(c + ('a' - 'A')); }

/// Bytes of the number before each name.
std::uint32_t head_bytes(std::uint32_t term_count) {
    return (static_cast<std::uint32_t>(std::bit_width(term_count)) + k_count_bits + 7) / 8;
}

/// What follows the count, moved past; nothing when the bytes end before it does.
std::optional<BytesView> take_rest(BytesView bytes, std::uint64_t& at, std::uint32_t count) {
    std::uint64_t length = std::uint64_t{count} * 2;
    if (count == k_whole_name && !read_varint(bytes, at, length)) return std::nullopt;
    if (length > bytes.size() - at) return std::nullopt;
    at += length;
    return bytes.subspan(at - length, length);
}

/// Applies `pairs` to `joined`. False when they do not fit.
bool follow(BytesView pairs, std::string_view joined, std::string& out) {
    std::size_t used = 0;
    for (std::size_t i = 0; i < pairs.size(); i += 2) {
        std::size_t const gap = pairs[i];
        auto const c = static_cast<char>(pairs[i + 1]);
        if (gap > joined.size() - used) return false;
        out.append(joined.substr(used, gap));
        used += gap;
        out += c;
        if (!is_capital(c)) continue;
        if (used == joined.size()) return false;
        ++used;
    }
    out.append(joined.substr(used));
    return true;
}

}  // namespace

void append_name_recipe(std::string_view name, std::string_view joined, Bytes& out) {
    std::array<std::uint8_t, 2 * k_differences_max> differences{};
    std::size_t count = 0;
    std::size_t used = 0;
    std::size_t gap = 0;
    bool fits = !joined.empty();
    for (std::size_t i = 0; fits && i < name.size(); ++i) {
        if (used < joined.size() && name[i] == joined[used] && gap < 0xff) {
            ++used;
            ++gap;
            continue;
        }
        bool const capital = is_capital(name[i]);
        fits = count < k_differences_max && (!capital || (used < joined.size() && lower(name[i]) == joined[used]));
        if (!fits) break;
        differences[2 * count] = static_cast<std::uint8_t>(gap);
        differences[2 * count + 1] = static_cast<std::uint8_t>(name[i]);
        ++count;
        gap = 0;
        if (capital) ++used;
    }
    if (fits && used == joined.size()) {
        out.push_back(static_cast<std::uint8_t>(count));
        out.insert(out.end(), differences.begin(), differences.begin() + static_cast<std::ptrdiff_t>(2 * count));
        return;
    }
    out.push_back(k_whole_name);
    append_varint(out, name.size());
    out.insert(out.end(), name.begin(), name.end());
}

Bytes write_name_table(BytesView recipes, std::span<TermId const> terms, std::uint32_t term_count) {
    std::uint32_t const width = head_bytes(term_count);
    Bytes offsets;
    Bytes data;
    std::uint64_t at = 0;
    for (std::size_t doc = 0; doc < terms.size(); ++doc) {
        if (doc % k_names_in_block == 0) append(offsets, static_cast<std::uint32_t>(data.size()));
        std::uint64_t const begin = at + 1;
        std::uint32_t const count = recipes[at++];
        GGEN_ASSERT(take_rest(recipes, at, count).has_value());
        std::uint64_t const head = std::uint64_t{terms[doc]} << k_count_bits | count;
        for (std::uint32_t i = 0; i < width; ++i) data.push_back(static_cast<std::uint8_t>(head >> 8U * i));
        auto const rest = recipes.subspan(begin, at - begin);
        data.insert(data.end(), rest.begin(), rest.end());
    }
    append(offsets, static_cast<std::uint32_t>(data.size()));
    offsets.insert(offsets.end(), data.begin(), data.end());
    return offsets;
}

Result<NameTable> NameTable::open(std::shared_ptr<MappedFile const> file, BytesView section, std::uint64_t offset,
                                  std::uint32_t doc_count, std::uint32_t term_count) {
    std::uint64_t const blocks = (std::uint64_t{doc_count} + k_names_in_block - 1) / k_names_in_block;
    std::uint64_t const offsets_bytes = (blocks + 1) * sizeof(std::uint32_t);
    if (section.size() < offsets_bytes) return Error{Errc::corrupt, "names: too short"};
    NameTable table;
    table.file_ = std::move(file);
    table.offsets_ = section.first(offsets_bytes);
    table.data_at_ = offset + offsets_bytes;
    table.data_bytes_ = section.size() - offsets_bytes;
    if (table.data_bytes_ <= k_resident_bytes_max) table.data_ = section.subspan(offsets_bytes);
    table.doc_count_ = doc_count;
    table.head_bytes_ = head_bytes(term_count);
    return table;
}

std::string_view NameTable::at(DocId doc, StringTable const& terms, std::string& buffer) const {
    buffer.clear();
    if (doc >= doc_count_) return {};
    auto const* const entry = offsets_.data() + std::size_t{doc} / k_names_in_block * sizeof(std::uint32_t);
    auto const begin = load<std::uint32_t>(entry);
    auto const end = load<std::uint32_t>(entry + sizeof(std::uint32_t));
    if (begin > end || end > data_bytes_) return {};
    if (!data_.empty()) return decode(data_.subspan(begin, end - begin), doc % k_names_in_block, terms, buffer);
    std::array<std::uint8_t, k_stack_bytes> small;
    Bytes large;
    std::span<std::uint8_t> block{small.data(), std::min<std::size_t>(end - begin, small.size())};
    if (end - begin > small.size()) {
        large.resize(end - begin);
        block = large;
    }
    if (!file_->read_at(data_at_ + begin, block)) return {};
    return decode(block, doc % k_names_in_block, terms, buffer);
}

std::string_view NameTable::decode(BytesView block, std::uint32_t place, StringTable const& terms,
                                   std::string& buffer) const {
    std::uint64_t at = 0;
    for (;; --place) {
        if (at > block.size() || block.size() - at < head_bytes_) return {};
        std::uint64_t head = 0;
        for (std::uint32_t k = 0; k < head_bytes_; ++k) head |= std::uint64_t{block[at + k]} << 8U * k;
        at += head_bytes_;
        std::uint32_t const count = head & k_whole_name;
        auto const rest = take_rest(block, at, count);
        if (!rest) return {};
        if (place > 0) continue;
        if (count == k_whole_name) {
            buffer.assign(as_text(*rest));
            return buffer;
        }
        TermBuffer text;
        auto const joined = terms.at(static_cast<TermId>(head >> k_count_bits), text);
        if (!follow(*rest, joined, buffer)) buffer.clear();
        return buffer;
    }
}

}  // namespace ggen::search_index
