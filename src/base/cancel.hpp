#pragma once

#include <atomic>

#include "base/result.hpp"

namespace ggen {

/// Set once by a signal handler or another thread; polled by long operations.
class CancelToken {
public:
    void cancel() noexcept { flag_.store(true, std::memory_order_relaxed); }
    [[nodiscard]] bool is_cancelled() const noexcept { return flag_.load(std::memory_order_relaxed); }
    /// Errors: cancelled.
    [[nodiscard]] Result<void> check() const {
        if (is_cancelled()) return Error{Errc::cancelled, "stopped on request"};
        return ok();
    }

private:
    std::atomic<bool> flag_{false};
};

}  // namespace ggen
