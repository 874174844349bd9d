#include "merkle/tile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace ggen::merkle {
namespace {

constexpr int k_level_max = 63;
constexpr unsigned k_tile_bits = 8;
constexpr std::string_view k_tile_prefix = "tile/";
constexpr std::string_view k_entries_name = "entries";
constexpr std::size_t k_length_bytes = 2;

Error bad_path(std::string_view path) {
    return Error{Errc::invalid, ErrorId::tile_invalid,
                 fmt::format("'{}' is not the path of a tile", path.substr(0, 100))};
}

Error bad_tile(std::string why) { return Error{Errc::corrupt, ErrorId::tile_invalid, std::move(why)}; }

/// Decimal digits only, the whole text; the caller compares the printed form.
template <class Number>
bool read_number(std::string_view text, Number& out) {
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size() && !text.starts_with('-');
}

/// "x001/x234/067" as 1234067.
bool read_index(std::string_view text, std::uint64_t& index) {
    std::string digits;
    while (true) {
        auto const slash = text.find('/');
        auto group = text.substr(0, slash);
        bool const is_last = slash == std::string_view::npos;
        if (!is_last && !group.starts_with('x')) return false;
        if (!is_last) group.remove_prefix(1);
        if (group.size() != 3) return false;
        digits += group;
        if (is_last) break;
        text.remove_prefix(slash + 1);
    }
    return read_number(std::string_view{digits}, index);
}

std::string index_text(std::uint64_t index) {
    std::string text = fmt::format("{:03}", index % 1000);
    for (index /= 1000; index > 0; index /= 1000) text.insert(0, fmt::format("x{:03}/", index % 1000));
    return text;
}

/// Appends the tiles of one level of which a tree has `count` hashes and had `count_before`.
void add_level(std::vector<TileId>& tiles, int level, std::uint64_t count, std::uint64_t count_before) {
    auto const full = count / k_tile_width;
    for (auto index = count_before / k_tile_width; index < full; ++index) {
        tiles.push_back({level, index, k_tile_width});
    }
    auto const width = static_cast<unsigned>(count % k_tile_width);
    if (width != 0 && count != count_before) tiles.push_back({level, full, width});
}

}  // namespace

std::string TileId::path() const {
    std::string path{k_tile_prefix};
    path += level < 0 ? std::string{k_entries_name} : std::to_string(level);
    path += '/';
    path += index_text(index);
    if (is_partial()) path += fmt::format(".p/{}", width);
    return path;
}

Result<TileId> TileId::parse(std::string_view path) {
    constexpr std::size_t k_path_bytes_max = 64;
    if (path.size() > k_path_bytes_max || !path.starts_with(k_tile_prefix)) return bad_path(path);
    std::string_view rest = path.substr(k_tile_prefix.size());
    auto const slash = rest.find('/');
    if (slash == std::string_view::npos) return bad_path(path);
    TileId id;
    auto const level = rest.substr(0, slash);
    rest.remove_prefix(slash + 1);
    if (level == k_entries_name) {
        id.level = k_entries_level;
    } else if (!read_number(level, id.level) || id.level > k_level_max) {
        return bad_path(path);
    }
    if (auto const dot = rest.find(".p/"); dot != std::string_view::npos) {
        if (!read_number(rest.substr(dot + 3), id.width)) return bad_path(path);
        if (id.width == 0 || id.width >= k_tile_width) return bad_path(path);
        rest = rest.substr(0, dot);
    }
    // Comparing the printed form refuses leading zeros, "x000/" and every other second spelling.
    if (!read_index(rest, id.index) || id.path() != path) return bad_path(path);
    return id;
}

std::vector<TileId> tiles_of(std::uint64_t size, std::uint64_t from_size) {
    std::vector<TileId> tiles;
    for (int level = 0; size > 0; ++level, size >>= k_tile_bits, from_size >>= k_tile_bits) {
        add_level(tiles, level, size, from_size);
    }
    return tiles;
}

std::vector<TileId> bundles_of(std::uint64_t size, std::uint64_t from_size) {
    std::vector<TileId> bundles;
    add_level(bundles, TileId::k_entries_level, size, from_size);
    return bundles;
}

Result<Bytes> encode_bundle(std::vector<Bytes> const& entries) {
    Bytes bytes;
    for (auto const& entry : entries) {
        if (entry.size() > k_entry_bytes_max) {
            return Error{Errc::too_large, fmt::format("a log entry of {} bytes; the limit is 65535", entry.size())};
        }
        bytes.push_back(static_cast<std::uint8_t>(entry.size() >> 8U));
        bytes.push_back(static_cast<std::uint8_t>(entry.size() & 0xFFU));
        bytes.insert(bytes.end(), entry.begin(), entry.end());
    }
    return bytes;
}

Result<std::vector<Bytes>> decode_bundle(BytesView bytes, unsigned count) {
    if (bytes.size() > k_bundle_bytes_max) {
        return Error{Errc::too_large, ErrorId::tile_invalid, "an entry bundle over 1,049,088 bytes"};
    }
    std::vector<Bytes> entries;
    entries.reserve(std::min<std::size_t>(count, bytes.size() / k_length_bytes));
    for (unsigned i = 0; i < count; ++i) {
        if (bytes.size() < k_length_bytes) return bad_tile("an entry bundle ends too early");
        std::size_t const length = static_cast<std::size_t>(bytes[0]) << 8U | bytes[1];
        bytes = bytes.subspan(k_length_bytes);
        if (bytes.size() < length) return bad_tile("an entry bundle ends inside an entry");
        entries.emplace_back(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
        bytes = bytes.subspan(length);
    }
    if (!bytes.empty()) return bad_tile("an entry bundle has bytes after its last entry");
    return entries;
}

Result<std::vector<Digest>> decode_tile(BytesView bytes, unsigned width) {
    if (bytes.size() != width * Digest::k_bytes) {
        return bad_tile(fmt::format("a tile of {} bytes instead of {}", bytes.size(), width * Digest::k_bytes));
    }
    std::vector<Digest> hashes(width);
    for (auto& hash : hashes) {
        std::copy_n(bytes.begin(), Digest::k_bytes, hash.bytes.begin());
        bytes = bytes.subspan(Digest::k_bytes);
    }
    return hashes;
}

Bytes encode_tile(std::vector<Digest> const& hashes) {
    Bytes bytes;
    bytes.reserve(hashes.size() * Digest::k_bytes);
    for (auto const& hash : hashes) bytes.insert(bytes.end(), hash.bytes.begin(), hash.bytes.end());
    return bytes;
}

}  // namespace ggen::merkle
