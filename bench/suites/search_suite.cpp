#include <fmt/format.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "base/file_system.hpp"
#include "measure.hpp"
#include "search/index_directory.hpp"
#include "search/index_writer.hpp"
#include "suites/corpus_documents.hpp"
#include "suites/seeded.hpp"
#include "suites/suites.hpp"

namespace ggen::bench {
namespace {

/// As many packages as the largest registries in use have, in round numbers.
constexpr std::size_t k_largest_registry = 1'100'000;

Error wrong(std::string text) { return Error{Errc::internal, std::move(text)}; }

/// Whether a document may be a hit, as plainly as it can be said: what the engine's answer is checked
/// against.
using Expect = std::function<bool(SearchDocument const&)>;
/// Whether `a` may stand before `b`.
using Order = std::function<bool(SearchDocument const&, SearchDocument const&)>;

struct Question {
    SearchQuery query;
    Expect expect;             ///< Every hit, and (when `is_complete`) every document, is judged by it.
    bool is_complete = false;  ///< The total equals the number of documents that `expect` takes.
    std::string first;         ///< Name of the best hit; "" = any.
    Order order;
};

bool contains(std::string const& text, std::string_view word) { return text.find(word) != std::string::npos; }

/// A mapped index on disk of `count` packages; one unit of work is one search.
class SearchWork final : public Work {
public:
    SearchWork(std::size_t count, Question question) : count_(count), question_(std::move(question)) {}

