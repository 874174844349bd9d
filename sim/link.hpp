#pragma once

#include <cstdint>

#include "sim/types.hpp"

namespace ggen::sim {

/// Bits a second; 0 = no limit.
struct LinkRate {
    std::uint64_t up_bits = 0;
    std::uint64_t down_bits = 0;
    friend bool operator==(LinkRate, LinkRate) = default;
};

struct LinkOptions {
    Fidelity fidelity = Fidelity::ideal;
    std::uint32_t jitter_permille = 20;       ///< each frame takes up to this part longer
    std::uint32_t loss_ppm = 0;               ///< of segments, from F1 on
    Nanos dial_timeout = 10 * k_second;       ///< until a dial to nobody fails
    Nanos silence_timeout = 40 * k_second;    ///< until a silent end is given up (keep-alive 30 s, answer 10 s)
};

/// One direction of a TCP connection (F1): slow start from ten segments, doubling with each round trip that used its
/// window, from the start again after an idle time; a lost segment comes a round trip later, or after a retransmission
/// timeout when nothing follows it. At F0 only order and latency are kept.
struct Flow {
    Nanos last_arrival = 0;  ///< frames never overtake
    Nanos last_whole = 0;  ///< when the last frame was through the receiver's link: the next comes after it
    Nanos resume_at = 0;     ///< when what a block held back arrives
    Nanos round_start = 0;
    Nanos last_send = -k_second * 3'600;
    std::uint32_t window_bytes = 0;
    std::uint32_t round_bytes = 0;
    std::uint64_t segments = 0;  ///< sent so far; keys the dice of loss and jitter
    std::uint32_t held = 0;      ///< frames that wait for an end of a block
};

struct Transmission {
    Nanos departure = 0;  ///< the last byte has left
    Nanos arrival = 0;    ///< and is there
};

/// Sends `size_bytes` at `now` over a direction with `one_way` latency. `up_free` is when the sender's link is idle
/// again and is moved on. `key` names the link and direction for its dice.
[[nodiscard]] Transmission transmit(Flow& flow, LinkOptions const& options, Nanos now, Nanos one_way,
                                    std::uint32_t size_bytes, std::uint64_t up_bits, Nanos& up_free, std::uint64_t key);

/// The time that `bytes` take at `bits` a second; 0 without a limit.
[[nodiscard]] Nanos transfer_time(std::uint64_t bytes, std::uint64_t bits);

}  // namespace ggen::sim
