#pragma once

#include <map>
#include <string>

#include "base/cancel.hpp"
#include "base/wake_event.hpp"

/// What the program needs of its process: descriptors, signals, environment, terminal.
namespace ggen::cli {

/// Descriptors 0 to 2 exist afterwards (a closed one would be given to the next file that is opened,
/// and messages would land in it), and a closed pipe is an error code instead of a signal.
void secure_standard_streams();

/// Ctrl-C or SIGTERM once sets `cancel`; twice ends the process at once with 130.
void cancel_on_interrupt(CancelToken& cancel);
/// Calls `event` then, too; at once when it was interrupted already. nullptr ends that, before the event does.
void call_on_interrupt(WakeEvent const* event);

[[nodiscard]] std::map<std::string, std::string> environment_of_process();

[[nodiscard]] bool is_terminal(int fd);
/// Of the terminal on stdout; 0 when it is none.
[[nodiscard]] unsigned terminal_columns();

/// `path` made absolute against the working directory. One spelling for a place, since it is written down:
/// "." and ".." are resolved as the kernel would, links too when there are any; else links stay. A place
/// that does not exist is resolved as far as its parent does.
[[nodiscard]] std::string absolute_path(std::string const& path);

}  // namespace ggen::cli
