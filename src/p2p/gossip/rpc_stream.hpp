#pragma once

#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "codec/varint.hpp"

namespace ggen::p2p {

/// Cuts a stream into RPCs. Unlike MessageReader it copies only what is not whole yet, and owns nothing between
/// RPCs: a node has hundreds of these.
class RpcStream {
public:
    /// Calls `take(rpc)` for every RPC that is whole; a false answer stops, and the rest is dropped.
    /// Errors: too_large (a length over `bytes_max`, told before its body is stored), invalid (bad varint).
    template <class Take>
    [[nodiscard]] Result<void> feed(BytesView bytes, std::size_t bytes_max, Take take) {
        if (!pending_.empty()) {
            pending_.insert(pending_.end(), bytes.begin(), bytes.end());
            if (pending_.size() < needed_) return ok();
            Bytes const joined = std::move(pending_);
            pending_ = Bytes{};
            return cut(joined, bytes_max, take);
        }
        return cut(bytes, bytes_max, take);
    }
    [[nodiscard]] std::size_t pending_bytes() const { return pending_.size(); }
    void clear() {
        pending_ = Bytes{};
        needed_ = 0;
    }

private:
    template <class Take>
    [[nodiscard]] Result<void> cut(BytesView bytes, std::size_t bytes_max, Take& take) {
        while (!bytes.empty()) {
            ASSIGN_OR_RETURN(auto const length, peek_uvarint(bytes));
            needed_ = 0;
            if (length) {
                if (length->value > bytes_max) return Error{Errc::too_large, "gossip: an RPC over the limit"};
                needed_ = length->size_bytes + static_cast<std::size_t>(length->value);
            }
            if (!length || bytes.size() < needed_) {
                pending_.assign(bytes.begin(), bytes.end());
                return ok();
            }
            auto const rpc = bytes.subspan(length->size_bytes, static_cast<std::size_t>(length->value));
            bytes = bytes.subspan(needed_);
            if (!take(rpc)) return ok();
        }
        return ok();
    }

    Bytes pending_;
    std::size_t needed_ = 0;  // Bytes in `pending_` that make it whole; 0 when its length is not known.
};

}  // namespace ggen::p2p
