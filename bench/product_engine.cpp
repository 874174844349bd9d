#include "product_engine.hpp"

#include <utility>

namespace ggen::bench {
namespace {

constexpr std::size_t k_results = 10;

SearchQuery query_of(LatencyQuery const& latency) {
    SearchQuery query;
    query.text = latency.text;
    query.limit = k_results;
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
    explicit PortProduct(std::unique_ptr<SearchIndex> index) : index_(std::move(index)) {}

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

    std::unique_ptr<SearchIndex> index_;
};

}  // namespace

std::unique_ptr<Product> make_scan_product(std::vector<SearchDocument> documents) {
    return std::make_unique<PortProduct>(make_scan_index(std::move(documents)));
}

}  // namespace ggen::bench
