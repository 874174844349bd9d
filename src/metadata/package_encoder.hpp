#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "metadata/package_record.hpp"
#include "spec/package_name.hpp"
#include "spec/version_range.hpp"

namespace ggen::metadata {

/// What a release says about one dependency; points to what the caller keeps.
struct NeedFacts {
    std::string_view name;
    VersionRange const* range = nullptr;
    bool is_optional = false;
};

/// One release; points to what the caller keeps.
struct ReleaseFacts {
    Version const* version = nullptr;
    bool is_yanked = false;
    bool has_known_needs = true;         ///< False: nobody asked for its dependencies yet; `needs` is empty.
    std::span<NeedFacts const> needs{};  ///< In the order in which the manifest has them.
    LogFacts const* log = nullptr;       ///< All releases of a package have them or none.
};

/// The record of a package. The bytes depend on the set of releases only, not on their order: versions are sorted; of
/// those that differ in build metadata alone the one not yanked, then the one with the greatest text stays, as the
/// resolver takes them (docs/resolver.md). Errors: too_large (versions, bytes).
[[nodiscard]] Result<Bytes> encode_package(PackageName const& name, std::vector<ReleaseFacts> releases);

}  // namespace ggen::metadata
