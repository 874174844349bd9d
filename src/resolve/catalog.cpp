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

Error damaged(std::string const& name) { return Error{Errc::corrupt, "package metadata: " + name + " is damaged"}; }

/// The set that a record holds; of size 0 when it is empty.
StateSet states_from(std::span<std::uint64_t const> words, std::uint32_t size) {
    if (words.empty()) return {};
    auto out = StateSet::none(size);
    for (std::uint32_t state = 1; state < size; ++state) {
        if (words[state / 64] == 0) state |= 63U;  // Nothing in this word.
        else if (((words[state / 64] >> (state % 64)) & 1U) != 0) out.add(state);
    }
    return out.is_empty() ? StateSet{} : out;
}

template <class Sets>
bool is_one_version(Sets const& sets) {
    return sets.size() == 1 && sets[0].size() == 1 && sets[0][0].op == VersionRange::Operator::equal;
}

}  // namespace

bool is_exact(VersionRange const& range) { return is_one_version(range.sets()); }

VersionRange const& Catalog::KnownRange::written() const {
    // A record whose text is no range gave its comparators all the same; "*" stands for such a text.
    if (!parsed) {
        auto read = VersionRange::parse(text);
        parsed = read ? *std::move(read) : VersionRange{};
    }
    return *parsed;
}

void Catalog::start() {
    ++resolution_;
    order_.assign(1, 0);
}

Catalog::EntryId Catalog::intern(PackageName const& name) {
    if (auto const found = ids_.find(name.text()); found != ids_.end()) return found->second;
    auto const id = static_cast<EntryId>(entries_.size());
    entries_.push_back(std::make_unique<Entry>(Entry{name}));
    ids_.emplace(entries_.back()->name.text(), id);
    return id;
}

Result<Catalog::EntryId> Catalog::intern_text(std::string_view name) {
    if (auto const found = ids_.find(name); found != ids_.end()) return found->second;
    ASSIGN_OR_RETURN(auto const parsed, PackageName::parse(name));
    return intern(parsed);
}

void Catalog::prefetch(PackageName const& name) {
    if (!entries_[intern(name)]->is_asked) provider_.prefetch(name);
}

Result<PackageId> Catalog::open(PackageName const& name) { return open_entry(intern(name)); }

PackageId Catalog::find(PackageName const& name) const {
    auto const found = ids_.find(name.text());
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
    ASSIGN_OR_RETURN(auto const compiled, provider_.compiled(entry.name));
    if (compiled) {
        RETURN_IF_ERROR(take(entry, *compiled));
    } else {
        ASSIGN_OR_RETURN(auto versions, provider_.versions(entry.name));
        RETURN_IF_ERROR(take(entry, std::move(versions)));
    }
    entry.is_asked = true;
    rank(entry);
    return ok();
}

Result<void> Catalog::take(Entry& entry, CompiledPackage const& compiled) {
    auto const& record = compiled.record;
    if (record.name() != entry.name.text()) return damaged(entry.name.text());
    entry.record = record;
    entry.releases.resize(record.size());
    entry.lists.resize(record.list_count());
    entry.pairs.resize(record.pair_count());
    auto const size = record.size() + 1;
    entry.yanked = states_from(record.yanked(), size);
    entry.prereleases = states_from(record.prereleases(), size);
    for (auto const index : compiled.also_yanked) {
        if (index >= record.size()) continue;
        if (entry.yanked.size() == 0) entry.yanked = StateSet::none(size);
        entry.yanked.add(index + 1);
    }
    return ok();
}

Result<void> Catalog::take(Entry& entry, std::vector<Candidate> versions) {
    if (versions.size() > k_versions_max) {
        return Error{Errc::too_large, ErrorId::resolution_limit,
                     entry.name.text() + " has more than 100,000 versions"};
    }
    freeze(versions);
    entry.versions = std::move(versions);
    entry.releases.resize(entry.versions.size());
    auto const size = static_cast<std::uint32_t>(entry.versions.size()) + 1;
    auto const collect = [&](StateSet& out, auto is_in) {
        for (std::uint32_t state = 1; state < size; ++state) {
            if (!is_in(entry.versions[state - 1])) continue;
            if (out.size() == 0) out = StateSet::none(size);
            out.add(state);
        }
    };
    collect(entry.yanked, [](Candidate const& one) { return one.yanked; });
    collect(entry.prereleases, [](Candidate const& one) { return one.version.is_prerelease(); });
    return ok();
}

/// Releases, prereleases, yanked releases, yanked prereleases.
void Catalog::rank(Entry& entry) {
    if (entry.yanked.size() == 0 && entry.prereleases.size() == 0) return;
    auto const size = static_cast<std::uint32_t>(entry.releases.size()) + 1;
    auto const none = StateSet::none(size);
    auto const& yanked = entry.yanked.size() == 0 ? none : entry.yanked;
    auto const& prereleases = entry.prereleases.size() == 0 ? none : entry.prereleases;
    auto const available = yanked.complement();
    auto const releases = prereleases.complement();
    entry.ranks = {available & releases, available & prereleases, yanked & releases, yanked & prereleases};
    entry.ranks[0].remove(0);
}

