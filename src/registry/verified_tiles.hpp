#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "base/error_id.hpp"
#include "merkle/tile_store.hpp"
#include "registry/reader_cache.hpp"
#include "registry/source.hpp"

namespace ggen::detail {

/// The tiles and bundles of one checkpoint, from the cache first and the source otherwise, verified
/// either way. A damaged cache file is dropped and fetched again. Thread-safe: one question at a time.
class VerifiedTiles {
public:
    /// `source` is null when offline: then only the cache is read.
    VerifiedTiles(merkle::Checkpoint checkpoint, RegistrySource* source, ReaderCache const& cache);

    /// Answers `question(TileReader&)`. Errors: those of TileReader, but what the source lacks is
    /// unavailable, and offline what the cache lacks is offline (offline_missing).
    template <class Question>
    auto ask(Question const& question) -> decltype(question(std::declval<merkle::TileReader&>())) {
        std::lock_guard const guard{mutex_};
        auto answer = question(*tiles_);
        // A power loss may have torn several: each turn drops at least one, and at last none is left to blame.
        while (!answer && answer.error().id == ErrorId::tile_invalid && drop_cached()) answer = question(*tiles_);
        if (!answer) return explain(std::move(answer).error());
        return answer;
    }
    /// Whether damaged cache files were replaced since the last call.
    [[nodiscard]] bool take_repaired();

private:
    void restart();
    Result<Bytes> read(std::string const& path, std::uint64_t bytes_max);
    bool drop_cached();
    [[nodiscard]] Error explain(Error error) const;

    merkle::Checkpoint checkpoint_;
    RegistrySource* source_;
    ReaderCache const& cache_;
    std::mutex mutex_;  // Guards everything below.
    std::unique_ptr<merkle::TileReader> tiles_;
    std::set<std::string> from_cache_;  // What tiles_ was given from the cache.
    bool repaired_ = false;
};

}  // namespace ggen::detail
