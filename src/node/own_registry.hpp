#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file_system.hpp"
#include "base/result.hpp"
#include "market/market.hpp"
#include "merkle/note.hpp"
#include "node/profile.hpp"
#include "registry/reader.hpp"
#include "registry/root_file.hpp"
#include "registry/source.hpp"
#include "registry/writer.hpp"

namespace ggen::p2p {

/// The registry of a node: a folder like any other, whose log is signed by the node's own key, and whose root file that
/// key vouches for, so that the peer id alone says which root file is the right one (docs/adr/0017).

/// How its log is written. Makes the keys for that when there are none. Errors: those of load_identity, io.
[[nodiscard]] Result<WriterOptions> own_writer_options(FileSystem& files, Random& random, Profile const& profile);

/// The key that this node cosigns with as a witness; made when there is none. Errors: those of load_identity, io.
[[nodiscard]] Result<merkle::SignerKey> load_witness_key(FileSystem& files, Random& random, Profile const& profile);

/// Makes the node's registry when there is none: identity, cosigner and root key, folder. Returns its root file.
/// Errors: those of load_identity and RegistryWriter::create.
[[nodiscard]] Result<RootFile> ensure_own_registry(Market& market, Profile const& profile);
/// The same, and adds it to the user's configuration, for the namespaces that its owner publishes in alone.
/// `namespaces` that another registry has are left where they are.
[[nodiscard]] Result<KnownRegistry> remember_own_registry(Market& market, Profile const& profile,
                                                          std::vector<std::string> const& namespaces);

/// The root file of the registry that `peer` publishes in, fetched from anybody. Errors: refused (p2p_follow_refused:
/// not vouched for by the peer's key, root_file_invalid), and the source's.
[[nodiscard]] Result<RootFile> fetch_root_of_peer(RegistrySource& source, PeerId const& peer);

/// Makes sure that adding a registry changes nothing for names that come from the default one.
[[nodiscard]] Result<void> keep_default_registry(Market& market);

}  // namespace ggen::p2p
