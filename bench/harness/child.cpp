#include "harness/child.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "codec/json.hpp"
#include "harness/allocations.hpp"
#include "harness/disturbance.hpp"
#include "harness/result.hpp"
#include "measure.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
// Not CALLGRIND_TOGGLE_COLLECT: that is of the calling thread alone, and work that others do for it would not count.
#define GGEN_COUNT_ON() CALLGRIND_START_INSTRUMENTATION
#define GGEN_COUNT_OFF() CALLGRIND_STOP_INSTRUMENTATION
#else
#define GGEN_COUNT_ON() static_cast<void>(0)
#define GGEN_COUNT_OFF() static_cast<void>(0)
#endif

namespace ggen::bench {
namespace {

/// Runs for a slice are at most so many, whatever the clock says.
constexpr std::uint64_t k_runs_of_slice_max = 1U << 20U;
/// Long work is not repeated beyond this, once `k_slices_min` slices are there.
constexpr std::uint64_t k_slices_ns_max = 1'500'000'000;
constexpr std::uint32_t k_slices_min = 3;
/// Before instructions are counted.
constexpr int k_warm_runs = 2;

std::uint64_t rusage_ns(int who) {
    rusage usage{};
    ::getrusage(who, &usage);
    auto const ns = [](timeval const& t) {
        return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000U +
               static_cast<std::uint64_t>(t.tv_usec) * 1'000U;
    };
    return ns(usage.ru_utime) + ns(usage.ru_stime);
}

/// Whole programs run in children of this process: their time counts too.
std::uint64_t cpu_ns_of(TestClass test_class) {
    auto const own = process_cpu_ns();
    return test_class == TestClass::micro || test_class == TestClass::simulation
               ? own
               : own + rusage_ns(RUSAGE_CHILDREN);
}

struct Slice {
    double cpu_ns = 0;  ///< Of one run, on average.
    double wall_ns = 0;
    double allocations = 0;
    double allocated_bytes = 0;
    std::uint64_t spent_ns = 0;
    /// It tells about the neighbours.
    bool is_disturbed = false;
};

/// `GGEN_BENCH_INJECT=<test id>:<percent>%` adds so much processor time to each run of that test: the gate
/// proves with it that it can fail.
class Injection {
public:
    explicit Injection(std::string const& test_id) {
        char const* const text = std::getenv("GGEN_BENCH_INJECT");
        if (text == nullptr) return;
        std::string_view const all{text};
        auto const colon = all.rfind(':');
        if (colon == std::string_view::npos || all.substr(0, colon) != test_id) return;
        std::from_chars(all.data() + colon + 1, all.data() + all.size(), percent_);
    }
    [[nodiscard]] bool is_active() const { return percent_ > 0; }
    /// Runs after which exactly one more is due.
    [[nodiscard]] std::uint32_t period() const {
        return std::max(1U, static_cast<std::uint32_t>(std::lround(100 / percent_)));
    }
    /// Whether the work is to be called once more, as after every 100/percent calls: work of the same kind, counted
    /// like it.
    [[nodiscard]] bool is_due() {
        if (++runs_ < period()) return false;
        runs_ = 0;
        return true;
    }

private:
    double percent_ = 0;
    std::uint32_t runs_ = 0;
};

class Measured {
public:
    Measured(Test const& test, std::unique_ptr<Work> work)
        : test_(test), work_(std::move(work)), injection_(test.id()) {}

    [[nodiscard]] Work& work() { return *work_; }

    Result<void> run_once() {
        if (work_->needs_reset()) RETURN_IF_ERROR(work_->reset());
        return work_->run();
    }

    /// `runs` runs; resets are outside the clock.
    Result<Slice> slice(std::uint64_t runs) {
        Slice out;
        // A slowed test runs until one more run is due, so that each slice carries its share.
        if (injection_.is_active()) runs += (injection_.period() - runs % injection_.period()) % injection_.period();
        disturbance_.begin();
        for (std::uint64_t i = 0; i < runs;) {
            if (work_->needs_reset()) RETURN_IF_ERROR(work_->reset());
            auto const batch = work_->needs_reset() ? 1 : runs;
            auto const allocated = allocations_now();
            auto const cpu = cpu_ns_of(test_.test_class);
            auto const wall = now_ns();
            for (std::uint64_t j = 0; j < batch; ++j) RETURN_IF_ERROR(run_with_injection());
            auto const wall_ns = now_ns() - wall;
            out.cpu_ns += static_cast<double>(cpu_ns_of(test_.test_class) - cpu);
            out.wall_ns += static_cast<double>(wall_ns);
            out.spent_ns += wall_ns;
            auto const after = allocations_now();
            out.allocations += static_cast<double>(after.calls - allocated.calls);
            out.allocated_bytes += static_cast<double>(after.bytes - allocated.bytes);
            i += batch;
        }
        out.is_disturbed = disturbance_.end(out.spent_ns);
        for (auto* const value : {&out.cpu_ns, &out.wall_ns, &out.allocations, &out.allocated_bytes}) {
            *value /= static_cast<double>(runs);
        }
        return out;
    }

