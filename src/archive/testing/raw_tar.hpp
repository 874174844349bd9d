#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

/// Writes tar archives field by field with no check at all, and without the code under test.
namespace ggen::testing {

inline constexpr std::size_t k_raw_block_bytes = 512;

/// One header block. Starts as the canonical header of an empty file "p-1.0.0/a.txt"; the checksum is
/// computed by `block`, last.
class RawHeader {
public:
    explicit RawHeader(std::string_view name = "p-1.0.0/a.txt") : bytes_(k_raw_block_bytes, '\0') {
        put(100, {"0000644\0", 8}).put(108, {"0000000\0", 8}).put(116, {"0000000\0", 8});
        put(124, {"00000000000\0", 12}).put(136, {"00000000000\0", 12}).put(156, "0");
        put(257, {"ustar\0" "00", 8}).put(329, {"0000000\0", 8}).put(337, {"0000000\0", 8});
        put(0, name);
    }
    /// Overwrites bytes at `offset`.
    RawHeader& put(std::size_t offset, std::string_view text) {
        bytes_.replace(offset, text.size(), text);
        return *this;
    }
    RawHeader& type(char c) { return put(156, std::string(1, c)); }
    RawHeader& mode(std::string_view digits) { return put(100, digits); }
    RawHeader& link(std::string_view target) { return put(157, target); }
    RawHeader& prefix(std::string_view text) { return put(345, text); }
    RawHeader& size(std::uint64_t bytes) {
        char text[16];
        std::snprintf(text, sizeof text, "%011llo", static_cast<unsigned long long>(bytes));
        return put(124, {text, 11});
    }
    /// The block, `sum_error` added to the right checksum.
    [[nodiscard]] std::string block(unsigned sum_error = 0) const {
        std::string out = bytes_;
        out.replace(148, 8, "        ");
        unsigned sum = sum_error;
        for (char const c : out) sum += static_cast<unsigned char>(c);
        char text[16];
        std::snprintf(text, sizeof text, "%06o", sum);
        out.replace(148, 8, std::string{text, 6} + std::string{"\0 ", 2});
        return out;
    }

private:
    std::string bytes_;
};

/// `content` filled up to whole blocks with `filler`.
inline std::string raw_data(std::string_view content, char filler = '\0') {
    std::string out{content};
    out.resize((content.size() + k_raw_block_bytes - 1) / k_raw_block_bytes * k_raw_block_bytes, filler);
    return out;
}

inline std::string raw_end() { return std::string(2 * k_raw_block_bytes, '\0'); }

/// Header and data of a file.
inline std::string raw_file(std::string_view path, std::string_view content = "") {
    return RawHeader{path}.size(content.size()).block() + raw_data(content);
}

}  // namespace ggen::testing
