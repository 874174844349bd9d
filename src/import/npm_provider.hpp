#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.hpp"
#include "import/npm_source.hpp"
#include "resolve/resolve.hpp"

namespace ggen {

/// Whether npm may have meant a dist-tag: a word, no version, range, alias or address.
[[nodiscard]] bool may_be_tag(std::string_view range);

/// The dependencies of a version in our terms, sorted by name. Each that cannot be said in them leaves a
/// sentence in `dropped` (may be null).
[[nodiscard]] Result<std::vector<Dependency>> map_dependencies(NpmSource& source, NpmVersion const& version,
                                                               std::string_view name_space,
                                                               std::vector<std::string>* dropped);

/// Fetches, in parallel rounds, what the highest matching versions need: nearly everything that a resolver
/// will ask for, so that it seldom waits for one document at a time.
[[nodiscard]] Result<void> warm_up(NpmSource& source, std::vector<NpmSpec> const& roots, std::string_view name_space,
                                   CancelToken const& cancel);

/// npm's documents as the resolver's provider. It must be told of a name before the resolver asks for it.
class NpmProvider final : public DependencyProvider {
public:
    NpmProvider(NpmSource& source, std::string_view name_space) : source_(source), name_space_(name_space) {}

    void learn(PackageName const& name, std::string npm_name) { npm_names_.emplace(name, std::move(npm_name)); }
    [[nodiscard]] std::string const& npm_name(PackageName const& name) const { return npm_names_.at(name); }

    Result<std::vector<Candidate>> versions(PackageName const& name) override;
    Result<std::vector<Dependency>> dependencies(PackageName const& name, Version const& version) override;

private:
    NpmSource& source_;
    std::string name_space_;
    std::map<PackageName, std::string> npm_names_;
};

}  // namespace ggen
