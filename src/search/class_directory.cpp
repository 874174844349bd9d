#include "search/class_directory.hpp"

#include <algorithm>

#include "search/fuzzy.hpp"
#include "search/little_endian.hpp"

namespace ggen::search_index {
namespace {

/// In a pattern of classes: any class. Its range of codes is contiguous when it stands last.
constexpr std::uint8_t k_any = 0xff;
/// In a sequence of characters: any one character. A long one is of the highest class, after which nothing counts, so
/// it needs one place like all others.
constexpr char32_t k_wild = 0xffffffff;
constexpr char32_t k_raw_byte = 0x110000;  // Added to bytes that are not UTF-8.
/// Longer ranges are cut down by looking strings up, which takes as long as comparing so many.
constexpr std::uint32_t k_long_range = 256;

/// Whether a class holds several bytes. What follows such a byte does not count: codes must ascend with strings.
bool is_lumped(std::uint32_t byte_class) { return byte_class == 1 || byte_class == 12 || byte_class == k_class_high; }

std::uint8_t first_class(char32_t c) {
    if (c >= k_raw_byte) return byte_class(static_cast<std::uint8_t>(c - k_raw_byte));
    return c < 0x80 ? byte_class(static_cast<std::uint8_t>(c)) : k_class_high;
}

/// Of a class that holds one byte.
char byte_of_class(std::uint32_t byte_class) {
    return static_cast<char>(byte_class < 12 ? '0' + (byte_class - 2) : 'a' + (byte_class - 13));
}

using Pattern = std::array<std::uint8_t, k_directory_depth>;

/// Turns patterns into ranges of the directory.
class RangeCollector {
public:
    RangeCollector(ClassDirectory const& directory, StringTable const* sorted, std::vector<TermRange>& out)
        : directory_(directory), sorted_(sorted), out_(out) {}

    /// Every string that begins with `characters`, k_wild standing for any one of those that the directory sees.
    void add(std::span<char32_t const> characters) {
        tail_bytes_ = 0;
        if (sorted_ != nullptr && characters.size() > k_directory_depth) {
            tail_bytes_ = encode_code_points(characters.subspan(k_directory_depth), tail_);
        }
        Pattern pattern;
        pattern.fill(k_any);
        expand(characters, pattern, 0);
    }

private:
    void expand(std::span<char32_t const> rest, Pattern pattern, std::size_t at) {
        if (rest.empty() || at == k_directory_depth) {
            emit(pattern);
            return;
        }
        if (rest[0] != k_wild) pattern[at] = first_class(rest[0]);
        expand(rest.subspan(1), pattern, at + 1);
    }

    void emit(Pattern const& pattern) { emit_from(pattern, 0, 0); }

    void emit_from(Pattern const& pattern, std::size_t at, std::uint32_t code) {
        std::uint32_t span = 1;
        for (std::size_t i = at; i < k_directory_depth; ++i) span *= k_byte_classes;
        auto const rest_is_any = [&] {
            return std::all_of(pattern.begin() + static_cast<std::ptrdiff_t>(at), pattern.end(),
                               [](std::uint8_t c) { return c == k_any; });
        };
        if (at == k_directory_depth) {
            push_code(code);
            return;
        }
        if (rest_is_any()) {
            push(code * span, code * span + span - 1);
            return;
        }
        std::uint32_t const first = pattern[at] == k_any ? 0 : pattern[at];
        std::uint32_t const last = pattern[at] == k_any ? k_byte_classes - 1 : pattern[at];
        for (std::uint32_t c = first; c <= last; ++c) {
            std::uint32_t const next = code * k_byte_classes + c;
            if (is_lumped(c)) push(next * (span / k_byte_classes), next * (span / k_byte_classes));
            else emit_from(pattern, at + 1, next);
        }
    }

    void push(std::uint32_t first, std::uint32_t last) {
        auto const range = directory_.range(first, last);
        if (range.size() > 0) out_.push_back(range);
    }

    /// One code, all of whose classes are single bytes, so that strings can be told apart further.
    void push_code(std::uint32_t code) {
        auto range = directory_.range(code, code);
        if (range.size() > k_long_range && tail_bytes_ > 0) {
            std::array<char, k_directory_depth + 4 * k_fuzzy_chars_max> bytes;
            for (std::size_t i = k_directory_depth; i-- > 0; code /= k_byte_classes)
                bytes[i] = byte_of_class(code % k_byte_classes);
            std::copy_n(tail_.begin(), tail_bytes_, bytes.begin() + k_directory_depth);
            range = sorted_->prefix_range({bytes.data(), k_directory_depth + tail_bytes_}, range);
        }
        if (range.size() > 0) out_.push_back(range);
    }

