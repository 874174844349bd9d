#include "market/known_metadata.hpp"

#include <algorithm>
#include <deque>
#include <utility>

#include "market/catalogue.hpp"
#include "market/labels.hpp"
#include "metadata/package_encoder.hpp"

namespace ggen::detail {
namespace {

metadata::LogFacts log_facts_of(VersionState const& state) {
    return {state.index, state.first_seen.seconds, state.leaf.bytes};
}

bool is_unavailable(VersionState const& state) { return state.yanked || state.revoked; }

/// The needs of a list of the record; nothing when they are not known.
std::optional<std::vector<Dependency>> needs_from(metadata::PackageRecord const& record, std::uint32_t index) {
    auto const list = record.list_of(index);
    if (list == metadata::PackageRecord::k_unknown_list) return std::nullopt;
    std::vector<Dependency> out;
    for (std::uint32_t at = 0; at < record.list_size(list); ++at) {
        auto const item = record.list_item(list, at);
        if (item >= record.pair_count()) return std::nullopt;
        auto const pair = record.pair(item);
        auto name = PackageName::parse(record.dependency_name(pair.name));
        auto range = VersionRange::parse(record.range_text(pair.range));
        if (!name || !range) return std::nullopt;
        out.push_back({*std::move(name), *std::move(range), pair.is_optional, {}});
    }
    return out;
}

/// What names a registry is asked for each time: the user's mapping may forbid it (wish_registry).
bool is_tellable(std::vector<Dependency> const& needs) {
    return std::none_of(needs.begin(), needs.end(), [](Dependency const& need) { return !need.registry.empty(); });
}

bool is_same_need(Dependency const& a, Dependency const& b) {
    return a.name == b.name && a.range.text() == b.range.text() && a.optional == b.optional;
}

}  // namespace

KnownMetadata::KnownMetadata(Market& market, OpenRegistry& registry)
    : market_(market),
      registry_(registry),
      directory_(join_path(market.directories.cache,
                           "metadata/" + registry_label(registry.known.origin, registry.known.root_fingerprint))) {
    open_kept();
}

void KnownMetadata::open_kept() {
    auto opened = metadata::IndexChain::open(market_.files, directory_);
    if (!opened) {
        if (opened.error().code != Errc::not_found) forget();
        return;
    }
    chain_ = *std::move(opened);
    auto const covered = chain_->newest().log_size;
    auto const& checkpoint = registry_.reader->checkpoint().checkpoint;
    bool const is_same_log = covered < checkpoint.size ||
                             (covered == checkpoint.size && chain_->newest().source == checkpoint.root);
    if (!is_same_log) {
        forget();
        chain_.reset();
        return;
    }
    if (checkpoint.size - covered > k_entries_scanned_max) return;
    auto const changed = names_changed(*registry_.reader, covered, checkpoint.size, market_.cancel);
    if (!changed) return;
    stale_ = {changed->begin(), changed->end()};
    is_chain_fresh_ = true;
}

std::optional<metadata::PackageRecord> KnownMetadata::kept_record(PackageName const& name) {
    if (!chain_ || is_damaged_) return std::nullopt;
    auto const found = chain_->find(name.text());
    if (!found) {
        market_.log.info("metadata: " + found.error().context);
        forget();
        is_damaged_ = true;  // Records that were served lie in it, so it stays open.
        return std::nullopt;
    }
    // A record without versions stands for one that must be looked up again.
    return *found && (*found)->size() > 0 ? *found : std::nullopt;
}

Result<std::optional<metadata::PackageRecord>> KnownMetadata::find(PackageName const& name) {
    using Answer = std::optional<metadata::PackageRecord>;
    if (auto const served = served_.find(name); served != served_.end()) return Answer{served->second};
    if (is_chain_fresh_ && !stale_.contains(name)) {
        if (auto record = kept_record(name)) {
            served_.emplace(name, *record);
            return record;
        }
    }
    auto const learned = packages_.find(name);
    Package const* package = learned == packages_.end() ? nullptr : &learned->second;
    if (package == nullptr) {
        ASSIGN_OR_RETURN(package, look_up(name));
    }
    if (package == nullptr) return Answer{};
    ASSIGN_OR_RETURN(auto const record, metadata::PackageRecord::open(package->bytes));
    served_.emplace(name, record);
    return Answer{record};
}

/// From the proven state, with the needs of releases that were known before.
Result<KnownMetadata::Package*> KnownMetadata::look_up(PackageName const& name) {
    ASSIGN_OR_RETURN(auto const state, registry_.reader->lookup(name));
    return state ? take_state(*state) : nullptr;
}

KnownMetadata::Package* KnownMetadata::take_state(NameState const& state) {
    if (state.versions.empty()) return nullptr;
    auto const& name = state.name;
    Package package;
    for (auto const& version : state.versions)
        package.releases.push_back({version.version, is_unavailable(version), log_facts_of(version), std::nullopt});
    if (auto const before = kept_record(name)) {
        for (std::uint32_t i = 0; i < before->size(); ++i) {
            auto const log = before->log_facts(i);
            auto const same = std::find_if(package.releases.begin(), package.releases.end(),
                                           [&](Release const& one) { return log && one.log.leaf == log->leaf; });
            if (same != package.releases.end()) same->needs = needs_from(*before, i);
        }
    }
    auto bytes = encode(name, package.releases);
    if (!bytes) return nullptr;
    package.bytes = *std::move(bytes);
    package.is_new = true;
    return &(packages_[name] = std::move(package));
}

std::vector<KnownMetadata::Release> KnownMetadata::releases_of(metadata::PackageRecord const& record) {
    std::vector<Release> out;
    for (std::uint32_t i = 0; i < record.size(); ++i) {
        auto version = Version::parse(record.version_text(i));
        auto const log = record.log_facts(i);
        if (!version || !log) return {};
        out.push_back({*std::move(version), record.is_yanked(i), *log, needs_from(record, i)});
    }
    return out;
}

bool KnownMetadata::is_kept(PackageName const& name) {
    return served_.contains(name) || (is_chain_fresh_ && !stale_.contains(name) && kept_record(name));
}

void KnownMetadata::learn(NameState const& state, Version const& version, std::vector<Dependency> const& needs) {
    if (served_.contains(state.name) || packages_.contains(state.name)) return;
    auto* const package = take_state(state);
    if (package == nullptr || !is_tellable(needs)) return;
    for (auto& release : package->releases) {
        if (release.version == version) release.needs = needs;
    }
    if (auto bytes = encode(state.name, package->releases)) package->bytes = *std::move(bytes);
}

void KnownMetadata::note_needs(PackageName const& name, Version const& version,
                               std::vector<Dependency> const& needs) {
    auto const served = served_.find(name);
    if (!is_tellable(needs) || served == served_.end()) return;
    auto& package = packages_[name];
    if (package.releases.empty()) package.releases = releases_of(served->second);
    auto const release = std::find_if(package.releases.begin(), package.releases.end(),
                                      [&](Release const& one) { return one.version == version; });
    if (release == package.releases.end() || release->needs) return;
    release->needs = needs;
    package.is_new = true;
}

bool KnownMetadata::agrees(NameState const& state, Version const& version, std::vector<Dependency> const& needs) {
    auto const served = served_.find(state.name);
    if (served == served_.end()) return true;
    auto const& record = served->second;
    if (record.size() != state.versions.size()) return false;
    std::map<Version, VersionState const*> by_version;
    for (auto const& one : state.versions) by_version.emplace(one.version, &one);
    std::uint32_t index = 0;
    for (auto const& [known, proven] : by_version) {
        if (record.version_text(index) != known.text() || record.is_yanked(index) != is_unavailable(*proven) ||
            record.log_facts(index) != log_facts_of(*proven))
            return false;
        if (known == version) {
            auto const told = needs_from(record, index);
            if (told && !std::equal(told->begin(), told->end(), needs.begin(), needs.end(), is_same_need)) return false;
        }
        ++index;
    }
    return index == record.size();
}

/// Nothing for a package that the form cannot hold whole: two releases that differ in build metadata alone.
std::optional<Bytes> KnownMetadata::encode(PackageName const& name, std::vector<Release> const& releases) {
    std::deque<std::vector<metadata::NeedFacts>> lists;
    std::vector<metadata::ReleaseFacts> facts;
    std::set<Version> seen;
    for (auto const& release : releases) {
        if (!seen.insert(release.version).second) return std::nullopt;
        auto& list = lists.emplace_back();
        if (release.needs) {
            for (auto const& need : *release.needs) list.push_back({need.name.text(), &need.range, need.optional});
        }
        facts.push_back({&release.version, release.is_yanked, release.needs.has_value(), list, &release.log});
    }
    auto bytes = metadata::encode_package(name, std::move(facts));
    if (!bytes) return std::nullopt;
    return *std::move(bytes);
}

Result<void> KnownMetadata::write() {
    if (is_damaged_) return ok();
    auto const& checkpoint = registry_.reader->checkpoint().checkpoint;
    metadata::IndexChain::Changes changes;
    for (auto const& [name, package] : packages_) {
        if (!package.is_new) continue;
        auto bytes = encode(name, package.releases);
        if (bytes) changes.emplace(name, *std::move(bytes));
    }
    for (auto const& name : stale_) {
        if (changes.contains(name) || !kept_record(name)) continue;
        if (auto const nothing = encode(name, {})) changes.emplace(name, *nothing);
    }
    bool const covers_all = chain_ && is_chain_fresh_ && chain_->newest().log_size == checkpoint.size;
    if (changes.empty() && (covers_all || !chain_)) return ok();
    RETURN_IF_ERROR(market_.files.make_directories(parent_path(directory_), 0700));
    ASSIGN_OR_RETURN(auto const lock, market_.files.try_lock(directory_ + ".lock", LockMode::exclusive));
    if (!lock) return ok();  // Somebody else writes; what this process learned is learned again.
    auto const present = metadata::IndexChain::open(market_.files, directory_);
    auto const expected = chain_ ? chain_->newest().log_size : 0;
    if (present && (!chain_ || (*present)->newest().log_size != expected)) return ok();
    if (chain_ && !is_chain_fresh_) RETURN_IF_ERROR(market_.files.remove_tree(directory_));
    return metadata::IndexChain::append(market_.files, directory_, {checkpoint.root, checkpoint.size, 0}, changes,
                                        Sync::none);
}

void KnownMetadata::keep() {
    if (auto const written = write(); !written) {
        market_.log.info("metadata: " + written.error().context);
        if (written.error().code == Errc::corrupt || written.error().code == Errc::invalid) forget();
    }
}

void KnownMetadata::forget() { static_cast<void>(market_.files.remove_tree(directory_)); }

}  // namespace ggen::detail
