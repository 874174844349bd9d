#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/bytes.hpp"
#include "base/file_system.hpp"
#include "base/result.hpp"
#include "crypto/digest.hpp"
#include "merkle/tile.hpp"
#include "merkle/tree.hpp"

namespace ggen::detail {

/// The growing end of a log: turns entries into bundles and tiles.
///
/// Holds at most 256 entries and 256 hashes a level. What becomes full is handed out at once, what is
/// partial when a checkpoint is made. The writer stores what comes out; recovery and fsck compare it.
class TileEdge {
public:
    using Sink = std::function<Result<void>(merkle::TileId const& id, Bytes const& content)>;

    Result<void> append(BytesView entry, Sink const& sink);
    /// The partial bundle and tiles of the present size that were not handed out before.
    Result<void> emit_partial(Sink const& sink);
    [[nodiscard]] std::uint64_t size() const { return tree_.size(); }
    [[nodiscard]] Digest root() const { return tree_.root(); }

private:
    Result<void> push(std::size_t level, Digest const& hash, Sink const& sink);

    struct Level {
        std::uint64_t tile_index = 0;
        std::vector<Digest> hashes;
        std::size_t emitted_count = 0;
    };
    merkle::TreeBuilder tree_;
    std::uint64_t bundle_index_ = 0;
    std::vector<Bytes> bundle_;
    std::vector<Level> levels_;
};

/// The second code path before a signature: reads what a batch wrote back from the disk, binds every
/// changed tile to its children down to the entries, and folds the right edge into the root.
/// Errors: corrupt (tile_invalid), not_found, io.
[[nodiscard]] Result<Digest> recompute_root(FileSystem& files, std::string const& folder,
                                            std::uint64_t old_size, std::uint64_t size);

}  // namespace ggen::detail
