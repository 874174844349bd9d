#include "harness/disturbance.hpp"

#include <algorithm>
#include <ctime>
#include <fstream>

#include "measure.hpp"

namespace ggen::bench {
namespace {

constexpr std::uint64_t k_waited_percent = 2;
constexpr std::uint64_t k_threaded_percent = 2;
constexpr std::uint64_t k_slow_percent = 130;
constexpr int k_first_probes = 100;
constexpr int k_probe_steps = 6'000;

/// How long this thread was ready and had no processor, by the kernel (the second number of schedstat). 0 where it does
/// not tell.
std::uint64_t waited_ns() {
    std::ifstream file{"/proc/thread-self/schedstat"};
    std::uint64_t ran = 0;
    std::uint64_t waited = 0;
    return file >> ran >> waited ? waited : 0;
}

std::uint64_t thread_cpu_ns() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

bool is_disturbed(StretchFigures const& figures) {
    auto const in_others = figures.cpu_of_process - std::min(figures.cpu_of_process, figures.cpu_of_thread);
    if (in_others * 100 > figures.cpu_of_process * k_threaded_percent) return false;
    auto const slower = std::max(figures.probe_before, figures.probe_after);
    return figures.waited * 100 > figures.spent * k_waited_percent ||
           slower * 100 > figures.probe_least * k_slow_percent;
}

Disturbance::Disturbance() {
    for (int i = 0; i < k_first_probes; ++i) static_cast<void>(probe());
}

/// Several chains at once, so that the units of the core are busy and a neighbour on its other half is felt; no memory,
/// so that what the measured work left in the caches is not.
std::uint64_t Disturbance::probe() {
    auto const begin = now_ns();
    std::uint64_t a = begin;
    std::uint64_t b = 2;
    std::uint64_t c = 3;
    std::uint64_t d = 4;
    for (int i = 0; i < k_probe_steps; ++i) {
        a = a * 6'364'136'223'846'793'005U + 1;
        b ^= b << 13U;
        b ^= b >> 7U;
        c += a;
        d = d * 31 + b;
    }
    std::uint64_t volatile const kept = a + b + c + d;
    static_cast<void>(kept);
    auto const took = now_ns() - begin;
    least_ns_ = std::min(least_ns_, took);
    return took;
}

void Disturbance::begin() {
    before_ns_ = probe();
    process_cpu_ns_ = process_cpu_ns();
    thread_cpu_ns_ = thread_cpu_ns();
    waited_ns_ = waited_ns();
}

bool Disturbance::end(std::uint64_t spent_ns) {
    StretchFigures figures;
    figures.spent = spent_ns;
    figures.waited = waited_ns() - waited_ns_;
    figures.cpu_of_process = process_cpu_ns() - process_cpu_ns_;
    figures.cpu_of_thread = thread_cpu_ns() - thread_cpu_ns_;
    figures.probe_before = before_ns_;
    figures.probe_after = probe();
    figures.probe_least = least_ns_;
    return is_disturbed(figures);
}

}  // namespace ggen::bench
