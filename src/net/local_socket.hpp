#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/cancel.hpp"
#include "base/posix_file.hpp"
#include "base/result.hpp"

namespace ggen {

inline constexpr std::size_t k_local_line_bytes_max = std::size_t{4} * 1024 * 1024;
/// How long the other side may leave us waiting for room to write in.
inline constexpr std::chrono::seconds k_local_write_timeout{10};

/// A connected Unix socket that carries lines. Blocks; one thread at a time.
class LineSocket {
public:
    explicit LineSocket(posix::Fd fd) : fd_(std::move(fd)) {}

    /// Without its end. Nothing when the other side is done. Looks at `cancel` ten times a second.
    /// Errors: too_large (a line over 4 MiB), timed_out (none within `patience`), cancelled, io, unavailable (gone in
    /// the middle of a line).
    [[nodiscard]] Result<std::optional<std::string>> read_line(
        CancelToken const* cancel, std::chrono::milliseconds patience = std::chrono::hours{24 * 365});
    /// Errors: unavailable (the other side went, or takes nothing for 10 s).
    [[nodiscard]] Result<void> write_line(std::string_view line);
    /// Whether the other side hung up (what it wrote before may still be unread).
    [[nodiscard]] bool is_hung_up() const;
    /// User id of the process at the other end, as the kernel knows it. Errors: io.
    [[nodiscard]] Result<std::uint32_t> peer_uid() const;

private:
    posix::Fd fd_;
    std::string buffer_;
};

/// A socket at `path`, which may be longer than the kernel's 107 bytes; its folder exists. What stands there is
/// replaced: the caller holds the lock that says that nobody listens there.
/// Errors: io.
[[nodiscard]] Result<posix::Fd> listen_local(std::string const& path);
/// The next connection, without waiting. Nothing when none is there. Errors: io (also for want of memory or
/// descriptors: it stays there).
[[nodiscard]] Result<std::optional<LineSocket>> accept_local(posix::Fd const& listener);
/// Errors: not_found (no socket), unavailable (nobody listens there), refused (permission), io.
[[nodiscard]] Result<LineSocket> connect_local(std::string const& path);

}  // namespace ggen
