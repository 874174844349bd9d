#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.hpp"
#include "base/result.hpp"
#include "crypto/digest.hpp"
#include "store/package_store.hpp"

namespace ggen {

/// Where ggen keeps things: XDG directories with GGEN_* overrides (GGEN_CONFIG_DIR, GGEN_CACHE_DIR,
/// GGEN_DATA_DIR, GGEN_STATE_DIR).
struct Directories {
    std::string config;  ///< config.toml, keys/, roots/ (pinned root files)
    std::string cache;   ///< store/, registries/<label>/ (verified objects), catalogue/
    std::string data;
    std::string state;   ///< writers/<label>/ (compare-and-swap checkpoints)
    /// Errors: invalid (config_invalid) when neither HOME nor the overrides say where.
    [[nodiscard]] static Result<Directories> from_environment(
        std::map<std::string, std::string> const& environment);
};

/// A registry that this user knows.
struct KnownRegistry {
    std::string alias;     ///< `main`; what --registry takes.
    std::string origin;    ///< Name of its log; "" = named by GGEN_REGISTRY_URL and not pinned yet.
    std::string location;  ///< Folder or URL.
    std::vector<std::string> mirrors;  ///< Asked in order when `location` fails.
    Digest root_fingerprint;           ///< Of the root file that was pinned when it was added.
    std::vector<std::string> namespaces;  ///< Namespaces taken from here alone; empty = any not mapped elsewhere.
    friend bool operator==(KnownRegistry const&, KnownRegistry const&) = default;
};

/// One setting with the place that it came from, for `config list --origin`.
struct Setting {
    std::string key;
    std::string value;
    std::string origin;  ///< "default", "environment GGEN_X", or a file path.
};

/// Merged configuration (docs/formats/config.md): flag > GGEN_* > ./.ggen/config.toml > user's config.toml >
/// /etc/ggen/config.toml > default.
struct Config {
    std::vector<KnownRegistry> registries;
    std::string default_registry;  ///< Alias; "" = the only one.
    LinkMode link_mode = LinkMode::generation;
    bool is_link_mode_chosen = false;  ///< By this user; else trees keep the mode that they have.
    unsigned download_parallel = 8;
    std::int64_t min_release_age_seconds = 0;  ///< Cooldown; 0 = off.
    bool offline = false;
    std::string key_file;  ///< GGEN_KEY; "" = keys/publisher.key of the configuration directory.
    std::vector<Setting> settings;  ///< Every key, for listing.

    /// Files that belong to somebody else or can be written by others are refused (L13).
    /// Errors: invalid (config_invalid) with file, line, column; refused (config_untrusted).
    [[nodiscard]] static Result<Config> load(FileSystem& files, Directories const& directories,
                                             std::string const& project_directory,
                                             std::map<std::string, std::string> const& environment);
};

/// Sets or removes (empty value) one key in the user's config.toml, keeping the rest.
/// Errors: invalid (config_invalid: unknown key or bad value).
[[nodiscard]] Result<void> set_config_value(FileSystem& files, Directories const& directories,
                                            std::string const& key, std::string const& value);

/// Adds a [[registry]] table to the user's config.toml, or replaces the one of that alias.
[[nodiscard]] Result<void> add_config_registry(FileSystem& files, Directories const& directories,
                                               KnownRegistry const& registry);
/// Errors: not_found (registry_not_found): no such table in the user's own file.
[[nodiscard]] Result<void> remove_config_registry(FileSystem& files, Directories const& directories,
                                                  std::string const& alias);

/// Refuses a file (or what the links at its end lead to) that belongs to neither this user nor root,
/// or whose mode has a bit of `forbidden_mode`. Errors: refused (config_untrusted), not_found.
[[nodiscard]] Result<void> check_private_file(FileSystem& files, std::string const& path,
                                              std::uint32_t forbidden_mode);

}  // namespace ggen
