#include "archive/ustar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "archive/archive.hpp"
#include "archive/path_rules.hpp"

namespace ggen::ustar {
namespace {

struct Field {
    std::size_t offset;
    std::size_t bytes;
};
constexpr Field k_name{0, 100};
constexpr Field k_mode{100, 8};
constexpr Field k_size{124, 12};
constexpr Field k_checksum{148, 8};
constexpr Field k_type{156, 1};
constexpr Field k_magic{257, 8};  // With the version.
constexpr Field k_prefix{345, 155};

constexpr std::string_view k_mode_plain{"0000644\0", 8};
constexpr std::string_view k_mode_executable{"0000755\0", 8};
constexpr std::string_view k_magic_text{"ustar\00000", 8};
constexpr std::size_t k_size_digits = 11;
constexpr std::size_t k_checksum_digits = 6;

/// Fields that hold the same bytes in every header; what is not listed in `text` is NUL.
struct FixedField {
    Field field;
    std::string_view text;
    char const* name;
};
constexpr std::array<FixedField, 9> k_fixed{{
    {{108, 8}, "0000000", "owner"},
    {{116, 8}, "0000000", "group"},
    {{136, 12}, "00000000000", "modification time"},
    {{157, 100}, "", "link name"},
    {{265, 32}, "", "owner name"},
    {{297, 32}, "", "group name"},
    {{329, 8}, "0000000", "device major"},
    {{337, 8}, "0000000", "device minor"},
    {{500, 12}, "", "end of the header"},
}};

using Block = std::span<std::uint8_t const, k_block_bytes>;

std::string_view text_of(Block block, Field field) { return as_text(block.subspan(field.offset, field.bytes)); }

void put(std::span<std::uint8_t, k_block_bytes> out, std::size_t offset, std::string_view text) {
    std::copy(text.begin(), text.end(), out.begin() + static_cast<std::ptrdiff_t>(offset));
}

/// The sum of all bytes, those of the checksum field counted as blanks.
std::uint32_t checksum_of(Block block) {
    std::uint32_t sum = 0;
    for (auto const byte : block) sum += byte;
    for (auto const byte : block.subspan(k_checksum.offset, k_checksum.bytes)) sum -= byte;
    return sum + static_cast<std::uint32_t>(k_checksum.bytes) * ' ';
}

struct SplitPath {
    std::string_view prefix;
    std::string_view name;
};

/// At the leftmost slash that leaves a name of at most 100 bytes.
std::optional<SplitPath> split_path(std::string_view path) {
    if (path.size() <= k_name.bytes) return SplitPath{{}, path};
    auto const slash = path.find('/', path.size() - k_name.bytes - 1);
    // None at all is also too far.
    if (slash > k_prefix.bytes || slash + 1 == path.size()) return std::nullopt;
    return SplitPath{path.substr(0, slash), path.substr(slash + 1)};
}

Error not_canonical(std::string_view reason) {
    return Error{Errc::corrupt, ErrorId::archive_not_canonical, std::string{reason}};
}

Error unsafe(std::string_view reason) {
    return Error{Errc::refused, ErrorId::archive_path_unsafe, std::string{reason}};
}

/// `digits` octal digits at the start of `text`; nothing when one of them is not.
std::optional<std::uint64_t> read_octal(std::string_view text, std::size_t digits) {
    std::uint64_t value = 0;
    for (auto const c : text.substr(0, digits)) {
        if (c < '0' || c > '7') return std::nullopt;
        value = value * 8 + static_cast<std::uint64_t>(c - '0');
    }
    return value;
}

Result<void> check_checksum(Block block) {
    auto const text = text_of(block, k_checksum);
    auto const stated = read_octal(text, k_checksum_digits);
    if (!stated || text.substr(k_checksum_digits) != std::string_view{"\0 ", 2}) {
        return not_canonical("the checksum is not six octal digits, a NUL and a blank");
    }
    auto const actual = checksum_of(block);
    if (*stated != actual) {
        return not_canonical(
            fmt::format("the header's checksum is {:06o}, its bytes sum up to {:06o}", *stated, actual));
    }
    return ok();
}

Result<void> check_type(char type) {
    switch (type) {
        case '0': return ok();
        case '1': return unsafe("it is a hard link; a package holds regular files only");
        case '2': return unsafe("it is a symbolic link; a package holds regular files only");
        case '3':
        case '4': return unsafe("it is a device; a package holds regular files only");
        case '6': return unsafe("it is a FIFO; a package holds regular files only");
        case '5': return not_canonical("it is a directory entry; directories follow from the files");
        case 'x':
        case 'g':
        case 'X': return not_canonical("it is a pax header; plain ustar is required");
        case 'L':
        case 'K':
        case 'S': return not_canonical("it is a GNU extension; plain ustar is required");
        default:
            return not_canonical(fmt::format("its type is byte 0x{:02x}, not \"0\" (a regular file)",
                                             static_cast<unsigned char>(type)));
    }
}

/// The text before the first NUL. Bytes after it would be read by some programs and not by others.
Result<std::string_view> read_text(Block block, Field field, char const* name) {
    auto const text = text_of(block, field);
    auto const end = std::min(text.find('\0'), text.size());
    if (!is_zero(as_bytes(text.substr(end)))) return unsafe(fmt::format("bytes follow a NUL in its {}", name));
    return text.substr(0, end);
}

Result<std::string> read_path(Block block) {
    ASSIGN_OR_RETURN(auto const name, read_text(block, k_name, "name"));
    ASSIGN_OR_RETURN(auto const prefix, read_text(block, k_prefix, "prefix"));
    if (prefix.empty()) return std::string{name};
    return fmt::format("{}/{}", prefix, name);
}

Result<std::uint64_t> read_size(std::string_view text) {
    if ((static_cast<unsigned char>(text[0]) & 0x80U) != 0) {
        return not_canonical("its size is a binary number (base-256); octal digits are required");
    }
    auto const value = read_octal(text, k_size_digits);
    if (!value || text[k_size_digits] != '\0') {
        return not_canonical(fmt::format("its size \"{}\" is not eleven octal digits and a NUL",
                                         escape_for_terminal(text)));
    }
    return *value;
}

Result<Header> read_fields(Block block, std::string path) {
    Header header;
    header.path = std::move(path);
    ASSIGN_OR_RETURN(header.size_bytes, read_size(text_of(block, k_size)));
    auto const mode = text_of(block, k_mode);
    header.executable = mode == k_mode_executable;
    if (!header.executable && mode != k_mode_plain) {
        return not_canonical(fmt::format("its mode \"{}\" is neither 0644 nor 0755", escape_for_terminal(mode)));
    }
    for (auto const& [field, text, name] : k_fixed) {
        auto const found = text_of(block, field);
        if (!found.starts_with(text) || !is_zero(as_bytes(found.substr(text.size())))) {
            return not_canonical(fmt::format("its {} is not the canonical one", name));
        }
    }
    return header;
}

}  // namespace

bool is_zero(BytesView bytes) {
    // Each byte equals the one before it: the C library compares many at a time.
    return bytes.empty() || (bytes.front() == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

Result<void> write_header(std::span<std::uint8_t, k_block_bytes> out, Header const& header) {
    auto const split = split_path(header.path);
    if (!split) {
        return Error{Errc::too_large, ErrorId::archive_too_large,
                     fmt::format("{}: no slash splits it into 155 and 100 bytes for the archive's header; "
                                 "shorten a directory or the file's name",
                                 path_rules::shown(header.path))};
    }
    if (header.size_bytes > k_file_bytes_max) {
        return Error{Errc::too_large, ErrorId::archive_too_large,
                     fmt::format("{}: a file of 8 GiB or more", path_rules::shown(header.path))};
    }
    std::fill(out.begin(), out.end(), std::uint8_t{0});
    put(out, k_name.offset, split->name);
    put(out, k_prefix.offset, split->prefix);
    put(out, k_mode.offset, header.executable ? k_mode_executable : k_mode_plain);
    put(out, k_size.offset, fmt::format("{:011o}", header.size_bytes));
    put(out, k_type.offset, "0");
    put(out, k_magic.offset, k_magic_text);
    for (auto const& [field, text, name] : k_fixed) put(out, field.offset, text);
    put(out, k_checksum.offset, fmt::format("{:06o}", checksum_of(out)));
    out[k_checksum.offset + k_checksum.bytes - 1] = ' ';
    return ok();
}

Result<Header> read_header(std::span<std::uint8_t const, k_block_bytes> block) {
    RETURN_IF_ERROR(check_checksum(block));
    auto const magic = text_of(block, k_magic);
    if (magic != k_magic_text) {
        return not_canonical(magic == std::string_view{"ustar  \0", 8}
                                 ? "the header is in GNU's format; plain ustar is required"
                                 : "the header has no ustar signature");
    }
    ASSIGN_OR_RETURN(auto const path, read_path(block));
    auto type = check_type(text_of(block, k_type)[0]);
    if (!type) return wrap(std::move(type).error(), path_rules::shown(path));
    auto header = read_fields(block, path);
    if (!header) return wrap(std::move(header).error(), path_rules::shown(path));
    return header;
}

}  // namespace ggen::ustar
