#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "market/market.hpp"
#include "search/search.hpp"
#include "spec/manifest.hpp"
#include "registry/state.hpp"

namespace ggen {

struct SearchRequest {
    SearchQuery query;  ///< Its origins are set by the operation.
    std::vector<std::string> registries;  ///< Aliases or origins; none = all.
    std::uint64_t age_days_min = 0;       ///< Only packages whose shown version is at least so old.
};
struct SearchReport {
    SearchPage page;
    std::uint64_t searched = 0;    ///< Packages of the registries asked.
    std::uint64_t elapsed_us = 0;  ///< Of the search alone, the index already open.
    std::vector<std::string> suggestions;  ///< Nothing found: similar names.
};
/// Brings the search index up to the newest checkpoints, then searches it. An index that covers them already is
/// only mapped. Errors: SearchIndex::search()'s, registry_not_found, and those of registries and disk.
Result<SearchReport> search_packages(Market& market, SearchRequest const& request);

struct InfoVersion {
    VersionState state;
};
struct InfoReport {
    PackageName name;
    std::string registry;
    std::string origin;
    Ownership owner;
    std::vector<VersionState> versions;  ///< Highest first.
    std::optional<Manifest> manifest;    ///< Of the version shown: the asked one, else the newest listed.
    std::optional<VersionState> shown;
    BlobRef archive;
    std::vector<std::string> witnesses;  ///< Who cosigned the checkpoint that says so, beside the log itself.
    std::string readme;  ///< Not fetched: "" unless the package is in the store.
};
/// `spec` = NAME or NAME@RANGE. Errors: not_found (package_not_found with similar names as help).
Result<InfoReport> package_info(Market& market, std::string const& spec, std::string const& registry);

/// Names in the search index as it stands that resemble `wanted`, best first.
std::vector<std::string> similar_packages(Market& market, std::string const& wanted, std::size_t max);
std::vector<std::string> complete_package_names(Market& market, std::string const& prefix, std::size_t max);

}  // namespace ggen
