#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "merkle/chunk_tree.hpp"
#include "p2p/exchange/content.hpp"
#include "p2p/exchange/limits.hpp"

namespace ggen::p2p {

/// Chunk lists of blobs that are served: made once, a part of the blob in each turn so that nothing else waits long,
/// and kept while there is room (k_exchange_lists_bytes_max; the one unused for longest goes first).
class ChunkLists {
public:
    using List = std::shared_ptr<Bytes const>;

    /// The encoded list; nullptr when there is none yet.
    [[nodiscard]] List find(Digest const& blob);
    /// Begins to make the list of `blob`. Errors: unavailable (k_exchange_list_jobs_max are being made).
    Result<void> make(Digest const& blob, std::shared_ptr<Content> content, TimePoint now);
    [[nodiscard]] bool is_making(Digest const& blob) const;

    [[nodiscard]] std::optional<TimePoint> next_deadline() const { return next_turn_; }
    /// One turn. The blobs whose making ended, with a list or without.
    [[nodiscard]] std::vector<Digest> on_deadline(TimePoint now);

    [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
    struct Job {
        Digest blob;
        std::shared_ptr<Content> content;
        merkle::ChunkHasher hasher;
        std::uint64_t done_bytes = 0;
    };
    struct Entry {
        List list;
        std::uint64_t used = 0;
    };
    void keep(Digest const& blob, Bytes list);

    std::deque<Job> jobs_;
    std::map<Digest, Entry> lists_;
    std::size_t bytes_ = 0;
    std::uint64_t uses_ = 0;
    std::optional<TimePoint> next_turn_;
};

}  // namespace ggen::p2p
