#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ggen {

/// The documented identity of an error, printed as GM0123. Ids are for ever: never renumber or reuse.
/// Ranges: 01xx spec · 02xx archive · 03xx log and verification · 04xx publishing · 05xx resolution ·
/// 06xx store and install · 07xx network · 08xx command line and configuration · 09xx import.
/// Title and explanation stand in `error_id.cpp`; `ggen explain GM0123` prints them.
enum class ErrorId : std::uint16_t {
    none = 0,
    // 01xx spec
    name_invalid = 101,
    version_invalid = 102,
    range_invalid = 103,
    manifest_invalid = 104,
    manifest_missing = 105,
    lockfile_invalid = 106,
    // 02xx archive
    archive_not_canonical = 201,
    archive_path_unsafe = 202,
    archive_too_large = 203,
    archive_truncated = 204,
    archive_compression = 205,
    archive_collision = 206,
    // 03xx log and verification
    note_malformed = 301,
    signature_invalid = 302,
    checkpoint_malformed = 303,
    checkpoint_rollback = 304,
    log_fork = 305,
    proof_invalid = 306,
    tile_invalid = 307,
    record_invalid = 308,
    state_mismatch = 309,
    registry_frozen_in_time = 310,
    root_file_invalid = 311,
    blob_mismatch = 312,
    clock_implausible = 313,
    installed_tree_changed = 314,
    witness_quorum = 315,
    // 04xx publishing
    registry_exists = 401,
    registry_not_found = 402,
    registry_busy = 403,
    version_exists = 404,
    not_owner = 405,
    key_missing = 406,
    log_writer_stopped = 407,
    // 05xx resolution
    resolution_impossible = 501,
    package_not_found = 502,
    version_not_found = 503,
    resolution_limit = 504,
    // 06xx store and install
    store_damaged = 601,
    store_format = 602,
    store_busy = 603,
    store_unsafe = 604,
    target_occupied = 605,
    lockfile_out_of_date = 606,
    not_installed = 607,
    offline_missing = 608,
    origin_mismatch = 609,
    // 07xx network
    http_failed = 701,
    http_too_slow = 702,
    http_too_large = 703,
    url_invalid = 704,
    p2p_no_node = 705,
    p2p_node_runs = 706,
    p2p_control = 707,
    p2p_peer_unreachable = 708,
    p2p_not_held = 709,
    p2p_follow_refused = 710,
    // 08xx command line and configuration
    usage = 801,
    config_invalid = 802,
    config_untrusted = 803,
    // 09xx import
    import_source = 901,
    import_package = 902,
};

/// "GM0123".
[[nodiscard]] std::string error_id_text(ErrorId id);

/// What `ggen explain` prints.
struct ErrorExplanation {
    ErrorId id;
    std::string_view title;  ///< One line, no full stop.
    std::string_view text;   ///< Why it happens and what to do, in whole sentences.
};

/// Every documented id, ascending.
[[nodiscard]] std::span<ErrorExplanation const> error_explanations();

/// The id written as "GM0123", "gm123" or "123"; nothing when there is no such id.
[[nodiscard]] std::optional<ErrorExplanation> find_error_explanation(std::string_view text);

}  // namespace ggen
