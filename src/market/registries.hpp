#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "market/market.hpp"
#include "registry/writer.hpp"

namespace ggen {

struct RegistryCreateRequest {
    std::string directory;
    std::string origin;  ///< "" = "<user>/<directory name>".
    std::string alias;   ///< "" = the directory's name; the new registry is also added.
};
struct RegistryCreateReport {
    KnownRegistry registry;
    std::string log_key;  ///< vkey
};
/// Makes log, cosigner and root keys (0600 under the config directory), the folder, and adds it.
Result<RegistryCreateReport> create_registry(Market& market, RegistryCreateRequest const& request);

struct RegistryAddRequest {
    std::string location;
    std::string alias;                        ///< "" = last part of the origin.
    std::optional<std::string> fingerprint;   ///< Expected root fingerprint ("sha256:…"); absent = trust on first use.
    std::vector<std::string> namespaces;
    std::vector<std::string> mirrors;
    bool make_default = false;
};
struct RegistryAddReport {
    KnownRegistry registry;
    bool trusted_on_first_use = false;
    std::uint64_t log_size = 0;
};
Result<RegistryAddReport> add_registry(Market& market, RegistryAddRequest const& request);

struct RegistryStatus {
    KnownRegistry registry;
    bool is_default = false;
    bool is_writable = false;  ///< This machine holds its log key and the folder.
    std::optional<std::uint64_t> last_size;
    std::optional<UnixTime> last_time;
};
Result<std::vector<RegistryStatus>> list_registries(Market& market);
Result<KnownRegistry> remove_registry(Market& market, std::string const& alias);

struct RegistryFsckRequest {
    std::string registry;  ///< Alias or folder; "" = default.
    bool repair = false;
};
Result<FsckReport> fsck_known_registry(Market& market, RegistryFsckRequest const& request);

struct RebuildReport {
    std::string alias;
    std::uint64_t log_size = 0;
    std::uint64_t packages = 0;
    std::uint64_t releases = 0;
    Digest catalogue;         ///< SHA-256 of the rebuilt file.
    bool was_identical = false;  ///< To the file that stood there before.
    Digest index;                ///< SHA-256 of the rebuilt search index of all registries.
    bool index_was_identical = false;
};
/// Deletes and rebuilds the catalogue of one or ("") every registry from the log, then the search index.
Result<std::vector<RebuildReport>> rebuild_catalogues(Market& market, std::string const& alias);

/// Opens the writer of a registry whose folder and log key are on this machine.
/// Errors: not_found (registry_not_found, key_missing), refused, conflict (registry_busy).
/// Its witnesses are asked for cosignatures: those that are kept for it, or `witnesses`,
/// with which its root file is about to change.
Result<std::unique_ptr<RegistryWriter>> open_writer(Market& market, std::string const& alias_or_directory,
                                                    std::vector<WitnessPlace> const* witnesses = nullptr);
/// The key of the log of such a registry. Errors: those of open_writer that come before its keys.
Result<merkle::VerifierKey> written_log(Market& market, std::string const& alias_or_directory);

struct KeyNewRequest {
    std::string name;  ///< "<namespace>/<device>"; "" = "<user>/<host>" sanitised.
    bool force = false;
};
struct KeyReport {
    std::string name;
    std::string verifier_key;
    std::string path;
};
Result<KeyReport> new_key(Market& market, KeyNewRequest const& request);
/// Errors: not_found (key_missing).
Result<KeyReport> show_key(Market& market);
/// The publisher's key: GGEN_KEY or <config>/keys/publisher.key. Refused when others can read it.
Result<merkle::SignerKey> load_publisher_key(Market& market);

}  // namespace ggen
