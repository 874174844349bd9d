#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "base/time.hpp"
#include "codec/peer_id.hpp"
#include "crypto/digest.hpp"

namespace ggen::p2p {

/// Makes peers that fetch one blob at the same time give it to each other: who has all of it gives each chunk to one
/// of them and withholds it from the rest for k_exchange_spread, as long as that one is connected. Nothing is withheld
/// from a peer that was given no chunk of the blob for k_exchange_spread_patience: it may not reach the others.
class ChunkSpread {
public:
    [[nodiscard]] bool is_withheld(Digest const& blob, std::uint64_t chunk, PeerId const& from, TimePoint now) const;
    void note_given(Digest const& blob, std::uint64_t chunk, PeerId const& to, TimePoint now);
    void on_peer_disconnected(PeerId const& peer);
    [[nodiscard]] std::size_t size() const { return given_.size(); }

private:
    struct Given {
        PeerId to;
        TimePoint at{};
    };
    void forget_old(TimePoint now);

    std::map<std::pair<Digest, std::uint64_t>, Given> given_;
    std::map<std::pair<Digest, PeerId>, TimePoint> fed_;  // when it was given a chunk last
};

}  // namespace ggen::p2p
