#include "registry/tile_edge.hpp"

#include <map>
#include <optional>
#include <utility>

#include "base/error_id.hpp"

namespace ggen::detail {
namespace {

using merkle::k_tile_width;
using merkle::TileId;

Error invalid_tile(TileId const& id, std::string const& problem) {
    return Error{Errc::corrupt, ErrorId::tile_invalid, id.path() + ": " + problem};
}

/// Reads stored tiles and checks each changed one against what stands below it.
class StoredEdge {
public:
    StoredEdge(FileSystem& files, std::string const& folder) : files_(files), folder_(folder) {}

    Result<void> check_changed(std::uint64_t old_size, std::uint64_t size) {
        for (auto const& id : merkle::bundles_of(size, old_size)) RETURN_IF_ERROR(read_bundle(id));
        for (auto const& id : merkle::tiles_of(size, old_size)) {
            ASSIGN_OR_RETURN(auto hashes, read_tile(id));
            for (std::size_t i = 0; i < hashes.size(); ++i) {
                auto const below = below_.find({id.level - 1, id.index * k_tile_width + i});
                if (below != below_.end() && below->second != hashes[i]) {
                    return invalid_tile(id,
                                        "hash " + std::to_string(i) + " is not that of what stands below it");
                }
            }
            if (!id.is_partial()) below_[{id.level, id.index}] = merkle::root_of(hashes);
        }
        return ok();
    }

    Result<Digest> fold(std::uint64_t size) {
        std::optional<Digest> rest;
        std::uint64_t count = size;
        for (int level = 0; count > 0; ++level, count /= k_tile_width) {
            auto const width = static_cast<unsigned>(count % k_tile_width);
            std::vector<Digest> hashes;
            if (width != 0) {
                ASSIGN_OR_RETURN(hashes, read_tile({level, count / k_tile_width, width}));
            }
            if (rest) hashes.push_back(*rest);
            if (!hashes.empty()) rest = merkle::root_of(hashes);
        }
        return rest ? *rest : merkle::empty_root();
    }

private:
    Result<void> read_bundle(TileId const& id) {
        ASSIGN_OR_RETURN(auto const bytes,
                         files_.read_file(join_path(folder_, id.path()), merkle::k_bundle_bytes_max));
        ASSIGN_OR_RETURN(auto const entries, merkle::decode_bundle(bytes, id.width));
        for (std::size_t i = 0; i < entries.size(); ++i) {
            below_[{TileId::k_entries_level, id.index * k_tile_width + i}] = merkle::leaf_hash(entries[i]);
        }
        return ok();
    }

    Result<std::vector<Digest>> read_tile(TileId const& id) {
        ASSIGN_OR_RETURN(auto const bytes, files_.read_file(join_path(folder_, id.path()),
                                                            std::uint64_t{k_tile_width} * Digest::k_bytes));
        return merkle::decode_tile(bytes, id.width);
    }

    FileSystem& files_;
    std::string const& folder_;
    // What hash (level + 1, index) of the tree must be: leaf hashes have level -1.
    std::map<std::pair<int, std::uint64_t>, Digest> below_;
};

}  // namespace

Result<void> TileEdge::append(BytesView entry, Sink const& sink) {
    auto const leaf = merkle::leaf_hash(entry);
    bundle_.emplace_back(entry.begin(), entry.end());
    if (bundle_.size() == k_tile_width) {
        ASSIGN_OR_RETURN(auto const bytes, merkle::encode_bundle(bundle_));
        RETURN_IF_ERROR(sink({TileId::k_entries_level, bundle_index_, k_tile_width}, bytes));
        bundle_.clear();
        ++bundle_index_;
    }
    tree_.append(leaf);
    return push(0, leaf, sink);
}

Result<void> TileEdge::push(std::size_t level_number, Digest const& hash, Sink const& sink) {
    if (levels_.size() == level_number) levels_.emplace_back();
    auto& level = levels_[level_number];
    level.hashes.push_back(hash);
    if (level.hashes.size() < k_tile_width) return ok();
    auto const full = std::move(level.hashes);
    TileId const id{static_cast<int>(level_number), level.tile_index, k_tile_width};
    level = Level{id.index + 1, {}, 0};
    RETURN_IF_ERROR(sink(id, merkle::encode_tile(full)));
    return push(level_number + 1, merkle::root_of(full), sink);
}

Result<void> TileEdge::emit_partial(Sink const& sink) {
    if (!bundle_.empty()) {
        ASSIGN_OR_RETURN(auto const bytes, merkle::encode_bundle(bundle_));
        auto const width = static_cast<unsigned>(bundle_.size());
        RETURN_IF_ERROR(sink({TileId::k_entries_level, bundle_index_, width}, bytes));
    }
    for (std::size_t i = 0; i < levels_.size(); ++i) {
        auto& level = levels_[i];
        if (level.hashes.size() == level.emitted_count) continue;
        auto const width = static_cast<unsigned>(level.hashes.size());
        RETURN_IF_ERROR(
            sink({static_cast<int>(i), level.tile_index, width}, merkle::encode_tile(level.hashes)));
        level.emitted_count = level.hashes.size();
    }
    return ok();
}

Result<Digest> recompute_root(FileSystem& files, std::string const& folder, std::uint64_t old_size,
                              std::uint64_t size) {
    StoredEdge edge{files, folder};
    RETURN_IF_ERROR(edge.check_changed(old_size, size));
    return edge.fold(size);
}

}  // namespace ggen::detail
