#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// Clocks, percentiles and what the kernel says of memory: helpers that every suite shares.
namespace ggen::bench {

/// Monotonic time in nanoseconds.
[[nodiscard]] std::uint64_t now_ns();
/// CPU time of the whole process, all threads, in nanoseconds.
[[nodiscard]] std::uint64_t process_cpu_ns();

/// A set of measured durations in nanoseconds. Percentiles come from recorded samples only.
class Samples {
public:
    void add(std::uint64_t ns) { values_.push_back(ns); }
    [[nodiscard]] std::size_t count() const { return values_.size(); }
    /// The smallest sample that at least `percent` of the samples do not exceed; 0 when there is none.
    [[nodiscard]] std::uint64_t percentile(double percent) const;

private:
    std::vector<std::uint64_t> values_;
};

/// What /proc/self/smaps_rollup and /proc/self/status say of this process, in bytes. Mapped files count in
/// `resident`, also those pages that other processes share. All 0 where /proc is not mounted.
struct Memory {
    std::uint64_t resident = 0;
    std::uint64_t anonymous = 0;  ///< The part that no file backs.
    std::uint64_t proportional = 0;
    std::uint64_t peak = 0;       ///< The largest `resident` so far (VmHWM).
};
[[nodiscard]] Memory memory_now();

/// "123 ns", "12.3 us", "1.2 ms", "3.4 s": three figures, as one reads them.
[[nodiscard]] std::string format_ns(std::uint64_t ns);
/// Microseconds without a unit, for columns: "0.21", "12.3", "1280".
[[nodiscard]] std::string format_us(std::uint64_t ns);
/// "1.2" from bytes, in units of 1,000,000 bytes.
[[nodiscard]] std::string format_mb(std::uint64_t bytes);

}  // namespace ggen::bench
