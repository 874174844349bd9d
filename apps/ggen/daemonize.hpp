#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_system.hpp"
#include "base/posix_file.hpp"
#include "base/result.hpp"

/// What a process does to become a service of its own.
namespace ggen::cli {

/// How a detached process tells the command that started it how it went: one line, once.
class ReadyPipe {
public:
    ReadyPipe() = default;
    explicit ReadyPipe(posix::Fd fd) : fd_(std::move(fd)) {}
    void report(std::string_view line);

private:
    posix::Fd fd_;
};

/// Which side of a detachment this process is on.
struct Detached {
    std::optional<ReadyPipe> child = {};  ///< In the new process.
    std::string report = {};              ///< In the old one: what the new one said; "" when it ended without a word.
};

/// Detaches: a new session, no terminal, stdin closed, stdout and stderr appended to `log_path` (made 0600). Returns
/// twice; in the old process only when the new one has reported or ended. To be called before any thread exists.
/// Errors: io (in the old process).
[[nodiscard]] Result<Detached> detach(std::string const& log_path);

/// Tells the supervisor of the system, if one asked for it (NOTIFY_SOCKET), such as "READY=1".
void notify_supervisor(std::map<std::string, std::string> const& environment, std::string_view state);

/// The user unit that runs `program` as a node, for `systemctl --user`.
[[nodiscard]] std::string user_unit(std::string_view program);

}  // namespace ggen::cli