    Result<void> prepare(std::string const& directory) override {
        documents_ = make_documents(count_);
        ASSIGN_OR_RETURN(auto builder, SearchIndexBuilder::create(*files_, directory + "/index"));
        for (auto const& document : documents_) RETURN_IF_ERROR(builder->add(document));
        RETURN_IF_ERROR(builder->finish());
        ASSIGN_OR_RETURN(index_, open_search_index(*files_, directory + "/index"));
        return ok();
    }
    Result<void> run() override {
        ASSIGN_OR_RETURN(page_, index_->search(question_.query));
        return ok();
    }
    Result<void> check() override {
        if (page_.hits.empty()) return wrong("nothing was found");
        for (auto const& hit : page_.hits) {
            if (!question_.expect(hit.document))
                return wrong(hit.document.name + " does not answer the question");
        }
        if (!question_.first.empty() && page_.hits.front().document.name != question_.first) {
            return wrong(
                fmt::format("{} stands first, not {}", page_.hits.front().document.name, question_.first));
        }
        for (std::size_t i = 1; question_.order && i < page_.hits.size(); ++i) {
            if (question_.order(page_.hits[i].document, page_.hits[i - 1].document))
                return wrong("hits out of order");
        }
        if (!question_.is_complete) return ok();
        auto const expected =
            static_cast<std::size_t>(std::count_if(documents_.begin(), documents_.end(), question_.expect));
        auto const shown = std::min(expected, question_.query.limit);
        if (page_.hits.size() != shown)
            return wrong(fmt::format("{} hits, {} were expected", page_.hits.size(), shown));
        return ok();
    }

private:
    std::size_t count_;
    Question question_;
    std::unique_ptr<FileSystem> files_ = make_posix_file_system();
    std::vector<SearchDocument> documents_;
    std::shared_ptr<SearchIndex const> index_;
    SearchPage page_;
};

Question keyword() {
    Question out;
    out.query.text = "parser";
    out.query.prefix = false;
    out.expect = [](SearchDocument const& d) {
        return contains(d.name, "parser") || contains(d.description, "parser") ||
               std::find(d.tags.begin(), d.tags.end(), "parser") != d.tags.end();
    };
    return out;
}

Question tag() {
    Question out;
    out.query.tags = {"schema"};
    out.expect = [](SearchDocument const& d) {
        return std::find(d.tags.begin(), d.tags.end(), "schema") != d.tags.end();
    };
    out.is_complete = true;
    return out;
}

Question fuzzy() {
    Question out;
    out.query.text = "zdo-parser";
    out.query.fuzzy = true;
    out.expect = [](SearchDocument const&) { return true; };
    out.first = "zod-parser";
    return out;
}

Question combined() {
    Question out;
    out.query.text = "schema";
    out.query.category = "validation";
    out.query.downloads_min = 1;
    out.query.fuzzy = true;
    out.expect = [](SearchDocument const& d) { return d.category == "validation" && d.downloads >= 1; };
    return out;
}

Question prefix() {
    Question out;
    out.query.text = "zod-pa";
    out.expect = [](SearchDocument const& d) { return contains(d.name, "zod-pa"); };
    out.first = "zod-parser";
    return out;
}

Question filters() {
    Question out;
    out.query.category = "ai";
    out.query.license = "MIT";
    out.query.stars_min = 1;
    out.expect = [](SearchDocument const& d) {
        return d.category == "ai" && d.license == "MIT" && d.stars >= 1;
    };
    out.is_complete = true;
    return out;
}

Question facets() {
    auto out = keyword();
    out.query.want_facets = true;
    return out;
}

Question sorted(SearchSort sort) {
    auto out = keyword();
    out.query.sort = sort;
    out.query.limit = 50;
    if (sort == SearchSort::downloads)
        out.order = [](auto const& a, auto const& b) { return a.downloads > b.downloads; };
    if (sort == SearchSort::stars) out.order = [](auto const& a, auto const& b) { return a.stars > b.stars; };
    if (sort == SearchSort::recency)
        out.order = [](auto const& a, auto const& b) {
            return a.released_unix / 86'400 > b.released_unix / 86'400;
        };
    if (sort == SearchSort::name) out.order = [](auto const& a, auto const& b) { return a.name < b.name; };
    return out;
}

class BuildWork final : public Work {
public:
    explicit BuildWork(std::size_t count) : count_(count) {}
    Result<void> prepare(std::string const& directory) override {
        directory_ = directory + "/index";
        documents_ = make_documents(count_);
        return ok();
    }
    Result<void> run() override {
        ASSIGN_OR_RETURN(auto builder, SearchIndexBuilder::create(*files_, directory_));
        for (auto const& document : documents_) RETURN_IF_ERROR(builder->add(document));
        return builder->finish();
    }
    Result<void> check() override {
        ASSIGN_OR_RETURN(auto const index, open_search_index(*files_, directory_));
        return index->document_count() == count_ ? ok() : Result<void>{wrong("documents are missing")};
    }

private:
    std::size_t count_;
    std::string directory_;
    std::vector<SearchDocument> documents_;
    std::unique_ptr<FileSystem> files_ = make_posix_file_system();
};

/// One unit: open the index and answer the first question.
class OpenWork final : public Work {
public:
    explicit OpenWork(std::size_t count) : count_(count) {}
    Result<void> prepare(std::string const& directory) override {
        directory_ = directory + "/index";
        ASSIGN_OR_RETURN(auto builder, SearchIndexBuilder::create(*files_, directory_));
        for (auto const& document : make_documents(count_)) RETURN_IF_ERROR(builder->add(document));
        return builder->finish();
    }
    Result<void> run() override {
        ASSIGN_OR_RETURN(auto const index, open_search_index(*files_, directory_));
        SearchQuery query;
        query.text = "zod-parser";
        ASSIGN_OR_RETURN(page_, index->search(query));
        return ok();
    }
    Result<void> check() override {
        bool const is_found = !page_.hits.empty() && page_.hits.front().document.name == "zod-parser";
        return is_found ? ok() : Result<void>{wrong("the package was not found")};
    }

private:
    std::size_t count_;
    std::string directory_;
    std::unique_ptr<FileSystem> files_ = make_posix_file_system();
    SearchPage page_;
};

/// One unit: the index opened and a hundred questions asked; the figure is what the process has in memory for them, the
/// pages of the mapped index among it.
class OpenMemoryWork final : public Work {
public:
    explicit OpenMemoryWork(std::size_t count) : count_(count) {}
    Result<void> prepare(std::string const& directory) override {
        directory_ = directory + "/index";
        // In a child, so that nothing of the building stays in this process.
        auto const child = ::fork();
        if (child == 0) ::_exit(build() ? 0 : 1);
        int status = 0;
        if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0) {
            return wrong("the index could not be built");
        }
        return ok();
    }
    Result<void> run() override {
        auto const before = memory_now().resident;
        ASSIGN_OR_RETURN(auto const index, open_search_index(*files_, directory_));
        SeededBytes random{3};
        for (int i = 0; i < 100; ++i) {
            SearchQuery query;
            auto const* const word = i % 2 == 0 ? "fast" : "json";
            query.text = i == 0 ? "zod-parser" : fmt::format("{} {}", random.below(count_), word);
            query.fuzzy = i % 3 == 0;
            ASSIGN_OR_RETURN(auto const page, index->search(query));
            if (i == 0) is_found_ = !page.hits.empty() && page.hits.front().document.name == "zod-parser";
        }
        auto const after = memory_now().resident;
        bytes_.push_back(after > before ? static_cast<double>(after - before) : 0);
        return ok();
    }
    Result<void> check() override { return is_found_ ? ok() : Result<void>{wrong("the package was not found")}; }
    std::vector<Figure> figures() override { return {{"open_index_bytes", "bytes", Kind::load, bytes_}}; }

private:
    Result<void> build() {
        ASSIGN_OR_RETURN(auto builder, SearchIndexBuilder::create(*files_, directory_));
        for (auto const& document : make_documents(count_)) RETURN_IF_ERROR(builder->add(document));
        return builder->finish();
    }
    std::size_t count_;
    std::string directory_;
    std::unique_ptr<FileSystem> files_ = make_posix_file_system();
    bool is_found_ = false;
    std::vector<double> bytes_;
};

/// One unit: a change of one package, durable, and the search that finds it.
class UpdateWork final : public Work {
public:
    Result<void> prepare(std::string const& directory) override {
        ASSIGN_OR_RETURN(auto builder, SearchIndexBuilder::create(*files_, directory + "/index"));
        auto const documents = make_documents(1'000);
        for (auto const& document : documents) RETURN_IF_ERROR(builder->add(document));
        RETURN_IF_ERROR(builder->finish());
        builder.reset();
        ASSIGN_OR_RETURN(writer_, SearchIndexWriter::open(*files_, directory + "/index"));
        change_.document = documents.front();
        return ok();
    }
    Result<void> run() override {
        auto const word = fmt::format("novelty{}", ++number_);
        change_.document.description = word;
        RETURN_IF_ERROR(writer_->apply({&change_, 1}));
        SearchQuery query;
        query.text = word;
        ASSIGN_OR_RETURN(auto const page, writer_->snapshot()->search(query));
        is_found_ = page.hits.size() == 1 && page.hits.front().document.name == change_.document.name;
        return is_found_ ? ok() : Result<void>{wrong("the change is not visible")};
    }
    Result<void> check() override {
        return is_found_ ? ok() : Result<void>{wrong("the change is not visible")};
    }

private:
    std::unique_ptr<FileSystem> files_ = make_posix_file_system();
    std::unique_ptr<SearchIndexWriter> writer_;
    IndexChange change_;
    std::uint64_t number_ = 0;
    bool is_found_ = false;
};

void add(Catalogue& catalogue, char const* group, std::string const& name, std::size_t count,
         Question (*make)(), char const* what, std::vector<std::string> aliases = {}, bool is_quick = true) {
    Test test{group, name, TestClass::micro, what,
              [count, make] { return std::make_unique<SearchWork>(count, make()); }, std::move(aliases), is_quick};
    test.exact_runs = count <= 1'000 ? 1 : 0;
    test.slices_max = 100;  // The 99th of a hundred is promised: among twenty it would be the worst one.
    if (count >= 100'000) {  // To index them takes longer than what is measured.
        test.rounds_max = 1;
        test.time_limit_s = 600;
    }
    catalogue.add(std::move(test));
}

}  // namespace

void add_search_suite(Catalogue& catalogue) {
    for (std::size_t const n : {100UL, 1'000UL}) {
        add(catalogue, "search_performance", fmt::format("keyword_n{}", n), n, keyword,
            "one word; every hit has it");
        add(catalogue, "search_performance", fmt::format("tag_n{}", n), n, tag,
            "all packages of a tag; none missing");
        add(catalogue, "search_performance", fmt::format("fuzzy_n{}", n), n, fuzzy,
            "two letters swapped; the right package first");
        add(catalogue, "search_performance", fmt::format("combined_n{}", n), n, combined,
            "words, category, downloads");
    }
    add(catalogue, "search_basic", "keyword_n100", 100, keyword, "one word at 100 packages",
        {"search_100/basic"});
    add(catalogue, "search_fuzzy", "typo_n100", 100, fuzzy, "a typing mistake at 100 packages",
        {"search_100/fuzzy"});
    add(catalogue, "search_filters", "category_license_stars_n100", 100, filters,
        "three filters; none missing", {"search_100/with_filters"});
    add(catalogue, "search_filters", "category_license_stars_n1000", 1'000, filters,
        "three filters at 1,000 packages");
    for (std::size_t const n : {100UL, 1'000UL, 10'000UL}) {
        add(catalogue, "search_prefix", fmt::format("as_you_type_n{}", n), n, prefix,
            "the beginning of a name");
        add(catalogue, "search_facets", fmt::format("counts_n{}", n), n, facets,
            "counts by category, license and origin");
    }
    for (std::size_t const n : {100UL, 500UL, 1'000UL, 10'000UL, 100'000UL, k_largest_registry}) {
        bool const is_quick = n <= 1'000;
        add(catalogue, "search_scaling", fmt::format("keyword_n{}", n), n, keyword,
            "one word as the index grows", {}, is_quick);
        add(catalogue, "search_scaling", fmt::format("fuzzy_n{}", n), n, fuzzy,
            "a typing mistake as the index grows", {}, is_quick);
    }
    for (auto const& [name, sort] : {std::pair{"relevance", SearchSort::relevance},
                                     {"downloads", SearchSort::downloads},
                                     {"stars", SearchSort::stars},
                                     {"recency", SearchSort::recency},
                                     {"name", SearchSort::name}}) {
        catalogue.add({"search_sorting", name, TestClass::micro, "50 hits in an order that is checked",
                       [order = sort] { return std::make_unique<SearchWork>(1'000, sorted(order)); }});
    }
    for (std::size_t const n : {100UL, 1'000UL, 10'000UL, k_largest_registry}) {
        Test build{"search_index", fmt::format("build_n{}", n), TestClass::micro,
                   "an index on disk from its documents", [n] { return std::make_unique<BuildWork>(n); }};
        build.is_quick = n <= 1'000;
        build.exact_runs = n <= 1'000 ? 1 : 0;
        if (n > 10'000) {
            build.rounds_max = build.slices_max = 1;
            build.time_limit_s = 600;
        }
        catalogue.add(std::move(build));
        Test open{"search_index", fmt::format("open_and_answer_n{}", n), TestClass::micro,
                  "map the index, answer the first question", [n] { return std::make_unique<OpenWork>(n); }};
        open.exact_runs = n <= 1'000 ? 1 : 0;
        if (n > 10'000) {
            open.is_quick = false;
            open.rounds_max = 1;
            open.time_limit_s = 600;
        }
        catalogue.add(std::move(open));
    }
    catalogue.add({"search_index", "update_visible", TestClass::micro,
                   "a durable change and the search that finds it",
                   [] { return std::make_unique<UpdateWork>(); }});
    for (std::size_t const n : {1'000UL, 100'000UL, k_largest_registry}) {
        Test memory{"memory_search_index", fmt::format("open_n{}", n), TestClass::micro,
                    "resident memory of an opened index of n after a hundred questions",
                    [n] { return std::make_unique<OpenMemoryWork>(n); }};
        memory.exact_runs = 0;
        memory.slices_max = 1;
        memory.is_quick = n <= 1'000;
        memory.rounds_max = n <= 1'000 ? 100 : 1;
        memory.time_limit_s = 600;
        catalogue.add(std::move(memory));
    }
}

}  // namespace ggen::bench
