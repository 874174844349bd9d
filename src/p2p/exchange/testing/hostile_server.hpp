#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "p2p/exchange/exchange.hpp"
#include "p2p/protocol/message_reader.hpp"

namespace ggen::p2p::testing {

/// Ways of not serving a blob (trust.md 4.6 P15, P16).
enum class Malice : std::uint8_t {
    lies,             ///< everything has the right size and wrong bytes
    lies_in_chunks,   ///< the list is right, one byte of each chunk is not
    stalls,           ///< takes requests and says nothing
    stalls_after_list,///< gives the list, then nothing
    stalls_at_99,     ///< all of each chunk but its last hundredth
    claims_more,      ///< an answer longer than what was asked for
    goes_on,          ///< wrong bytes, and more of them behind the answer without an end
    trickles,         ///< right bytes, 1 KiB a second
    babbles,          ///< bytes that are no answer
    refuses           ///< busy
};
inline constexpr std::size_t k_malices = 10;

/// Serves one blob, badly. Knows it, so that it can be right where that hurts more.
class HostileServer final : public Protocol {
public:
    HostileServer(Malice malice, std::shared_ptr<Bytes const> blob) : malice_(malice), blob_(std::move(blob)) {}

    [[nodiscard]] std::vector<std::string> protocols() const override { return {std::string{k_exchange_protocol}}; }
    void on_inbound_stream(StreamKey stream, PeerId const& peer, std::string const& protocol, TimePoint now) override;
    void on_stream_bytes(StreamKey stream, BytesView bytes, TimePoint now) override;
    void on_stream_finished(StreamKey stream, TimePoint now) override;
    void on_stream_reset(StreamKey stream, TimePoint now) override;
    void on_stream_sent(StreamKey stream, std::size_t bytes, TimePoint now) override;
    [[nodiscard]] std::optional<TimePoint> next_deadline() const override;
    void on_deadline(TimePoint now) override;
    [[nodiscard]] std::uint64_t chunk_requests() const { return chunk_requests_; }

private:
    struct Stream {
        MessageReader reader{k_exchange_request_bytes_max};
        std::deque<Bytes> waiting;  // whole answers of which pieces are sent as the peer takes them
        std::size_t at = 0;
        std::size_t unsent = 0;
        bool is_endless = false;
        std::optional<TimePoint> trickle_at;
    };
    void answer(StreamKey key, Stream& stream, ExchangeRequest const& request, TimePoint now);
    void write(StreamKey key, Stream& stream, Bytes bytes);
    void push(StreamKey key, Stream& stream);

    Malice malice_;
    std::shared_ptr<Bytes const> blob_;
    Bytes list_;
    std::map<StreamKey, Stream> streams_;
    std::uint64_t chunk_requests_ = 0;
};

}  // namespace ggen::p2p::testing
