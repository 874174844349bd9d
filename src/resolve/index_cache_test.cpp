#include "resolve/index_cache.hpp"

#include <gtest/gtest.h>

#include "base/testing/fakes.hpp"
#include "base/testing/temp_dir.hpp"

namespace ggen {
namespace {

constexpr std::string_view k_text =
    "{\"name\":\"a\",\"version\":\"1.0.0\",\"dependencies\":{\"b\":\"^1\"}}\n"
    "{\"name\":\"a\",\"version\":\"1.1.0-rc.1\",\"yanked\":true}\n"
    "{\"name\":\"b\",\"version\":\"1.2.0\"}\n{\"name\":\"b\",\"version\":\"2.0.0\"}\n";

struct IndexCacheTest : ::testing::Test {
    void write(std::string_view text) {
        ASSERT_TRUE(dir_.files().write_file_atomic(path_, as_bytes(text), Sync::none));
    }
    /// What "a" and its needs are resolved to.
    std::string resolved(IndexCache& cache) {
        auto const provider = cache.open(path_);
        if (!provider) return provider.error().context;
        ResolveRequest request;
        request.roots.push_back({PackageName::parse("a").value(), {}, false, {}});
        auto const result = resolve(**provider, request);
        if (!result) return std::string{errc_name(result.error().code)};
        std::string out;
        for (auto const& [name, chosen] : std::get<Solution>(*result).packages)
            out += name.text() + " " + chosen.version.text() + "\n";
        return out;
    }
    std::vector<std::string> kept(std::string_view suffix) {
        std::vector<std::string> out;
        auto const entries = dir_.files().list(cache_path_);
        if (!entries) return out;
        for (auto const& entry : *entries) {
            if (entry.name.ends_with(suffix)) out.push_back(join_path(cache_path_, entry.name));
        }
        return out;
    }
    /// A second after the text was written, by the clock of the file system.
    void let_time_pass() { clock_.set_wall(dir_.files().info(path_)->modified_ns / 1'000'000'000 + 5); }

    testing::TempDir dir_;
    testing::FakeClock clock_;
    std::string path_ = dir_ / "index.jsonl";
    std::string cache_path_ = dir_ / "cache/indexes";
};

TEST_F(IndexCacheTest, AnswersTheSameFromTheTextAndFromWhatItKept) {
    IndexCache cache{dir_.files(), clock_, cache_path_};
    write(k_text);
    let_time_pass();
    EXPECT_EQ(resolved(cache), "a 1.0.0\nb 1.2.0\n");
    EXPECT_EQ(kept(".metadata").size(), 1U);
    EXPECT_EQ(kept(".stamp").size(), 1U);
    EXPECT_EQ(resolved(cache), "a 1.0.0\nb 1.2.0\n");
}

TEST_F(IndexCacheTest, ReadsATextThatWasChangedAgain) {
    IndexCache cache{dir_.files(), clock_, cache_path_};
    write(k_text);
    let_time_pass();
    EXPECT_EQ(resolved(cache), "a 1.0.0\nb 1.2.0\n");
    write(std::string{k_text} + "{\"name\":\"a\",\"version\":\"3.0.0\"}\n");
    EXPECT_EQ(resolved(cache), "a 3.0.0\n");
    write("{\"name\":\"a\",\"version\":\"x\"}\n");
    EXPECT_NE(resolved(cache).find("index.jsonl: line 1"), std::string::npos);
}

TEST_F(IndexCacheTest, WritesNoStampForATextThatMayChangeWithinTheSameTick) {
    IndexCache cache{dir_.files(), clock_, cache_path_};
    write(k_text);
    clock_.set_wall(dir_.files().info(path_)->modified_ns / 1'000'000'000);
    EXPECT_EQ(resolved(cache), "a 1.0.0\nb 1.2.0\n");
    EXPECT_TRUE(kept(".stamp").empty());
    EXPECT_EQ(kept(".metadata").size(), 1U);
}

TEST_F(IndexCacheTest, SaysWhenWhatItKeptIsDamagedAndForgetsIt) {
    IndexCache cache{dir_.files(), clock_, cache_path_};
    write(k_text);
    let_time_pass();
    EXPECT_EQ(resolved(cache), "a 1.0.0\nb 1.2.0\n");
    auto const path = kept(".metadata").at(0);
    auto bytes = dir_.files().read_file(path, k_mib).value();
    bytes[100] ^= 1U;  // Inside the first record.
    ASSERT_TRUE(dir_.files().write_file_atomic(path, bytes, Sync::none));
    EXPECT_EQ(resolved(cache), "corrupt");
    cache.forget(path_);
    EXPECT_TRUE(kept(".metadata").empty());
    EXPECT_EQ(resolved(cache), "a 1.0.0\nb 1.2.0\n");
    bytes.resize(50);
    ASSERT_TRUE(dir_.files().write_file_atomic(path, bytes, Sync::none));
    EXPECT_EQ(resolved(cache), "a 1.0.0\nb 1.2.0\n");  // Not even opened, so made again.
}

TEST_F(IndexCacheTest, WorksWhereNothingCanBeKept) {
    write(k_text);
    IndexCache cache{dir_.files(), clock_, join_path(path_, "below-a-file")};
    EXPECT_EQ(resolved(cache), "a 1.0.0\nb 1.2.0\n");
}

TEST_F(IndexCacheTest, KeepsALimitedNumberOfTexts) {
    IndexCache cache{dir_.files(), clock_, cache_path_};
    for (std::size_t i = 0; i <= IndexCache::k_texts_max + 2; ++i) {
        write(std::string{k_text} + "{\"name\":\"c\",\"version\":\"" + std::to_string(i) + ".0.0\"}\n");
        EXPECT_EQ(resolved(cache), "a 1.0.0\nb 1.2.0\n");
    }
    EXPECT_EQ(kept(".metadata").size(), IndexCache::k_texts_max);
    EXPECT_EQ(resolved(cache), "a 1.0.0\nb 1.2.0\n");
}

}  // namespace
}  // namespace ggen
