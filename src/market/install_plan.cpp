#include "market/install_plan.hpp"

#include <unordered_map>

#include "market/find.hpp"
#include "spec/manifest.hpp"

namespace ggen {
namespace {

/// Leaves out the dependencies of packages that were asked for alone.
class TrimmedProvider final : public DependencyProvider {
public:
    TrimmedProvider(RegistryProvider& inner, std::set<PackageName> const& alone)
        : inner_(inner), alone_(alone) {}
    Result<std::vector<Candidate>> versions(PackageName const& name) override {
        return inner_.versions(name);
    }
    Result<std::vector<Dependency>> dependencies(PackageName const& name, Version const& version) override {
        auto found = inner_.dependencies(name, version);
        if (found && alone_.contains(name)) return std::vector<Dependency>{};
        return found;
    }
    Result<std::optional<CompiledPackage>> compiled(PackageName const& name) override {
        if (alone_.contains(name)) return std::optional<CompiledPackage>{};
        return inner_.compiled(name);
    }
    void prefetch(PackageName const& name) override { inner_.prefetch(name); }

private:
    RegistryProvider& inner_;
    std::set<PackageName> const& alone_;
};

std::string label_of(PackageName const& name, Version const& version) {
    return name.text() + "@" + version.text();
}

Result<ResolveRequest> make_request(Wish const& wish, Lockfile const& old) {
    ResolveRequest request;
    for (auto const& [name, range_text] : wish.requirements) {
        ASSIGN_OR_RETURN(auto range, VersionRange::parse(range_text));
        request.roots.push_back({name, std::move(range), false, {}});
    }
    for (auto const& [name, locked] : old.packages) {
        if (!wish.all_unlocked && !wish.unlocked.contains(name)) request.locked.emplace(name, locked.version);
    }
    return request;
}

/// The user's `latest` means the newest release, which the resolver takes by itself.
LockedPackage lock_one(ReleaseFacts const& facts, Solution const& solution, bool alone) {
    LockedPackage locked{
        facts.record.name,           facts.record.version,       facts.registry->known.origin,
        facts.record.archive.digest, facts.record.tree,          facts.state.leaf,
        facts.state.index,           facts.record.archive.bytes, {}};
    for (auto const& dependency : facts.manifest.dependencies) {
        if (!alone && solution.packages.contains(dependency.name)) {
            locked.dependencies.emplace(dependency.name, dependency.range.text());
        }
    }
    return locked;
}

/// A version that was locked before must still be what it was, and come from where it came from.
Result<void> check_against_old(LockedPackage const& now, Lockfile const& old, bool may_change_origin) {
    auto const before = old.packages.find(now.name);
    if (before == old.packages.end()) return ok();
    auto const& was = before->second;
    if (was.origin != now.origin && !may_change_origin) {
        return Error{Errc::refused, ErrorId::origin_mismatch,
                     now.name.text() + " is locked to the registry " + was.origin + " but would come from " +
                         now.origin,
                     "if the move is intended: ggen update " + now.name.text()};
    }
    if (was.origin == now.origin && was.version == now.version &&
        (was.archive != now.archive || was.tree != now.tree || was.leaf != now.leaf)) {
        return Error{Errc::refused, ErrorId::blob_mismatch,
                     label_of(now.name, now.version) + " in " + now.origin +
                         " is not the release that ggen.lock pins"};
    }
    return ok();
}

/// A name that nobody has gets its look-alikes as a hint.
void add_similar_names(Market& market, Conflict& conflict) {
    for (auto const& name : conflict.unknown_packages) {
        auto const similar = similar_packages(market, name.text(), 3);
        if (similar.empty()) continue;
        std::string hint = "did you mean ";
        for (std::size_t i = 0; i < similar.size(); ++i) hint += (i > 0 ? " or " : "") + similar[i];
        conflict.hints.push_back(hint + "?");
    }
}

}  // namespace

Result<void> check_status(PackageName const& name, VersionState const& state, bool is_named,
                          Lockfile const& old, std::vector<std::string>& warnings) {
    auto const label = label_of(name, state.version);
    if (state.revoked && !is_named) {
        return Error{Errc::refused, ErrorId::version_not_found, label + " was revoked by its publisher",
                     "ggen update " + name.text() + " moves to another version"};
    }
    if (state.revoked) warnings.push_back(label + " was revoked by its publisher");
    if (state.yanked) {
        auto const was = old.packages.find(name);
        bool const was_locked = was != old.packages.end() && was->second.version == state.version;
        warnings.push_back(label + " was yanked by its publisher" +
                           (was_locked ? "; it is kept because ggen.lock names it" : ""));
    }
    if (state.deprecated) warnings.push_back(label + " is deprecated");
    return ok();
}

Result<std::vector<Dependency>> project_dependencies(Market& market) {
    auto const path = join_path(market.project_directory, "gpack.toml");
    auto bytes = market.files.read_file(path, Manifest::k_bytes_max);
    if (!bytes && bytes.error().code != Errc::not_found) return std::move(bytes).error();
    return manifest_dependencies(bytes ? std::optional{*std::move(bytes)} : std::nullopt);
}

Result<std::vector<Dependency>> manifest_dependencies(std::optional<Bytes> const& manifest) {
    if (!manifest) return std::vector<Dependency>{};
    ASSIGN_OR_RETURN(auto parsed, Manifest::parse(as_text(*manifest)));
    return std::move(parsed.dependencies);
}

bool lockfile_satisfies(Lockfile const& lockfile, std::map<PackageName, std::string> const& requirements) {
    std::unordered_map<std::string_view, std::optional<VersionRange>> ranges;  // Few are written again and again.
    auto const is_met = [&](PackageName const& name, std::string const& range_text) {
        auto const found = lockfile.packages.find(name);
        if (found == lockfile.packages.end()) return false;
        auto const [range, is_new] = ranges.try_emplace(range_text);
        if (is_new) {
            if (auto parsed = VersionRange::parse(range_text)) range->second = *std::move(parsed);
        }
        return range->second && range->second->matches(found->second.version);
    };
    if (lockfile.had_conflict_markers || lockfile.requirements != requirements) return false;
    for (auto const& [name, range] : requirements) {
        if (!is_met(name, range)) return false;
    }
    for (auto const& [name, package] : lockfile.packages) {
        for (auto const& [needed, range] : package.dependencies) {
            if (!is_met(needed, range)) return false;
        }
    }
    return true;
}

namespace {

Result<std::variant<Plan, Conflict>> plan_once(Market& market, RegistryProvider& provider, Wish const& wish,
                                               Lockfile const& old) {
    using Outcome = std::variant<Plan, Conflict>;
    ASSIGN_OR_RETURN(auto const request, make_request(wish, old));
    if (wish.without_dependencies.empty()) RETURN_IF_ERROR(provider.prefetch_all(request));
    TrimmedProvider trimmed{provider, wish.without_dependencies};
    ResolveOptions options;
    options.cancel = &market.cancel;
    ASSIGN_OR_RETURN(auto resolution, resolve(trimmed, request, options));
    if (auto* const conflict = std::get_if<Conflict>(&resolution)) {
        add_similar_names(market, *conflict);
        return Outcome{std::move(*conflict)};
    }
    auto const& solution = std::get<Solution>(resolution);
    Plan plan;
    plan.was_resolved = true;
    plan.lockfile.requirements = wish.requirements;
    for (auto const& [name, chosen] : solution.packages) {
        ASSIGN_OR_RETURN(auto const* const facts, provider.facts(name, chosen.version));
        RETURN_IF_ERROR(check_status(name, facts->state, wish.named.contains(name), old, plan.warnings));
        auto locked = lock_one(*facts, solution, wish.without_dependencies.contains(name));
        RETURN_IF_ERROR(check_against_old(locked, old, wish.may_change_origin));
        plan.lockfile.packages.emplace(name, std::move(locked));
    }
    plan.changes = compare_lockfiles(old, plan.lockfile);
    return Outcome{std::move(plan)};
}

}  // namespace

Result<std::variant<Plan, Conflict>> make_plan(Market& market, RegistryProvider& provider, Wish const& wish,
                                               Lockfile const& old) {
    if (!wish.registry.empty()) {
        for (auto const& name : wish.named) provider.pin_registry(name, wish.registry);
    }
    auto made = plan_once(market, provider, wish, old);
    if (made && std::holds_alternative<Plan>(*made)) {
        provider.keep_metadata();
        return made;
    }
    // A conflict, or a release that is not what the metadata said: once more from what the registries prove, because
    // nobody proves that a package was left out for a good reason.
    bool const was_wrong =
        !made && (made.error().code == Errc::corrupt || made.error().code == Errc::not_found);
    if ((!made && !was_wrong) || !provider.has_used_metadata()) return made;
    provider.keep_metadata();
    provider.ask_registries();
    auto proven = plan_once(market, provider, wish, old);
    if (proven && std::holds_alternative<Plan>(*proven)) provider.forget_metadata();
    return proven;
}

std::vector<PlannedChange> compare_lockfiles(Lockfile const& old, Lockfile const& wanted) {
    std::map<PackageName, PlannedChange> changes;
    for (auto const& [name, package] : old.packages) {
        changes.emplace(name,
                        PlannedChange{PlannedChange::Kind::remove, name, package.version, std::nullopt});
    }
    for (auto const& [name, package] : wanted.packages) {
        auto const found = changes.find(name);
        if (found == changes.end()) {
            changes.emplace(name,
                            PlannedChange{PlannedChange::Kind::add, name, std::nullopt, package.version});
            continue;
        }
        auto& change = found->second;
        change.to = package.version;
        auto const order = *change.from <=> package.version;
        change.kind = order == 0  ? PlannedChange::Kind::keep
                      : order < 0 ? PlannedChange::Kind::update
                                  : PlannedChange::Kind::downgrade;
    }
    std::vector<PlannedChange> sorted;
    sorted.reserve(changes.size());
    for (auto& [name, change] : changes) sorted.push_back(std::move(change));
    return sorted;
}

}  // namespace ggen
