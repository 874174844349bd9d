#pragma once

#include <cstdint>

namespace ggen::p2p {

/// Receive memory that all connections of a host share. Not thread-safe: one network thread owns it.
/// Idle streams cost nothing; a stream holds what it has buffered, or what its window grew by if that is more.
class WindowBudget {
public:
    explicit WindowBudget(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
    WindowBudget(WindowBudget const&) = delete;
    WindowBudget& operator=(WindowBudget const&) = delete;

    /// Whether `bytes` more fit; then they are taken.
    [[nodiscard]] bool try_take(std::uint64_t bytes) {
        if (bytes > bytes_max_ - taken_) return false;
        taken_ += bytes;
        return true;
    }
    /// Precondition: at least `bytes` were taken.
    void give_back(std::uint64_t bytes) { taken_ -= bytes; }

    [[nodiscard]] std::uint64_t taken_bytes() const { return taken_; }

private:
    std::uint64_t bytes_max_;
    std::uint64_t taken_ = 0;
};

}  // namespace ggen::p2p
