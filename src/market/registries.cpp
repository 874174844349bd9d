#include "market/registries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "market/catalogue_view.hpp"
#include "market/config_document.hpp"
#include "market/keys.hpp"
#include "market/labels.hpp"
#include "market/registry_set.hpp"
#include "market/witnesses.hpp"
#include "market/search_projection.hpp"
#include "spec/text_checks.hpp"

namespace ggen {
namespace {

constexpr char const* k_folder_help = "name its folder, or run the command on the machine that holds it";

/// Whoever writes there has peers to ask, and nobody else would notice a log that was set back.
bool is_of_peer(RootFile const& root) { return root.registry.starts_with("p2p/"); }

std::string last_part(std::string_view text) {
    while (text.size() > 1 && text.back() == '/') text.remove_suffix(1);
    auto const slash = text.rfind('/');
    return std::string{slash == std::string_view::npos ? text : text.substr(slash + 1)};
}

bool is_alias_taken(Config const& config, std::string const& alias) {
    return std::any_of(config.registries.begin(), config.registries.end(),
                       [&](KnownRegistry const& known) { return known.alias == alias && !known.origin.empty(); });
}

/// The alias that the user wants, or a free one after the origin.
std::string choose_alias(Config const& config, std::string const& wanted, std::string const& suggestion) {
    if (!wanted.empty()) return wanted;
    auto const word = detail::name_word(suggestion, "registry");
    auto alias = word;
    for (int i = 2; is_alias_taken(config, alias); ++i) alias = word + "-" + std::to_string(i);
    return alias;
}

Result<void> pin_root(Market& market, RootFile const& root) {
    auto const path = join_path(market.directories.config, "roots/" + root.fingerprint().hex());
    RETURN_IF_ERROR(market.files.make_directories(parent_path(path), 0700));
    return market.files.write_file_atomic(path, as_bytes(root.note), Sync::durable, 0644);
}

/// Writes it to the user's configuration and to the one in memory.
Result<void> remember(Market& market, KnownRegistry const& registry) {
    RETURN_IF_ERROR(detail::check_known_registry(registry));
    RETURN_IF_ERROR(add_config_registry(market.files, market.directories, registry));
    auto& all = market.config.registries;
    all.erase(std::remove_if(all.begin(), all.end(),
                             [&](KnownRegistry const& known) {
                                 bool const is_placeholder = known.origin.empty() &&
                                                             known.location == registry.location;
                                 if (is_placeholder && market.config.default_registry == known.alias) {
                                     market.config.default_registry = registry.alias;
                                 }
                                 return known.alias == registry.alias || is_placeholder;
                             }),
              all.end());
    all.push_back(registry);
    return ok();
}

/// An alias or an origin stands for one registry: nothing known may be replaced by another one.
Result<void> check_is_new(Config const& config, KnownRegistry const& registry) {
    for (auto const& known : config.registries) {
        if (known.origin.empty()) continue;
        bool const is_same = known.origin == registry.origin && known.root_fingerprint == registry.root_fingerprint;
        if (is_same) continue;
        if (known.alias == registry.alias) {
            return Error{Errc::conflict, ErrorId::registry_exists,
                         fmt::format("the alias {} is that of {} at {}", known.alias, known.origin, known.location),
                         "choose another one with --alias"};
        }
        if (known.origin == registry.origin) {
            return Error{Errc::refused, ErrorId::origin_mismatch,
                         fmt::format("{} says that it is {}, which is known as {} with another root file ({})",
                                     registry.location, registry.origin, known.alias, known.root_fingerprint.text()),
                         fmt::format("if {} was really made anew: ggen registry remove {}", known.alias, known.alias)};
        }
    }
    return ok();
}

Result<RootFile> root_of_folder(Market& market, std::string const& folder) {
    auto const bytes = market.files.read_file(join_path(folder, "root/1"), RootFile::k_bytes_max);
    if (!bytes) {
        return Error{Errc::not_found, ErrorId::registry_not_found,
                     fmt::format("{} is neither a known registry nor the folder of one", quoted(folder)),
                     "`ggen registry list` shows the known ones"};
    }
    return RootFile::parse(as_text(*bytes));
}

/// A registry whose files stand in a folder of this machine.
struct LocalRegistry {
    std::string folder;
    RootFile root;
};

Result<LocalRegistry> find_local_registry(Market& market, std::string const& alias_or_directory) {
    auto known = alias_or_directory.empty() ? default_registry(market.config)
                                            : find_registry(market.config, alias_or_directory);
    if (!known) {
        bool const is_path = alias_or_directory.find('/') != std::string::npos ||
                             market.files.info(alias_or_directory).has_value();
        if (!is_path || known.error().code != Errc::not_found) return std::move(known).error();
        ASSIGN_OR_RETURN(auto root, root_of_folder(market, alias_or_directory));
        return LocalRegistry{alias_or_directory, std::move(root)};
    }
    auto const folder = detail::folder_of(known->location);
    if (folder.empty()) {
        return Error{Errc::invalid, ErrorId::registry_not_found,
                     fmt::format("{} is at {}, not in a folder of this machine", known->alias, known->location),
                     k_folder_help};
    }
    FolderSource source{market.files, folder};
    ASSIGN_OR_RETURN(auto root, load_pinned_root(market, *known, source));
    return LocalRegistry{folder, std::move(root)};
}

/// Compares a projection with one that is made from what it is made of; `what` names it.
Result<void> check_projection(std::string const& what, bool is_same, bool repair,
                              std::function<Result<void>()> const& rebuild, FsckReport* report) {
    if (is_same) return ok();
    if (!repair) {
        report->problems.emplace_back(what + " does not say what the log says");
        return ok();
    }
    RETURN_IF_ERROR(rebuild());
    report->repaired.emplace_back(what);
    return ok();
}

/// The catalogue against the log, then the search index against the catalogues.
Result<void> check_projections(Market& market, KnownRegistry const& known, bool repair, FsckReport* report) {
    if (!detail::current_image(market, known)) return ok();
    RegistrySet registries{market};
    ASSIGN_OR_RETURN(auto* const open, registries.by_name(known.alias));
    // They may simply be older than the log: what searching does brings them up to date.
    RETURN_IF_ERROR(detail::with_fresh_catalogue(market, *open, [](Catalogue&) { return ok(); }));
    RETURN_IF_ERROR(detail::fresh_index(market, {open}));
    auto const present = detail::current_image(market, known);
    ASSIGN_OR_RETURN(auto const figures, detail::rebuild_catalogue(market, *open, false));
    auto const rebuild_catalogue = [&]() -> Result<void> {
        RETURN_IF_ERROR(detail::rebuild_catalogue(market, *open, true));
        return ok();
    };
    bool const is_sound = present == figures.image;
    RETURN_IF_ERROR(check_projection("the search catalogue of " + known.alias, is_sound, repair, rebuild_catalogue,
                                     report));
    if (!is_sound && !repair) return ok();  // An index cannot be held against a catalogue that lies.
    auto const index = detail::index_image(market);
    ASSIGN_OR_RETURN(auto const index_made, detail::rebuild_index(market, false));
    auto const rebuild_index = [&]() -> Result<void> {
        RETURN_IF_ERROR(detail::rebuild_index(market, true));
        return ok();
    };
    return check_projection("the search index", index == index_made, repair, rebuild_index, report);
}

std::string log_key_path(Market const& market, merkle::VerifierKey const& log_key) {
    // A node's own registry is signed by the node's identity, which has its one place.
    if (log_key.name.starts_with(detail::k_node_origin_prefix)) return detail::node_identity_path(market.directories);
    return join_path(detail::writer_key_directory(market.directories, log_key), "log.key");
}

}  // namespace

Result<RegistryCreateReport> create_registry(Market& market, RegistryCreateRequest const& request) {
    auto const word = detail::name_word(last_part(request.directory), "main");
    auto const origin = request.origin.empty() ? detail::user_word() + "/" + word : request.origin;
    if (!is_valid_origin(origin)) {
        return Error{Errc::invalid, ErrorId::root_file_invalid,
                     fmt::format("{} cannot be the name of a log", quoted(origin)),
                     "use letters, digits and slashes, such as acme/main"};
    }
    KnownRegistry known;
    known.alias = choose_alias(market.config, request.alias, word);
    known.origin = origin;
    known.location = request.directory;
    RETURN_IF_ERROR(detail::check_known_registry(known));
    RETURN_IF_ERROR(check_is_new(market.config, known));  // Its root is new, so no origin may be known twice.

    auto const log_key = detail::make_key(market.random, origin);
    auto const cosigner = detail::make_key(market.random, origin + "/cosigner", merkle::KeyType::cosignature_ed25519);
    auto const root_key = detail::make_key(market.random, origin + "/root");
    auto const keys = detail::writer_key_directory(market.directories, log_key.verifier());
    RETURN_IF_ERROR(detail::store_key(market.files, join_path(keys, "log.key"), log_key));
    RETURN_IF_ERROR(detail::store_key(market.files, join_path(keys, "cosigner.key"), cosigner));
    RETURN_IF_ERROR(detail::store_key(market.files, join_path(keys, "root.key"), root_key));

    auto const state = detail::writer_state_directory(market.directories, log_key.verifier());
    RETURN_IF_ERROR(market.files.make_directories(state, 0700));
    WriterOptions const options{request.directory, state, log_key, cosigner, {}};
    if (auto created = RegistryWriter::create(market.files, market.clock, options, root_key); !created) {
        static_cast<void>(market.files.remove_tree(keys));
        static_cast<void>(market.files.remove_tree(state));
        return std::move(created).error();
    }
    ASSIGN_OR_RETURN(auto const root, root_of_folder(market, request.directory));
    known.root_fingerprint = root.fingerprint();
    RETURN_IF_ERROR(pin_root(market, root));
    RETURN_IF_ERROR(remember(market, known));
    return RegistryCreateReport{known, log_key.verifier().text()};
}

Result<RegistryAddReport> add_registry(Market& market, RegistryAddRequest const& request) {
    KnownRegistry known;
    known.location = request.location;
    known.mirrors = request.mirrors;
    known.namespaces = request.namespaces;
    RegistryAddReport report;
    ASSIGN_OR_RETURN(auto const source, market.opener.open(request.location));
    Result<RootFile> root = Error{Errc::internal, "no root file"};
    if (request.fingerprint) {
        ASSIGN_OR_RETURN(known.root_fingerprint, Digest::parse(*request.fingerprint));
        known.alias = request.alias.empty() ? request.location : request.alias;  // For messages.
        root = load_pinned_root(market, known, *source);
    } else {
        root = fetch_root_on_first_use(*source);
        report.trusted_on_first_use = true;
    }
    if (!root) return wrap(std::move(root).error(), request.location);
    known.origin = root->registry;
    known.root_fingerprint = root->fingerprint();

    KnownRegistry const* before = nullptr;
    for (auto const& other : market.config.registries) {
        bool const is_same = other.origin == known.origin && other.root_fingerprint == known.root_fingerprint;
        if (is_same && (request.alias.empty() || request.alias == other.alias)) before = &other;
    }
    known.alias = before != nullptr ? before->alias
                                    : choose_alias(market.config, request.alias, last_part(known.origin));
    RETURN_IF_ERROR(detail::check_known_registry(known));
    RETURN_IF_ERROR(check_is_new(market.config, known));
    RETURN_IF_ERROR(pin_root(market, *root));

    // Nothing is remembered of a registry that cannot be verified.
    ASSIGN_OR_RETURN(auto const open, open_registry(market, known, market.config.offline));
    auto const refreshed = open->reader->refresh();
    if (!refreshed) return wrap(refreshed.error(), request.location);
    RETURN_IF_ERROR(remember(market, known));
    if (request.make_default) {
        RETURN_IF_ERROR(set_config_value(market.files, market.directories, "default_registry", known.alias));
        market.config.default_registry = known.alias;
    }
    report.registry = known;
    report.log_size = refreshed->size;
    return report;
}

Result<std::vector<RegistryStatus>> list_registries(Market& market) {
    std::vector<RegistryStatus> out;
    auto const standard = default_registry(market.config);
    for (auto const& known : market.config.registries) {
        RegistryStatus status;
        status.registry = known;
        status.is_default = standard && standard->alias == known.alias;
        auto const local = known.origin.empty() ? Result<LocalRegistry>{Error{Errc::not_found, "not pinned yet"}}
                                                : find_local_registry(market, known.alias);
        status.is_writable = local && market.files.info(log_key_path(market, local->root.log_key)).has_value();
        auto const open = known.origin.empty() ? Result<std::unique_ptr<OpenRegistry>>{Error{Errc::not_found, ""}}
                                               : open_registry(market, known, true);
        if (open && !(*open)->reader->checkpoint().note.empty()) {
            auto const& checkpoint = (*open)->reader->checkpoint();
            status.last_size = checkpoint.checkpoint.size;
            if (checkpoint.cosigned_at.seconds > 0) status.last_time = checkpoint.cosigned_at;
        }
        out.push_back(std::move(status));
    }
    return out;
}

Result<KnownRegistry> remove_registry(Market& market, std::string const& alias) {
    ASSIGN_OR_RETURN(auto known, find_registry(market.config, alias));
    RETURN_IF_ERROR(remove_config_registry(market.files, market.directories, known.alias));
    auto& all = market.config.registries;
    all.erase(std::remove_if(all.begin(), all.end(), [&](auto const& other) { return other.alias == known.alias; }),
              all.end());
    if (market.config.default_registry == known.alias) market.config.default_registry.clear();
    return known;
}

Result<FsckReport> fsck_known_registry(Market& market, RegistryFsckRequest const& request) {
    ASSIGN_OR_RETURN(auto const local, find_local_registry(market, request.registry));
    ASSIGN_OR_RETURN(auto report, fsck_registry(market.files, local.folder, local.root.log_key, request.repair));
    auto const known = request.registry.empty() ? default_registry(market.config)
                                                : find_registry(market.config, request.registry);
    // A folder that is not known has no catalogue; a broken one says nothing about its catalogue.
    if (known && report.problems.empty()) RETURN_IF_ERROR(check_projections(market, *known, request.repair, &report));
    return report;
}

Result<merkle::VerifierKey> written_log(Market& market, std::string const& alias_or_directory) {
    ASSIGN_OR_RETURN(auto const local, find_local_registry(market, alias_or_directory));
    return local.root.log_key;
}

Result<std::unique_ptr<RegistryWriter>> open_writer(Market& market, std::string const& alias_or_directory,
                                                    std::vector<WitnessPlace> const* witnesses) {
    ASSIGN_OR_RETURN(auto const local, find_local_registry(market, alias_or_directory));
    auto const log_key_file = log_key_path(market, local.root.log_key);
    auto log_key = detail::load_key(market.files, log_key_file);
    if (!log_key) {
        if (log_key.error().code != Errc::not_found) return std::move(log_key).error();
        return Error{Errc::not_found, ErrorId::key_missing,
                     fmt::format("the log key of {} is not on this machine ({})", local.root.registry, log_key_file),
                     k_folder_help};
    }
    if (log_key->verifier() != local.root.log_key) {
        return Error{Errc::refused, ErrorId::root_file_invalid,
                     fmt::format("{} is not the log key of {}", log_key_file, local.root.registry)};
    }
    std::optional<merkle::SignerKey> cosigner;
    auto const keys = detail::writer_key_directory(market.directories, local.root.log_key);
    if (auto key = detail::load_key(market.files, join_path(keys, "cosigner.key"))) {
        cosigner = *std::move(key);
    } else if (key.error().code != Errc::not_found) {
        return std::move(key).error();
    }
    auto const state = detail::writer_state_directory(market.directories, local.root.log_key);
    WriterOptions options{local.folder,        state, *std::move(log_key), std::move(cosigner), {}, false,
                          is_of_peer(local.root)};
    if (witnesses != nullptr) {
        options.cosigning.witnesses = *witnesses;
        options.may_lack_quorum = true;
    } else {
        ASSIGN_OR_RETURN(options.cosigning.witnesses, detail::load_witness_places(market, local.root.log_key));
    }
    options.cosigning.ask = [&opener = market.opener](std::string const& place, std::string const& body) {
        return opener.ask_witness(place, body);
    };
    return RegistryWriter::open(market.files, market.clock, std::move(options));
}

}  // namespace ggen
