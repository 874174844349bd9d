#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "market/market.hpp"
#include "market/registries.hpp"
#include "merkle/note.hpp"

namespace ggen::detail {

/// Writes `key` so that only this user can read it, durably. Errors: io.
[[nodiscard]] Result<void> store_key(FileSystem& files, std::string const& path, merkle::SignerKey const& key);
/// Errors: not_found (key_missing), refused (config_untrusted: others can read it), invalid.
[[nodiscard]] Result<merkle::SignerKey> load_key(FileSystem& files, std::string const& path);
[[nodiscard]] merkle::SignerKey make_key(Random& random, std::string name,
                                         merkle::KeyType type = merkle::KeyType::note_ed25519);

/// Where this machine keeps the keys and the private state of a log that it writes.
[[nodiscard]] std::string writer_key_directory(Directories const& directories, merkle::VerifierKey const& log_key);
/// The key of the node of this profile, which is the log key of the registry that it publishes in; such a registry is
/// named "p2p/<peer id>".
inline constexpr std::string_view k_node_origin_prefix = "p2p/";
[[nodiscard]] std::string node_identity_path(Directories const& directories);
[[nodiscard]] std::string writer_state_directory(Directories const& directories, merkle::VerifierKey const& log_key);

}  // namespace ggen::detail
