#include "p2p/protocol/message_reader.hpp"

#include <fmt/format.h>

#include "codec/varint.hpp"

namespace ggen::p2p {
namespace {

/// An empty buffer keeps so much for the next message.
constexpr std::size_t k_kept_bytes_max = 128;

}  // namespace

void MessageReader::feed(BytesView bytes) {
    if (failed_) return;
    if (at_ == buffer_.size()) {
        buffer_.clear();
        at_ = 0;
    } else if (at_ > buffer_.size() / 2) {
        buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at_));
        at_ = 0;
    }
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

Result<std::optional<BytesView>> MessageReader::next() {
    if (failed_) return *failed_;
    if (at_ == buffer_.size()) {
        if (buffer_.capacity() > k_kept_bytes_max) Bytes{}.swap(buffer_);
        buffer_.clear();
        at_ = 0;
        return std::optional<BytesView>();
    }
    auto const rest = BytesView(buffer_).subspan(at_);
    auto const length = peek_uvarint(rest);
    if (!length) {
        failed_ = length.error();
        return *failed_;
    }
    if (!length->has_value()) return std::optional<BytesView>();
    auto const [size_bytes, head_bytes] = **length;
    if (size_bytes > message_bytes_max_) {
        failed_ = Error{Errc::too_large, fmt::format("a message of {} bytes; at most {} are taken", size_bytes,
                                                     message_bytes_max_)};
        return *failed_;
    }
    if (rest.size() - head_bytes < size_bytes) return std::optional<BytesView>();
    at_ += head_bytes + static_cast<std::size_t>(size_bytes);
    return std::optional(rest.subspan(head_bytes, static_cast<std::size_t>(size_bytes)));
}

Bytes frame_message(BytesView message) {
    Bytes out;
    out.reserve(message.size() + k_uvarint_bytes_max);
    append_length_prefixed(out, message);
    return out;
}

}  // namespace ggen::p2p
