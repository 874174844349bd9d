#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "codec/json.hpp"
#include "sim/link.hpp"
#include "sim/simulated_host.hpp"

namespace ggen::sim {

inline constexpr std::size_t k_scenario_bytes_max = 64 * k_mib + k_mib;
inline constexpr std::uint32_t k_nodes_max = 200'000;
inline constexpr std::uint32_t k_wire_nodes_max = 1'000;  ///< at F2

/// Conduct of a node (docs/simulator.md "Byzantine programs").
enum class Program : std::uint8_t { honest, mute, late, invalid, slow, spam, sybil, eclipse };

enum class FaultKind : std::uint8_t {
    partition,  ///< the chosen nodes and the others do not hear each other
    isolate,    ///< each chosen node hears nobody
    clog,       ///< nothing gets out of (`one_way`) or in and out of the chosen nodes, in bursts
    flap,       ///< their links go down and up
    crash,      ///< they stop and start again
    collapse    ///< their bandwidth falls to `rate`
};

struct Fault {
    FaultKind kind = FaultKind::partition;
    Nanos at = 0;
    Nanos lasts = 0;                    ///< 0 = to the end
    std::uint32_t share_permille = 0;   ///< of all nodes, drawn by the seed
    bool is_one_way = false;            ///< partition: only what the chosen send is lost
    bool is_silent = true;              ///< crash: nobody is told
    bool keeps_disk = true;             ///< crash: what the program stored is there again
    Nanos period = 10 * k_second;       ///< flap and clog: half of it down
    LinkRate rate;
};

/// Sessions with a median of two hours, half of new peers gone by then and four fifths within eight
/// (probe-lab/network-measurements rfm2), and a stable class.
struct Churn {
    std::uint32_t stable_permille = 1'000;  ///< never leave; 1000 = no churn
    std::uint32_t online_permille = 500;    ///< of the time that the others are there
    std::uint32_t speed_permille = 1'000;   ///< 2000 = everything twice as fast
    std::uint32_t silent_permille = 500;    ///< of departures
};

struct Crowd {
    Program program = Program::honest;
    std::uint32_t share_permille = 0;  ///< of the nodes of the scenario
    std::uint32_t extra = 0;           ///< nodes beside them
    bool shares_subnet = false;        ///< all in one /24
    Nanos delay = k_second;            ///< late
    std::uint32_t bytes_per_second = 1'024;  ///< slow
    std::uint32_t every = 1;           ///< invalid: each so-many-th write
    std::uint32_t bytes_min = 0;       ///< mute: smaller writes pass
};

struct RateClass {
    std::uint32_t share_permille = 0;
    LinkRate rate;
};

/// What a figure of the result must be.
struct Expectation {
    std::string figure;
    double least = 0;
    double most = 0;
};

struct Scenario {
    std::string name;
    std::uint32_t nodes = 0;
    Nanos duration = 0;
    LinkOptions link;
    Nanos constant_latency = 0;  ///< 0 = the shipped model
    std::uint32_t dead_permille = 0;  ///< nodes that never start, though others know them
    HostOptions host;
    std::vector<RateClass> rates;
    std::vector<Fault> faults;
    bool draws_faults = false;  ///< each fault happens for half of the seeds (swarm testing)
    Churn churn;
    std::vector<Crowd> crowds;
    std::uint64_t check_every = 1'000;  ///< events between two looks at the invariants; 0 = only at the end
    std::string workload;
    Json options;  ///< the workload's own
    std::vector<Expectation> expectations;
};

/// Reads a scenario (docs/simulator.md). `nodes` replaces the number in the text when it is not 0.
/// Errors: invalid (with the path of the member), too_large.
[[nodiscard]] Result<Scenario> parse_scenario(std::string_view text, std::uint32_t nodes = 0);

}  // namespace ggen::sim
