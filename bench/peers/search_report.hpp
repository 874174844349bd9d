#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "peers/latency.hpp"
#include "peers/search_children.hpp"

/// The tables of the search suite.
namespace ggen::bench {

struct SizeFigures {
    std::size_t packages = 0;
    std::uint64_t build_cpu_ns = 0;
    std::uint64_t build_peak_bytes = 0;  ///< 0 = was built in this process, which holds other things too.
    std::uint64_t disk_bytes = 0;
    OpenFigures open;
    LatencyTimes times;
};
void report_index(SizeFigures const& figures);
void report_updates(UpdateTimes const& times);
void report_latency(LatencyTimes const& times);
void report_box(BoxTimes const& box, std::map<std::string, Quality> const& quality);
void report_throughput(std::vector<Throughput> const& rates);
/// The first engine is ours; the others are compared with it.
void report_side_by_side(std::vector<Engine*> const& engines, std::vector<LatencyTimes> const& times);
/// Every size beside the targets of the system that this one replaces.
void report_sizes(std::vector<SizeFigures> const& figures);

}  // namespace ggen::bench
