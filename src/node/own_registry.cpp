#include "node/own_registry.hpp"

#include <algorithm>
#include <utility>

#include "market/keys.hpp"
#include "market/registries.hpp"
#include "market/registry_set.hpp"
#include "merkle/note.hpp"
#include "registry/root_chain.hpp"

namespace ggen::p2p {
namespace {

constexpr char const* k_own_alias = "own";

Result<merkle::SignerKey> load_or_make(FileSystem& files, Random& random, std::string const& path, std::string name,
                                       merkle::KeyType type) {
    auto key = ggen::detail::load_key(files, path);
    if (key || key.error().code != Errc::not_found) return key;
    auto made = ggen::detail::make_key(random, std::move(name), type);
    RETURN_IF_ERROR(ggen::detail::store_key(files, path, made));
    return made;
}

/// The first root file of a peer, if the peer's own key signed it.
Result<void> check_vouched(RootFile const& root, PeerId const& peer) {
    auto const refused = [&](std::string const& why) {
        return Error{Errc::refused, ErrorId::p2p_follow_refused, "the registry shown for " + peer.text() + " " + why};
    };
    ASSIGN_OR_RETURN(auto const key, log_key_of_peer(peer));
    if (root.version != 1) return refused("begins with version " + std::to_string(root.version) + " of its root file");
    if (root.log_key != key) return refused("is not that peer's: another key signs its log");
    RETURN_IF_ERROR(root.verify_signed_by(root));
    ASSIGN_OR_RETURN(auto const note, merkle::Note::parse(root.note));
    if (!merkle::verify_note(note, {key})) return refused("has a root file that the peer did not sign");
    return ok();
}

}  // namespace

Result<WriterOptions> own_writer_options(FileSystem& files, Random& random, Profile const& profile) {
    ASSIGN_OR_RETURN(auto const identity, profile.load_identity(files, random));
    auto const log_key = identity.verifier();
    auto const keys = ggen::detail::writer_key_directory(profile.directories(), log_key);
    ASSIGN_OR_RETURN(auto cosigner,
                     load_or_make(files, random, join_path(keys, "cosigner.key"), log_key.name + "/cosigner",
                                  merkle::KeyType::cosignature_ed25519));
    auto const state = ggen::detail::writer_state_directory(profile.directories(), log_key);
    return WriterOptions{profile.registry_folder(), state, identity, std::move(cosigner), {}, true, true};
}

Result<merkle::SignerKey> load_witness_key(FileSystem& files, Random& random, Profile const& profile) {
    ASSIGN_OR_RETURN(auto const identity, profile.load_identity(files, random));
    return load_or_make(files, random, join_path(profile.folder(), "witness.key"),
                        identity.verifier().name + "/witness", merkle::KeyType::cosignature_ed25519);
}

Result<RootFile> ensure_own_registry(Market& market, Profile const& profile) {
    ASSIGN_OR_RETURN(auto const options, own_writer_options(market.files, market.random, profile));
    auto const& folder = options.directory;
    if (market.files.info(join_path(folder, "checkpoint"))) return ggen::detail::load_root_chain(market.files, folder);
    bool const has_signed = market.files.info(join_path(options.state_directory, "checkpoint")).has_value();
    if (has_signed && !market.files.info(join_path(folder, "root/1"))) {
        return Error{Errc::refused, ErrorId::log_writer_stopped,
                     "the registry that this node signs is gone from " + folder,
                     "ggen p2p recover brings it back from a peer that mirrors it"};
    }
    auto const log_key = options.log_key.verifier();
    auto const keys = ggen::detail::writer_key_directory(market.directories, log_key);
    ASSIGN_OR_RETURN(auto const root_key,
                     load_or_make(market.files, market.random, join_path(keys, "root.key"), log_key.name + "/root",
                                  merkle::KeyType::note_ed25519));
    RETURN_IF_ERROR(market.files.make_directories(options.state_directory, 0700));
    auto const created = RegistryWriter::create(market.files, market.clock, options, root_key);
    // Another command of this profile may have been quicker.
    if (!created && created.error().id != ErrorId::registry_exists) return created.error();
    return ggen::detail::load_root_chain(market.files, folder);
}

Result<KnownRegistry> remember_own_registry(Market& market, Profile const& profile,
                                            std::vector<std::string> const& namespaces) {
    ASSIGN_OR_RETURN(auto const root, ensure_own_registry(market, profile));
    RegistryAddRequest request;
    request.location = profile.registry_folder();
    request.fingerprint = root.fingerprint().text();
    request.namespaces = namespaces;
    auto known = find_registry(market.config, root.registry);
    if (known) {
        request.alias = known->alias;
        for (auto const& one : known->namespaces) {
            bool const is_new = std::find(namespaces.begin(), namespaces.end(), one) == namespaces.end();
            if (is_new) request.namespaces.push_back(one);
        }
        if (request.namespaces.size() == known->namespaces.size()) return known;
    } else if (!find_registry(market.config, k_own_alias)) {
        request.alias = k_own_alias;
    }
    ASSIGN_OR_RETURN(auto added, add_registry(market, request));
    return std::move(added.registry);
}

Result<RootFile> fetch_root_of_peer(RegistrySource& source, PeerId const& peer) {
    ASSIGN_OR_RETURN(auto const first, source.read("root/1", RootFile::k_bytes_max));
    ASSIGN_OR_RETURN(auto root, RootFile::parse(as_text(first)));
    RETURN_IF_ERROR(check_vouched(root, peer));
    return ggen::detail::follow_root_chain(source, std::move(root));
}

Result<void> keep_default_registry(Market& market) {
    if (!market.config.default_registry.empty()) return ok();
    auto const standard = default_registry(market.config);
    if (!standard) return ok();
    RETURN_IF_ERROR(set_config_value(market.files, market.directories, "default_registry", standard->alias));
    market.config.default_registry = standard->alias;
    return ok();
}

}  // namespace ggen::p2p
