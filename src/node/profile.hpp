#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/file_system.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "codec/peer_id.hpp"
#include "market/config.hpp"
#include "merkle/note.hpp"

namespace ggen::p2p {

/// Where the node of a profile keeps what it must not lose (docs/formats/node-state.md). A profile is a state
/// directory: one identity, one log, one node.
class Profile {
public:
    explicit Profile(Directories directories) : directories_(std::move(directories)) {}

    [[nodiscard]] Directories const& directories() const { return directories_; }
    [[nodiscard]] std::string folder() const { return join_path(directories_.state, "p2p"); }
    [[nodiscard]] std::string identity_path() const;
    [[nodiscard]] std::string lock_path() const { return join_path(folder(), "lock"); }
    [[nodiscard]] std::string log_path() const { return join_path(folder(), "node.log"); }
    [[nodiscard]] std::string peers_folder() const { return join_path(folder(), "peers"); }
    /// Digests of the leaves of blobs, for nodes of IPFS; made again when they are gone.
    [[nodiscard]] std::string blocks_folder() const { return join_path(folder(), "blocks"); }
    /// What it cosigned last as a witness.
    [[nodiscard]] std::string witness_folder() const { return join_path(folder(), "witness"); }
    [[nodiscard]] std::string mirrors_folder() const { return join_path(folder(), "mirrors"); }
    [[nodiscard]] std::string follows_path() const { return join_path(folder(), "follows"); }
    /// The node's own registry: what it publishes.
    [[nodiscard]] std::string registry_folder() const { return join_path(directories_.data, "p2p/registry"); }
    [[nodiscard]] std::string settings_path() const { return join_path(directories_.config, "p2p.toml"); }

    /// The node's key, which is also the key of its log: made and durably stored (0600) when there is none.
    /// Errors: refused (config_untrusted: others can read it), invalid (damaged), io.
    [[nodiscard]] Result<merkle::SignerKey> load_identity(FileSystem& files, Random& random) const;
    /// That one node runs: released when the object or the process ends. Errors: conflict (p2p_node_runs), io.
    [[nodiscard]] Result<std::unique_ptr<FileLock>> lock(FileSystem& files) const;

private:
    Directories directories_;
};

/// The name of the log that a peer publishes in, and the key that signs it: both follow from the peer id.
[[nodiscard]] std::string origin_of_peer(PeerId const& peer);
/// Errors: not_found (the id is only a hash of its key), refused (a key of another kind than Ed25519).
[[nodiscard]] Result<merkle::VerifierKey> log_key_of_peer(PeerId const& peer);
/// The peer that publishes in a log of this name; nothing when it is no peer's.
[[nodiscard]] std::optional<PeerId> peer_of_origin(std::string_view origin);

}  // namespace ggen::p2p
