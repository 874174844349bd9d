#include "market/search_projection.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "market/catalogue_view.hpp"
#include "market/labels.hpp"
#include "market/popularity.hpp"
#include "market/search_coverage.hpp"
#include "search/index_directory.hpp"
#include "search/index_writer.hpp"

namespace ggen::detail {
namespace {

/// Every process that searches replays the changes first, so fewer of them may wait than in one that stays: 500 cost
/// 12 ms an opening, and a four-hundredth of a million packages 60 ms, against 9 s for a merge of these.
constexpr SearchWriterOptions k_writer_options{.merge_changes_min = 500, .merge_share = 400};

constexpr char const* k_damaged = "the search index was damaged or old and is built anew";

std::string index_directory(Market const& market) { return join_path(market.directories.cache, "search/index"); }
std::string coverage_path(Market const& market) {
    return join_path(market.directories.cache, "search/coverage.json");
}
/// The popularity file that the documents of a registry were last annotated with.
std::string popularity_path(Market const& market, KnownRegistry const& known) {
    return join_path(market.directories.cache,
                     "search/popularity-" + registry_label(known.origin, known.root_fingerprint) + ".tsv");
}

void warn(Market& market, std::string text) {
    market.observer.on_event({ProgressEvent::Kind::warning, std::move(text), 0, 0, 0});
}

/// A refreshed registry and what the index must come to cover of it.
struct Wanted {
    OpenRegistry* registry = nullptr;
    std::string key;
    std::uint64_t log_size = 0;
    Bytes popularity;               ///< The file as the registry serves it; empty = none.
    std::string popularity_digest;  ///< "" = none.
};

/// Untrusted and optional: whatever is wrong with the popularity file, the search goes on without.
Wanted wanted_of(OpenRegistry& registry) {
    Wanted out;
    out.registry = &registry;
    out.key = origin_key(registry.known);
    out.log_size = registry.reader->checkpoint().checkpoint.size;
    if (auto bytes = registry.source->read(k_popularity_name, k_popularity_bytes_max); bytes && !bytes->empty()) {
        out.popularity = *std::move(bytes);
        out.popularity_digest = sha256(out.popularity).text();
    }
    return out;
}

bool covers(SearchCoverage const& coverage, Wanted const& wanted) {
    auto const* const entry = coverage.find(wanted.key);
    return entry != nullptr && entry->log_size == wanted.log_size && entry->popularity == wanted.popularity_digest;
}

/// Whether documents of registries that nobody knows any more stand in the index.
bool has_strangers(Market const& market, SearchCoverage const& coverage) {
    std::set<std::string> known;
    for (auto const& registry : market.config.registries) known.insert(origin_key(registry));
    return std::any_of(coverage.registries().begin(), coverage.registries().end(),
                       [&](CoveredRegistry const& entry) { return !known.contains(entry.key); });
}

/// What the catalogue of a registry says, annotated with its popularity.
class Source {
public:
    Source(KnownRegistry const& known, PopularityMap popularity)
        : key_(origin_key(known)), popularity_(std::move(popularity)) {}