    ClassDirectory const& directory_;
    StringTable const* sorted_;
    std::vector<TermRange>& out_;
    std::array<char, 4 * k_fuzzy_chars_max> tail_;  // What must follow the characters that the directory sees.
    std::size_t tail_bytes_ = 0;
};

/// Everything that one edit can make of the first characters: delete, replace, insert, swap neighbours.
void add_edited(RangeCollector& ranges, std::span<char32_t const> whole, std::size_t length) {
    std::array<char32_t, k_fuzzy_chars_max + 1> edited;
    auto const put = [&](std::initializer_list<std::span<char32_t const>> parts) {
        std::size_t used = 0;
        for (auto const part : parts) {
            for (auto const c : part) {
                if (used < edited.size()) edited[used++] = c;
            }
        }
        ranges.add({edited.data(), used});
    };
    auto const seen = whole.first(length);
    char32_t const wild = k_wild;
    std::span<char32_t const> const any{&wild, 1};
    std::size_t const places = std::min(length, k_directory_depth);
    for (std::size_t i = 0; i < places; ++i) {
        put({seen.first(i), seen.subspan(i + 1)});       // Deleted.
        put({seen.first(i), any, seen.subspan(i + 1)});  // Replaced.
        put({seen.first(i), any, seen.subspan(i)});      // Inserted before.
        if (i + 1 < length) {
            std::array<char32_t, 2> const swapped{seen[i + 1], seen[i]};
            put({seen.first(i), swapped, seen.subspan(i + 2)});
        }
    }
}

void merge(std::vector<TermRange>& ranges) {
    std::sort(ranges.begin(), ranges.end(), [](TermRange a, TermRange b) { return a.begin < b.begin; });
    std::size_t used = 0;
    for (auto const range : ranges) {
        if (used > 0 && range.begin <= ranges[used - 1].end) {
            ranges[used - 1].end = std::max(ranges[used - 1].end, range.end);
        } else {
            ranges[used++] = range;
        }
    }
    ranges.resize(used);
}

constexpr std::array<std::uint8_t, 256> make_classes() {
    std::array<std::uint8_t, 256> classes{};
    for (std::size_t i = 0; i < classes.size(); ++i) {
        std::size_t value = 39;
        if (i < '0') value = 1;
        else if (i <= '9') value = 2 + (i - '0');
        else if (i < 'a') value = 12;
        else if (i <= 'z') value = 13 + (i - 'a');
        classes[i] = static_cast<std::uint8_t>(value);
    }
    return classes;
}

constexpr auto k_classes = make_classes();

}  // namespace

std::uint8_t byte_class(std::uint8_t byte) { return k_classes[byte]; }

std::uint32_t class_code(std::string_view text) {
    std::uint32_t code = 0;
    bool counts = true;
    for (std::size_t i = 0; i < k_directory_depth; ++i) {
        std::uint32_t const c = counts && i < text.size() ? k_classes[static_cast<std::uint8_t>(text[i])] : 0U;
        code = code * k_byte_classes + c;
        counts = counts && !is_lumped(c);
    }
    return code;
}

Result<ClassDirectory> ClassDirectory::open(BytesView section, std::uint32_t term_count) {
    ClassDirectory directory;
    directory.term_count_ = term_count;
    if (section.empty()) return directory;
    if (section.size() != (k_directory_codes + 1) * sizeof(std::uint32_t)) {
        return Error{Errc::corrupt, "directory: length does not fit"};
    }
    directory.starts_ = {reinterpret_cast<std::uint32_t const*>(section.data()), k_directory_codes + 1};
    return directory;
}

TermRange ClassDirectory::range(std::uint32_t first, std::uint32_t last) const {
    if (!is_present()) return {0, term_count_};
    if (first > last || last >= k_directory_codes) return {};
    TermRange const range{starts_[first], std::min(starts_[last + 1], term_count_)};
    return range.begin <= range.end ? range : TermRange{};
}

Bytes write_class_directory(std::span<std::uint32_t const> codes) {
    Bytes section;
    section.reserve((k_directory_codes + 1) * sizeof(std::uint32_t));
    std::uint32_t index = 0;
    for (std::uint32_t code = 0; code <= k_directory_codes; ++code) {
        while (index < codes.size() && codes[index] < code) ++index;
        append(section, index);
    }
    return section;
}

void class_ranges(ClassDirectory const& directory, std::span<char32_t const> characters, std::size_t length,
                  unsigned edits, StringTable const* sorted, std::vector<TermRange>& out) {
    out.clear();
    RangeCollector ranges{directory, sorted, out};
    if (!directory.is_present()) {
        ranges.add({});
        return;
    }
    // Edits further on are found by the first characters.
    ranges.add(characters.first(edits > 0 ? std::min(length, k_directory_depth) : length));
    if (edits > 0) add_edited(ranges, characters, length);
    merge(out);
}

}  // namespace ggen::search_index
