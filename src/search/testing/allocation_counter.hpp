#pragma once

#include <cstdint>
#include <optional>

namespace ggen::search_index::testing {

/// How often this program has asked for memory with `new`; nothing where a sanitizer replaces that. Thread-safe.
[[nodiscard]] std::optional<std::uint64_t> allocations();

}  // namespace ggen::search_index::testing
