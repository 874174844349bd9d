#include "peers/search_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "measure.hpp"
#include "table.hpp"

namespace ggen::bench {
namespace {

/// What the system that this one replaces set itself as targets for a search.
struct OriginalTarget {
    std::size_t packages;
    char const* what;
    QueryKind kind;
    std::uint64_t target_ns;
};
constexpr std::array<OriginalTarget, 3> k_original_targets = {{
    {100, "basic search", QueryKind::exact1, 50'000'000},
    {100, "fuzzy search", QueryKind::fuzzy1, 70'000'000},
    {1000, "basic search", QueryKind::exact1, 100'000'000},
}};

std::string pair_of(Samples const& samples) {
    if (samples.count() == 0) return "-";
    return format_us(samples.percentile(50)) + " / " + format_us(samples.percentile(99));
}

std::string ratio_of(Samples const& theirs, Samples const& ours, double percent) {
    if (theirs.count() == 0 || ours.percentile(percent) == 0) return "-";
    return fmt::format("{:.1f}x", static_cast<double>(theirs.percentile(percent)) /
                                      static_cast<double>(ours.percentile(percent)));
}

}  // namespace

void report_index(SizeFigures const& figures) {
    fmt::print("build: {} of CPU time", format_ns(figures.build_cpu_ns));
    if (figures.build_peak_bytes > 0) fmt::print(", peak {} MB resident", format_mb(figures.build_peak_bytes));
    fmt::print("; {} MB on disk\n", format_mb(figures.disk_bytes));
    auto const& open = figures.open;
    if (open.queries == 0) return;
    fmt::print("open to first result: {} ({} of CPU time from exec on)\n", format_ns(open.first_result_ns),
               format_ns(open.first_result_cpu_ns));
    fmt::print("resident after {} queries: {} MB, mapped pages included; {} MB above the empty process, {} MB "
               "anonymous\n",
               open.queries, format_mb(open.resident_bytes), format_mb(open.resident_bytes - open.empty_bytes),
               format_mb(open.anonymous_bytes));
}

void report_updates(UpdateTimes const& times) {
    fmt::print("update of one package: found by a search on another thread after p50 {}, p99 {}; on disk after p50 {}, "
               "p99 {} ({} updates)\n\n",
               format_ns(times.visible.percentile(50)), format_ns(times.visible.percentile(99)),
               format_ns(times.durable.percentile(50)), format_ns(times.durable.percentile(99)), times.visible.count());
}

void report_latency(LatencyTimes const& times) {
    Table table{{"kind", "queries", "p50", "p99", "max", "first run p50"},
                fmt::format("latency, one thread, microseconds (least of {} after a warm-up pass)", k_runs_per_query)};
    for (std::size_t kind = 0; kind < times.size(); ++kind) {
        auto const& one = times[kind];
        if (one.least.count() == 0) continue;
        table.add({std::string{kind_name(static_cast<QueryKind>(kind))}, fmt::format("{}", one.least.count()),
                   format_us(one.least.percentile(50)), format_us(one.least.percentile(99)),
                   format_us(one.least.percentile(100)), format_us(one.first.percentile(50))});
    }
    table.print();
}

void report_box(BoxTimes const& box, std::map<std::string, Quality> const& quality) {
    fmt::print("search box (every way to match, {} queries): p50 {}, p99 {}, first run p50 {}\n",
               box.least.count(), format_ns(box.least.percentile(50)), format_ns(box.least.percentile(99)),
               format_ns(box.first.percentile(50)));
    Table table{{"kind", "queries", "MRR@10", "success@10"}, "what the search box finds"};
    for (auto const& [kind, one] : quality) {
        table.add({kind, fmt::format("{}", one.count), fmt::format("{:.3f}", one.mrr10),
                   fmt::format("{:.3f}", one.success10)});
    }
    table.print();
}

void report_throughput(std::vector<Throughput> const& rates) {
    auto const cores = std::max(1U, std::thread::hardware_concurrency());
    Table table{{"threads", "queries/s", "of linear", "CPU us a query", "CPU of one thread's"},
                fmt::format("throughput of the search box, {} cores", cores)};
    auto const single = rates.front().queries_per_s;
    for (auto const& rate : rates) {
        auto const linear = single * std::min(rate.threads, cores);
        table.add({fmt::format("{}", rate.threads), fmt::format("{:.0f}", rate.queries_per_s),
                   fmt::format("{:.0f} %", 100 * rate.queries_per_s / linear),
                   fmt::format("{:.1f}", rate.cpu_ns_per_query / 1e3),
                   fmt::format("{:.2f}x", rate.cpu_ns_per_query / rates.front().cpu_ns_per_query)});
    }
    table.print();
}

void report_side_by_side(std::vector<Engine*> const& engines, std::vector<LatencyTimes> const& times) {
    std::vector<std::string> heads{"kind", "queries"};
    for (std::size_t i = 0; i < engines.size(); ++i) {
        heads.emplace_back(engines[i]->name());
        if (i > 0) heads.insert(heads.end(), {"x p50", "x p99"});
    }
    Table table{std::move(heads),
                "side by side, query by query in one run: p50 / p99 in microseconds, and how many times ours"};
    for (std::size_t kind = 0; kind < k_query_kind_count; ++kind) {
        auto const& ours = times[0][kind].least;
        if (ours.count() == 0) continue;
        std::vector<std::string> row{std::string{kind_name(static_cast<QueryKind>(kind))},
                                     fmt::format("{}", ours.count())};
        for (std::size_t i = 0; i < engines.size(); ++i) {
            auto const& one = times[i][kind].least;
            row.push_back(pair_of(one));
            if (i > 0) row.insert(row.end(), {ratio_of(one, ours, 50), ratio_of(one, ours, 99)});
        }
        table.add(std::move(row));
    }
    table.print();
}

void report_sizes(std::vector<SizeFigures> const& figures) {
    begin_table_section("sizes: p50 / p99 in microseconds");
    std::vector<std::string> heads{"packages", "build ms", "disk MB", "open ms", "MB above empty"};
    for (std::size_t kind = 0; kind < k_query_kind_count; ++kind) {
        heads.emplace_back(kind_name(static_cast<QueryKind>(kind)));
    }
    Table table{std::move(heads)};
    for (auto const& one : figures) {
        std::vector<std::string> row{fmt::format("{}", one.packages),
                                     fmt::format("{:.1f}", static_cast<double>(one.build_cpu_ns) / 1e6),
                                     format_mb(one.disk_bytes),
                                     fmt::format("{:.2f}", static_cast<double>(one.open.first_result_ns) / 1e6),
                                     format_mb(one.open.resident_bytes - one.open.empty_bytes)};
        for (auto const& times : one.times) row.push_back(pair_of(times.least));
        table.add(std::move(row));
    }
    table.print();

    Table targets{{"what", "packages", "target", "ours", "times under it"},
                  "against the targets of the original (ours: p99)"};
    for (auto const& target : k_original_targets) {
        for (auto const& one : figures) {
            auto const& samples = one.times[static_cast<std::size_t>(target.kind)].least;
            if (one.packages != target.packages || samples.count() == 0) continue;
            auto const ours = samples.percentile(99);
            targets.add({target.what, fmt::format("{}", one.packages), format_ns(target.target_ns), format_ns(ours),
                         fmt::format("{:.0f}", static_cast<double>(target.target_ns) /
                                                   static_cast<double>(std::max<std::uint64_t>(ours, 1)))});
        }
    }
    targets.print();
}

}  // namespace ggen::bench
