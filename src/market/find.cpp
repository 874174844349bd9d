#include "market/find.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <utility>

#include "market/catalogue_view.hpp"
#include "market/install.hpp"
#include "market/registry_set.hpp"
#include "spec/similar_names.hpp"

namespace ggen {
namespace {

constexpr std::size_t k_suggestions_max = 3;

std::vector<std::string> names_of(std::vector<SearchDocument> const& documents) {
    std::vector<std::string> out;
    out.reserve(documents.size());
    for (auto const& document : documents) out.push_back(document.name);
    return out;
}

/// Also without the scope, which people leave out.
std::vector<std::string> similar_in(std::string const& wanted, std::vector<std::string> const& names,
                                    std::size_t max) {
    auto found = closest(wanted, names, max);
    if (wanted.find('/') != std::string::npos) return found;
    std::map<std::string, std::vector<std::string>> by_base;
    for (auto const& name : names) by_base[name.substr(name.find('/') + 1)].push_back(name);
    auto const add = [&](std::string const& base) {
        auto const whole = by_base.find(base);
        if (whole == by_base.end()) return;
        for (auto const& name : whole->second) {
            if (found.size() < max && std::find(found.begin(), found.end(), name) == found.end())
                found.push_back(name);
        }
    };
    add(wanted);
    std::vector<std::string> bases;
    bases.reserve(by_base.size());
    for (auto const& [base, ignored] : by_base) bases.push_back(base);
    for (auto const& base : closest(wanted, bases, max)) add(base);
    return found;
}

bool comes_first(VersionState const& a, VersionState const& b) { return a.version > b.version; }

/// The version that `info` shows: the highest that the range takes; listed ones before yanked ones.
std::optional<VersionState> choose_shown(std::vector<VersionState> const& highest_first,
                                         VersionRange const& range) {
    auto const find = [&](auto const& is_good) {
        return std::find_if(highest_first.begin(), highest_first.end(), [&](VersionState const& version) {
            return range.matches(version.version) && is_good(version);
        });
    };
    auto found = find([](VersionState const& version) { return !version.yanked && !version.revoked; });
    if (found == highest_first.end()) found = find([](VersionState const&) { return true; });
    // A package that has prereleases only.
    if (found == highest_first.end() && range == VersionRange{} && !highest_first.empty())
        found = highest_first.begin();
    if (found == highest_first.end()) return std::nullopt;
    return *found;
}

Error not_found(Market& market, PackageName const& name, KnownRegistry const& known) {
    auto const similar = similar_packages(market, name.text(), k_suggestions_max);
    std::string help = "ggen search " + std::string{name.base()};
    if (!similar.empty()) {
        help = "did you mean ";
        for (std::size_t i = 0; i < similar.size(); ++i) help += (i == 0 ? "" : ", ") + similar[i];
        help += "?";
    }
    return {Errc::not_found, ErrorId::package_not_found,
            fmt::format("{} has no package {}", known.alias, name.text()), std::move(help)};
}

}  // namespace

Result<SearchReport> search_packages(Market& market, SearchRequest const& request) {
    RegistrySet registries{market};
    std::vector<OpenRegistry*> open;
    if (request.registry.empty()) {
        ASSIGN_OR_RETURN(open, registries.all());
    } else {
        ASSIGN_OR_RETURN(auto* const one, registries.by_name(request.registry));
        open.push_back(one);
    }
    std::vector<SearchDocument> documents;
    for (auto* const registry : open) {
        ASSIGN_OR_RETURN(auto found, detail::fresh_documents(market, *registry));
        std::move(found.begin(), found.end(), std::back_inserter(documents));
    }
    SearchReport report;
    report.searched = documents.size();
    auto const names = names_of(documents);
    auto const index = make_scan_index(std::move(documents));
    auto const started = market.clock.steady_now();
    ASSIGN_OR_RETURN(report.page, index->search(request.query));
    auto const elapsed = market.clock.steady_now() - started;
    report.elapsed_us =
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count());
    if (report.page.total == 0 && !request.query.text.empty()) {
        report.suggestions = similar_in(request.query.text, names, k_suggestions_max);
    }
    return report;
}

Result<InfoReport> package_info(Market& market, std::string const& spec, std::string const& registry) {
    ASSIGN_OR_RETURN(auto const wanted, PackageSpec::parse(spec));
    RegistrySet registries{market};
    ASSIGN_OR_RETURN(auto* const open, registries.for_package(wanted.name, registry));
    ASSIGN_OR_RETURN(auto state, open->reader->lookup(wanted.name));
    if (!state) return not_found(market, wanted.name, open->known);

    InfoReport report{.name = wanted.name,
                      .registry = open->known.alias,
                      .origin = open->known.origin,
                      .owner = state->owner,
                      .versions = std::move(state->versions),
                      .manifest = {},
                      .shown = {},
                      .archive = {},
                      .readme = {}};
    std::sort(report.versions.begin(), report.versions.end(), comes_first);
    report.shown = choose_shown(report.versions, wanted.range);
    if (!report.shown) {
        return Error{
            Errc::not_found, ErrorId::version_not_found,
            fmt::format("no version of {} is in the range {}", wanted.name.text(), wanted.range.text()),
            "`ggen info " + wanted.name.text() + "` shows its versions"};
    }
    ASSIGN_OR_RETURN(auto const record, open->reader->release(*report.shown));
    report.archive = record.archive;
    auto const bytes = open->reader->blob(record.manifest);
    if (!bytes) {
        // A withdrawn text: the versions are still worth showing.
        if (bytes.error().code != Errc::not_found) return bytes.error();
        return report;
    }
    auto manifest = Manifest::parse(as_text(*bytes), spec + "/gpack.toml");
    if (!manifest) return std::move(manifest).error();
    report.manifest = *std::move(manifest);
    return report;
}

std::vector<std::string> similar_packages(Market& market, std::string const& wanted, std::size_t max) {
    return similar_in(wanted, detail::remembered_names(market, {}), max);
}

std::vector<std::string> complete_package_names(Market& market, std::string const& prefix, std::size_t max) {
    auto names = detail::remembered_names(market, prefix);
    if (names.size() > max) names.resize(max);
    return names;
}

}  // namespace ggen
