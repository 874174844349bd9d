#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <functional>
#include <optional>
#include <string_view>

#include "base/time.hpp"
#include "p2p/gossip/limits.hpp"
#include "p2p/gossip/message.hpp"
#include "p2p/protocol/protocol.hpp"

namespace ggen::p2p {

/// Why something waits to be sent, most important first. What is less important waits longer and is dropped sooner.
enum class SendClass : std::uint8_t {
    control,  ///< subscriptions, GRAFT, PRUNE, IWANT, IDONTWANT: never dropped; too much of it ends the connection
    own,      ///< our publications: dropped when 5 s old
    forward,  ///< messages of others and answers to IWANT: dropped when 1 s old
    gossip    ///< IHAVE: dropped when 1 s old
};
inline constexpr std::size_t k_send_classes = 4;

/// What waits for one peer: at most 1 MiB (256 KiB of control), each block once however many queues hold it.
class SendQueue {
public:
    /// Takes a whole RPC. `message` is null for control. Returns false when there is no room and `block` was dropped:
    /// of control, the connection is to be ended then.
    [[nodiscard]] bool push(SendClass type, Block block, MessagePtr message, TimePoint now);
    /// The next block that is not too old; nullopt when there is none or it is larger than `bytes_max`. Blocks that
    /// were dropped for their age are counted.
    [[nodiscard]] std::optional<Block> pop(std::size_t bytes_max, TimePoint now);
    /// The peer does not want the message: its copies that still wait are dropped.
    void cancel(std::string_view id);
    /// Drops what is too old to be of use.
    void drop_old(TimePoint now);
    void clear();

    [[nodiscard]] bool is_empty() const { return bytes_ == 0; }
    [[nodiscard]] std::size_t size_bytes() const { return bytes_; }
    /// Messages dropped for room or age since the last call.
    [[nodiscard]] std::size_t take_dropped();

private:
    struct Entry {
        Block block;
        MessagePtr message;
        TimePoint queued;
    };
    void drop_front(std::size_t type);

    std::array<std::list<Entry>, k_send_classes> entries_;  // Lists: empty ones, the usual case, own nothing.
    std::array<std::size_t, k_send_classes> class_bytes_{};
    std::size_t bytes_ = 0;
    std::size_t dropped_ = 0;
};

}  // namespace ggen::p2p
