#include "resolve/catalog.hpp"

#include <algorithm>
#include <utility>

#include "resolve/range_states.hpp"

namespace ggen::solver {
namespace {

/// Ascending; of versions that differ only in build metadata the available one with the greatest
/// text stays, so that the answer does not depend on the provider's order.
void freeze(std::vector<Candidate>& versions) {
    bool const is_frozen = std::adjacent_find(versions.begin(), versions.end(), [](auto const& a, auto const& b) {
                               return a.version >= b.version;
                           }) == versions.end();
    if (is_frozen) return;
    std::sort(versions.begin(), versions.end(), [](Candidate const& a, Candidate const& b) {
        if (auto const order = a.version <=> b.version; order != 0) return order < 0;
        if (a.yanked != b.yanked) return b.yanked;
        return a.version.build() > b.version.build();
    });
    auto const same = [](Candidate const& a, Candidate const& b) { return a.version == b.version; };
    versions.erase(std::unique(versions.begin(), versions.end(), same), versions.end());
}

}  // namespace

bool is_exact(VersionRange const& range) {
    return range.sets().size() == 1 && range.sets()[0].size() == 1 &&
           range.sets()[0][0].op == VersionRange::Operator::equal;
}

void Catalog::start() {
    ++resolution_;
    order_.assign(1, 0);
}

Catalog::EntryId Catalog::intern(PackageName const& name) {
    auto const [found, is_new] = ids_.try_emplace(name, static_cast<EntryId>(entries_.size()));
    if (is_new) entries_.push_back(std::make_unique<Entry>(Entry{name}));
    return found->second;
}

void Catalog::prefetch(PackageName const& name) {
    if (!entries_[intern(name)]->is_asked) provider_.prefetch(name);
}

Result<PackageId> Catalog::open(PackageName const& name) { return open_entry(intern(name)); }

PackageId Catalog::find(PackageName const& name) const {
    auto const found = ids_.find(name);
    return found == ids_.end() ? 0 : number(found->second);
}

Result<PackageId> Catalog::open_entry(EntryId id) {
    auto& entry = *entries_[id];
    if (entry.number.resolution == resolution_) return entry.number.package;
    if (!entry.is_asked) RETURN_IF_ERROR(ask_versions(entry));
    entry.number = {resolution_, static_cast<PackageId>(order_.size())};
    order_.push_back(id);
    return entry.number.package;
}

Result<void> Catalog::ask_versions(Entry& entry) {
    ASSIGN_OR_RETURN(auto versions, provider_.versions(entry.name));
    if (versions.size() > k_versions_max) {
        return Error{Errc::too_large, ErrorId::resolution_limit,
                     entry.name.text() + " has more than 100,000 versions"};
    }
    freeze(versions);
    entry.versions = std::move(versions);
    entry.releases.resize(entry.versions.size());
    entry.is_asked = true;
    auto const size = static_cast<std::uint32_t>(entry.versions.size()) + 1;
    auto const is_special = [](Candidate const& one) { return one.yanked || one.version.is_prerelease(); };
    if (std::none_of(entry.versions.begin(), entry.versions.end(), is_special)) return ok();
    for (auto& rank : entry.ranks) rank = StateSet::none(size);
    entry.yanked = StateSet::none(size);
    entry.prereleases = StateSet::none(size);
    for (std::uint32_t state = 1; state < size; ++state) {
        auto const& candidate = entry.versions[state - 1];
        bool const is_prerelease = candidate.version.is_prerelease();
        entry.ranks[(candidate.yanked ? 2U : 0U) + (is_prerelease ? 1U : 0U)].add(state);
        if (candidate.yanked) entry.yanked.add(state);
        if (is_prerelease) entry.prereleases.add(state);
    }
    return ok();
}

std::uint32_t Catalog::intern_range(EntryId id, VersionRange const& range) {
    auto& entry = *entries_[id];
    auto const next = static_cast<std::uint32_t>(ranges_.size());
    auto const [found, is_new] = entry.ranges.try_emplace(range.text(), next);
    if (!is_new) return found->second;
    ranges_.push_back({id, range, matching_states(range, entry.versions, entry.prereleases), is_exact(range)});
    return next;
}

Result<std::vector<Catalog::Need>> Catalog::needs_of(std::span<Dependency const> dependencies) {
    std::vector<Need> out;
    out.reserve(dependencies.size());
    for (auto const& need : dependencies) {
        auto const entry = intern(need.name);
        if (!entries_[entry]->is_asked) provider_.prefetch(need.name);
        out.push_back({entry, 0, need.optional});
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
        RETURN_IF_ERROR(open_entry(out[i].entry));
        out[i].range = intern_range(out[i].entry, dependencies[i].range);
    }
    return out;
}

Result<std::span<Catalog::Need const>> Catalog::needs(PackageId package, std::uint32_t index) {
    auto& entry = *entries_[order_[package]];
    auto& release = entry.releases[index];
    if (release.is_asked) {
        for (auto const& need : release.needs) RETURN_IF_ERROR(open_entry(need.entry));
    } else {
        ASSIGN_OR_RETURN(release.said, provider_.dependencies(entry.name, entry.versions[index].version));
        ASSIGN_OR_RETURN(release.needs, needs_of(release.said));
        release.is_asked = true;
    }
    release.resolution = resolution_;
    return std::span<Need const>{release.needs};
}

std::uint32_t Catalog::best(PackageId package, StateView left) const {
    auto const& ranks = entry(package).ranks;
    if (ranks[0].size() == 0) return left.last();
    for (auto const& rank : ranks) {
        if (auto const state = left.last_within(rank); state != left.size()) return state;
    }
    return 0;
}

}  // namespace ggen::solver
