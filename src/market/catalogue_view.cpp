#include "market/catalogue_view.hpp"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "market/registries.hpp"
#include "market/search_projection.hpp"
#include "registry/state.hpp"

namespace ggen::detail {
namespace {

constexpr std::size_t k_completions_max = 1'000'000;

void warn(Market& market, std::string text) {
    market.observer.on_event({ProgressEvent::Kind::warning, std::move(text), 0, 0, 0});
}

Result<void> remove_database(FileSystem& files, std::string const& path) {
    for (auto const* suffix : {"", "-wal", "-shm"}) RETURN_IF_ERROR(files.remove_tree(path + suffix));
    return ok();
}

Result<void> read_catalogue(Market& market, OpenRegistry& registry, std::string const& path,
                            std::function<Result<void>(Catalogue&)> const& read) {
    ASSIGN_OR_RETURN(auto const catalogue, Catalogue::open(market.files, path));
    if (catalogue->was_remade()) {
        warn(market, "the catalogue of " + registry.known.alias + " was damaged or old and is built anew");
    }
    RETURN_IF_ERROR(catalogue->refresh(*registry.reader, market.cancel));
    return read(*catalogue);
}

/// Replays the whole log with every check, beside the state tree that the registry serves. A tree that does
/// not follow from the log is fraud, and shows here.
Result<void> audit_log(Market& market, OpenRegistry& registry) {
    auto& reader = *registry.reader;
    RegistryState state{registry.known.origin};
    auto const size = reader.checkpoint().checkpoint.size;
    return reader.each_entry(0, size, [&](std::uint64_t index, BytesView entry) -> Result<void> {
        RETURN_IF_ERROR(market.cancel.check());
        auto const outcome = state.apply(entry);
        if (outcome.id != ErrorId::state_mismatch) return ok();
        return Error{Errc::refused, ErrorId::state_mismatch,
                     fmt::format("entry {} of {}: {}", index, registry.known.origin, outcome.why),
                     "tell its operator; do not install from it"};
    });
}

}  // namespace

Result<std::unique_ptr<FileLock>> lock_catalogue(Market& market, KnownRegistry const& known) {
    auto const path = catalogue_path(market.directories, known);
    RETURN_IF_ERROR(market.files.make_directories(parent_path(path), 0700));
    return market.files.lock(path + ".lock", LockMode::exclusive, &market.cancel);
}

Result<void> with_fresh_catalogue(Market& market, OpenRegistry& registry,
                                  std::function<Result<void>(Catalogue&)> const& read) {
    auto const path = catalogue_path(market.directories, registry.known);
    ASSIGN_OR_RETURN(auto const lock, lock_catalogue(market, registry.known));
    auto done = read_catalogue(market, registry, path, read);
    if (!done && done.error().code == Errc::corrupt && done.error().id == ErrorId::none) {
        // Damage that only reading shows. What the log itself gets wrong has an id and is not hidden.
        warn(market, "the catalogue of " + registry.known.alias + " was damaged and is built anew");
        RETURN_IF_ERROR(remove_database(market.files, path));
        done = read_catalogue(market, registry, path, read);
    }
    return done ? ok() : wrap(std::move(done).error(), "catalogue of " + registry.known.alias);
}

std::vector<std::string> remembered_names(Market& market, std::string const& prefix) {
    std::set<std::string> names;
    for (auto const& known : market.config.registries) {
        auto const path = catalogue_path(market.directories, known);
        if (!market.files.info(path)) continue;
        auto const lock = market.files.try_lock(path + ".lock", LockMode::exclusive);
        if (!lock || !*lock) continue;
        auto const catalogue = Catalogue::open(market.files, path);
        if (!catalogue) continue;
        if (auto found = (*catalogue)->names(prefix, k_completions_max)) names.insert(found->begin(), found->end());
    }
    return {names.begin(), names.end()};
}

std::optional<Digest> current_image(Market& market, KnownRegistry const& known) {
    auto const path = catalogue_path(market.directories, known);
    if (!market.files.info(path)) return std::nullopt;
    auto const lock = lock_catalogue(market, known);
    if (!lock) return std::nullopt;
    auto const catalogue = Catalogue::open(market.files, path);
    if (!catalogue || (*catalogue)->was_remade()) return std::nullopt;
    auto const image = (*catalogue)->image_digest();
    return image ? std::optional{*image} : std::nullopt;
}

Result<CatalogueFigures> rebuild_catalogue(Market& market, OpenRegistry& registry, bool replace) {
    RETURN_IF_ERROR(audit_log(market, registry));
    auto const path = catalogue_path(market.directories, registry.known);
    ASSIGN_OR_RETURN(auto const lock, lock_catalogue(market, registry.known));
    auto const fresh = path + ".new";
    RETURN_IF_ERROR(remove_database(market.files, fresh));
    CatalogueFigures figures;
    {
        ASSIGN_OR_RETURN(auto const catalogue, Catalogue::open(market.files, fresh));
        RETURN_IF_ERROR(catalogue->refresh(*registry.reader, market.cancel));
        ASSIGN_OR_RETURN(figures.image, catalogue->image_digest());
        ASSIGN_OR_RETURN(auto const counts, catalogue->counts());
        figures.packages = counts.packages;
        figures.releases = counts.releases;
    }  // Closing moves its journal into the file.
    if (!replace) {
        RETURN_IF_ERROR(remove_database(market.files, fresh));
        return figures;
    }
    RETURN_IF_ERROR(remove_database(market.files, path));
    RETURN_IF_ERROR(market.files.rename(fresh, path));
    return figures;
}

}  // namespace ggen::detail

namespace ggen {

Result<std::vector<RebuildReport>> rebuild_catalogues(Market& market, std::string const& alias) {
    RegistrySet registries{market};
    std::vector<OpenRegistry*> open;
    if (alias.empty()) {
        ASSIGN_OR_RETURN(open, registries.all());
    } else {
        ASSIGN_OR_RETURN(auto* const one, registries.by_name(alias));
        open.push_back(one);
    }
    std::vector<RebuildReport> reports;
    for (auto* const registry : open) {
        auto const before = detail::current_image(market, registry->known);
        ASSIGN_OR_RETURN(auto const figures, detail::rebuild_catalogue(market, *registry, true));
        RebuildReport report;
        report.alias = registry->known.alias;
        report.log_size = registry->reader->checkpoint().checkpoint.size;
        report.packages = figures.packages;
        report.releases = figures.releases;
        report.catalogue = figures.image;
        report.was_identical = before == figures.image;
        reports.push_back(std::move(report));
    }
    auto const index_before = detail::index_image(market);
    ASSIGN_OR_RETURN(auto const index, detail::rebuild_index(market, true));
    for (auto& report : reports) {
        report.index = index;
        report.index_was_identical = index_before == index;
    }
    return reports;
}

}  // namespace ggen
