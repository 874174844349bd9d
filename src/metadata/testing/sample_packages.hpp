#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "metadata/package_encoder.hpp"

namespace ggen::metadata::testing {

/// A package that owns what its facts point to.
struct SamplePackage {
    struct Need {
        std::string name;
        VersionRange range;
        bool is_optional = false;
    };
    struct Release {
        Version version;
        bool is_yanked = false;
        bool has_known_needs = true;
        std::vector<Need> needs;
        LogFacts log;
    };
    PackageName name;
    std::vector<Release> releases;
    bool has_log = false;

    /// The record; panics when it cannot be made.
    [[nodiscard]] Bytes encode() const;
};

/// Some package with versions, prereleases, build metadata and needs that follow from `seed`.
[[nodiscard]] SamplePackage sample_package(std::string const& name, std::uint64_t seed);

/// "p00012": names in ascending order.
[[nodiscard]] std::string sample_name(std::uint64_t number);

}  // namespace ggen::metadata::testing
