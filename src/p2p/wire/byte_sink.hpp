#pragma once

#include "base/bytes.hpp"

namespace ggen::p2p {

/// Where a layer puts what it says, piece by piece: heads and bodies meet in the next layer without being joined first.
class ByteSink {
public:
    ByteSink() = default;
    virtual ~ByteSink() = default;
    ByteSink(ByteSink const&) = delete;
    ByteSink& operator=(ByteSink const&) = delete;

    /// Uses `bytes` before it returns.
    virtual void put(BytesView bytes) = 0;
};

}  // namespace ggen::p2p
