#include "market/catalogue_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>
#include <utility>

#include "market/catalogue.hpp"
#include "market/registries.hpp"
#include "registry/state.hpp"

namespace ggen::detail {
namespace {

constexpr std::size_t k_popularity_bytes_max = 16 * k_mib;
constexpr std::size_t k_completions_max = 1'000'000;
constexpr char const* k_popularity_name = "popularity.tsv";

void warn(Market& market, std::string text) {
    market.observer.on_event({ProgressEvent::Kind::warning, std::move(text), 0, 0, 0});
}

Result<void> remove_database(FileSystem& files, std::string const& path) {
    for (auto const* suffix : {"", "-wal", "-shm"}) RETURN_IF_ERROR(files.remove_tree(path + suffix));
    return ok();
}

/// One process at a time: a database file must not be replaced while another one has it open.
Result<std::unique_ptr<FileLock>> lock_catalogue(Market& market, std::string const& path) {
    RETURN_IF_ERROR(market.files.make_directories(parent_path(path), 0700));
    return market.files.lock(path + ".lock", LockMode::exclusive, &market.cancel);
}

Result<std::vector<SearchDocument>> read_documents(Market& market, OpenRegistry& registry, std::string const& path) {
    ASSIGN_OR_RETURN(auto const catalogue, Catalogue::open(market.files, path));
    if (catalogue->was_remade()) {
        warn(market, "the catalogue of " + registry.known.alias + " was damaged or old and is built anew");
    }
    RETURN_IF_ERROR(catalogue->refresh(*registry.reader, market.cancel));
    return catalogue->documents();
}

/// Untrusted and optional: whatever is wrong with it, the search goes on without.
std::map<std::string, Popularity> read_popularity(OpenRegistry& registry) {
    auto const bytes = registry.source->read(k_popularity_name, k_popularity_bytes_max);
    return bytes ? parse_popularity(as_text(*bytes)) : std::map<std::string, Popularity>{};
}

std::optional<std::uint64_t> parse_count(std::string_view text) {
    std::uint64_t value = 0;
    auto const [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    // JSON and SQL know signed numbers only.
    constexpr auto k_count_max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    bool const is_good = code == std::errc{} && end == text.data() + text.size() && value <= k_count_max;
    return is_good ? std::optional{value} : std::nullopt;
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

std::map<std::string, Popularity> parse_popularity(std::string_view text) {
    std::map<std::string, Popularity> out;
    while (!text.empty()) {
        auto const end = std::min(text.find('\n'), text.size());
        auto const line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        auto const first = line.find('\t');
        auto const second = first == std::string_view::npos ? first : line.find('\t', first + 1);
        if (second == std::string_view::npos) continue;
        auto const downloads = parse_count(line.substr(first + 1, second - first - 1));
        auto const stars = parse_count(line.substr(second + 1));
        if (downloads && stars) out[std::string{line.substr(0, first)}] = {*downloads, *stars};
    }
    return out;
}

Result<std::vector<SearchDocument>> fresh_documents(Market& market, OpenRegistry& registry) {
    auto const path = catalogue_path(market.directories, registry.known);
    ASSIGN_OR_RETURN(auto const lock, lock_catalogue(market, path));
    auto documents = read_documents(market, registry, path);
    if (!documents && documents.error().code == Errc::corrupt && documents.error().id == ErrorId::none) {
        // Damage that only reading shows. What the log itself gets wrong has an id and is not hidden.
        warn(market, "the catalogue of " + registry.known.alias + " was damaged and is built anew");
        RETURN_IF_ERROR(remove_database(market.files, path));
        documents = read_documents(market, registry, path);
    }
    if (!documents) return wrap(std::move(documents).error(), "catalogue of " + registry.known.alias);
    auto const popularity = read_popularity(registry);
    for (auto& document : *documents) {
        document.origin = registry.known.origin;
        auto const found = popularity.find(document.name);
        if (found == popularity.end()) continue;
        document.downloads = found->second.downloads;
        document.stars = found->second.stars;
    }
    return documents;
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
    auto const lock = lock_catalogue(market, path);
    if (!lock) return std::nullopt;
    auto const catalogue = Catalogue::open(market.files, path);
    if (!catalogue || (*catalogue)->was_remade()) return std::nullopt;
    auto const image = (*catalogue)->image_digest();
    return image ? std::optional{*image} : std::nullopt;
}

Result<CatalogueFigures> rebuild_catalogue(Market& market, OpenRegistry& registry, bool replace) {
    RETURN_IF_ERROR(audit_log(market, registry));
    auto const path = catalogue_path(market.directories, registry.known);
    ASSIGN_OR_RETURN(auto const lock, lock_catalogue(market, path));
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
    return reports;
}

}  // namespace ggen
