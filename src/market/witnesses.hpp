#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "market/market.hpp"
#include "registry/cosigning.hpp"
#include "registry/root_file.hpp"

namespace ggen {

struct WitnessStatus {
    merkle::VerifierKey key;
    std::string place;  ///< Where this machine asks it; "" = it does not write this registry.
    bool has_cosigned = false;  ///< The newest checkpoint.
};
struct WitnessReport {
    std::string registry;  ///< Alias, or the folder.
    std::string origin;
    std::uint64_t log_size = 0;
    std::uint64_t root_version = 0;
    std::size_t needed = 0;  ///< So many must have cosigned a checkpoint before it counts.
    std::vector<WitnessStatus> witnesses;
    std::vector<std::string> warnings;
};

/// The witnesses of a known registry by its newest root file. "" = the default one. Errors: registry_not_found, those
/// of a refresh (witness_quorum among them).
[[nodiscard]] Result<WitnessReport> list_witnesses(Market& market, std::string const& registry);

struct WitnessChange {
    std::string registry;  ///< Written on this machine; "" = the default one.
    std::optional<WitnessPlace> add = {};  ///< One of the same key gets the new place.
    std::string remove = {};               ///< Name of its key; "" = none.
    std::optional<std::size_t> needed = {};  ///< Absent: as it was, as far as there are so many.
};
/// Asks the new witnesses, then publishes a root file that names them. Errors: invalid (root_file_invalid: more are
/// needed than there are, no cosignature key), not_found (key_missing: the root key is not here, no such witness),
/// refused (witness_quorum), and those of open_writer.
[[nodiscard]] Result<WitnessReport> change_witnesses(Market& market, WitnessChange const& change);

namespace detail {
/// Where this machine asks the witnesses of a log that it writes. Errors: invalid, io.
[[nodiscard]] Result<std::vector<WitnessPlace>> load_witness_places(Market& market, merkle::VerifierKey const& log_key);
/// Witnesses that cosigned, by name, without the log's own cosigner.
[[nodiscard]] std::vector<std::string> witnesses_of(RootFile const& root, std::string_view checkpoint_note);
}  // namespace detail

}  // namespace ggen
