// Unmodified nodes at the distances of real hosts, beside the simulator's run of the same network.
#include <fmt/format.h>

#include "netlab/gossip_lab.hpp"
#include "suites/suites.hpp"

namespace ggen::bench {
namespace {

/// One unit: a whole run in the lab, and the simulator's.
class LabWork final : public Work {
public:
    explicit LabWork(std::uint32_t nodes) { options_.nodes = nodes; }
    Result<void> prepare(std::string const& /*directory*/) override { return ok(); }
    Result<void> run() override {
        ASSIGN_OR_RETURN(found_, compare_in_lab(options_));
        return ok();
    }
    Result<void> check() override {
        if (found_.real.delivered_percent >= 100) return ok();
        return Error{Errc::internal, fmt::format("{:.2f} % of the messages arrived", found_.real.delivered_percent)};
    }
    std::string note() override {
        return fmt::format("{} real nodes, seed {}, digest of the simulator {:016x}; {} packets, {} over 1 ms late",
                           options_.nodes, options_.seed, found_.digest, found_.router.packets, found_.router.late);
    }
    std::vector<Figure> figures() override {
        return {{"real_p50_ms", "ms", Kind::load, {found_.real.p50_ms}},
                {"real_p95_ms", "ms", Kind::load, {found_.real.p95_ms}},
                {"simulated_p50_ms", "ms", Kind::exact, {found_.simulated.p50_ms}},
                {"simulated_p95_ms", "ms", Kind::exact, {found_.simulated.p95_ms}},
                {"off_p50", "ratio", Kind::load, {found_.off_p50()}},
                {"off_p95", "ratio", Kind::load, {found_.off_p95()}}};
    }

private:
    LabOptions options_;
    LabComparison found_;
};

}  // namespace

void add_netlab_suite(Catalogue& catalogue) {
    for (std::uint32_t const nodes : {30U, 200U}) {
        Test test{"netlab", fmt::format("gossip_n{}", nodes), TestClass::network,
                  "gossip of n unmodified nodes in a lab of real delays, beside the simulator's run of it",
                  [nodes] { return std::make_unique<LabWork>(nodes); }};
        test.exact_runs = 0;
        test.slices_max = 1;
        test.is_quick = false;
        test.time_limit_s = 300;
        catalogue.add(std::move(test));
    }
}

}  // namespace ggen::bench
