#pragma once

#include <string>
#include <vector>

#include "p2p/protocol/protocol.hpp"

namespace ggen::p2p {

/// A protocol that has no streams: it watches peers and says whom to connect to.
class QuietProtocol : public Protocol {
public:
    [[nodiscard]] std::vector<std::string> protocols() const final { return {}; }
    void on_inbound_stream(StreamKey /*stream*/, PeerId const& /*peer*/, std::string const& /*protocol*/,
                           TimePoint /*now*/) final {}
    void on_stream_bytes(StreamKey /*stream*/, BytesView /*bytes*/, TimePoint /*now*/) final {}
    void on_stream_finished(StreamKey /*stream*/, TimePoint /*now*/) final {}
    void on_stream_reset(StreamKey /*stream*/, TimePoint /*now*/) final {}
};

}  // namespace ggen::p2p
