#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "market/market.hpp"
#include "market/registry_set.hpp"
#include "metadata/index_chain.hpp"
#include "metadata/package_record.hpp"
#include "registry/name_state.hpp"

namespace ggen::detail {

/// What earlier resolutions proved about the packages of one registry, kept in the cache directory as metadata of the
/// resolver (docs/formats/metadata-index.md): a projection of the log as far as somebody asked for it.
///
/// Bound to the size of the log: names that newer entries speak of are looked up again, the needs of their releases
/// stay (a release never changes). Nothing that is installed rests on it alone: what was chosen is proven afterwards.
/// One thread.
class KnownMetadata {
public:
    /// A log that grew by more entries since is not read for the names that changed; all are looked up again.
    static constexpr std::uint64_t k_entries_scanned_max = 2'048;

    /// Opens what is kept for a refreshed registry; nothing usable is no error.
    KnownMetadata(Market& market, OpenRegistry& registry);

    /// The package as of the registry's checkpoint; nothing when the registry does not have it, or it cannot be told
    /// in this form. Valid as long as this object. Errors: the reader's.
    [[nodiscard]] Result<std::optional<metadata::PackageRecord>> find(PackageName const& name);
    /// Whether `find` answers from what earlier runs kept.
    [[nodiscard]] bool is_kept(PackageName const& name);
    /// What the registry just proved of a package and of the needs of one of its releases, for later answers of `find`.
    void learn(NameState const& state, Version const& version, std::vector<Dependency> const& needs);
    /// What a manifest said.
    void note_needs(PackageName const& name, Version const& version, std::vector<Dependency> const& needs);
    /// Whether the record that was found for `name`, if any, agrees with what was proven: all versions, and the needs
    /// of `version`.
    [[nodiscard]] bool agrees(NameState const& state, Version const& version, std::vector<Dependency> const& needs);
    /// Adds what was learned to what is kept. Failing costs the next resolution time, so it is only logged.
    void keep();
    /// Removes what is kept: it turned out to be wrong.
    void forget();

private:
    using Needs = std::vector<Dependency>;
    struct Release {
        Version version;
        bool is_yanked = false;
        metadata::LogFacts log;
        std::optional<Needs> needs;
    };
    struct Package {
        std::vector<Release> releases;
        Bytes bytes{};
        bool is_new = false;  ///< Differs from what is kept.
    };

    void open_kept();
    [[nodiscard]] std::optional<metadata::PackageRecord> kept_record(PackageName const& name);
    [[nodiscard]] Result<Package*> look_up(PackageName const& name);
    Package* take_state(NameState const& state);
    static std::vector<Release> releases_of(metadata::PackageRecord const& record);
    static std::optional<Bytes> encode(PackageName const& name, std::vector<Release> const& releases);
    [[nodiscard]] Result<void> write();

    Market& market_;
    OpenRegistry& registry_;
    std::string directory_;
    std::unique_ptr<metadata::IndexChain> chain_;
    bool is_chain_fresh_ = false;  ///< But for the names in `stale_`.
    bool is_damaged_ = false;
    std::set<PackageName> stale_;  ///< The log speaks of them since.
    std::map<PackageName, Package> packages_;  ///< Looked up or added to in this process.
    std::map<PackageName, metadata::PackageRecord> served_;
};

}  // namespace ggen::detail
