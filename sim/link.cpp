#include "sim/link.hpp"

#include <algorithm>

#include "sim/dice.hpp"

namespace ggen::sim {

namespace {
constexpr std::uint32_t k_segment_bytes = 1'448;       // Ethernet, IPv4, TCP with timestamps
constexpr std::uint32_t k_header_bytes = 78;           // of a segment on the wire, with the frame around it
constexpr std::uint32_t k_stream_overhead_bytes = 30;  // yamux header, Noise length and tag
constexpr std::uint32_t k_initial_window_segments = 10;  // RFC 6928
constexpr std::uint32_t k_window_bytes_max = 16U << 20U;
constexpr Nanos k_idle_reset_least = k_second;       // RFC 6298 section 2.1; RFC 2861 resets after one timeout
constexpr Nanos k_retransmit_least = 200 * k_millisecond;  // what kernels take instead of the RFC's second
constexpr std::uint32_t k_ppm = 1'000'000;

Nanos jitter(LinkOptions const& options, Nanos one_way, std::uint64_t key, std::uint64_t segment) {
    if (options.jitter_permille == 0) return 0;
    auto const most = static_cast<std::uint64_t>(one_way) * options.jitter_permille / 1'000;
    return static_cast<Nanos>(scale(mix(key, segment, static_cast<std::uint64_t>(Purpose::jitter)), most + 1));
}

/// How much later the frame is whole because of lost segments.
Nanos loss_delay(LinkOptions const& options, Flow const& flow, Nanos rtt, std::uint32_t segments, std::uint64_t key) {
    if (options.loss_ppm == 0) return 0;
    Nanos delay = 0;
    for (std::uint32_t i = 0; i < segments; ++i) {
        Nanos timeout = std::max(k_retransmit_least, rtt + rtt / 4);
        Nanos one = 0;
        auto const packet = mix(key, flow.segments + i, static_cast<std::uint64_t>(Purpose::loss));
        // Each retransmission may be lost again.
        for (std::uint64_t attempt = 0; scale(mix(packet, attempt), k_ppm) < options.loss_ppm &&
            attempt < 8; ++attempt) {
            bool const is_seen_by_later_acks = attempt == 0 && segments - i > 3;
            one += is_seen_by_later_acks ? rtt : timeout;
            if (!is_seen_by_later_acks) timeout *= 2;
        }
        delay = std::max(delay, one);
    }
    return delay;
}

/// When the last byte may enter the link by the congestion window alone.
Nanos pass_window(Flow& flow, Nanos now, Nanos rtt, std::uint32_t bytes) {
    if (flow.window_bytes == 0 || now - flow.last_send > std::max(k_idle_reset_least, 2 * rtt)) {
        flow.window_bytes = k_initial_window_segments * k_segment_bytes;
        flow.round_start = now;
        flow.round_bytes = 0;
    }
    auto at = std::max(now, flow.round_start);
    while (true) {
        if (at >= flow.round_start + rtt) {
            bool const was_used = flow.round_bytes * 2 >= flow.window_bytes;
            if (was_used) flow.window_bytes = std::min(flow.window_bytes * 2, k_window_bytes_max);
            flow.round_start = at;
            flow.round_bytes = 0;
        }
        auto const part = std::min(bytes, flow.window_bytes - std::min(flow.round_bytes, flow.window_bytes));
        flow.round_bytes += part;
        bytes -= part;
        if (bytes == 0) return at;
        at = flow.round_start + rtt;
    }
}

}  // namespace

Nanos transfer_time(std::uint64_t bytes, std::uint64_t bits) {
    return bits == 0 ? 0 : static_cast<Nanos>(bytes * 8 * 1'000'000'000U / bits);  // frames are far below 2 GiB
}

Transmission transmit(Flow& flow, LinkOptions const& options, Nanos now, Nanos one_way, std::uint32_t size_bytes,
                      std::uint64_t up_bits, Nanos& up_free, std::uint64_t key) {
    Transmission sent{now, now + one_way};
    if (options.fidelity == Fidelity::ideal) {
        sent.arrival += jitter(options, one_way, key, flow.segments++);
    } else {
        auto const bytes = size_bytes + k_stream_overhead_bytes;
        auto const segments = std::max(1U, (bytes + k_segment_bytes - 1) / k_segment_bytes);
        auto const start = std::max(pass_window(flow, now, 2 * one_way, bytes), up_free);
        sent.departure = start + transfer_time(std::uint64_t{bytes} + segments * std::uint64_t{k_header_bytes},
            up_bits);
        if (up_bits != 0) up_free = sent.departure;
        flow.last_send = sent.departure;
        sent.arrival = sent.departure + one_way + jitter(options, one_way, key, flow.segments) +
                       loss_delay(options, flow, 2 * one_way, segments, key);
        flow.segments += segments;
    }
    sent.arrival = std::max(sent.arrival, flow.last_arrival);
    flow.last_arrival = sent.arrival;
    return sent;
}

}  // namespace ggen::sim
