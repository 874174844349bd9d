#pragma once

#include <string>
#include <string_view>

#include "crypto/digest.hpp"
#include "merkle/note.hpp"

namespace ggen::detail {

/// `text` as one path component: every character that is not [A-Za-z0-9._-] as '_', 60 bytes at most.
[[nodiscard]] std::string path_word(std::string_view text);
/// Names a registry on this disk, by origin and pinned root: two that share an origin stay apart.
[[nodiscard]] std::string registry_label(std::string_view origin, Digest const& root_fingerprint);
/// Names the keys and the private state of a log that this machine writes.
[[nodiscard]] std::string writer_label(merkle::VerifierKey const& log_key);
/// Whether a location names a log that a node of this machine mirrors: "p2p:<peer id>".
[[nodiscard]] bool is_peer_location(std::string_view location);
/// The folder that a location names; "" for an address.
[[nodiscard]] std::string folder_of(std::string_view location);
/// `text` as a part of a package name, as far as it can be; `fallback` when nothing is left.
[[nodiscard]] std::string name_word(std::string_view text, std::string_view fallback);
/// Name of the user that runs this process, and of this machine, as name_word().
[[nodiscard]] std::string user_word();
[[nodiscard]] std::string host_word();

}  // namespace ggen::detail
