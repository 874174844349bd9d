#include "p2p/exchange/chunk_spread.hpp"

#include "p2p/exchange/limits.hpp"

namespace ggen::p2p {

bool ChunkSpread::is_withheld(Digest const& blob, std::uint64_t chunk, PeerId const& from, TimePoint now) const {
    auto const at = given_.find({blob, chunk});
    if (at == given_.end() || at->second.to == from || now - at->second.at >= k_exchange_spread) return false;
    auto const fed = fed_.find({blob, from});
    return fed != fed_.end() && now - fed->second < k_exchange_spread_patience;
}

void ChunkSpread::note_given(Digest const& blob, std::uint64_t chunk, PeerId const& to, TimePoint now) {
    if (given_.size() >= k_exchange_spread_chunks_max) forget_old(now);
    if (given_.size() >= k_exchange_spread_chunks_max) return;
    given_.insert_or_assign({blob, chunk}, Given{to, now});
    fed_.insert_or_assign({blob, to}, now);
}

void ChunkSpread::on_peer_disconnected(PeerId const& peer) {
    std::erase_if(given_, [&](auto const& one) { return one.second.to == peer; });
    std::erase_if(fed_, [&](auto const& one) { return one.first.second == peer; });
}

void ChunkSpread::forget_old(TimePoint now) {
    std::erase_if(given_, [&](auto const& one) { return now - one.second.at >= k_exchange_spread; });
    std::erase_if(fed_, [&](auto const& one) { return now - one.second >= k_exchange_spread_patience; });
}

}  // namespace ggen::p2p
