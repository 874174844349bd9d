#pragma once

#include <cstdint>

#include "base/result.hpp"

namespace ggen::p2p {

/// Receive memory that several share: the streams of a connection, the connections of a peer, the peers of a host, each
/// inside the next (docs/adr/0020). Not thread-safe: one network thread owns it. Idle streams cost nothing; a stream
/// holds what it has buffered, or what its window grew by if that is more.
class WindowBudget {
public:
    /// `around`, which outlives it or is left by `move_into`, has to have room too.
    explicit WindowBudget(std::uint64_t bytes_max, WindowBudget* around = nullptr)
        : bytes_max_(bytes_max), around_(around) {}
    ~WindowBudget() {
        if (around_ != nullptr) around_->give_back(taken_);
    }
    WindowBudget(WindowBudget const&) = delete;
    WindowBudget& operator=(WindowBudget const&) = delete;

    /// For bytes that are here: whether `bytes` more fit; then they are taken.
    [[nodiscard]] bool try_take(std::uint64_t bytes) { return try_take(bytes, 1); }
    /// For credit that others may use or not: leaves a quarter of every budget to bytes that come.
    [[nodiscard]] bool try_promise(std::uint64_t bytes) { return try_take(bytes, k_promised_share); }
    /// Precondition: at least `bytes` were taken.
    void give_back(std::uint64_t bytes) {
        GGEN_ASSERT(bytes <= taken_);
        taken_ -= bytes;
        if (around_ != nullptr) around_->give_back(bytes);
    }
    /// Less than what is taken: then nothing more fits until it is given back.
    void set_bytes_max(std::uint64_t bytes_max) { bytes_max_ = bytes_max; }
    /// Counts in another budget from now on; what is taken moves along, whether it fits there or not.
    void move_into(WindowBudget& around) {
        if (around_ != nullptr) around_->give_back(taken_);
        around_ = &around;
        around.force(taken_);
    }

    [[nodiscard]] std::uint64_t taken_bytes() const { return taken_; }
    [[nodiscard]] std::uint64_t bytes_max() const { return bytes_max_; }

private:
    static constexpr double k_promised_share = 0.75;

    [[nodiscard]] bool try_take(std::uint64_t bytes, double share) {
        auto const limit = static_cast<std::uint64_t>(static_cast<double>(bytes_max_) * share);
        if (taken_ > limit || bytes > limit - taken_) return false;
        if (around_ != nullptr && !around_->try_take(bytes, share)) return false;
        taken_ += bytes;
        return true;
    }
    void force(std::uint64_t bytes) {
        taken_ += bytes;
        if (around_ != nullptr) around_->force(bytes);
    }

    std::uint64_t bytes_max_;
    WindowBudget* around_;
    std::uint64_t taken_ = 0;
};

}  // namespace ggen::p2p
