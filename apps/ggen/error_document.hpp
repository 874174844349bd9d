#pragma once

#include <string>

#include "codec/json.hpp"
#include "exit_code.hpp"

namespace ggen::cli {

/// The general kind of error, from its explanation; "" for errors without an id and for usage errors,
/// whose text says it all.
[[nodiscard]] std::string error_title(Error const& error);
/// The next step: the error's own, else where to read more.
[[nodiscard]] std::string error_help(Error const& error);
/// {"schema":"ggen.error/1", code, kind, title, detail, help, causes, exit_code}, after RFC 9457.
[[nodiscard]] Json error_document(Error const& error, ExitCode code);

}  // namespace ggen::cli
