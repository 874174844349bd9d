#pragma once

namespace ggen {

/// Whether this machine has simdjson's shared library, which is loaded at the first call and stays. Without it
/// nothing of simdjson may be called. Thread-safe.
[[nodiscard]] bool has_simdjson();

}  // namespace ggen