    /// How many runs are counted under callgrind. A slowed test is counted until one more run is due, so that its
    /// loss is what was asked for.
    [[nodiscard]] std::uint32_t exact_runs() const {
        return std::max(1U, test_.exact_runs) * (injection_.is_active() ? injection_.period() : 1);
    }

    /// Those runs; what they allocated in all.
    Result<Allocations> exact() {
        // The second run still costs a per cent more than those that follow.
        for (int i = 0; i < k_warm_runs; ++i) RETURN_IF_ERROR(run_once());
        Allocations out;
        auto const extra = injection_.is_active() ? std::max(1U, test_.exact_runs) : 0;
        auto const runs = exact_runs() + extra;
        auto const batch = work_->needs_reset() ? 1 : runs;
        for (std::uint32_t i = 0; i < runs; i += batch) {
            if (work_->needs_reset()) RETURN_IF_ERROR(work_->reset());
            auto const before = allocations_now();
            GGEN_COUNT_ON();
            Result<void> done = ok();
            for (std::uint32_t k = 0; k < batch && done; ++k) done = work_->run();
            GGEN_COUNT_OFF();
            RETURN_IF_ERROR(done);
            auto const after = allocations_now();
            out.calls += after.calls - before.calls;
            out.bytes += after.bytes - before.bytes;
        }
        return out;
    }

    /// Runs that fill a slice of at least `slice_ns`.
    Result<std::uint64_t> runs_of_slice(std::uint64_t slice_ns) {
        std::uint64_t runs = 1;
        for (;;) {
            ASSIGN_OR_RETURN(auto const probe, slice(runs));
            auto const total = probe.wall_ns * static_cast<double>(runs);
            if (total >= static_cast<double>(slice_ns) || runs >= k_runs_of_slice_max) return runs;
            auto const factor = total <= 0 ? 100.0 : static_cast<double>(slice_ns) * 1.2 / total;
            runs =
                std::min(k_runs_of_slice_max,
                         std::max(runs + 1, static_cast<std::uint64_t>(static_cast<double>(runs) * factor)));
        }
    }

private:
    Result<void> run_with_injection() {
        RETURN_IF_ERROR(work_->run());
        return injection_.is_active() && injection_.is_due() ? work_->run() : ok();
    }

