#pragma once

#include "p2p/protocol/protocol.hpp"

namespace ggen::p2p {

/// Where the parts of a protocol core put what the host is to do.
class Outbox {
public:
    virtual ~Outbox() = default;
    virtual void put_output(ProtocolOutput output) = 0;
    [[nodiscard]] virtual StreamKey new_stream() = 0;
};

}  // namespace ggen::p2p
