#include "market/registry_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "market/labels.hpp"
#include "market/mirrored_source.hpp"
#include "market/registries.hpp"
#include "spec/similar_names.hpp"
#include "spec/text_checks.hpp"

namespace ggen {
namespace {

Error not_known(Config const& config, std::string_view wanted) {
    std::vector<std::string> aliases;
    aliases.reserve(config.registries.size());
    for (auto const& known : config.registries) aliases.push_back(known.alias);
    auto const similar = closest(wanted, aliases, 1);
    return {Errc::not_found, ErrorId::registry_not_found, fmt::format("no registry is called {}", quoted(wanted)),
            similar.empty() ? std::string{"`ggen registry list` shows the known ones"}
                            : "did you mean " + similar.front() + "?"};
}

bool serves(KnownRegistry const& known, std::string_view name_space) {
    auto const& all = known.namespaces;
    return std::find(all.begin(), all.end(), name_space) != all.end();
}

std::string pinned_root_path(Directories const& directories, Digest const& fingerprint) {
    return join_path(directories.config, "roots/" + fingerprint.hex());
}

Result<std::unique_ptr<RegistrySource>> open_source(Market& market, KnownRegistry const& known) {
    std::vector<std::unique_ptr<RegistrySource>> places;
    ASSIGN_OR_RETURN(auto first, market.opener.open(known.location));
    if (known.mirrors.empty()) return first;
    places.push_back(std::move(first));
    for (auto const& mirror : known.mirrors) {
        ASSIGN_OR_RETURN(auto place, market.opener.open(mirror));
        places.push_back(std::move(place));
    }
    return std::unique_ptr<RegistrySource>{std::make_unique<detail::MirroredSource>(std::move(places))};
}

/// Names the registry of GGEN_REGISTRY_URL for good: adds it as `registry add` would.
Result<KnownRegistry> pin_on_first_use(Market& market, KnownRegistry const& known) {
    if (market.config.offline) {
        return Error{Errc::offline, ErrorId::offline_missing,
                     known.location + " was never used before, and ggen is offline",
                     "ggen registry add " + known.location};
    }
    RegistryAddRequest request;
    request.location = known.location;
    ASSIGN_OR_RETURN(auto const added, add_registry(market, request));
    market.observer.on_event({ProgressEvent::Kind::warning,
                              fmt::format("{} ({}) is trusted from now on; its fingerprint is {}", known.location,
                                          added.registry.origin, added.registry.root_fingerprint.text()),
                              0, 0, 0});
    return added.registry;
}

}  // namespace

Result<KnownRegistry> find_registry(Config const& config, std::string const& alias_or_origin) {
    for (auto const& known : config.registries) {
        if (known.alias == alias_or_origin) return known;
    }
    KnownRegistry const* found = nullptr;
    for (auto const& known : config.registries) {
        if (known.origin != alias_or_origin || known.origin.empty()) continue;
        if (found != nullptr && found->root_fingerprint != known.root_fingerprint) {
            return Error{Errc::refused, ErrorId::origin_mismatch,
                         fmt::format("the registries {} and {} both say that they are {}", found->alias, known.alias,
                                     known.origin),
                         "`ggen registry remove` the wrong one"};
        }
        if (found == nullptr) found = &known;
    }
    if (found != nullptr) return *found;
    return not_known(config, alias_or_origin);
}

Result<KnownRegistry> default_registry(Config const& config) {
    if (!config.default_registry.empty()) return find_registry(config, config.default_registry);
    if (config.registries.size() == 1) return config.registries.front();
    std::vector<KnownRegistry const*> open_to_all;
    for (auto const& known : config.registries) {
        if (known.namespaces.empty()) open_to_all.push_back(&known);
    }
    if (open_to_all.size() == 1) return *open_to_all.front();
    if (config.registries.empty()) {
        return Error{Errc::not_found, ErrorId::registry_not_found, "no registry is known on this machine",
                     "ggen registry add LOCATION, or ggen registry create DIR"};
    }
    return Error{Errc::not_found, ErrorId::registry_not_found,
                 "several registries are known and none of them is the default one",
                 "ggen config set default_registry " + config.registries.front().alias};
}

Result<KnownRegistry> registry_of_name(Config const& config, PackageName const& name) {
    for (auto const& known : config.registries) {
        if (!name.scope().empty() && serves(known, name.scope())) return known;
    }
    ASSIGN_OR_RETURN(auto known, default_registry(config));
    if (!known.namespaces.empty()) {
        return Error{Errc::not_found, ErrorId::registry_not_found,
                     fmt::format("no registry is known for {}: {} is asked for its own namespaces only", name.text(),
                                 known.alias),
                     "ggen registry add LOCATION"};
    }
    return known;
}

std::string registry_cache_directory(Directories const& directories, KnownRegistry const& known) {
    return join_path(directories.cache, "registries/" + detail::registry_label(known.origin, known.root_fingerprint));
}

std::string registry_memory_directory(Directories const& directories, KnownRegistry const& known) {
    return join_path(directories.state, "registries/" + detail::registry_label(known.origin, known.root_fingerprint));
}

Result<RootFile> load_pinned_root(Market& market, KnownRegistry const& known, RegistrySource& source) {
    auto const path = pinned_root_path(market.directories, known.root_fingerprint);
    if (auto const bytes = market.files.read_file(path, RootFile::k_bytes_max)) {
        auto root = RootFile::parse(as_text(*bytes));
        if (root && root->fingerprint() == known.root_fingerprint) return root;
    }
    for (unsigned version = 1; version <= RootFile::k_steps_max; ++version) {
        auto const bytes = source.read("root/" + std::to_string(version), RootFile::k_bytes_max);
        if (!bytes) {
            if (bytes.error().code == Errc::not_found && version > 1) break;
            return wrap(bytes.error(), "registry " + known.alias);
        }
        if (sha256(*bytes) != known.root_fingerprint) continue;
        ASSIGN_OR_RETURN(auto root, RootFile::parse(as_text(*bytes)));
        RETURN_IF_ERROR(root.verify_signed_by(root));
        // Only spares the next run the search; a read-only disk must not stop this one.
        if (market.files.make_directories(parent_path(path), 0700)) {
            static_cast<void>(market.files.write_file_atomic(path, *bytes, Sync::none, 0644));
        }
        return root;
    }
    return Error{Errc::refused, ErrorId::root_file_invalid,
                 fmt::format("{} does not serve the root file that was pinned for {} ({})", source.describe(),
                             known.alias, known.root_fingerprint.text()),
                 "ask its operator; never add it again without comparing the fingerprint"};
}

Result<std::unique_ptr<OpenRegistry>> open_registry(Market& market, KnownRegistry const& known, bool offline) {
    auto open = std::make_unique<OpenRegistry>();
    open->known = known;
    if (known.origin.empty()) {
        ASSIGN_OR_RETURN(open->known, pin_on_first_use(market, known));
    }
    ASSIGN_OR_RETURN(open->source, open_source(market, open->known));
    ASSIGN_OR_RETURN(auto root, load_pinned_root(market, open->known, *open->source));
    if (root.registry != open->known.origin) {
        return Error{Errc::refused, ErrorId::root_file_invalid,
                     fmt::format("the pinned root file of {} is for {}, not for {}", open->known.alias, root.registry,
                                 open->known.origin)};
    }
    ReaderOptions options;
    options.cache_directory = registry_cache_directory(market.directories, open->known);
    options.memory_directory = registry_memory_directory(market.directories, open->known);
    // Nobody has to publish every week; how old a peer's log is, is shown.
    auto const& location = open->known.location;
    options.freshness.enforce = detail::folder_of(location).empty() && !detail::is_peer_location(location);
    options.offline = offline;
    ASSIGN_OR_RETURN(open->reader, RegistryReader::open(market.files, market.clock, *open->source, std::move(root),
                                                        std::move(options)));
    return open;
}

Result<OpenRegistry*> RegistrySet::for_package(PackageName const& name, std::string const& registry) {
    if (!registry.empty()) return by_name(registry);
    ASSIGN_OR_RETURN(auto const known, registry_of_name(market_.config, name));
    return by_name(known.alias);
}

Result<OpenRegistry*> RegistrySet::by_name(std::string const& alias_or_origin) {
    ASSIGN_OR_RETURN(auto const known, alias_or_origin.empty() ? default_registry(market_.config)
                                                               : find_registry(market_.config, alias_or_origin));
    if (auto const found = open_.find(known.alias); found != open_.end()) return found->second.get();
    auto opened = open_registry(market_, known, market_.config.offline);
    if (!opened) return std::move(opened).error();
    auto refreshed = (*opened)->reader->refresh();
    if (!refreshed) return wrap(std::move(refreshed).error(), "registry " + known.alias);
    (*opened)->refresh = *std::move(refreshed);
    if ((*opened)->refresh.warning) {
        market_.observer.on_event({ProgressEvent::Kind::warning, *(*opened)->refresh.warning, 0, 0, 0});
    }
    auto* const open = opened->get();
    open_[open->known.alias] = *std::move(opened);
    return open;
}

Result<std::vector<OpenRegistry*>> RegistrySet::all() {
    if (market_.config.registries.empty()) return default_registry(market_.config).error();
    std::vector<OpenRegistry*> out;
    std::optional<Error> first_problem;
    auto const registries = market_.config.registries;  // Opening may pin, and so change, them.
    for (auto const& known : registries) {
        auto open = by_name(known.alias);
        if (open) {
            out.push_back(*open);
            continue;
        }
        if (open.error().code == Errc::cancelled) return std::move(open).error();
        if (first_problem) {
            market_.observer.on_event({ProgressEvent::Kind::warning, open.error().context, 0, 0, 0});
        } else {
            first_problem = std::move(open).error();
        }
    }
    if (!first_problem) return out;
    if (out.empty()) return *std::move(first_problem);
    market_.observer.on_event({ProgressEvent::Kind::warning, "left out: " + first_problem->context, 0, 0, 0});
    return out;
}

}  // namespace ggen