    Test const& test_;
    std::unique_ptr<Work> work_;
    Injection injection_;
    Disturbance disturbance_;
};

Result<std::vector<Figure>> measure_figures(Measured& measured, Test const& test,
                                            ChildOptions const& options) {
    std::uint64_t runs = 1;
    if (test.slices_max > 1) {
        RETURN_IF_ERROR(measured.run_once());
        ASSIGN_OR_RETURN(runs, measured.runs_of_slice(options.slice_ns));
    }
    Figure cpu{"cpu_ns", "ns", Kind::time, {}};
    Figure wall{"wall_ns", "ns", Kind::time, {}};
    std::vector<double> calls;
    std::vector<double> bytes;
    std::uint64_t spent = 0;
    auto const slices = std::min(options.slices, test.slices_max);
    auto again = test.test_class == TestClass::micro ? 2 * slices : 0;
    for (std::uint32_t i = 0; i < slices && (i < k_slices_min || spent < k_slices_ns_max); ++i) {
        ASSIGN_OR_RETURN(auto slice, measured.slice(runs));
        for (; slice.is_disturbed && again > 0 && spent < k_slices_ns_max; --again) {
            spent += slice.spent_ns;
            ASSIGN_OR_RETURN(slice, measured.slice(runs));
        }
        cpu.values.push_back(slice.cpu_ns);
        wall.values.push_back(slice.wall_ns);
        calls.push_back(slice.allocations);
        bytes.push_back(slice.allocated_bytes);
        spent += slice.spent_ns;
    }
    std::vector<Figure> out{cpu, wall};
    auto const memory = memory_now();
    out.push_back({"peak_bytes", "bytes", Kind::load, {static_cast<double>(memory.peak)}});
    if (test.test_class != TestClass::micro) return out;
    // The least: caches that fill once in a while are not the work.
    out.push_back({"allocations", "count", Kind::exact, {*std::min_element(calls.begin(), calls.end())}});
    out.push_back({"allocated_bytes", "bytes", Kind::exact, {*std::min_element(bytes.begin(), bytes.end())}});
    return out;
}

/// What the processor says that it can do, as far as libraries choose functions by it. Under valgrind this is the
/// processor that valgrind plays. Hardware random numbers are left out: nothing is chosen by them.
std::string processor_features() {
#if defined(__x86_64__)
    constexpr unsigned k_rdrand = 1U << 30U;
    constexpr unsigned k_rdseed = 1U << 18U;
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    __get_cpuid(1, &a, &b, &c, &d);
    auto out = fmt::format("{:08x}-{:08x}-{:08x}", a, c & ~k_rdrand, d);
    __get_cpuid_count(7, 0, &a, &b, &c, &d);
    return out + fmt::format("-{:08x}-{:08x}", b & ~k_rdseed, c);
#else
    return "no cpuid";
#endif
}

/// Figures of counted runs: what the work allocated, and its own exact ones.
Result<std::vector<Figure>> count_figures(Measured& measured) {
    ASSIGN_OR_RETURN(auto const allocations, measured.exact());
    auto const runs = static_cast<double>(measured.exact_runs());
    return std::vector<Figure>{
        {"allocations", "count", Kind::exact, {static_cast<double>(allocations.calls) / runs}},
        {"allocated_bytes", "bytes", Kind::exact, {static_cast<double>(allocations.bytes) / runs}}};
}

/// A line that the parent waits for.
void answer(std::string const& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
}

Result<void> answer_slices(Measured& measured) {
    RETURN_IF_ERROR(measured.run_once());
    std::array<char, 64> buffer{};
    while (std::fgets(buffer.data(), buffer.size(), stdin) != nullptr) {
        std::string line{buffer.data()};
        if (line.ends_with('\n')) line.pop_back();
        std::uint64_t runs = 0;
        std::from_chars(line.data(), line.data() + line.size(), runs);
        if (line.starts_with("calibrate ")) {
            std::uint64_t slice_ns = 0;
            std::from_chars(line.data() + 10, line.data() + line.size(), slice_ns);
            ASSIGN_OR_RETURN(auto const fit, measured.runs_of_slice(slice_ns));
            answer(fmt::format("{}", fit));
            continue;
        }
        if (line == "check") {
            RETURN_IF_ERROR(measured.work().check());
            answer("ok");
            continue;
        }
        ASSIGN_OR_RETURN(auto const slice,
                         measured.slice(std::clamp<std::uint64_t>(runs, 1, k_runs_of_slice_max)));
        answer(fmt::format("{:.3f} {:.3f}", slice.cpu_ns, slice.wall_ns));
    }
    return ok();
}

}  // namespace

Result<void> run_child_test(Catalogue const& catalogue, ChildOptions const& options) {
    auto const* const test = catalogue.find(options.test_id);
    if (test == nullptr)
        return Error{Errc::not_found, fmt::format("no test is called '{}'", options.test_id)};
    Measured measured{*test, test->make()};
    RETURN_IF_ERROR(measured.work().prepare(options.directory));
    if (options.mode == ChildMode::slices) return answer_slices(measured);
    std::vector<Figure> figures;
    bool const is_exact = options.mode == ChildMode::exact;
    if (is_exact) {
        ASSIGN_OR_RETURN(figures, count_figures(measured));
    } else {
        ASSIGN_OR_RETURN(figures, measure_figures(measured, *test, options));
    }
    // Before a figure leaves this process the work has to be right.
    RETURN_IF_ERROR(measured.work().check());
    for (auto& figure : measured.work().figures()) {
        // Under callgrind times and memory are those of valgrind.
        bool const is_steady = figure.kind == Kind::exact || figure.kind == Kind::quality;
        if (is_steady || !is_exact) figures.push_back(std::move(figure));
    }
    auto out = Json::object().set("figures", figures_to_json(figures));
    if (auto const note = measured.work().note(); !note.empty()) out.set("note", note);
    if (is_exact) out.set("processor", processor_features()).set("runs", std::int64_t{measured.exact_runs()});
    auto const text = out.dump();
    std::printf("%s\n", text.c_str());
    return ok();
}

}  // namespace ggen::bench
