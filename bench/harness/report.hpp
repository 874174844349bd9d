#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/gate.hpp"
#include "harness/peer_tables.hpp"
#include "harness/result.hpp"
#include "harness/store.hpp"

namespace ggen::bench {

/// What a report is made of; all of it was measured and stored before.
struct ReportInput {
    Run run;
    std::vector<BudgetResult> budgets;
    std::optional<GateReport> gate;
    std::optional<Comparison> comparison;
    /// "<test id> <metric>" -> its history on this machine, oldest first.
    std::map<std::string, std::vector<HistoryPoint>> histories;
    /// Other programs on this machine, the newest of each kind; not part of the run, and each says when it was made.
    std::vector<PeerComparison> peers;
};

/// Tests whose names end in "_n<number>" form curves: one per group, stem and metric.
struct Curve {
    std::string name;  ///< "search_scaling/prefix cpu_ns"
    std::string unit;
    std::vector<double> n;
    std::vector<double> y;
    BestFit fit;
};
[[nodiscard]] std::vector<Curve> find_curves(Run const& run);

/// One self-contained page, readable without a network or a script. Without gnuplot the tables stand alone
/// and the page says so. The same input gives the same bytes.
[[nodiscard]] std::string report_html(ReportInput const& input);
[[nodiscard]] std::string report_markdown(ReportInput const& input);

}  // namespace ggen::bench
