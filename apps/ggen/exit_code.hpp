#pragma once

#include <span>
#include <string_view>

#include "base/result.hpp"

namespace ggen::cli {

/// What the process ends with. The table in `exit_code_rows()` is what help, man page and
/// docs/cli.md print; tests/cli holds every row.
enum class ExitCode : int {
    ok = 0,
    failed = 1,
    usage = 2,
    not_found = 3,
    not_authorised = 4,
    conflict = 5,
    refused = 6,
    network = 7,
    no_solution = 8,
    offline = 9,
    update_available = 10,
    cancelled = 130,
};

struct ExitCodeRow {
    ExitCode code;
    std::string_view meaning;
};
[[nodiscard]] std::span<ExitCodeRow const> exit_code_rows();

/// The exit code that `error` calls for. The id decides before the code: a missing key is a matter of
/// authority whatever the reaction is.
[[nodiscard]] ExitCode exit_code_of(Error const& error);

}  // namespace ggen::cli
