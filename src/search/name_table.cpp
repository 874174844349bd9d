#include "search/name_table.hpp"

#include "search/little_endian.hpp"

namespace ggen::search_index {
namespace {

constexpr std::uint32_t k_names_in_block = 16;
/// First byte of a recipe: this, or the number of differences.
constexpr std::uint8_t k_whole_name = 0xff;
constexpr std::size_t k_differences_max = 32;
constexpr std::size_t k_name_bytes_max = 64 * k_kib;

bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
char lower(char c) { return static_cast<char>(c + ('a' - 'A')); }

/// A recipe moved past; empty when the bytes end before it does.
BytesView take_recipe(BytesView bytes, std::uint64_t& at) {
    std::uint64_t const begin = at;
    if (at >= bytes.size()) return {};
    std::uint8_t const first = bytes[at++];
    std::uint64_t length = std::uint64_t{first} * 2;
    if (first == k_whole_name && !read_varint(bytes, at, length)) return {};
    if (length > bytes.size() - at) return {};
    at += length;
    return bytes.subspan(begin, at - begin);
}

/// Applies `recipe` to `joined`. False when it does not fit.
bool follow(BytesView recipe, std::string_view joined, std::string& out) {
    out.clear();
    std::size_t used = 0;
    for (std::size_t i = 0; i < recipe[0]; ++i) {
        std::size_t const gap = recipe[1 + 2 * i];
        auto const c = static_cast<char>(recipe[2 + 2 * i]);
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

Bytes write_name_table(BytesView recipes, std::span<TermId const> terms) {
    Bytes offsets;
    Bytes data;
    std::uint64_t at = 0;
    for (std::size_t doc = 0; doc < terms.size(); ++doc) {
        if (doc % k_names_in_block == 0) append(offsets, static_cast<std::uint32_t>(data.size()));
        auto const recipe = take_recipe(recipes, at);
        GGEN_ASSERT(!recipe.empty());
        data.insert(data.end(), recipe.begin(), recipe.end());
        if (recipe[0] != k_whole_name) append_varint(data, terms[doc]);
    }
    offsets.insert(offsets.end(), data.begin(), data.end());
    return offsets;
}

Result<NameTable> NameTable::open(BytesView section, std::uint32_t doc_count) {
    std::uint64_t const blocks = (std::uint64_t{doc_count} + k_names_in_block - 1) / k_names_in_block;
    std::uint64_t const offsets_bytes = blocks * sizeof(std::uint32_t);
    if (section.size() < offsets_bytes) return Error{Errc::corrupt, "names: too short"};
    NameTable table;
    table.offsets_ = section.first(offsets_bytes);
    table.data_ = section.subspan(offsets_bytes);
    table.doc_count_ = doc_count;
    return table;
}

std::string_view NameTable::at(DocId doc, StringTable const& terms, std::string& buffer) const {
    buffer.clear();
    if (doc >= doc_count_) return {};
    std::uint64_t at = load<std::uint32_t>(offsets_.data() + std::size_t{doc} / k_names_in_block * 4);
    for (std::uint32_t i = doc % k_names_in_block;; --i) {
        auto const recipe = take_recipe(data_, at);
        if (recipe.empty()) return {};
        std::uint64_t term = 0;
        bool const whole = recipe[0] == k_whole_name;
        if (!whole && !read_varint(data_, at, term)) return {};
        if (i > 0) continue;
        if (whole) {
            std::uint64_t start = 1;
            std::uint64_t length = 0;
            static_cast<void>(read_varint(recipe, start, length));  // take_recipe has read it already.
            if (length > k_name_bytes_max) return {};
            buffer.assign(as_text(recipe.subspan(start)));
            return buffer;
        }
        TermBuffer text;
        auto const joined = terms.at(static_cast<TermId>(std::min<std::uint64_t>(term, k_none)), text);
        if (!follow(recipe, joined, buffer)) buffer.clear();
        return buffer;
    }
}

}  // namespace ggen::search_index