    void annotate(SearchDocument* document) const {
        auto const counts = popularity_of(popularity_, document->name);
        document->origin = key_;
        document->downloads = counts.downloads;
        document->stars = counts.stars;
        document->is_signed = true;  // A release without its publisher's signature has no effect in a log.
    }
    /// Names whose counts are others in `before`.
    [[nodiscard]] std::set<std::string> differing_names(PopularityMap const& before) const {
        std::set<std::string> out;
        auto const compare = [&](PopularityMap const& one, PopularityMap const& other) {
            for (auto const& [name, counts] : one) {
                if (popularity_of(other, name) != counts) out.insert(name);
            }
        };
        compare(before, popularity_);
        compare(popularity_, before);
        return out;
    }

private:
    std::string key_;
    PopularityMap popularity_;
};

/// The popularity that the index was made with; none when it is lost.
PopularityMap remembered_popularity(Market& market, KnownRegistry const& known) {
    auto const bytes = market.files.read_file(popularity_path(market, known), k_popularity_bytes_max);
    return bytes ? parse_popularity(as_text(*bytes)) : PopularityMap{};
}

Result<void> remember_popularity(Market& market, Wanted const& wanted) {
    auto const path = popularity_path(market, wanted.registry->known);
    if (wanted.popularity.empty()) return market.files.remove_tree(path);
    return market.files.write_file_atomic(path, wanted.popularity, Sync::durable, 0600);
}

/// Errors: those of a missing or damaged index.
Result<IndexPosition> present_position(Market& market) {
    auto const directory = index_directory(market);
    IndexPosition out;
    ASSIGN_OR_RETURN(out.number, search_index::read_current(market.files, directory));
    auto const info = market.files.info(search_index::changes_path(directory, out.number));
    if (info) out.changes_bytes = info->size_bytes;
    return out;
}

/// False when files of the index were cut or put back, which a torn end of the log of changes would hide.
bool is_as_far(Market& market, SearchCoverage const& coverage) {
    auto const present = present_position(market);
    return present && *present >= coverage.position();
}

Result<void> write_coverage(Market& market, SearchCoverage coverage) {
    ASSIGN_OR_RETURN(auto const position, present_position(market));
    coverage.set_position(position);
    return market.files.write_file_atomic(coverage_path(market), as_bytes(coverage.text()), Sync::durable, 0600);
}

/// Feeds the whole catalogue of one registry, as it stands, into a new index. Returns what that covers; nothing when
/// there is no catalogue.
Result<std::optional<CoveredRegistry>> feed_catalogue(Market& market, KnownRegistry const& known,
                                                      SearchIndexBuilder& builder) {
    auto const path = catalogue_path(market.directories, known);
    if (!market.files.info(path)) return std::optional<CoveredRegistry>{};
    ASSIGN_OR_RETURN(auto const lock, lock_catalogue(market, known));
    ASSIGN_OR_RETURN(auto const catalogue, Catalogue::open(market.files, path));
    auto const popularity = market.files.read_file(popularity_path(market, known), k_popularity_bytes_max);
    Source const source{known, popularity ? parse_popularity(as_text(*popularity)) : PopularityMap{}};
    CoveredRegistry covered;
    covered.key = origin_key(known);
    covered.log_size = catalogue->log_size();
    if (popularity && !popularity->empty()) covered.popularity = sha256(*popularity).text();
    auto const feed = [&](SearchDocument&& document) -> Result<void> {
        RETURN_IF_ERROR(market.cancel.check());
        source.annotate(&document);
        ++covered.packages;
        return builder.add(document);
    };
    RETURN_IF_ERROR(catalogue->each_document(feed));
    return std::optional{std::move(covered)};
}

/// A new index in `directory` from the catalogues as they stand. Returns what it covers.
Result<SearchCoverage> build_from_catalogues(Market& market, std::string const& directory) {
    ASSIGN_OR_RETURN(auto const builder, SearchIndexBuilder::create(market.files, directory, &market.cancel));
    SearchCoverage coverage;
    for (auto const& known : market.config.registries) {
        ASSIGN_OR_RETURN(auto covered, feed_catalogue(market, known, *builder));
        if (covered) coverage.put(*std::move(covered));
    }
    RETURN_IF_ERROR(builder->finish(&market.cancel));
    return coverage;
}

/// What brings the documents of one registry from `covered` to `wanted`.
Result<std::vector<IndexChange>> changes_of(Market& market, CoveredRegistry const& covered, Wanted const& wanted,
                                Catalogue& catalogue) {
    auto const& known = wanted.registry->known;
    Source const source{known, parse_popularity(as_text(wanted.popularity))};
    ASSIGN_OR_RETURN(auto const renewed, names_changed(*wanted.registry->reader, covered.log_size, wanted.log_size,
                                                       market.cancel));
    std::set<std::string> recounted;
    if (covered.popularity != wanted.popularity_digest) {
        recounted = source.differing_names(remembered_popularity(market, known));
    }
    std::vector<IndexChange> changes;
    changes.reserve(renewed.size() + recounted.size());
    for (auto const& name : renewed) {
        recounted.erase(name.text());
        ASSIGN_OR_RETURN(auto document, catalogue.document(name.text()));
        auto const kind = document ? IndexChange::Kind::upsert : IndexChange::Kind::remove;
        if (!document) document.emplace().name = name.text();
        source.annotate(&*document);
        changes.push_back({kind, *std::move(document)});
    }
    for (auto const& name : recounted) {
        IndexChange change{IndexChange::Kind::popularity, {}};
        change.document.name = name;
        source.annotate(&change.document);
        changes.push_back(std::move(change));
    }
    return changes;
}

/// Whether the index can be brought to `wanted` by changes alone.
bool can_grow(Market const& market, SearchCoverage const& coverage, std::vector<Wanted> const& wanted) {
    if (has_strangers(market, coverage)) return false;
    return std::all_of(wanted.begin(), wanted.end(), [&](Wanted const& one) {
        auto const* const entry = coverage.find(one.key);
        return entry != nullptr && entry->log_size <= one.log_size;
    });
}

/// Applies what is new of each registry. Durable before the coverage says so.
Result<void> grow(Market& market, SearchIndexWriter& writer, SearchCoverage coverage,
                  std::vector<Wanted> const& wanted) {
    for (auto const& one : wanted) {
        if (covers(coverage, one)) continue;
        std::vector<IndexChange> changes;
        CoveredRegistry covered{one.key, one.log_size, 0, one.popularity_digest};
        auto const read = [&](Catalogue& catalogue) -> Result<void> {
            ASSIGN_OR_RETURN(changes, changes_of(market, *coverage.find(one.key), one, catalogue));
            ASSIGN_OR_RETURN(auto const counts, catalogue.counts());
            covered.packages = counts.packages;
            return ok();
        };
        RETURN_IF_ERROR(with_fresh_catalogue(market, *one.registry, read));
        RETURN_IF_ERROR(writer.apply(changes));
        RETURN_IF_ERROR(remember_popularity(market, one));
        coverage.put(std::move(covered));
    }
    RETURN_IF_ERROR(write_coverage(market, coverage));
    if (!writer.is_merge_due()) return ok();
    RETURN_IF_ERROR(writer.merge(&market.cancel));
    return write_coverage(market, std::move(coverage));
}

Result<void> build_for(Market& market, std::vector<Wanted> const& wanted) {
    for (auto const& one : wanted) {
        RETURN_IF_ERROR(with_fresh_catalogue(market, *one.registry, [](Catalogue&) { return ok(); }));
    }
    // Without a coverage the next search builds again, should this one be killed from here on.
    RETURN_IF_ERROR(market.files.remove_tree(coverage_path(market)));
    for (auto const& one : wanted) RETURN_IF_ERROR(remember_popularity(market, one));
    ASSIGN_OR_RETURN(auto const coverage, build_from_catalogues(market, index_directory(market)));
    return write_coverage(market, coverage);
}

Result<std::unique_ptr<FileLock>> lock_index(Market& market) {
    auto const directory = join_path(market.directories.cache, "search");
    RETURN_IF_ERROR(market.files.make_directories(directory, 0700));
    return market.files.lock(join_path(directory, "lock"), LockMode::exclusive, &market.cancel);
}

/// Another process may have done the work while this one waited for the lock.
Result<void> update(Market& market, std::vector<Wanted> const& wanted, bool is_damaged) {
    ASSIGN_OR_RETURN(auto const lock, lock_index(market));
    auto coverage = SearchCoverage::load(market.files, coverage_path(market));
    if (coverage && !is_damaged && is_as_far(market, *coverage) && can_grow(market, *coverage, wanted)) {
        auto writer = SearchIndexWriter::open(market.files, index_directory(market), k_writer_options, &market.cancel);
        if (writer) return grow(market, **writer, *coverage, wanted);
        if (!is_damage(writer.error())) return std::move(writer).error();
        warn(market, k_damaged);
    }
    return build_for(market, wanted);
}

bool is_current(Market const& market, SearchCoverage const& coverage, std::vector<Wanted> const& wanted) {
    return !has_strangers(market, coverage) &&
           std::all_of(wanted.begin(), wanted.end(), [&](Wanted const& one) { return covers(coverage, one); });
}

FreshIndex fresh_of(std::shared_ptr<SearchIndex const> index, SearchCoverage const& coverage,
                    std::vector<Wanted> const& wanted) {
    FreshIndex out{std::move(index), {}, 0};
    for (auto const& one : wanted) {
        out.origins.push_back(one.key);
        if (auto const* const entry = coverage.find(one.key)) out.packages += entry->packages;
    }
    return out;
}

}  // namespace

Result<FreshIndex> fresh_index(Market& market, std::vector<OpenRegistry*> const& registries, bool is_damaged) {
    std::vector<Wanted> wanted;
    wanted.reserve(registries.size());
    for (auto* const registry : registries) wanted.push_back(wanted_of(*registry));

    auto coverage = SearchCoverage::load(market.files, coverage_path(market));
    if (!coverage && coverage.error().code != Errc::not_found) is_damaged = true;
    if (coverage && !is_as_far(market, *coverage)) is_damaged = true;
    if (!is_damaged && coverage && is_current(market, *coverage, wanted)) {
        auto index = open_search_index(market.files, index_directory(market));
        if (index) return fresh_of(*std::move(index), *coverage, wanted);
        if (!is_damage(index.error())) return std::move(index).error();
        is_damaged = true;
    }
    if (is_damaged) warn(market, k_damaged);
    RETURN_IF_ERROR(update(market, wanted, is_damaged));
    ASSIGN_OR_RETURN(auto const renewed, SearchCoverage::load(market.files, coverage_path(market)));
    ASSIGN_OR_RETURN(auto index, open_search_index(market.files, index_directory(market)));
    return fresh_of(std::move(index), renewed, wanted);
}

std::shared_ptr<SearchIndex const> remembered_index(Market& market) {
    auto index = open_search_index(market.files, index_directory(market));
    return index ? *std::move(index) : nullptr;
}

std::optional<Digest> index_image(Market& market) {
    auto const image = search_index_image(market.files, index_directory(market), &market.cancel);
    return image ? std::optional{*image} : std::nullopt;
}

Result<Digest> rebuild_index(Market& market, bool replace) {
    ASSIGN_OR_RETURN(auto const lock, lock_index(market));
    auto const present = index_directory(market);
    auto const directory = replace ? present : present + ".check";
    if (replace) RETURN_IF_ERROR(market.files.remove_tree(coverage_path(market)));
    ASSIGN_OR_RETURN(auto const coverage, build_from_catalogues(market, directory));
    if (replace) RETURN_IF_ERROR(write_coverage(market, coverage));
    auto image = search_index_image(market.files, directory, &market.cancel);
    if (!replace) RETURN_IF_ERROR(market.files.remove_tree(directory));
    return image;
}

bool is_damage(Error const& error) {
    bool const is_bad = error.code == Errc::corrupt || error.code == Errc::invalid || error.code == Errc::not_found;
    return is_bad && error.id == ErrorId::none;
}

}  // namespace ggen::detail
