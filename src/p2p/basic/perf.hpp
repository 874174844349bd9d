#pragma once

#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <optional>

#include "p2p/protocol/protocol.hpp"

namespace ggen::p2p {

inline constexpr std::string_view k_perf_protocol = "/perf/1.0.0";
inline constexpr std::size_t k_perf_block_bytes = 64 * k_kib;
inline constexpr std::size_t k_perf_inbound_streams_max = 128;
inline constexpr std::uint64_t k_perf_download_bytes_max = 64 * k_gib;  ///< that a peer may ask for
inline constexpr std::chrono::seconds k_perf_stall_timeout{30};         ///< without one byte either way

struct PerfRequest {
    PeerId peer;
    std::vector<Multiaddr> addresses;
    std::uint64_t upload_bytes = 0;
    std::uint64_t download_bytes = 0;
};

/// How long it took from the opened stream to the first byte (or end) of the answer, and from there to its end.
struct PerfReport {
    std::chrono::nanoseconds upload{0};
    std::chrono::nanoseconds download{0};
};

/// Errors: those of OpenStream; timed_out (30 s without a byte); unavailable (the stream was closed early);
/// invalid (more bytes than were asked for).
struct PerfDone {
    std::uint64_t id = 0;
    Result<PerfReport> report;
};

/// Perf (libp2p/specs perf/perf.md): the asker sends how many bytes it wants (64 bits, big endian) and its upload,
/// closes its side, then gets that many bytes; never both at once. Serving is off unless asked for: it sends
/// strangers what they want.
class Perf final : public Protocol {
public:
    explicit Perf(bool is_server) : is_server_(is_server) {}

    /// Starts a transfer; several may run at once. Returns the id that its PerfDone repeats.
    std::uint64_t run(PerfRequest request, TimePoint now);
    [[nodiscard]] std::optional<PerfDone> poll_event();
    [[nodiscard]] std::size_t stream_count() const { return streams_.size(); }

    [[nodiscard]] std::vector<std::string> protocols() const override;
    void on_stream_opened(StreamKey stream, std::string const& protocol, TimePoint now) override;
    void on_stream_refused(StreamKey stream, Error const& error, TimePoint now) override;
    void on_inbound_stream(StreamKey stream, PeerId const& peer, std::string const& protocol, TimePoint now) override;
    void on_stream_bytes(StreamKey stream, BytesView bytes, TimePoint now) override;
    void on_stream_finished(StreamKey stream, TimePoint now) override;
    void on_stream_reset(StreamKey stream, TimePoint now) override;
    void on_stream_sent(StreamKey stream, std::size_t bytes, TimePoint now) override;
    [[nodiscard]] std::optional<TimePoint> next_deadline() const override;
    void on_deadline(TimePoint now) override;

private:
    struct Transfer {
        PeerId peer;
        bool is_ours = false;
        bool is_sending = false;            // a server starts when the asker has finished
        std::array<std::uint8_t, 8> size{};  // of the download, as it arrives
        std::size_t size_bytes = 0;
        std::uint64_t to_send = 0;
        std::uint64_t unsent_bytes = 0;
        std::uint64_t to_receive = 0;
        TimePoint opened_at{};
        std::optional<TimePoint> answered_at = {};
        TimePoint progress_at{};
    };
    using Transfers = std::map<StreamKey, Transfer>;

    void send(Transfers::iterator at);
    void on_answer(Transfers::iterator at, std::size_t size_bytes, TimePoint now);
    void fail(Transfers::iterator at, Error error);

    bool is_server_;
    Block block_ = std::make_shared<Bytes const>(Bytes(k_perf_block_bytes));
    Transfers streams_;
    std::size_t inbound_count_ = 0;
    std::deque<PerfDone> events_;
};

}  // namespace ggen::p2p
