#pragma once

#include <map>
#include <vector>

#include "resolve/testing/universe.hpp"

namespace ggen::testing {

/// Serves a universe as package metadata. Which packages stay uncompiled, whose needs the metadata does not know and
/// which yanked versions it does not know as yanked follows from `seed`, so that all ways through the catalog are gone.
class CompiledUniverse final : public DependencyProvider {
public:
    CompiledUniverse(Universe const& universe, std::uint64_t seed);
    Result<std::optional<CompiledPackage>> compiled(PackageName const& name) override;
    Result<std::vector<Candidate>> versions(PackageName const& name) override { return plain_.versions(name); }
    Result<std::vector<Dependency>> dependencies(PackageName const& name, Version const& version) override {
        return plain_.dependencies(name, version);
    }
    [[nodiscard]] bool was_asked_twice() const { return plain_.was_asked_twice(); }

private:
    struct Package {
        std::vector<std::uint64_t> words;  ///< The record, aligned.
        std::vector<std::uint32_t> also_yanked;
    };
    Package compile(PackageName const& name, std::vector<Universe::Release> const& releases, Dice& dice) const;

    UniverseProvider plain_;
    std::map<PackageName, Package> packages_;
};

}  // namespace ggen::testing
