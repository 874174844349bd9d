#include "market/find.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "market/catalogue_view.hpp"
#include "market/install.hpp"
#include "market/registry_set.hpp"
#include "market/search_coverage.hpp"
#include "market/search_projection.hpp"
#include "market/witnesses.hpp"
#include "spec/similar_names.hpp"

namespace ggen {
namespace {

constexpr std::size_t k_suggestions_max = 3;
constexpr std::size_t k_similar_candidates_max = 50;
constexpr std::int64_t k_day_seconds = 86'400;

/// Names like `wanted`, whole or without the scope, which people leave out: the nearest of what the engine finds
/// with typing mistakes forgiven.
std::vector<std::string> similar_in(SearchIndex const& index, std::string const& wanted,
                                    std::vector<std::string> const& origins, std::size_t max) {
    SearchQuery query;
    query.text = wanted;
    query.fuzzy = true;
    query.origins = origins;
    query.limit = k_similar_candidates_max;
    query.names_only = true;
    auto const page = index.search(query);
    if (!page) return {};  // Only a hint: a text that cannot be searched for resembles nothing.
    std::vector<std::string> names;
    std::map<std::string, std::vector<std::string>> by_base;
    for (auto const& hit : page->hits) {
        auto const& name = hit.document.name;
        names.push_back(name);
        by_base[name.substr(name.find('/') + 1)].push_back(name);
    }
    auto found = closest(wanted, names, max);
    if (wanted.find('/') != std::string::npos) return found;
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

Result<std::vector<OpenRegistry*>> asked_registries(RegistrySet& registries, std::vector<std::string> const& names) {
    if (names.empty()) return registries.all();
    std::vector<OpenRegistry*> out;
    for (auto const& name : names) {
        ASSIGN_OR_RETURN(auto* const one, registries.by_name(name));
        if (std::find(out.begin(), out.end(), one) == out.end()) out.push_back(one);
    }
    return out;
}

/// Puts origins in the place of their keys; registries that share one are counted together.
void show_origins(SearchPage* page) {
    for (auto& hit : page->hits) hit.document.origin = detail::origin_of_key(hit.document.origin);
    for (auto& facet : page->facets) {
        if (facet.field != "origin") continue;
        std::vector<std::pair<std::string, std::uint64_t>> merged;
        for (auto& [key, count] : facet.counts) {
            auto const origin = detail::origin_of_key(key);
            auto const same = std::find_if(merged.begin(), merged.end(),
                                           [&](auto const& entry) { return entry.first == origin; });
            if (same == merged.end()) merged.emplace_back(origin, count);
            else same->second += count;
        }
        std::stable_sort(merged.begin(), merged.end(),
                         [](auto const& a, auto const& b) { return a.second > b.second; });
        facet.counts = std::move(merged);
    }
}

Result<SearchReport> search_index(Market& market, detail::FreshIndex const& fresh, SearchQuery query) {
    query.origins = fresh.origins;
    SearchReport report;
    report.searched = fresh.packages;
    auto const started = market.clock.steady_now();
    ASSIGN_OR_RETURN(report.page, fresh.index->search(query));
    auto const elapsed = market.clock.steady_now() - started;
    report.elapsed_us =
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count());
    show_origins(&report.page);
    if (report.page.total == 0 && !query.text.empty()) {
        report.suggestions = similar_in(*fresh.index, query.text, query.origins, k_suggestions_max);
    }
    return report;
}

}  // namespace

Result<SearchReport> search_packages(Market& market, SearchRequest const& request) {
    RegistrySet registries{market};
    ASSIGN_OR_RETURN(auto const open, asked_registries(registries, request.registries));
    auto query = request.query;
    if (request.age_days_min > 0) {
        query.released_before_unix =
            market.clock.wall_now().seconds - static_cast<std::int64_t>(request.age_days_min) * k_day_seconds;
    }
    ASSIGN_OR_RETURN(auto fresh, detail::fresh_index(market, open));
    auto report = search_index(market, fresh, query);
    if (!report && report.error().code == Errc::corrupt) {
        // Large files are not read whole when they are opened: damage may show only here.
        ASSIGN_OR_RETURN(fresh, detail::fresh_index(market, open, true));
        report = search_index(market, fresh, query);
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
                      .witnesses = detail::witnesses_of(open->reader->root(), open->reader->checkpoint().note),
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
    auto const index = detail::remembered_index(market);
    return index ? similar_in(*index, wanted, {}, max) : std::vector<std::string>{};
}

std::vector<std::string> complete_package_names(Market& market, std::string const& prefix, std::size_t max) {
    auto names = detail::remembered_names(market, prefix);
    if (names.size() > max) names.resize(max);
    return names;
}

}  // namespace ggen
