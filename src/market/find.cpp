#include "market/find.hpp"

#include <algorithm>
#include <tuple>

#include "market/catalogue.hpp"
#include "market/install.hpp"
#include "market/registry_set.hpp"
#include "spec/similar_names.hpp"

namespace ggen {
namespace {

/// The catalogue of a registry, up to its newest verified checkpoint.
Result<std::unique_ptr<Catalogue>> current_catalogue(Market& market, OpenRegistry& registry) {
    ASSIGN_OR_RETURN(auto catalogue, Catalogue::open(market.files, catalogue_path(market.directories, registry.known)));
    if (catalogue->was_remade()) {
        market.observer.on_event({ProgressEvent::Kind::warning,
                                  "the catalogue of " + registry.known.alias + " was damaged or old and is built anew", 0, 0, 0});
    }
    RETURN_IF_ERROR(catalogue->refresh(*registry.reader, market.cancel));
    return catalogue;
}

/// Names in the catalogues as they stand: for hints, which must not wait for a network.
std::vector<std::string> known_names(Market& market, std::string const& prefix, std::size_t max) {
    std::vector<std::string> all;
    for (auto const& known : market.config.registries) {
        auto const path = catalogue_path(market.directories, known);
        if (!market.files.info(path)) continue;
        auto const catalogue = Catalogue::open(market.files, path);
        if (!catalogue) continue;
        if (auto names = (*catalogue)->names(prefix, max)) all.insert(all.end(), names->begin(), names->end());
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    if (all.size() > max) all.resize(max);
    return all;
}

constexpr std::size_t k_all_names = 1'000'000;

/// The highest version of `state` in `range`; listed ones first, then whatever there is.
VersionState const* choose_shown(NameState const& state, VersionRange const& range) {
    VersionState const* best = nullptr;
    auto const rank = [](VersionState const& version) {
        return std::tuple{!version.revoked, !version.yanked, !version.version.is_prerelease()};
    };
    for (auto const& version : state.versions) {
        bool const fits = range.matches(version.version) || range.text() == "*";
        if (!fits) continue;
        if (best == nullptr || rank(*best) < rank(version) ||
            (rank(*best) == rank(version) && best->version < version.version)) {
            best = &version;
        }
    }
    return best;
}

Error no_such_package(Market& market, PackageName const& name, OpenRegistry const& registry) {
    auto const similar = similar_packages(market, name.text(), 1);
    return Error{Errc::not_found, ErrorId::package_not_found, name.text() + " is not in the registry " + registry.known.alias,
                 similar.empty() ? std::string{"ggen search finds names"} : "did you mean " + similar.front() + "?"};
}

}  // namespace

Result<SearchReport> search_packages(Market& market, SearchRequest const& request) {
    RegistrySet registries{market};
    std::vector<OpenRegistry*> wanted;
    if (request.registry.empty()) {
        ASSIGN_OR_RETURN(wanted, registries.all());
    } else {
        ASSIGN_OR_RETURN(auto* const one, registries.by_name(request.registry));
        wanted.push_back(one);
    }
    std::vector<SearchDocument> documents;
    for (auto* const registry : wanted) {
        ASSIGN_OR_RETURN(auto const catalogue, current_catalogue(market, *registry));
        ASSIGN_OR_RETURN(auto found, catalogue->documents());
        for (auto& document : found) {
            document.origin = registry->known.origin;
            documents.push_back(std::move(document));
        }
    }
    SearchReport report;
    report.searched = documents.size();
    auto const index = make_scan_index(std::move(documents));
    auto const started = market.clock.steady_now();
    ASSIGN_OR_RETURN(report.page, index->search(request.query));
    report.elapsed_us = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(market.clock.steady_now() - started).count());
    if (report.page.total == 0) report.suggestions = similar_packages(market, request.query.text, 3);
    return report;
}

Result<InfoReport> package_info(Market& market, std::string const& spec, std::string const& registry_name) {
    ASSIGN_OR_RETURN(auto const wanted, PackageSpec::parse(spec));
    RegistrySet registries{market};
    ASSIGN_OR_RETURN(auto* const registry, registries.for_package(wanted.name, registry_name));
    ASSIGN_OR_RETURN(auto const state, registry->reader->lookup(wanted.name));
    if (!state) return no_such_package(market, wanted.name, *registry);
    auto const* const shown = choose_shown(*state, wanted.range);
    if (shown == nullptr) {
        return Error{Errc::not_found, ErrorId::version_not_found, "no version of " + wanted.name.text() + " matches " + wanted.range.text(),
                     "ggen info " + wanted.name.text() + " lists the versions"};
    }
    InfoReport report{wanted.name, registry->known.alias, registry->known.origin, state->owner, state->versions, {}, *shown, {}, {}};
    std::sort(report.versions.begin(), report.versions.end(),
              [](auto const& a, auto const& b) { return b.version < a.version; });
    ASSIGN_OR_RETURN(auto const record, registry->reader->release(*shown));
    report.archive = record.archive;
    ASSIGN_OR_RETURN(auto const bytes, registry->reader->blob(record.manifest));
    ASSIGN_OR_RETURN(report.manifest, Manifest::parse(as_text(bytes), wanted.name.text() + "/gpack.toml"));
    return report;
}

std::vector<std::string> similar_packages(Market& market, std::string const& wanted, std::size_t max) {
    auto const names = known_names(market, "", k_all_names);
    auto found = closest(wanted, names, max);
    // Somebody who leaves out the namespace means the package of that name.
    for (auto const& name : names) {
        if (found.size() >= max) break;
        bool const is_base = name.size() > wanted.size() + 1 && name.ends_with("/" + wanted);
        if (is_base && std::find(found.begin(), found.end(), name) == found.end()) found.push_back(name);
    }
    return found;
}

std::vector<std::string> complete_package_names(Market& market, std::string const& prefix, std::size_t max) {
    return known_names(market, prefix, max);
}

}  // namespace ggen
