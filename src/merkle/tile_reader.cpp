#include <fmt/format.h>

#include <bit>

#include "merkle/tile_store.hpp"

namespace ggen::merkle {
namespace {

constexpr unsigned k_tile_bits = 8;

/// A source that sends more than was asked for sends something else than was promised.
Error source_error(Error error, TileId const& id) {
    if (error.code == Errc::too_large) {
        return Error{Errc::corrupt, ErrorId::tile_invalid, fmt::format("{}: more bytes than belong there", id.path())};
    }
    return wrap(std::move(error), id.path());
}

Error forged(TileId const& id) {
    return Error{Errc::corrupt, ErrorId::tile_invalid,
                 fmt::format("{}: it does not lead to the signed root", id.path())};
}

Error outside(std::string what, std::uint64_t size) {
    return Error{Errc::invalid, fmt::format("{} is outside a log of {}", what, size)};
}

}  // namespace

TileReader::TileReader(Checkpoint checkpoint, ReadFile read, OnVerified on_verified)
    : checkpoint_(std::move(checkpoint)), read_(std::move(read)), on_verified_(std::move(on_verified)) {}

/// How many hashes level `level` has: full subtrees of 256^level leaves.
std::uint64_t TileReader::hashes_at(int level) const {
    auto const shift = k_tile_bits * static_cast<unsigned>(level);
    return shift < 64 ? checkpoint_.size >> shift : 0;
}

TileId TileReader::tile_id(int level, std::uint64_t index) const {
    auto const count = level < 0 ? checkpoint_.size : hashes_at(level);
    bool const is_full = index < count / k_tile_width;
    return {level, index, is_full ? k_tile_width : static_cast<unsigned>(count % k_tile_width)};
}

/// The bytes of `id`, or of the full tile that contains it when the partial one is gone.
Result<Bytes> TileReader::read_piece(TileId const& id, std::uint64_t bytes_max, bool& was_full) {
    was_full = !id.is_partial();
    auto bytes = read_(id.path(), was_full || id.level < 0 ? bytes_max : id.width * Digest::k_bytes);
    if (bytes) return bytes;
    if (was_full || bytes.error().code != Errc::not_found) return source_error(std::move(bytes).error(), id);
    was_full = true;
    TileId const full{id.level, id.index, k_tile_width};
    bytes = read_(full.path(), bytes_max);
    if (!bytes) return source_error(std::move(bytes).error(), full);
    return bytes;
}

/// The hashes of a tile as the source has them: exactly `id.width`, not verified.
Result<std::vector<Digest>> TileReader::fetch(TileId const& id) {
    bool was_full = false;
    ASSIGN_OR_RETURN(auto const bytes, read_piece(id, k_tile_width * Digest::k_bytes, was_full));
    auto hashes = decode_tile(bytes, was_full ? k_tile_width : id.width);
    if (!hashes) return wrap(std::move(hashes).error(), id.path());
    hashes->resize(id.width);
    return hashes;
}

/// Reads all partial tiles and keeps them when together they give the signed root. Each full tile
/// then has a parent: a hash of a partial tile or of another full one.
Result<void> TileReader::verify_edge() {
    if (edge_is_verified_) return ok();
    if (checkpoint_.size > k_tree_size_max) return outside("the checkpoint", k_tree_size_max);
    std::vector<std::pair<TileId, std::vector<Digest>>> edge;
    for (int level = 0; hashes_at(level) > 0; ++level) {
        auto const id = tile_id(level, hashes_at(level) / k_tile_width);
        if (id.width == 0) continue;
        ASSIGN_OR_RETURN(auto hashes, fetch(id));
        edge.emplace_back(id, std::move(hashes));
    }
    // From the leaves up: full subtrees of one level, smallest (rightmost) first.
    bool is_first = true;
    Digest root = empty_root();
    for (auto const& [id, hashes] : edge) {
        std::span<Digest const> left{hashes};
        for (auto width = id.width; width > 0; width &= width - 1) {
            auto const count = std::size_t{1} << static_cast<unsigned>(std::countr_zero(width));
            auto const subtree = root_of(left.last(count));
            root = is_first ? subtree : node_hash(subtree, root);
            is_first = false;
            left = left.first(left.size() - count);
        }
    }
    if (root != checkpoint_.root) {
        return Error{Errc::corrupt, ErrorId::tile_invalid,
                     fmt::format("the right edge of the log of {} entries does not lead to the signed root",
                                 checkpoint_.size)};
    }
    edge_is_verified_ = true;
    for (auto& [id, hashes] : edge) keep(id, std::move(hashes));
    return ok();
}

/// The verified hashes of a tile. The parent is verified first, so nothing forged is ever kept.
Result<std::vector<Digest> const*> TileReader::tile(int level, std::uint64_t index) {
    RETURN_IF_ERROR(verify_edge());
    auto const id = tile_id(level, index);
    if (auto const found = tiles_.find(id); found != tiles_.end()) return &found->second;
    GGEN_ASSERT(!id.is_partial());
    ASSIGN_OR_RETURN(auto const* const parent, tile(level + 1, index / k_tile_width));
    Digest const expected = (*parent)[index % k_tile_width];
    ASSIGN_OR_RETURN(auto hashes, fetch(id));
    if (root_of(hashes) != expected) return forged(id);
    keep(id, std::move(hashes));
    return &tiles_.at(id);
}

void TileReader::keep(TileId const& id, std::vector<Digest> hashes) {
    if (on_verified_) on_verified_(id.path(), encode_tile(hashes));
    if (tiles_.size() >= k_tiles_kept_max) {
        std::erase_if(tiles_, [](auto const& item) { return item.first.level == 0 && !item.first.is_partial(); });
    }
    tiles_.insert_or_assign(id, std::move(hashes));
}

Result<Digest> TileReader::subtree(std::uint64_t begin, std::uint64_t end) {
    if (begin >= end || end > checkpoint_.size) {
        return outside(fmt::format("the range from {} to {}", begin, end), checkpoint_.size);
    }
    auto const count = end - begin;
    if (!std::has_single_bit(count) || begin % count != 0) {
        auto const middle = begin + std::bit_floor(count - 1);
        ASSIGN_OR_RETURN(auto const left, subtree(begin, middle));
        ASSIGN_OR_RETURN(auto const right, subtree(middle, end));
        return node_hash(left, right);
    }
    auto const height = static_cast<unsigned>(std::countr_zero(count));
    auto const level = height / k_tile_bits;
    auto const first = begin >> (level * k_tile_bits);
    ASSIGN_OR_RETURN(auto const* const hashes, tile(static_cast<int>(level), first / k_tile_width));
    return root_of(std::span{*hashes}.subspan(first % k_tile_width, std::size_t{1} << height % k_tile_bits));
}

Result<std::vector<Digest>> TileReader::prove_inclusion(std::uint64_t index) {
    return inclusion_proof(index, checkpoint_.size,
                           [this](std::uint64_t begin, std::uint64_t end) { return subtree(begin, end); });
}

Result<std::vector<Digest>> TileReader::prove_consistency(std::uint64_t old_size) {
    return consistency_proof(old_size, checkpoint_.size,
                             [this](std::uint64_t begin, std::uint64_t end) { return subtree(begin, end); });
}

Result<Digest> TileReader::root_at(std::uint64_t old_size) {
    if (old_size == 0) return empty_root();
    return subtree(0, old_size);
}

Result<std::vector<Bytes>> TileReader::entries(std::uint64_t bundle_index) {
    auto const first = bundle_index * k_tile_width;
    if (bundle_index > checkpoint_.size / k_tile_width || first >= checkpoint_.size) {
        return outside(fmt::format("entry bundle {}", bundle_index), checkpoint_.size);
    }
    // Hashes first: bytes that cannot be checked are not even fetched.
    ASSIGN_OR_RETURN(auto const* const hashes, tile(0, bundle_index));
    auto const id = tile_id(TileId::k_entries_level, bundle_index);
    bool was_full = false;
    ASSIGN_OR_RETURN(auto const bytes, read_piece(id, k_bundle_bytes_max, was_full));
    auto entries = decode_bundle(bytes, was_full ? k_tile_width : id.width);
    if (!entries) return source_error(std::move(entries).error(), id);
    entries->resize(id.width);
    for (unsigned i = 0; i < id.width; ++i) {
        if (leaf_hash((*entries)[i]) != (*hashes)[i]) return forged(id);
    }
    if (on_verified_) {
        ASSIGN_OR_RETURN(auto const verified, encode_bundle(*entries));
        on_verified_(id.path(), verified);
    }
    return entries;
}

Result<Bytes> TileReader::entry(std::uint64_t index) {
    ASSIGN_OR_RETURN(auto bundle, entries(index / k_tile_width));
    auto const at = static_cast<std::size_t>(index % k_tile_width);
    if (at >= bundle.size()) return outside(fmt::format("entry {}", index), checkpoint_.size);
    return std::move(bundle[at]);
}

Result<LogEdge> TileReader::edge() {
    RETURN_IF_ERROR(verify_edge());
    LogEdge edge;
    edge.size = checkpoint_.size;
    for (int level = 0; hashes_at(level) > 0; ++level) {
        auto const id = tile_id(level, hashes_at(level) / k_tile_width);
        edge.tiles.push_back(id.width == 0 ? std::vector<Digest>{} : tiles_.at(id));
    }
    if (checkpoint_.size % k_tile_width != 0) {
        ASSIGN_OR_RETURN(edge.bundle, entries(checkpoint_.size / k_tile_width));
    }
    return edge;
}

}  // namespace ggen::merkle