Version Catalog::version_of(Entry const& entry, std::uint32_t index) {
    if (!entry.record) return entry.versions[index].version;
    auto parsed = Version::parse(entry.record->version_text(index));
    if (parsed) return *std::move(parsed);
    auto const key = entry.record->key(index);  // Damaged bytes with a right checksum: what can be read.
    return Version{key.major, key.minor, key.patch};
}

std::vector<Candidate> const& Catalog::versions(PackageId package) const {
    auto& entry = *entries_[order_[package]];
    if (entry.record && entry.versions.empty()) {
        for (std::uint32_t i = 0; i < entry.record->size(); ++i)
            entry.versions.push_back({version_of(entry, i), entry.yanked.contains(i + 1)});
    }
    return entry.versions;
}

std::uint32_t Catalog::state_of(PackageId package, Version const& version) const {
    auto const& entry = this->entry(package);
    return entry.record ? state_of_version(version, *entry.record) : state_of_version(version, entry.versions);
}

std::uint32_t Catalog::intern_range(EntryId id, VersionRange const& range) {
    auto& entry = *entries_[id];
    if (auto const found = entry.ranges.find(range.text()); found != entry.ranges.end()) return found->second;
    auto const next = static_cast<std::uint32_t>(ranges_.size());
    auto matches = entry.record ? matching_states(range, *entry.record, entry.prereleases)
                                : matching_states(range, entry.versions, entry.prereleases);
    ranges_.push_back({id, range.text(), std::move(matches), is_exact(range), range});
    entry.ranges.emplace(ranges_.back().text, next);
    return next;
}

Result<std::uint32_t> Catalog::intern_range(EntryId id, metadata::PackageRecord const& record, std::uint32_t range) {
    auto& entry = *entries_[id];
    auto const text = record.range_text(range);
    if (auto const found = entry.ranges.find(text); found != entry.ranges.end()) return found->second;
    if (!entry.record) {
        ASSIGN_OR_RETURN(auto const parsed, VersionRange::parse(text));
        return intern_range(id, parsed);
    }
    if (!metadata::read_range_code(record.range_code(range), sets_)) return damaged(std::string{record.name()});
    auto const next = static_cast<std::uint32_t>(ranges_.size());
    ranges_.push_back({id, std::string{text}, matching_states(sets_, *entry.record, entry.prereleases),
                       is_one_version(sets_)});
    entry.ranges.emplace(ranges_.back().text, next);
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

std::span<Catalog::Need const> Catalog::keep(std::span<Need const> needs) {
    auto* const kept = arena_.allocate<Need>(needs.size());
    std::copy(needs.begin(), needs.end(), kept);
    return {kept, needs.size()};
}

Result<Catalog::Need> Catalog::pair_need(Entry& entry, std::uint32_t pair) {
    if (pair >= entry.pairs.size()) return damaged(entry.name.text());
    auto& place = entry.pairs[pair];
    if (place != 0) {
        auto const known = known_pairs_[place - 1];
        // Opened here, not at the end, so that packages get their numbers in the order of the list.
        RETURN_IF_ERROR(open_entry(known.entry));
        return known;
    }
    auto const said = entry.record->pair(pair);
    Need need{0, 0, said.is_optional};
    ASSIGN_OR_RETURN(need.entry, intern_text(entry.record->dependency_name(said.name)));
    RETURN_IF_ERROR(open_entry(need.entry));
    if (said.range >= entry.record->range_count()) return damaged(entry.name.text());
    ASSIGN_OR_RETURN(need.range, intern_range(need.entry, *entry.record, said.range));
    known_pairs_.push_back(need);
    place = static_cast<std::uint32_t>(known_pairs_.size());
    return need;
}

Result<std::span<Catalog::Need const>> Catalog::list_needs(Entry& entry, std::uint32_t list) {
    auto& place = entry.lists[list];
    if (place == 0) {
        std::vector<Need> needs = std::move(list_);
        needs.clear();
        auto const size = entry.record->list_size(list);
        for (std::uint32_t i = 0; i < size; ++i) {
            ASSIGN_OR_RETURN(auto const need, pair_need(entry, entry.record->list_item(list, i)));
            needs.push_back(need);
        }
        known_lists_.push_back(keep(needs));
        place = static_cast<std::uint32_t>(known_lists_.size());
        list_ = std::move(needs);
    }
    return known_lists_[place - 1];
}

Result<std::span<Catalog::Need const>> Catalog::learn_needs(Entry& entry, std::uint32_t index) {
    if (entry.record) {
        auto const list = entry.record->list_of(index);
        if (list != metadata::PackageRecord::k_unknown_list) return list_needs(entry, list);
    }
    ASSIGN_OR_RETURN(auto const said, provider_.dependencies(entry.name, version_of(entry, index)));
    ASSIGN_OR_RETURN(auto const needs, needs_of(said));
    return keep(needs);
}

Result<std::span<Catalog::Need const>> Catalog::needs(PackageId package, std::uint32_t index) {
    auto& entry = *entries_[order_[package]];
    auto& release = entry.releases[index];
    if (release.resolution == 0) {
        ASSIGN_OR_RETURN(release.needs, learn_needs(entry, index));
    }
    for (auto const& need : release.needs) RETURN_IF_ERROR(open_entry(need.entry));
    release.resolution = resolution_;
    return release.needs;
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
