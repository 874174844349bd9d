#pragma once

#include <chrono>
#include <optional>

#include "base/posix_file.hpp"
#include "base/result.hpp"

namespace ggen {

/// What a thread sleeps on until others want something of it: a descriptor (eventfd), so that it can wait for files and
/// sockets by the same call. A call before the wait is not lost.
class WakeEvent {
public:
    /// Errors: io (no descriptor left).
    [[nodiscard]] static Result<WakeEvent> create();

    /// From any thread, and from a signal handler.
    void call() const noexcept;
    /// Takes what was called until now; whether there was any.
    bool take() const noexcept;
    [[nodiscard]] int descriptor() const { return fd_.get(); }

    using Deadline = std::optional<std::chrono::steady_clock::time_point>;
    /// What poll() takes to wait so long, at most an hour; -1 without an end. Rounded up, so that a wait does not end
    /// just before its time and begin again at once.
    [[nodiscard]] static int poll_milliseconds(Deadline const& until);
    /// Sleeps until it is called, `other` can be read or the time has come; takes the call. Whether `other` can be
    /// read.
    bool wait(int other = -1, Deadline const& until = std::nullopt) const noexcept;

private:
    explicit WakeEvent(posix::Fd fd) : fd_(std::move(fd)) {}
    posix::Fd fd_;
};

}  // namespace ggen
