#pragma once

#include "sim/network.hpp"

// What the sources of Network share; nobody else includes this.
namespace ggen::sim {

struct Network::Node {
    NodeSettings settings;
    Place place;
    std::unique_ptr<NodeProgram> program;
    std::vector<std::uint32_t> connections;  ///< slots; open on this side
    Nanos up_free = 0;
    Nanos down_free = 0;
    Nanos wake_at = k_never;   ///< what the program wants
    Nanos queued_at = k_never;  ///< the timer event in the queue
    std::uint32_t timer_generation = 0;
    bool was_silent = true;  ///< how it stopped last: whether nobody answers there; so before the first start
};

struct Network::Connection {
    NodeId node[2] = {k_no_node, k_no_node};
    std::uint32_t position[2] = {0, 0};  ///< in Node::connections
    std::uint32_t tag[2] = {0, 0};       ///< the programs' own
    std::uint32_t generation = 0;
    bool is_open[2] = {false, false};
    bool is_expected = false;  ///< the hello to side 1 is on its way
    bool is_watched = false;   ///< a silence event is in the queue because of a block
    Nanos one_way = 0;
    std::uint64_t key = 0;
    Flow flow[2];  ///< by sending side
};

struct Network::Dial {
    NodeId from = k_no_node;
    NodeId to = k_no_node;
    std::uint32_t round_trips = 0;
    std::uint32_t generation = 0;
    std::uint32_t retries = 0;
    Nanos started = 0;
    bool is_open = false;
};

struct Network::InFlight {
    Frame frame;
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
    std::uint8_t to_side = 0;
    std::uint8_t control = 0;  ///< 0 = a frame of the program, else k_hello, k_close or k_reset
    bool is_resent = false;
    bool is_queued = false;  ///< has its place in the receiver's link
};

inline constexpr std::uint8_t k_hello = 1;
inline constexpr std::uint8_t k_close = 2;
inline constexpr std::uint8_t k_reset = 3;  ///< the answer of a host that knows no such connection

}  // namespace ggen::sim
