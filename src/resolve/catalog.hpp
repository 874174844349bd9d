#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "resolve/resolve.hpp"

namespace ggen::solver {

using PackageId = std::uint32_t;
/// The package that stands for the user's project; it has one version, state 1.
inline constexpr PackageId k_root = 0;
/// A longer list of versions is refused with too_large.
inline constexpr std::size_t k_versions_max = 100'000;

/// What the provider said, each question asked once, packages numbered, version lists frozen.
/// Shared by all the solves of one resolution.
class Catalog {
public:
    explicit Catalog(DependencyProvider& provider) : provider_(provider), packages_(1) {}

    void prefetch(PackageName const& name);
    /// The number of `name`; asks for its versions at first sight.
    [[nodiscard]] Result<PackageId> open(PackageName const& name);
    /// 0 when it was never opened.
    [[nodiscard]] PackageId find(PackageName const& name) const;
    /// The dependencies of the version with this index.
    [[nodiscard]] Result<std::vector<Dependency> const*> dependencies(PackageId package,
                                                                      std::uint32_t index);

    [[nodiscard]] std::size_t package_count() const { return packages_.size(); }
    [[nodiscard]] PackageName const& name(PackageId package) const { return *packages_[package].name; }
    /// Ascending, no two of equal precedence.
    [[nodiscard]] std::vector<Candidate> const& versions(PackageId package) const {
        return packages_[package].versions;
    }
    /// Null when they were never asked for.
    [[nodiscard]] std::vector<Dependency> const* known_dependencies(PackageId package,
                                                                    std::uint32_t index) const;

private:
    struct Package {
        std::optional<PackageName> name;  ///< Absent for the root only.
        std::vector<Candidate> versions;
        std::vector<std::optional<std::vector<Dependency>>> dependencies;
    };

    DependencyProvider& provider_;
    std::deque<Package> packages_;  ///< References stay valid while it grows.
    std::unordered_map<PackageName, PackageId> ids_;
};

}  // namespace ggen::solver
