#include <fmt/format.h>

#include "merkle/tile_store.hpp"

namespace ggen::merkle {
namespace {

constexpr unsigned k_tile_bits = 8;

Error bad_edge(std::uint64_t size) {
    return Error{Errc::invalid, fmt::format("the right edge does not fit a log of {} entries", size)};
}

Result<void> check_edge(LogEdge const& edge) {
    if (edge.size > k_tree_size_max) return bad_edge(edge.size);
    if (edge.bundle.size() != edge.size % k_tile_width) return bad_edge(edge.size);
    auto hashes = edge.size;
    for (auto const& tile : edge.tiles) {
        if (tile.size() != hashes % k_tile_width) return bad_edge(edge.size);
        hashes >>= k_tile_bits;
    }
    return hashes == 0 ? ok() : Result<void>{bad_edge(edge.size)};
}

/// Grows the unfinished pieces one entry at a time; finished ones become files.
class Grower {
public:
    explicit Grower(LogEdge edge) : old_size_(edge.size), edge_(std::move(edge)) {}

    Result<void> append(Bytes const& entry) {
        if (entry.size() > k_entry_bytes_max) {
            return Error{Errc::too_large, fmt::format("a log entry of {} bytes; the limit is 65535", entry.size())};
        }
        if (edge_.size == k_tree_size_max) return Error{Errc::too_large, "the log is full"};
        edge_.bundle.push_back(entry);
        push(0, leaf_hash(entry));
        ++edge_.size;
        if (edge_.bundle.size() < k_tile_width) return ok();
        return end_bundle(k_tile_width);
    }

    /// Adds the partial pieces of the final size.
    Result<LogGrowth> finish() {
        if (!edge_.bundle.empty() && edge_.size != old_size_) {
            auto const kept = edge_.bundle;
            RETURN_IF_ERROR(end_bundle(static_cast<unsigned>(kept.size())));
            edge_.bundle = kept;
        }
        for (std::size_t level = 0; level < edge_.tiles.size(); ++level) {
            auto const shift = k_tile_bits * level;
            bool const has_grown = edge_.size >> shift != old_size_ >> shift;
            if (has_grown && !edge_.tiles[level].empty()) add_tile(level, edge_.tiles[level]);
        }
        LogGrowth growth;
        growth.files = std::move(bundles_);
        for (auto& level : tiles_) {
            for (auto& file : level) growth.files.push_back(std::move(file));
        }
        ASSIGN_OR_RETURN(growth.root, edge_root(edge_));
        growth.edge = std::move(edge_);
        return growth;
    }

private:
    void push(std::size_t level, Digest const& hash) {
        if (level == edge_.tiles.size()) edge_.tiles.emplace_back();
        edge_.tiles[level].push_back(hash);
        if (edge_.tiles[level].size() < k_tile_width) return;
        auto const full = std::move(edge_.tiles[level]);
        edge_.tiles[level].clear();
        add_tile(level, full);
        push(level + 1, root_of(full));
    }

    /// Before edge_.size counts the entry, the piece that it completes or extends is size / 256^(level + 1).
    void add_tile(std::size_t level, std::vector<Digest> const& hashes) {
        if (level >= tiles_.size()) tiles_.resize(level + 1);
        auto const width = static_cast<unsigned>(hashes.size());
        auto const shift = k_tile_bits * (level + 1);
        auto const index = shift < 64 ? edge_.size >> shift : 0;
        tiles_[level].push_back({TileId{static_cast<int>(level), index, width}.path(), encode_tile(hashes)});
    }

    Result<void> end_bundle(unsigned width) {
        ASSIGN_OR_RETURN(auto bytes, encode_bundle(edge_.bundle));
        if (bytes.size() > k_bundle_bytes_max) return Error{Errc::too_large, "an entry bundle over 1,049,088 bytes"};
        auto const index = (edge_.size - width) / k_tile_width;
        bundles_.push_back({TileId{TileId::k_entries_level, index, width}.path(), std::move(bytes)});
        edge_.bundle.clear();
        return ok();
    }

    std::uint64_t old_size_;
    LogEdge edge_;
    std::vector<LogFile> bundles_;
    std::vector<std::vector<LogFile>> tiles_;  // Per level.
};

}  // namespace

Result<LogGrowth> grow_log(LogEdge edge, std::vector<Bytes> const& entries) {
    RETURN_IF_ERROR(check_edge(edge));
    Grower grower{std::move(edge)};
    for (auto const& entry : entries) RETURN_IF_ERROR(grower.append(entry));
    return grower.finish();
}

Result<Digest> edge_root(LogEdge const& edge) {
    RETURN_IF_ERROR(check_edge(edge));
    // One list of full subtrees, largest first, is what a TreeBuilder resumes from.
    std::vector<Digest> subtrees;
    for (auto tile = edge.tiles.rbegin(); tile != edge.tiles.rend(); ++tile) {
        std::span<Digest const> rest{*tile};
        for (auto count = std::size_t{k_tile_width} / 2; count > 0; count /= 2) {
            if ((tile->size() & count) == 0) continue;
            subtrees.push_back(root_of(rest.first(count)));
            rest = rest.subspan(count);
        }
    }
    ASSIGN_OR_RETURN(auto const builder, TreeBuilder::resume(edge.size, std::move(subtrees)));
    return builder.root();
}

Result<TreeBuilder> replay_entries(ReadFile const& read, std::uint64_t size, TreeBuilder from) {
    if (size > k_tree_size_max || from.size() > size) {
        return Error{Errc::invalid, fmt::format("a log of {} cannot be replayed from {}", size, from.size())};
    }
    while (from.size() < size) {
        auto const index = from.size() / k_tile_width;
        auto const first = index * k_tile_width;
        auto const width = static_cast<unsigned>(std::min<std::uint64_t>(k_tile_width, size - first));
        auto const path = TileId{TileId::k_entries_level, index, width}.path();
        auto bytes = read(path, k_bundle_bytes_max);
        if (!bytes) return wrap(std::move(bytes).error(), path);
        auto entries = decode_bundle(*bytes, width);
        if (!entries) return wrap(std::move(entries).error(), path);
        for (auto at = from.size() - first; at < width; ++at) from.append(leaf_hash((*entries)[at]));
    }
    return from;
}

Result<Digest> recompute_root(ReadFile const& read, std::uint64_t size) {
    ASSIGN_OR_RETURN(auto const builder, replay_entries(read, size));
    return builder.root();
}

}  // namespace ggen::merkle
