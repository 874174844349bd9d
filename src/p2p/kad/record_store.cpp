#include "p2p/kad/record_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace ggen::p2p {
namespace {

std::size_t cost_bytes(StoredRecord const& record) {
    return record.key.size() + record.value.size();
}

}  // namespace

void RecordStore::erase(Records::iterator at) {
    bytes_ -= cost_bytes(at->second);
    records_.erase(at);
}

Result<void> RecordStore::put(StoredRecord record) {
    auto const size_bytes = cost_bytes(record);
    if (record.key.size() > k_kad_key_bytes_max || size_bytes > k_kad_record_accept_bytes_max) {
        return Error{Errc::too_large, fmt::format("a record of {} bytes", size_bytes)};
    }
    auto const distance = kad_distance(kad_key_of(record.key), self_);
    if (auto const known = records_.find(distance); known != records_.end()) erase(known);
    while (!records_.empty() &&
           (records_.size() >= k_kad_records_max || bytes_ + size_bytes > k_kad_records_bytes_max)) {
        auto const farthest = std::prev(records_.end());
        if (farthest->first < distance) return Error{Errc::unavailable, "full of records that lie nearer"};
        erase(farthest);
    }
    bytes_ += size_bytes;
    records_.emplace(distance, std::move(record));
    return ok();
}

StoredRecord const* RecordStore::find(BytesView key, TimePoint now) const {
    auto const at = records_.find(kad_distance(kad_key_of(key), self_));
    return at == records_.end() || at->second.expires_at <= now ? nullptr : &at->second;
}

void RecordStore::expire(TimePoint now) {
    for (auto at = records_.begin(); at != records_.end();) {
        auto const next = std::next(at);
        if (at->second.expires_at <= now) erase(at);
        at = next;
    }
}

}  // namespace ggen::p2p
