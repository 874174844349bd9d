// RegistryProvider: what the resolver asks, answered from the proven state of the registries.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "base/parallel.hpp"
#include "market/known_metadata.hpp"
#include "market/registry_set.hpp"

namespace ggen {
namespace {

constexpr std::size_t k_prefetched_max = 20'000;  ///< Packages; a guess must end.

std::string label_of(PackageName const& name, Version const& version) {
    return name.text() + "@" + version.text();
}

Error mismatch(std::string text) { return {Errc::refused, ErrorId::origin_mismatch, std::move(text)}; }

/// What was signed outside must be what stands inside.
Result<Manifest> parse_signed_manifest(BytesView bytes, ReleaseRecord const& record) {
    auto const label = label_of(record.name, record.version);
    ASSIGN_OR_RETURN(auto manifest, Manifest::parse(as_text(bytes), label + "/gpack.toml"));
    if (manifest.name == record.name && manifest.version.text() == record.version.text()) return manifest;
    return Error{Errc::refused, ErrorId::record_invalid,
                 fmt::format("the manifest of {} says that it is {}", label,
                             label_of(manifest.name, manifest.version))};
}

}  // namespace

RegistryProvider::RegistryProvider(Market& market, RegistrySet& registries)
    : market_(market), registries_(registries) {}
RegistryProvider::~RegistryProvider() = default;

void RegistryProvider::pin_registry(PackageName const& name, std::string registry) {
    pinned_[name] = std::move(registry);
}

Result<OpenRegistry*> RegistryProvider::registry_of(PackageName const& name) {
    std::string registry;
    if (auto const wish = wished_.find(name); wish != wished_.end()) registry = wish->second;
    if (auto const pin = pinned_.find(name); pin != pinned_.end()) registry = pin->second;
    return registries_.for_package(name, registry);
}

detail::KnownMetadata* RegistryProvider::metadata_of(OpenRegistry& registry) {
    auto& known = metadata_[registry.known.alias];
    if (known == nullptr) known = std::make_unique<detail::KnownMetadata>(market_, registry);
    return known.get();
}

void RegistryProvider::forget_metadata() {
    for (auto const& [alias, known] : metadata_) known->forget();
}

void RegistryProvider::keep_metadata() {
    if (!uses_metadata_) return;
    for (auto const& [alias, known] : metadata_) known->keep();
}

Result<std::optional<CompiledPackage>> RegistryProvider::compiled(PackageName const& name) {
    using Answer = std::optional<CompiledPackage>;
    RETURN_IF_ERROR(market_.cancel.check());
    if (!uses_metadata_ || names_.contains(name)) return Answer{};
    ASSIGN_OR_RETURN(auto* const registry, registry_of(name));
    auto found = metadata_of(*registry)->find(name);
    if (!found) return wrap(std::move(found).error(), "look up " + name.text());
    if (!*found) return Answer{};
    answered_by_.emplace(name, registry->known.alias);
    CompiledPackage compiled{**found};
    if (market_.config.min_release_age_seconds <= 0) return Answer{std::move(compiled)};
    auto const youngest = market_.clock.wall_now().seconds - market_.config.min_release_age_seconds;
    for (std::uint32_t i = 0; i < compiled.record.size(); ++i) {
        auto const log = compiled.record.log_facts(i);
        if (!log || log->first_seen_unix > youngest) compiled.also_yanked.push_back(i);
    }
    return Answer{std::move(compiled)};
}

Result<RegistryProvider::NameFacts const*> RegistryProvider::name_facts(PackageName const& name) {
    RETURN_IF_ERROR(market_.cancel.check());
    if (auto const found = names_.find(name); found != names_.end()) return &found->second;
    NameFacts facts;
    ASSIGN_OR_RETURN(facts.registry, registry_of(name));
    auto state = facts.registry->reader->lookup(name);
    if (!state) return wrap(std::move(state).error(), "look up " + name.text());
    facts.state = *std::move(state);
    return &names_.emplace(name, std::move(facts)).first->second;
}

Result<std::vector<Candidate>> RegistryProvider::versions(PackageName const& name) {
    ASSIGN_OR_RETURN(auto const* const facts, name_facts(name));
    std::vector<Candidate> out;
    if (!facts->state) return out;
    for (auto const& version : facts->state->versions)
        out.push_back({version.version, is_held_back(version)});
    return out;
}

bool RegistryProvider::is_held_back(VersionState const& version) const {
    if (version.yanked || version.revoked) return true;
    auto const least = market_.config.min_release_age_seconds;
    return least > 0 && version.first_seen.seconds + least > market_.clock.wall_now().seconds;
}

Result<std::vector<Dependency>> RegistryProvider::dependencies(PackageName const& name,
                                                               Version const& version) {
    ASSIGN_OR_RETURN(auto const* const facts, this->facts(name, version));
    auto const asker = label_of(name, version);
    for (auto const& dependency : facts->manifest.dependencies)
        RETURN_IF_ERROR(wish_registry(dependency, asker));
    if (uses_metadata_) metadata_of(*facts->registry)->note_needs(name, version, facts->manifest.dependencies);
    return facts->manifest.dependencies;
}

Result<void> RegistryProvider::prefetch_all(ResolveRequest const& request) {
    if (!uses_metadata_ || market_.config.offline) return ok();
    std::set<PackageName> seen;
    auto level = request.roots;
    for (bool is_first = true; !level.empty() && seen.size() < k_prefetched_max; is_first = false) {
        RETURN_IF_ERROR(market_.cancel.check());
        std::map<OpenRegistry*, std::vector<Dependency>> wanted;
        for (auto& dependency : level) {
            // What names a registry is the resolution's to judge (wish_registry).
            if (!dependency.registry.empty() || !seen.insert(dependency.name).second) continue;
            auto const registry = registry_of(dependency.name);
            // The resolution would wait for it once more, only to say the same.
            if (!registry && is_first) return registry.error();
            if (!registry || metadata_of(**registry)->is_kept(dependency.name)) continue;
            wanted[*registry].push_back(std::move(dependency));
        }
        level.clear();
        for (auto const& [registry, dependencies] : wanted) {
            auto next = prefetch_level(*registry, dependencies, request.locked);
            level.insert(level.end(), std::make_move_iterator(next.begin()), std::make_move_iterator(next.end()));
        }
    }
    return ok();
}

std::vector<Dependency> RegistryProvider::prefetch_level(OpenRegistry& registry,
                                                         std::vector<Dependency> const& wanted,
                                                         std::map<PackageName, Version> const& locked) {
    struct Guess {
        NameState state;
        VersionState version;
        ReleaseRecord record;
        std::optional<Bytes> manifest{};
    };
    auto& reader = *registry.reader;
    auto const parallel = market_.config.download_parallel;
    std::vector<PackageName> names;
    names.reserve(wanted.size());
    for (auto const& dependency : wanted) names.push_back(dependency.name);
    reader.prefetch(names, parallel);

    std::vector<Guess> guesses;
    guesses.reserve(wanted.size());
    for (auto const& dependency : wanted) {
        auto state = reader.lookup(dependency.name);
        if (!state || !*state) continue;
        auto const kept = locked.find(dependency.name);
        VersionState const* best = nullptr;
        for (auto const& version : (*state)->versions) {
            bool const is_locked = kept != locked.end() && kept->second == version.version;
            bool const is_out = is_held_back(version);
            if (!dependency.range.matches(version.version) || (is_out && !is_locked)) continue;
            if (best == nullptr || is_locked || best->version < version.version) best = &version;
            if (is_locked) break;
        }
        if (best == nullptr) continue;
        auto record = reader.release(*best);
        if (record) guesses.push_back({**state, *best, *std::move(record)});
    }
    run_parallel(guesses.size(), parallel, [&](std::size_t i) {
        if (auto bytes = reader.blob(guesses[i].record.manifest)) guesses[i].manifest = *std::move(bytes);
    });

    std::vector<Dependency> needed;
    for (auto& [state, version, record, bytes] : guesses) {
        if (!bytes) continue;
        auto manifest = parse_signed_manifest(*bytes, record);
        if (!manifest) continue;
        metadata_of(registry)->learn(state, version.version, manifest->dependencies);
        needed.insert(needed.end(), manifest->dependencies.begin(), manifest->dependencies.end());
        prefetched_.emplace(version.leaf, Prefetched{std::move(record), *std::move(manifest)});
    }
    return needed;
}

/// A published manifest may name a registry for its dependency, but never against the user: neither
/// against a pin nor against the mapping of a namespace.
Result<void> RegistryProvider::wish_registry(Dependency const& dependency, std::string const& asker) {
    auto const& name = dependency.name;
    if (dependency.registry.empty() || pinned_.contains(name)) return ok();
    auto const wanted = find_registry(market_.config, dependency.registry);
    if (!wanted) return wrap(wanted.error(), asker + " depends on " + name.text());
    for (auto const& known : market_.config.registries) {
        bool const is_home = std::find(known.namespaces.begin(), known.namespaces.end(), name.scope()) !=
                             known.namespaces.end();
        if (!is_home || known.alias == wanted->alias || name.scope().empty()) continue;
        return mismatch(fmt::format("{} wants {} from {}, but the namespace {} is taken from {} alone", asker,
                                    name.text(), wanted->alias, name.scope(), known.alias));
    }
    auto const [wish, is_new] = wished_.try_emplace(name, wanted->alias);
    auto const used = names_.find(name);
    auto const answered = answered_by_.find(name);
    auto const& before = !is_new                                         ? wish->second
                         : used != names_.end() && used->second.registry ? used->second.registry->known.alias
                         : answered != answered_by_.end()                ? answered->second
                                                                         : wanted->alias;
    if (before == wanted->alias) return ok();
    return mismatch(fmt::format("{} wants {} from {}, but something else takes it from {}", asker,
                                name.text(), wanted->alias, before));
}

Result<ReleaseFacts const*> RegistryProvider::facts(PackageName const& name, Version const& version) {
    auto const key = std::pair{name, version};
    if (auto const found = facts_.find(key); found != facts_.end()) return &found->second;
    ASSIGN_OR_RETURN(auto const* const known, name_facts(name));
    auto const label = label_of(name, version);
    Error const missing{Errc::not_found, ErrorId::version_not_found, label + " does not exist",
                        "`ggen info " + name.text() + "` shows its versions"};
    if (!known->state) return missing;
    auto const& all = known->state->versions;
    auto const state =
        std::find_if(all.begin(), all.end(), [&](VersionState const& v) { return v.version == version; });
    if (state == all.end()) return missing;

    std::optional<Prefetched> proven;
    if (auto taken = prefetched_.extract(state->leaf)) {
        proven = std::move(taken.mapped());
    } else {
        auto& reader = *known->registry->reader;
        auto record = reader.release(*state);
        if (!record) return wrap(std::move(record).error(), label);
        auto const bytes = reader.blob(record->manifest);
        if (!bytes) return wrap(bytes.error(), label + ": manifest");
        ASSIGN_OR_RETURN(auto manifest, parse_signed_manifest(*bytes, *record));
        proven = Prefetched{*std::move(record), std::move(manifest)};
    }
    auto& [record, manifest] = *proven;
    if (uses_metadata_ && !metadata_of(*known->registry)->agrees(*known->state, version, manifest.dependencies)) {
        return Error{Errc::corrupt, ErrorId::state_mismatch,
                     fmt::format("the metadata that is kept of {} differs from what its registry proves", label)};
    }
    ReleaseFacts facts{known->registry, *state, std::move(record), std::move(manifest)};
    return &facts_.emplace(key, std::move(facts)).first->second;
}

}  // namespace ggen
