#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "metadata/package_record.hpp"
#include "metadata/range_code.hpp"
#include "resolve/arena.hpp"
#include "resolve/resolve.hpp"
#include "resolve/state_set.hpp"

namespace ggen::solver {

using PackageId = std::uint32_t;
/// The package that stands for the user's project; it has one version, state 1.
inline constexpr PackageId k_root = 0;
/// A longer list of versions is refused with too_large.
inline constexpr std::size_t k_versions_max = 100'000;

/// What the provider said, each question asked once, version lists frozen, names and ranges numbered.
/// All that outlives a resolution; packages are numbered anew in each, in the order in which they are
/// met, so that no answer or explanation depends on what was resolved before. One thread.
class Catalog {
public:
    /// Names a package over all resolutions.
    using EntryId = std::uint32_t;
    /// A dependency, its name and its range looked up.
    struct Need {
        EntryId entry = 0;
        std::uint32_t range = 0;
        bool is_optional = false;
    };
    /// A requirement text of one package, whoever wrote it.
    struct KnownRange {
        EntryId entry = 0;
        std::string text;
        StateSet matches;  ///< Yanked versions included.
        bool is_exact = false;
        mutable std::optional<VersionRange> parsed{};

        /// Parsed when somebody has to see it.
        [[nodiscard]] VersionRange const& written() const;
    };

    explicit Catalog(DependencyProvider& provider) : provider_(provider) { start(); }

    /// A new resolution: every package has to be opened again.
    void start();
    void prefetch(PackageName const& name);
    /// The number of `name`; asks for its versions at first sight.
    [[nodiscard]] Result<PackageId> open(PackageName const& name);
    /// 0 when it was not opened in this resolution.
    [[nodiscard]] PackageId find(PackageName const& name) const;
    [[nodiscard]] PackageId number(EntryId entry) const {
        auto const& slot = entries_[entry]->number;
        return slot.resolution == resolution_ ? slot.package : 0;
    }
    /// Looks up what the project needs; every package of it is open afterwards.
    [[nodiscard]] Result<std::vector<Need>> needs_of(std::span<Dependency const> dependencies);
    /// What the version with this index needs; every package of it is open afterwards.
    [[nodiscard]] Result<std::span<Need const>> needs(PackageId package, std::uint32_t index);
    /// The same when it was asked for in this resolution before, which must be so.
    [[nodiscard]] std::span<Need const> known_needs(PackageId package, std::uint32_t index) const {
        return entry(package).releases[index].needs;
    }
    [[nodiscard]] bool is_known(PackageId package, std::uint32_t index) const {
        return entry(package).releases[index].resolution == resolution_;
    }

    [[nodiscard]] std::size_t package_count() const { return order_.size(); }
    [[nodiscard]] PackageName const& name(PackageId package) const { return entry(package).name; }
    [[nodiscard]] std::uint32_t version_count(PackageId package) const {
        return static_cast<std::uint32_t>(entry(package).releases.size());
    }
    /// Ascending, no two of equal precedence. Those of a compiled package are made when they are first asked for.
    [[nodiscard]] std::vector<Candidate> const& versions(PackageId package) const;
    [[nodiscard]] Version version(PackageId package, std::uint32_t index) const {
        return version_of(entry(package), index);
    }
    /// The state of the version with this precedence, 0 when there is none.
    [[nodiscard]] std::uint32_t state_of(PackageId package, Version const& version) const;
    [[nodiscard]] KnownRange const& range(std::uint32_t range) const { return ranges_[range]; }
    /// The states of yanked versions; empty and of size 0 when there is none.
    [[nodiscard]] StateView yanked(PackageId package) const { return entry(package).yanked; }
    /// The best of `left`, which must hold a version: releases before prereleases, yanked ones last,
    /// the highest first.
    [[nodiscard]] std::uint32_t best(PackageId package, StateView left) const;

private:
    struct Release {
        std::span<Need const> needs{};  ///< In `arena_`.
        std::uint32_t resolution = 0;   ///< The last one that asked for it; 0 = none.
    };
    struct Number {
        std::uint32_t resolution = 0;
        PackageId package = 0;
    };
    struct Entry {
        PackageName name;
        Number number{};
        bool is_asked = false;
        std::optional<metadata::PackageRecord> record{};
        std::vector<Candidate> versions{};
        std::vector<Release> releases{};
        /// Of the record, looked up once: places in `known_lists_` and `known_pairs_` plus 1; 0 = not yet. A record
        /// has many more than a resolution looks at.
        std::vector<std::uint32_t> lists{};
        std::vector<std::uint32_t> pairs{};
        StateSet yanked{};
        StateSet prereleases{};  ///< Empty and of size 0 when there is none.
        /// By the order of preference; used only when some version is yanked or a prerelease.
        std::array<StateSet, 4> ranks{};
        std::unordered_map<std::string_view, std::uint32_t> ranges{};  ///< The texts belong to `ranges_`.
    };

    [[nodiscard]] Entry const& entry(PackageId package) const { return *entries_[order_[package]]; }
    EntryId intern(PackageName const& name);
    Result<EntryId> intern_text(std::string_view name);
    Result<PackageId> open_entry(EntryId entry);
    Result<void> ask_versions(Entry& entry);
    Result<void> take(Entry& entry, CompiledPackage const& compiled);
    Result<void> take(Entry& entry, std::vector<Candidate> versions);
    static void rank(Entry& entry);
    static Version version_of(Entry const& entry, std::uint32_t index);
    Result<std::span<Need const>> learn_needs(Entry& entry, std::uint32_t index);
    Result<std::span<Need const>> list_needs(Entry& entry, std::uint32_t list);
    Result<Need> pair_need(Entry& entry, std::uint32_t pair);
    std::span<Need const> keep(std::span<Need const> needs);
    std::uint32_t intern_range(EntryId entry, VersionRange const& range);
    Result<std::uint32_t> intern_range(EntryId entry, metadata::PackageRecord const& record, std::uint32_t range);

    DependencyProvider& provider_;
    std::vector<std::unique_ptr<Entry>> entries_;
    std::vector<EntryId> order_;  ///< By PackageId; the root's is of no meaning.
    std::unordered_map<std::string_view, EntryId> ids_;  ///< The texts belong to `entries_`.
    std::deque<KnownRange> ranges_;  ///< References stay valid while it grows.
    Arena arena_;
    std::vector<std::span<Need const>> known_lists_;
    std::vector<Need> known_pairs_;
    std::vector<Need> list_;  ///< Kept for their memory, like the next.
    std::vector<metadata::KeyComparatorSet> sets_;
    std::uint32_t resolution_ = 0;
};

/// "1.2.3" or "=1.2.3": one comparator that names one version.
[[nodiscard]] bool is_exact(VersionRange const& range);

}  // namespace ggen::solver
