#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "import/http_getter.hpp"
#include "market/market.hpp"
#include "resolve/resolve.hpp"

namespace ggen {

struct ImportNpmRequest {
    std::vector<std::string> packages;  ///< "NAME" or "NAME@RANGE", as npm spells them.
    std::string registry;               ///< Alias of the registry to publish into.
    std::string name_space = "npm";     ///< Where packages without a scope go.
    bool locked = false;                ///< Only the versions that one resolution chooses.
    std::string npm_registry;           ///< Base address; see find_npm_registry.
    std::size_t versions_max = 20'000;  ///< Stops a closure that grows without end.
};

struct ImportNpmReport {
    std::string registry;
    std::uint64_t packages = 0;           ///< Different names in the closure.
    std::uint64_t versions = 0;           ///< Releases in the closure.
    std::uint64_t published = 0;
    std::uint64_t already_there = 0;      ///< Published before; not fetched again.
    std::uint64_t bytes_fetched = 0;
    std::vector<std::string> skipped;     ///< "NAME@VERSION: reason" for what could not be taken over.
    std::uint64_t elapsed_us = 0;
};

/// With `locked`, no solution is an answer too.
using ImportNpmOutcome = std::variant<ImportNpmReport, Conflict>;

/// Brings packages with their dependency closure from an npm registry as signed releases: every version
/// that the ranges can reach, or with `locked` the one per name that the resolver chooses. Checks npm's
/// checksums. Peer dependencies are the importing project's business and are not followed.
///
/// Resumable: what is published stays published, and a second run skips it. Blocks.
/// Errors: invalid (usage, name_invalid), not_found (import_source), unavailable, those of publishing.
[[nodiscard]] Result<ImportNpmOutcome> import_npm(Market& market, HttpGetter& http, ImportNpmRequest const& request);

/// What `npm config get registry` says, or npm_config_registry of `environment`; without a trailing '/'.
/// Runs npm when it is on PATH. Errors: not_found (import_source) when neither says anything.
[[nodiscard]] Result<std::string> find_npm_registry(std::map<std::string, std::string> const& environment);

/// Every directory below `directory` that holds a gpack.toml, sorted; not below another package.
/// Errors: not_found, too_large (deeper than 16 or over 100,000 directories).
[[nodiscard]] Result<std::vector<std::string>> find_packages(FileSystem& files, std::string const& directory);

}  // namespace ggen
