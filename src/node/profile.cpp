#include "node/profile.hpp"

#include <algorithm>

#include "market/keys.hpp"
#include "p2p/identity/identity.hpp"

namespace ggen::p2p {
namespace {

constexpr std::string_view k_origin_prefix = ggen::detail::k_node_origin_prefix;

}  // namespace

std::string Profile::identity_path() const { return ggen::detail::node_identity_path(directories_); }

Result<merkle::SignerKey> Profile::load_identity(FileSystem& files, Random& random) const {
    auto key = ggen::detail::load_key(files, identity_path());
    if (key || key.error().code != Errc::not_found) return key;
    auto const fresh = Ed25519PrivateKey::generate(random);
    ASSIGN_OR_RETURN(auto made, merkle::SignerKey::create(origin_of_peer(peer_id_of(fresh.public_key())), fresh));
    RETURN_IF_ERROR(ggen::detail::store_key(files, identity_path(), made));
    return made;
}

Result<std::unique_ptr<FileLock>> Profile::lock(FileSystem& files) const {
    RETURN_IF_ERROR(files.make_directories(folder(), 0700));
    ASSIGN_OR_RETURN(auto lock, files.try_lock(lock_path(), LockMode::exclusive));
    if (!lock) {
        return Error{Errc::conflict, ErrorId::p2p_node_runs, "a node runs already for this profile (" + folder() + ")",
                     "ggen p2p status"};
    }
    return std::move(*lock);
}

std::string origin_of_peer(PeerId const& peer) { return std::string{k_origin_prefix} + peer.text(); }

Result<merkle::VerifierKey> log_key_of_peer(PeerId const& peer) {
    ASSIGN_OR_RETURN(auto const key, inline_public_key(peer));
    if (key.kind() != KeyKind::ed25519) {
        return Error{Errc::refused, ErrorId::p2p_follow_refused,
                     "peer " + peer.text() + ": only Ed25519 keys sign logs"};
    }
    Ed25519PublicKey ed25519;
    std::copy(key.data().begin(), key.data().end(), ed25519.bytes.begin());
    return merkle::VerifierKey{origin_of_peer(peer), merkle::KeyType::note_ed25519, ed25519};
}

std::optional<PeerId> peer_of_origin(std::string_view origin) {
    if (!origin.starts_with(k_origin_prefix)) return std::nullopt;
    auto peer = PeerId::parse(origin.substr(k_origin_prefix.size()));
    // One spelling: the origin is a name for ever.
    if (!peer || origin_of_peer(*peer) != origin) return std::nullopt;
    return *std::move(peer);
}

}  // namespace ggen::p2p
