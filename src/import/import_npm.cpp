#include "import/import_npm.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "base/parallel.hpp"
#include "import/npm_closure.hpp"
#include "import/foreign_archive.hpp"
#include "import/npm_document.hpp"
#include "import/npm_source.hpp"
#include "market/publish.hpp"
#include "market/registry_set.hpp"

namespace ggen {
namespace {

constexpr std::size_t k_batch_releases = 64;
constexpr std::size_t k_fetch_together = 16;
constexpr std::uint64_t k_batch_bytes = 64 * k_mib;

/// Publishes a closure in batches and keeps the report.
class Importer {
public:
    Importer(Market& market, NpmSource& source, ImportNpmRequest const& request)
        : market_(market), source_(source), request_(request) {}

    Result<ImportNpmReport> run(NpmClosure closure) {
        report_.skipped = std::move(closure.skipped);
        report_.versions = closure.releases.size();
        std::set<std::string> names;
        for (auto const& release : closure.releases) names.insert(release.npm_name);
        report_.packages = names.size();
        RETURN_IF_ERROR(drop_published(closure.releases));
        for (std::size_t start = 0; start < closure.releases.size(); start += k_fetch_together) {
            RETURN_IF_ERROR(market_.cancel.check());
            auto const count = std::min(k_fetch_together, closure.releases.size() - start);
            RETURN_IF_ERROR(take({closure.releases.data() + start, count}));
            market_.observer.on_event({ProgressEvent::Kind::package_done, "", start + count,
                                       closure.releases.size(), report_.bytes_fetched});
            if (batch_.size() >= k_batch_releases || batch_bytes_ >= k_batch_bytes) RETURN_IF_ERROR(flush());
        }
        RETURN_IF_ERROR(flush());
        return std::move(report_);
    }

private:
    void skip(NpmRelease const& release, std::string const& why) {
        report_.skipped.push_back(release.npm_name + "@" + release.version->version.text() + ": " + why);
    }

    /// A registry that cannot be read yet (empty) holds nothing; errors of reading it are errors.
    Result<void> drop_published(std::vector<NpmRelease>& releases) {
        RegistrySet registries{market_};
        ASSIGN_OR_RETURN(auto* const registry, registries.by_name(request_.registry));
        report_.registry = registry->known.alias;
        std::map<PackageName, std::set<Version>> there;
        std::vector<NpmRelease> left;
        for (auto& release : releases) {
            if (!there.contains(release.name)) {
                ASSIGN_OR_RETURN(auto const state, registry->reader->lookup(release.name));
                auto& versions = there[release.name];
                if (state) {
                    for (auto const& version : state->versions) versions.insert(version.version);
                }
            }
            if (there[release.name].contains(release.version->version)) {
                ++report_.already_there;
            } else {
                left.push_back(std::move(release));
            }
        }
        releases = std::move(left);
        return ok();
    }

    /// A release as it will be published.
    struct Converted {
        PublishItem item;
        std::uint64_t bytes_fetched = 0;
        std::uint64_t bytes_unpacked = 0;
        std::vector<std::string> skipped;  ///< Files that were left out.
    };

    /// Runs on several threads.
    [[nodiscard]] Result<Converted> convert(NpmRelease const& release) const {
        ASSIGN_OR_RETURN(auto const tarball, source_.tarball(release.npm_name, *release.version));
        ForeignLimits const limits{
            .top_directory = archive_top_directory(release.name.text(), release.version->version.text())};
        ASSIGN_OR_RETURN(auto contents, read_npm_tarball(tarball, limits));
        Converted converted;
        converted.bytes_fetched = tarball.size();
        converted.skipped = std::move(contents.skipped);
        NpmDescription description;
        for (auto const& file : contents.files) {
            if (file.path == "package.json") description = NpmDescription::from_package_json(file.content);
        }
        auto& item = converted.item;
        item.manifest_text = manifest_from_npm(release.name, release.version->version, description,
                                               release.dependencies);
        RETURN_IF_ERROR(check_manifest(item.manifest_text));
        item.files = std::move(contents.files);
        item.files.push_back({"gpack.toml", false, to_bytes(item.manifest_text)});
        for (auto const& file : item.files) converted.bytes_unpacked += file.content.size();
        return converted;
    }

    static Result<void> check_manifest(std::string const& text) {
        auto const manifest = Manifest::parse(text);
        if (!manifest) return manifest.error();
        return ok();
    }

    /// Asking again later may help, so the import stops and can be continued; anything else is a fault of
    /// one package, which is left out.
    static bool is_passing(Error const& error) {
        return error.code == Errc::cancelled || error.code == Errc::unavailable || error.code == Errc::timed_out ||
               error.code == Errc::io;
    }

    Result<void> take(std::span<NpmRelease const> releases) {
        std::vector<std::optional<Result<Converted>>> converted(releases.size());
        run_parallel(releases.size(), NpmSource::k_parallel_fetches,
                     [&](std::size_t i) { converted[i] = convert(releases[i]); });
        for (std::size_t i = 0; i < releases.size(); ++i) {
            auto& result = *converted[i];
            if (!result) {
                if (is_passing(result.error())) return std::move(result).error();
                skip(releases[i], result.error().context);
                continue;
            }
            for (auto const& reason : result->skipped) skip(releases[i], reason);
            report_.bytes_fetched += result->bytes_fetched;
            batch_bytes_ += result->bytes_unpacked;
            batch_.push_back(std::move(result->item));
        }
        return ok();
    }

    Result<void> flush() {
        if (batch_.empty()) return ok();
        ASSIGN_OR_RETURN(auto const published, publish_items(market_, request_.registry, std::move(batch_)));
        report_.published += published.packages.size();
        batch_.clear();
        batch_bytes_ = 0;
        return ok();
    }

    Market& market_;
    NpmSource& source_;
    ImportNpmRequest const& request_;
    ImportNpmReport report_;
    std::vector<PublishItem> batch_;
    std::uint64_t batch_bytes_ = 0;
};

}  // namespace

Result<ImportNpmOutcome> import_npm(Market& market, HttpGetter& http, ImportNpmRequest const& request) {
    auto const started = market.clock.steady_now();
    NpmSource source{http, request.npm_registry};
    market.observer.on_event({ProgressEvent::Kind::phase, "resolve", 0, 0, 0});
    ASSIGN_OR_RETURN(auto closure, find_npm_closure(source, request, market.cancel));
    if (auto* const conflict = std::get_if<Conflict>(&closure)) return ImportNpmOutcome{std::move(*conflict)};
    market.observer.on_event({ProgressEvent::Kind::phase, "fetch", 0, 0, 0});
    Importer importer{market, source, request};
    ASSIGN_OR_RETURN(auto report, importer.run(std::move(std::get<NpmClosure>(closure))));
    report.elapsed_us = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(market.clock.steady_now() - started).count());
    return ImportNpmOutcome{std::move(report)};
}

}  // namespace ggen
