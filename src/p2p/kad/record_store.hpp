#pragma once

#include <map>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "p2p/kad/key.hpp"
#include "p2p/kad/limits.hpp"

namespace ggen::p2p {

struct StoredRecord {
    Bytes key;
    Bytes value;
    TimePoint expires_at;
    UnixTime received;
};

/// Values that this node holds for others: at most k_kad_records_max of k_kad_records_bytes_max in all. When it is
/// full, what lies farthest from this node goes, or is refused: those keys have nearer holders.
class RecordStore {
public:
    explicit RecordStore(KadKey const& self) : self_(self) {}

    /// Errors: too_large (the record alone), unavailable (full of nearer ones).
    [[nodiscard]] Result<void> put(StoredRecord record);
    /// nullptr when there is none or its time is over. Valid until the next change.
    [[nodiscard]] StoredRecord const* find(BytesView key, TimePoint now) const;
    void expire(TimePoint now);

    [[nodiscard]] std::size_t size() const { return records_.size(); }
    [[nodiscard]] std::size_t size_bytes() const { return bytes_; }

private:
    using Records = std::map<KadKey, StoredRecord>;  // by distance from this node
    void erase(Records::iterator at);

    KadKey self_;
    Records records_;
    std::size_t bytes_ = 0;
};

}  // namespace ggen::p2p
