#include <fmt/format.h>

#include <array>

#include "output.hpp"

namespace ggen::cli {
namespace {

struct CodePoint {
    char32_t value = 0;
    std::size_t bytes = 1;
};

/// Lenient: a byte that begins nothing counts as one character.
CodePoint first_code_point(std::string_view text) {
    auto const lead = static_cast<unsigned char>(text.front());
    std::size_t const bytes = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (lead < 0xC0 || bytes > text.size()) return {lead, 1};
    char32_t value = lead & (0xFFU >> (bytes + 1));
    for (std::size_t i = 1; i < bytes; ++i) value = value << 6U | (static_cast<unsigned char>(text[i]) & 0x3FU);
    return {value, bytes};
}

std::size_t columns_of(char32_t c) {
    struct Block {
        char32_t first;
        char32_t last;
    };
    // Blocks whose characters take two columns (East Asian Width W and F, and pictographs).
    constexpr std::array k_wide = {Block{0x1100, 0x115F},   Block{0x2E80, 0xA4CF},   Block{0xAC00, 0xD7A3},
                                   Block{0xF900, 0xFAFF},   Block{0xFE30, 0xFE6F},   Block{0xFF00, 0xFF60},
                                   Block{0xFFE0, 0xFFE6},   Block{0x1F300, 0x1FAFF}, Block{0x20000, 0x3FFFD}};
    if (c >= 0x300 && c <= 0x36F) return 0;
    for (auto const& block : k_wide) {
        if (c >= block.first && c <= block.last) return 2;
    }
    return 1;
}

}  // namespace

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    while (!text.empty()) {
        auto const point = first_code_point(text);
        width += columns_of(point.value);
        text.remove_prefix(point.bytes);
    }
    return width;
}

std::string cut_to_width(std::string_view text, std::size_t width) {
    if (display_width(text) <= width) return std::string{text};
    std::size_t used = 0;
    std::size_t kept = 0;
    while (kept < text.size()) {
        auto const point = first_code_point(text.substr(kept));
        if (used + columns_of(point.value) + 1 > width) break;
        used += columns_of(point.value);
        kept += point.bytes;
    }
    return std::string{text.substr(0, kept)} + "…";
}

std::string format_bytes(std::uint64_t bytes) {
    if (bytes < 1024) return fmt::format("{} B", bytes);
    double value = static_cast<double>(bytes);
    std::string_view unit = "B";
    for (std::string_view const next : {"KiB", "MiB", "GiB", "TiB"}) {
        if (value < 1024) break;
        value /= 1024;
        unit = next;
    }
    return fmt::format("{:.1f} {}", value, unit);
}

std::string format_duration(std::uint64_t microseconds) {
    auto const value = static_cast<double>(microseconds);
    if (microseconds < 1'000'000) return fmt::format("{:.1f} ms", value / 1e3);
    return fmt::format("{:.1f} s", value / 1e6);
}

std::string count_of(std::uint64_t count, std::string_view singular, std::string_view plural) {
    if (count == 1) return fmt::format("1 {}", singular);
    if (!plural.empty()) return fmt::format("{} {}", count, plural);
    return fmt::format("{} {}s", count, singular);
}

}  // namespace ggen::cli
