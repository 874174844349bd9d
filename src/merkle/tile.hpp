#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/digest.hpp"

/// C2SP tlog-tiles: paths, tiles and entry bundles.
namespace ggen::merkle {

inline constexpr unsigned k_tile_width = 256;
inline constexpr std::size_t k_entry_bytes_max = 65'535;
inline constexpr std::size_t k_bundle_bytes_max = 1'049'088;  ///< 256 entries of 4,096 bytes + lengths.

/// Names a tile of hashes (`level` 0..63) or an entry bundle (`level` < 0).
struct TileId {
    static constexpr int k_entries_level = -1;
    int level = 0;
    std::uint64_t index = 0;
    unsigned width = k_tile_width;  ///< 1..256; 256 is a full tile.

    [[nodiscard]] bool is_partial() const { return width != k_tile_width; }
    /// "tile/0/x001/234.p/17", "tile/entries/000".
    [[nodiscard]] std::string path() const;
    /// Errors: invalid (tile_invalid): any other spelling of the same tile too.
    [[nodiscard]] static Result<TileId> parse(std::string_view path);
    friend auto operator<=>(TileId const&, TileId const&) = default;
};

/// All tiles of hashes that a tree of `size` has (levels ascending, then index), partial ones with
/// the width that this size implies. `from_size`: only tiles that a tree of that size lacks.
[[nodiscard]] std::vector<TileId> tiles_of(std::uint64_t size, std::uint64_t from_size = 0);
/// The entry bundles likewise.
[[nodiscard]] std::vector<TileId> bundles_of(std::uint64_t size, std::uint64_t from_size = 0);

/// uint16 big-endian length + bytes, repeated. Errors: too_large (an entry over 65,535 bytes).
[[nodiscard]] Result<Bytes> encode_bundle(std::vector<Bytes> const& entries);
/// Exactly `count` entries and nothing after them. Errors: corrupt (tile_invalid), too_large.
[[nodiscard]] Result<std::vector<Bytes>> decode_bundle(BytesView bytes, unsigned count);

/// Exactly `width` hashes. Errors: corrupt (tile_invalid).
[[nodiscard]] Result<std::vector<Digest>> decode_tile(BytesView bytes, unsigned width);
[[nodiscard]] Bytes encode_tile(std::vector<Digest> const& hashes);

}  // namespace ggen::merkle
