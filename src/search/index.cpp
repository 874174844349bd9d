#include "search/index.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "search/engine.hpp"
#include "search/facets.hpp"
#include "search/highlight.hpp"

namespace ggen::search_index {
namespace {

/// Facets of a query that no document meets word by word are counted over so many of its hits.
constexpr std::size_t k_facet_hits_max = 10'000;

/// What a thread needs to search: reused, so that a search allocates for its results only.
struct Scratch {
    PreparedQuery prepared;
    Engine engine;
    FacetCounter facets;
    Highlighter highlighter;
    StoreScratchPtr store;
    std::vector<RankedHit> hits;
};

class PartsIndex final : public SearchIndex {
public:
    explicit PartsIndex(Parts parts) : parts_(std::move(parts)) {}

    Result<SearchPage> search(SearchQuery const& query) const override;
    [[nodiscard]] std::size_t document_count() const override { return parts_.document_count(); }

private:
    Result<SearchHit> read_hit(RankedHit const& ranked, SearchQuery const& query, Scratch& scratch) const;
    void add_facets(SearchQuery const& query, Scratch& scratch, SearchPage& page) const;

    Parts const parts_;
};

Result<SearchPage> PartsIndex::search(SearchQuery const& query) const {
    thread_local Scratch scratch;
    RETURN_IF_ERROR(scratch.prepared.assign(query, parts_));
    std::optional<PageKey> after;
    if (!query.after.empty()) {
        ASSIGN_OR_RETURN(after, PageKey::parse(query.after));
    }
    // One more than is shown tells whether there is a next page.
    auto const count = query.offset + query.limit + 1;
    auto const ranking = scratch.engine.run(parts_, query, scratch.prepared, after ? &*after : nullptr, count,
                                            scratch.hits);
    SearchPage page;
    page.total = ranking.matches;
    page.is_total_exact = ranking.is_exact;
    auto const begin = std::min(query.offset, scratch.hits.size());
    auto const end = std::min(begin + query.limit, scratch.hits.size());
    scratch.highlighter.assign(scratch.prepared, ranking.tier);
    page.hits.reserve(end - begin);
    for (auto i = begin; i < end; ++i) {
        ASSIGN_OR_RETURN(auto hit, read_hit(scratch.hits[i], query, scratch));
        page.hits.push_back(std::move(hit));
    }
    if (end < scratch.hits.size() && end > begin) {
        page.next = HitOrder{parts_, query}.key_of(scratch.hits[end - 1], ranking.tier).print();
    }
    if (query.want_facets) add_facets(query, scratch, page);
    return page;
}

Result<SearchHit> PartsIndex::read_hit(RankedHit const& ranked, SearchQuery const& query, Scratch& scratch) const {
    auto const& view = parts_.live[ranked.part].view();
    SearchHit hit;
    hit.score = ranked.score;
    if (query.names_only) {
        std::string buffer;
        hit.document.name = view.name(ranked.doc, buffer);
        TermBuffer origin;
        hit.document.origin = view.filter_text(FilterField::origin, view.origin(ranked.doc), origin);
        return hit;
    }
    ASSIGN_OR_RETURN(hit.document, view.stored(ranked.doc, scratch.store));
    scratch.highlighter.mark_name(hit.document.name, hit.name_highlights);
    scratch.highlighter.mark_text(hit.document.description, hit.description_highlights);
    return hit;
}

void PartsIndex::add_facets(SearchQuery const& query, Scratch& scratch, SearchPage& page) const {
    auto const documents = scratch.facets.count_words(parts_, query, scratch.prepared);
    if (documents == 0) {
        scratch.engine.run(parts_, query, scratch.prepared, nullptr, k_facet_hits_max, scratch.hits);
        scratch.facets.count_hits(parts_, scratch.hits);
    }
    page.facets = scratch.facets.take();
    page.total = std::max<std::size_t>(page.total, documents);
}

}  // namespace

std::shared_ptr<SearchIndex const> make_parts_index(Parts parts) {
    return std::make_shared<PartsIndex>(std::move(parts));
}

}  // namespace ggen::search_index
