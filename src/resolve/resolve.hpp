#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/cancel.hpp"
#include "base/result.hpp"
#include "metadata/package_record.hpp"
#include "spec/manifest.hpp"
#include "spec/package_name.hpp"
#include "spec/version.hpp"

namespace ggen {

/// A version that a registry offers.
struct Candidate {
    Version version;
    bool yanked = false;
};

/// A package in the form in which the solver works: nothing of it is parsed until it is shown to somebody.
struct CompiledPackage {
    metadata::PackageRecord record;  ///< Its bytes outlive the resolution.
    /// Versions that count as yanked besides those that the record says; by index.
    std::vector<std::uint32_t> also_yanked{};
};

/// Port: where the solver learns about packages, on demand. Called from the solver's thread only;
/// each question is asked at most once per resolution.
class DependencyProvider {
public:
    virtual ~DependencyProvider() = default;
    /// Asked first. When it answers, `versions` is not asked for this package, and `dependencies` only for versions
    /// whose list of needs the record does not know.
    virtual Result<std::optional<CompiledPackage>> compiled(PackageName const& /*name*/) {
        return std::optional<CompiledPackage>{};
    }
    /// Every version, any order. An unknown package is an empty list, not an error.
    virtual Result<std::vector<Candidate>> versions(PackageName const& name) = 0;
    virtual Result<std::vector<Dependency>> dependencies(PackageName const& name,
                                                         Version const& version) = 0;
    /// A hint that dependencies of these will probably be asked for soon. May do nothing.
    virtual void prefetch(PackageName const& /*name*/) {}
};

struct ResolveRequest {
    /// What the user's project asks for.
    std::vector<Dependency> roots;
    /// Versions to keep when they satisfy; yanked ones stay allowed here.
    std::map<PackageName, Version> locked;
    /// How the root is called in explanations.
    std::string root_label = "your project";
};

struct ResolveOptions {
    std::uint64_t steps_max = 20'000'000;  ///< Propagations of one package; beyond: resolution_limit.
    CancelToken const* cancel = nullptr;
};

/// One version per package. Prefers locked versions, then the highest release; prereleases only when
/// a range names one; yanked only when locked, when the project names exactly that version, or for a
/// range that is exactly that version. docs/resolver.md states the order of preference.
struct Solution {
    struct Chosen {
        Version version;
        bool yanked = false;
    };
    std::map<PackageName, Chosen> packages;
    /// The first in the order of preference (docs/resolver.md); false when the requirements are so
    /// entangled that the search for it was cut short. Valid and minimal in either case.
    bool is_preferred = true;
};

/// No solution: a value, not an error.
struct Conflict {
    /// Whole sentences that name the packages, the ranges and a way out; ends with LF.
    std::string explanation;
    /// A package of the root whose requirement, relaxed, makes a solution exist (tested), if any.
    std::vector<std::string> hints;
    /// A root requirement names a package that does not exist at all.
    std::vector<PackageName> unknown_packages;
};

using Resolution = std::variant<Solution, Conflict>;

/// PubGrub (dart-lang/pub doc/solver.md) over `provider`.
///
/// Optional dependencies constrain a package that is chosen for another reason, and are themselves
/// chosen when some version satisfies; they are dropped, never a conflict, when none exists.
/// Deterministic: same answers from the provider, same result. Blocks. One thread.
/// Errors: whatever the provider returns; too_large (resolution_limit); cancelled.
[[nodiscard]] Result<Resolution> resolve(DependencyProvider& provider, ResolveRequest const& request,
                                         ResolveOptions const& options = {});

}  // namespace ggen
