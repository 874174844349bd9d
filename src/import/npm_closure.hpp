#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/cancel.hpp"
#include "import/import_npm.hpp"
#include "import/npm_document.hpp"
#include "import/npm_source.hpp"
#include "resolve/resolve.hpp"

namespace ggen {

/// One version that is to be imported.
struct NpmRelease {
    std::string npm_name;
    PackageName name;
    NpmVersion const* version = nullptr;  ///< In the source's documents.
    std::vector<Dependency> dependencies;  ///< In our terms, sorted by name.
};

struct NpmClosure {
    std::vector<NpmRelease> releases;   ///< Sorted by our name, then version.
    std::vector<std::string> skipped;   ///< "NAME[@VERSION]: reason" for what cannot be taken over.
};

/// What `request` asks for: every version that its ranges can reach, directly or through dependencies; with
/// `locked` the versions that our resolver chooses for all roots together, or why there is no such choice.
///
/// Without `locked` a root that names no range means the version that npm tags as latest. Dependencies that
/// cannot be said in our terms are left out of their release and reported.
/// Errors: invalid (usage), not_found (import_source, import_package), too_large (over `versions_max`),
/// cancelled, and the source's.
[[nodiscard]] Result<std::variant<NpmClosure, Conflict>> find_npm_closure(NpmSource& source,
                                                                          ImportNpmRequest const& request,
                                                                          CancelToken const& cancel);

}  // namespace ggen
