#include "base/wake_event.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace ggen {

int WakeEvent::poll_milliseconds(Deadline const& until) {
    if (!until) return -1;
    auto const left = std::chrono::ceil<std::chrono::milliseconds>(*until - std::chrono::steady_clock::now());
    constexpr std::chrono::milliseconds k_longest = std::chrono::hours{1};
    return static_cast<int>(std::clamp(left, std::chrono::milliseconds{0}, k_longest).count());
}

Result<WakeEvent> WakeEvent::create() {
    posix::Fd fd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (!fd.is_open()) return posix::errno_error("create", "an event descriptor");
    return WakeEvent{std::move(fd)};
}

void WakeEvent::call() const noexcept {
    // Fails only when it is called already, as often as a counter can count.
    static_cast<void>(::eventfd_write(fd_.get(), 1));
}

bool WakeEvent::take() const noexcept {
    eventfd_t count = 0;
    return ::eventfd_read(fd_.get(), &count) == 0;
}

bool WakeEvent::wait(int other, Deadline const& until) const noexcept {
    // A negative descriptor is passed over by the kernel.
    std::array<pollfd, 2> entries{pollfd{fd_.get(), POLLIN, 0}, pollfd{other, POLLIN, 0}};
    if (::poll(entries.data(), entries.size(), poll_milliseconds(until)) <= 0) return false;
    if (entries[0].revents != 0) take();
    return entries[1].revents != 0;
}

}  // namespace ggen
