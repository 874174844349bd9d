// Holds the quality of search on the committed sample (data/NOTICE) against the last value that was accepted.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>

#include "base/file_system.hpp"
#include "peers/corpus.hpp"
#include "peers/latency.hpp"
#include "peers/product_engine.hpp"
#include "peers/queries.hpp"
#include "search/index_writer.hpp"

namespace ggen::bench {
namespace {

constexpr double k_regression_max = 0.005;
constexpr double k_kind_mrr_min = 0.75;

std::string data_path(std::string const& name) { return GGEN_SOURCE_DIR "/bench/data/" + name; }

struct Stored {
    double mrr10 = 0;
    double success10 = 0;
};

/// Rows `kind TAB MRR@10 TAB success@10` below a head line.
std::map<std::string, Stored> load_stored() {
    auto const bytes = make_posix_file_system()->read_file(data_path("quality.tsv"), k_mib);
    std::map<std::string, Stored> out;
    if (!bytes) return out;
    auto text = as_text(*bytes);
    text.remove_prefix(std::min(text.find('\n') + 1, text.size()));
    while (!text.empty()) {
        auto const end = std::min(text.find('\n'), text.size());
        auto const line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        auto const first = line.find('\t');
        auto const second = line.find('\t', first + 1);
        if (second == std::string_view::npos) continue;
        auto& stored = out[std::string{line.substr(0, first)}];
        std::from_chars(line.data() + first + 1, line.data() + second, stored.mrr10);
        std::from_chars(line.data() + second + 1, line.data() + line.size(), stored.success10);
    }
    return out;
}

void accept(std::map<std::string, Quality> const& measured) {
    std::string text = "kind\tMRR@10\tsuccess@10\n";
    for (auto const& [kind, quality] : measured) {
        text += fmt::format("{}\t{:.4f}\t{:.4f}\n", kind, quality.mrr10, quality.success10);
    }
    auto const files = make_posix_file_system();
    ASSERT_TRUE(files->write_file_atomic(data_path("quality.tsv"), as_bytes(text), Sync::none).has_value());
}

/// The search box on all queries over a fresh index of the sample.
std::map<std::string, Quality> measure() {
    auto const directory = ::testing::TempDir() + "ggen-quality-index";
    auto const files = make_posix_file_system();
    EXPECT_TRUE(files->remove_tree(directory).has_value());
    auto const documents = load_corpus({data_path("packages.tsv.zst")});
    auto const queries = load_judged_queries(data_path("queries.tsv"));
    EXPECT_TRUE(documents.has_value() && queries.has_value()) << "bench/data is not complete";
    if (!documents || !queries) return {};
    {
        auto builder = SearchIndexBuilder::create(*files, directory);
        EXPECT_TRUE(builder.has_value());
        if (!builder) return {};
        for (auto const& document : *documents) EXPECT_TRUE((*builder)->add(document).has_value());
        auto const finished = (*builder)->finish();
        EXPECT_TRUE(finished.has_value()) << finished.error().context;
    }
    auto product = open_index_product(directory);
    EXPECT_TRUE(product.has_value());
    if (!product) return {};
    EXPECT_EQ((*product)->document_count(), documents->size());
    std::vector<std::vector<std::string>> answers;
    for (auto const& query : *queries) {
        auto& names = answers.emplace_back();
        auto const done = (*product)->search_box(query.text, names);
        EXPECT_TRUE(done.has_value()) << query.text;
    }
    EXPECT_TRUE(files->remove_tree(directory).has_value());
    return judge(*queries, answers);
}

TEST(SearchQualityTest, IsNotWorseThanTheLastAcceptedValue) {
    auto const measured = measure();
    ASSERT_FALSE(measured.empty());
    if (std::getenv("GGEN_ACCEPT") != nullptr) accept(measured);
    auto const stored = load_stored();
    ASSERT_TRUE(stored.contains("all"));
    ASSERT_EQ(stored.size(), measured.size());
    for (auto const& [kind, quality] : measured) {
        std::printf("%-12s n=%3zu  MRR@10 %.4f  success@10 %.4f\n", kind.c_str(), quality.count, quality.mrr10,
                    quality.success10);
        if (kind == "all") continue;
        // A kind that has reached the floor must not fall through it again.
        ASSERT_TRUE(stored.contains(kind)) << kind;
        EXPECT_GE(quality.mrr10, std::min(stored.at(kind).mrr10, k_kind_mrr_min) - k_regression_max) << kind;
    }
    auto const& all = measured.at("all");
    EXPECT_GE(all.mrr10, stored.at("all").mrr10 - k_regression_max);
    EXPECT_GE(all.success10, stored.at("all").success10 - k_regression_max);
}

}  // namespace
}  // namespace ggen::bench
