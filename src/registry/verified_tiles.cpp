#include "registry/verified_tiles.hpp"

namespace ggen::detail {

VerifiedTiles::VerifiedTiles(merkle::Checkpoint checkpoint, RegistrySource* source, ReaderCache const& cache)
    : checkpoint_(std::move(checkpoint)), source_(source), cache_(cache) {
    restart();
}

bool VerifiedTiles::take_repaired() {
    std::lock_guard const guard{mutex_};
    return std::exchange(repaired_, false);
}

void VerifiedTiles::restart() {
    from_cache_.clear();
    tiles_ = std::make_unique<merkle::TileReader>(
        checkpoint_,
        [this](std::string const& path, std::uint64_t bytes_max) { return read(path, bytes_max); },
        [this](std::string const& path, BytesView bytes) {
            if (from_cache_.count(path) == 0) cache_.write_tile(path, bytes);
        });
}

Result<Bytes> VerifiedTiles::read(std::string const& path, std::uint64_t bytes_max) {
    if (auto cached = cache_.read(path, bytes_max)) {
        from_cache_.insert(path);
        return std::move(*cached);
    }
    if (source_ == nullptr)
        return Error{Errc::not_found, ErrorId::offline_missing, path + " is not in the cache"};
    return source_->read(path, bytes_max);
}

/// Something does not lead to the root. If any of it came from the cache, that may be to blame.
bool VerifiedTiles::drop_cached() {
    if (from_cache_.empty()) return false;
    for (auto const& path : from_cache_) cache_.remove(path);
    restart();
    repaired_ = true;
    return true;
}

Error VerifiedTiles::explain(Error error) const {
    if (error.code != Errc::not_found) return error;
    if (source_ == nullptr) return Error{Errc::offline, ErrorId::offline_missing, error.context};
    return Error{Errc::unavailable, ErrorId::tile_invalid,
                 checkpoint_.origin + " lacks a piece of its log: " + error.context};
}

}  // namespace ggen::detail
