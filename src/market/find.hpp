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
    SearchQuery query;
    std::string registry;  ///< "" = all.
};
struct SearchReport {
    SearchPage page;
    std::size_t searched = 0;  ///< Packages in the catalogues.
    std::uint64_t elapsed_us = 0;  ///< Of the search alone, catalogues already open.
    std::vector<std::string> suggestions;  ///< Nothing found: similar names.
};
/// Brings the catalogues up to the newest checkpoint, then searches them.
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
    std::string readme;  ///< Not fetched: "" unless the package is in the store.
};
/// `spec` = NAME or NAME@RANGE. Errors: not_found (package_not_found with similar names as help).
Result<InfoReport> package_info(Market& market, std::string const& spec, std::string const& registry);

/// Names known to the catalogues that resemble `wanted`, best first (for typo hints and completion).
std::vector<std::string> similar_packages(Market& market, std::string const& wanted, std::size_t max);
std::vector<std::string> complete_package_names(Market& market, std::string const& prefix, std::size_t max);

}  // namespace ggen
