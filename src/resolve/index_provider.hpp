#pragma once

#include <memory>
#include <string_view>

#include "base/result.hpp"
#include "metadata/index_file.hpp"
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

/// Serves the packages of an index file (docs/formats/metadata-index.md) where they lie. Keeps it open.
[[nodiscard]] std::unique_ptr<DependencyProvider> make_index_provider(std::unique_ptr<metadata::IndexFile> index);

}  // namespace ggen
