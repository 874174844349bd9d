#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/digest.hpp"
#include "merkle/checkpoint.hpp"
#include "merkle/tile.hpp"
#include "merkle/tree.hpp"

/// A log as stored files: reading it from a source that is not trusted, and growing it.
namespace ggen::merkle {

/// Reads the file at `path` below the log's prefix; `too_large` over `bytes_max`. Never trusted.
using ReadFile = std::function<Result<Bytes>(std::string const& path, std::uint64_t bytes_max)>;
/// Told of bytes that were verified up to the root: what may be cached under `path`.
using OnVerified = std::function<void(std::string const& path, BytesView bytes)>;

/// What a log's writer must know to go on: its unfinished tiles and its unfinished bundle.
struct LogEdge {
    std::uint64_t size = 0;
    std::vector<std::vector<Digest>> tiles;  ///< Per level, the hashes of the partial tile (0..255).
    std::vector<Bytes> bundle;               ///< The entries of the partial bundle (0..255).
};

/// Reads one log at one verified checkpoint.
///
/// Every tile is verified against its parent up to the signed root before any hash of it is used,
/// returned or offered to `on_verified`. (A reader that checked right-edge hashes instead of tiles was
/// broken: CVE-2026-56865.) The partial tiles of the right edge are verified together, by recomputing
/// the root. Where the source lacks a partial tile or bundle, the full one is read and cut.
///
/// Keeps verified tiles in memory, at most about k_tiles_kept_max (8 KiB each). Blocks on the source. One thread.
/// Errors of every query: corrupt (tile_invalid) for bytes that differ from what the root promises,
/// invalid for a question outside the log, and the source's own (not_found, unavailable, …).
class TileReader {
public:
    static constexpr std::size_t k_tiles_kept_max = 1024;

    TileReader(Checkpoint checkpoint, ReadFile read, OnVerified on_verified = {});

    [[nodiscard]] Checkpoint const& checkpoint() const { return checkpoint_; }

    /// The Merkle tree hash of leaves [begin, end), begin < end.
    Result<Digest> subtree(std::uint64_t begin, std::uint64_t end);
    Result<Digest> leaf(std::uint64_t index) { return subtree(index, index + 1); }
    Result<std::vector<Digest>> prove_inclusion(std::uint64_t index);
    /// `old_size` <= size of the checkpoint.
    Result<std::vector<Digest>> prove_consistency(std::uint64_t old_size);
    /// The root that the log had at `old_size`.
    Result<Digest> root_at(std::uint64_t old_size);
    /// The entries of bundle `index` (256 each; the last one fewer). Each was checked against its leaf hash.
    Result<std::vector<Bytes>> entries(std::uint64_t bundle_index);
    /// The entry at `index`; reads (and verifies) its whole bundle.
    Result<Bytes> entry(std::uint64_t index);
    /// The verified right edge: what a writer resumes from.
    Result<LogEdge> edge();

private:
    [[nodiscard]] std::uint64_t hashes_at(int level) const;
    [[nodiscard]] TileId tile_id(int level, std::uint64_t index) const;
    Result<Bytes> read_piece(TileId const& id, std::uint64_t bytes_max, bool& was_full);
    Result<std::vector<Digest>> fetch(TileId const& id);
    Result<void> verify_edge();
    Result<std::vector<Digest> const*> tile(int level, std::uint64_t index);
    void keep(TileId const& id, std::vector<Digest> hashes);

    Checkpoint checkpoint_;
    ReadFile read_;
    OnVerified on_verified_;
    bool edge_is_verified_ = false;
    std::map<TileId, std::vector<Digest>> tiles_;  // Verified ones only.
};

/// One file to store below the log's prefix.
struct LogFile {
    std::string path;
    Bytes bytes;
};

/// The result of appending: what to write (bundles first, then tiles, levels ascending) before the
/// new root may be signed.
struct LogGrowth {
    std::vector<LogFile> files;
    LogEdge edge;
    Digest root;
};

/// Appends `entries` to a log. Pure: writes nothing. Of partial tiles and bundles only those of the new
/// size are made. Errors: invalid (an edge that does not fit its size), too_large (an entry over
/// `k_entry_bytes_max`, a full bundle over `k_bundle_bytes_max`, a log over `k_tree_size_max`).
[[nodiscard]] Result<LogGrowth> grow_log(LogEdge edge, std::vector<Bytes> const& entries);

/// The root that the unfinished tiles imply. Errors: invalid (an edge that does not fit its size).
[[nodiscard]] Result<Digest> edge_root(LogEdge const& edge);

/// Re-reads the entry bundles of the stored log of `size` from the first leaf that `from` lacks, hashes
/// every entry again and appends it to `from`. Shares no code with grow_log above the hash functions: what a
/// writer compares with LogGrowth::root before it signs. Tiles are not read.
/// Errors: corrupt (tile_invalid), invalid (`from` is larger than `size`), and those of `read`.
[[nodiscard]] Result<TreeBuilder> replay_entries(ReadFile const& read, std::uint64_t size, TreeBuilder from = {});

/// The root of all stored entries: replay_entries from nothing.
[[nodiscard]] Result<Digest> recompute_root(ReadFile const& read, std::uint64_t size);

}  // namespace ggen::merkle
