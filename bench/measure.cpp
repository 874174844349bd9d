#include "measure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <string_view>

namespace ggen::bench {
namespace {

std::uint64_t clock_ns(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(time.tv_nsec);
}

/// Calls `take(key, bytes)` for every "Key:   123 kB" line.
template <class Take>
void each_kilobyte_line(char const* path, Take const& take) {
    std::FILE* const file = std::fopen(path, "re");
    if (file == nullptr) return;
    char line[256];
    while (std::fgets(line, sizeof line, file) != nullptr) {
        std::string_view const text{line};
        auto const colon = text.find(':');
        if (colon == std::string_view::npos) continue;
        auto const digits = text.find_first_of("0123456789", colon);
        if (digits == std::string_view::npos) continue;
        std::uint64_t kilobytes = 0;
        std::from_chars(text.data() + digits, text.data() + text.size(), kilobytes);
        take(text.substr(0, colon), kilobytes * 1024);
    }
    std::fclose(file);
}

std::string three_figures(double value) {
    if (value >= 100 || value == 0) return fmt::format("{:.0f}", value);
    return value >= 10 ? fmt::format("{:.1f}", value) : fmt::format("{:.2f}", value);
}

}  // namespace

std::uint64_t now_ns() { return clock_ns(CLOCK_MONOTONIC); }
std::uint64_t process_cpu_ns() { return clock_ns(CLOCK_PROCESS_CPUTIME_ID); }

std::uint64_t Samples::percentile(double percent) const {
    if (values_.empty()) return 0;
    auto sorted = values_;
    auto const rank = static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(sorted.size())));
    auto const place = std::min(sorted.size() - 1, rank == 0 ? 0 : rank - 1);
    auto const middle = sorted.begin() + static_cast<std::ptrdiff_t>(place);
    std::nth_element(sorted.begin(), middle, sorted.end());
    return *middle;
}

Memory memory_now() {
    Memory out;
    each_kilobyte_line("/proc/self/smaps_rollup", [&](std::string_view key, std::uint64_t bytes) {
        if (key == "Rss") out.resident = bytes;
        if (key == "Pss") out.proportional = bytes;
        if (key == "Anonymous") out.anonymous = bytes;
    });
    each_kilobyte_line("/proc/self/status", [&](std::string_view key, std::uint64_t bytes) {
        if (key == "VmHWM") out.peak = bytes;
        if (key == "VmRSS" && out.resident == 0) out.resident = bytes;
    });
    return out;
}

std::string format_ns(std::uint64_t ns) {
    auto const value = static_cast<double>(ns);
    if (ns < 1'000) return fmt::format("{} ns", ns);
    if (ns < 1'000'000) return three_figures(value / 1e3) + " us";
    if (ns < 1'000'000'000) return three_figures(value / 1e6) + " ms";
    return three_figures(value / 1e9) + " s";
}

std::string format_us(std::uint64_t ns) { return three_figures(static_cast<double>(ns) / 1e3); }
std::string format_mb(std::uint64_t bytes) { return fmt::format("{:.1f}", static_cast<double>(bytes) / 1e6); }

}  // namespace ggen::bench
