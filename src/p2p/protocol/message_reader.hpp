#pragma once

#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace ggen::p2p {

/// Cuts a stream into messages with a varint length in front, the framing of identify, kad, gossip and most
/// libp2p protocols. Holds at most one message that is not whole yet, and next to nothing when there is none: most
/// streams are idle most of the time. After an error it only repeats it.
class MessageReader {
public:
    explicit MessageReader(std::size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}

    /// Appends what arrived. Take all messages before the next call: memory is bounded by what is fed.
    void feed(BytesView bytes);
    /// The next whole message, valid until the next call of either method; nullopt when more bytes are needed.
    /// Errors: too_large (a length over the limit, told before its body is stored), invalid (bad varint).
    [[nodiscard]] Result<std::optional<BytesView>> next();
    /// Bytes of a message that never became whole: not zero at the end of a stream means it was cut short.
    [[nodiscard]] std::size_t pending_bytes() const { return buffer_.size() - at_; }

private:
    std::size_t message_bytes_max_;
    Bytes buffer_;
    std::size_t at_ = 0;
    std::optional<Error> failed_;
};

/// `message` with its varint length in front.
[[nodiscard]] Bytes frame_message(BytesView message);

}  // namespace ggen::p2p
