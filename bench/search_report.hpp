#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "latency.hpp"

/// The tables of the search suite.
namespace ggen::bench {

struct SizeFigures {
    std::size_t packages = 0;
    std::uint64_t build_cpu_ns = 0;
    LatencyTimes times;
};
struct Throughput {
    unsigned threads = 1;
    double queries_per_s = 0;
};

void report_latency(LatencyTimes const& times);
void report_box(BoxTimes const& box, std::map<std::string, Quality> const& quality);
void report_throughput(std::vector<Throughput> const& rates);
/// The first engine is ours; the others are compared with it.
void report_side_by_side(std::vector<Engine*> const& engines, std::vector<LatencyTimes> const& times);
/// Every size beside the targets of the system that this one replaces.
void report_sizes(std::vector<SizeFigures> const& figures);

}  // namespace ggen::bench
