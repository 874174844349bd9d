#include "peers/product_engine.hpp"

#include <utility>

#include "base/file_system.hpp"
#include "search/index_directory.hpp"

namespace ggen::bench {
namespace {

constexpr std::size_t k_results = 10;

SearchQuery query_of(LatencyQuery const& latency) {
    SearchQuery query;
    query.text = latency.text;
    query.limit = k_results;
    query.names_only = true;  // As the peers, which fetch names alone.
    query.prefix = latency.kind == QueryKind::prefix;
    query.want_facets = latency.kind == QueryKind::facet;
    query.fuzzy = latency.kind == QueryKind::fuzzy1 || latency.kind == QueryKind::fuzzy2;
    if (latency.kind == QueryKind::filtersort) {
        query.category = latency.category;
        query.downloads_min = latency.downloads_min;
        query.sort = SearchSort::downloads;
    }
    return query;
}

class PortProduct final : public Product {
public:
    explicit PortProduct(std::shared_ptr<SearchIndex const> index) : index_(std::move(index)) {}

    [[nodiscard]] std::string_view name() const override { return "ggen"; }
    [[nodiscard]] bool answers(QueryKind) const override { return true; }
    Result<void> run(LatencyQuery const& query, std::vector<std::string>& names) override {
        return ask(query_of(query), names);
    }
    Result<void> search_box(std::string const& text, std::vector<std::string>& names) override {
        SearchQuery query;
        query.text = text;
        query.fuzzy = true;
        query.limit = k_results;
        query.names_only = true;
        return ask(query, names);
    }
    [[nodiscard]] std::size_t document_count() const override { return index_->document_count(); }

private:
    Result<void> ask(SearchQuery const& query, std::vector<std::string>& names) const {
        ASSIGN_OR_RETURN(auto page, index_->search(query));
        names.clear();
        for (auto& hit : page.hits) names.push_back(std::move(hit.document.name));
        return ok();
    }

    std::shared_ptr<SearchIndex const> index_;
};

}  // namespace

Result<std::unique_ptr<Product>> open_index_product(std::string const& directory) {
    auto const files = make_posix_file_system();
    ASSIGN_OR_RETURN(auto index, open_search_index(*files, directory));
    return std::unique_ptr<Product>{std::make_unique<PortProduct>(std::move(index))};
}

}  // namespace ggen::bench
