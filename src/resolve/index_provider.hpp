#pragma once

#include <memory>
#include <string_view>

#include "base/result.hpp"
#include "resolve/resolve.hpp"

namespace ggen {

/// Reads packages from JSON lines, one release a line:
///
///     {"name": "a", "version": "1.0.0", "dependencies": {"b": "^2"}, "yanked": true}
///
/// `dependencies` and `yanked` may be left out; no other member may stand there. A dependency may
/// also be `{"version": "^2", "optional": true}`. Empty lines are skipped. Dependencies keep the
/// order of the text. The whole text is read at once; the provider does not refer to it afterwards.
/// Errors: invalid ("line 3: …"), also for a release that stands twice; too_large (a line over 1 MiB).
[[nodiscard]] Result<std::unique_ptr<DependencyProvider>> load_index(std::string_view jsonl);

}  // namespace ggen
