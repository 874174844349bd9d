#include "search/index_writer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "base/testing/fault_file_system.hpp"
#include "base/testing/temp_dir.hpp"
#include "search/change_log.hpp"
#include "search/index_directory.hpp"

namespace ggen {
namespace {

using testing::FaultFileSystem;
using testing::FaultMode;
using testing::TempDir;

SearchDocument package(std::string name, std::uint64_t downloads = 0) {
    SearchDocument out;
    out.name = std::move(name);
    out.origin = "example/main";
    out.version = "1.0.0";
    out.description = "parses things";
    out.downloads = downloads;
    return out;
}

IndexChange upsert(std::string name, std::uint64_t downloads = 0) {
    return {IndexChange::Kind::upsert, package(std::move(name), downloads)};
}
IndexChange removal(std::string name) { return {IndexChange::Kind::remove, package(std::move(name))}; }
IndexChange counts(std::string name, std::uint64_t downloads) {
    return {IndexChange::Kind::popularity, package(std::move(name), downloads)};
}

using Names = std::vector<std::string>;

Names names_in(SearchIndex const& index, SearchSort sort = SearchSort::name) {
    SearchQuery query;
    query.sort = sort;
    query.limit = SearchQuery::k_limit_max;
    auto const page = index.search(query);
    EXPECT_TRUE(page) << page.error().context;
    Names out;
    if (page) {
        for (auto const& hit : page->hits) out.push_back(hit.document.name);
    }
    return out;
}

class IndexWriterTest : public ::testing::Test {
protected:
    std::unique_ptr<SearchIndexWriter> open(FileSystem& files, SearchWriterOptions options = {}) {
        auto writer = SearchIndexWriter::open(files, directory, options);
        EXPECT_TRUE(writer) << writer.error().context;
        return writer ? *std::move(writer) : nullptr;
    }
    std::unique_ptr<SearchIndexWriter> open(SearchWriterOptions options = {}) { return open(*disk, options); }

    Names names_on_disk() {
        auto const index = open_search_index(*disk, directory);
        EXPECT_TRUE(index) << index.error().context;
        return index ? names_in(**index) : Names{};
    }
    std::string image() {
        auto const digest = search_index_image(*disk, directory);
        EXPECT_TRUE(digest) << digest.error().context;
        return digest ? digest->hex() : "";
    }
    std::set<std::string> files_on_disk() {
        std::set<std::string> out;
        auto const entries = disk->list(directory);
        if (entries) {
            for (auto const& entry : *entries) out.insert(entry.name);
        }
        return out;
    }

    TempDir temp;
    std::unique_ptr<FileSystem> disk = make_posix_file_system();
    std::string directory = join_path(temp.path(), "index");
};

TEST_F(IndexWriterTest, AnEmptyDirectoryBecomesAnEmptyIndex) {
    auto const writer = open();

    EXPECT_EQ(writer->snapshot()->document_count(), 0U);
    EXPECT_EQ(names_on_disk(), Names{});
}

TEST_F(IndexWriterTest, NoIndexIsNotFound) {
    auto const index = open_search_index(*disk, directory);
    ASSERT_FALSE(index);
    EXPECT_EQ(index.error().code, Errc::not_found);
}

TEST_F(IndexWriterTest, ChangesShowAtOnceAndForEveryProcess) {
    auto const writer = open();
    auto const before = writer->snapshot();

    ASSERT_TRUE(writer->apply(std::vector{upsert("alpha"), upsert("beta")}));
    ASSERT_TRUE(writer->apply(std::vector{removal("alpha"), upsert("gamma")}));

    EXPECT_EQ(names_in(*writer->snapshot()), (Names{"beta", "gamma"}));
    EXPECT_EQ(names_on_disk(), (Names{"beta", "gamma"}));
    EXPECT_EQ(names_in(*before), Names{}) << "a snapshot never changes";
}

TEST_F(IndexWriterTest, AMergeKeepsWhatIsFoundAndRemovesTheOldFiles) {
    auto writer = open();
    ASSERT_TRUE(writer->apply(std::vector{upsert("alpha", 5), upsert("beta", 9), upsert("gamma", 1)}));
    ASSERT_TRUE(writer->apply(std::vector{removal("beta"), counts("gamma", 100)}));
    auto const image_before = image();

    ASSERT_TRUE(writer->merge());

    EXPECT_EQ(writer->change_count(), 0U);
    EXPECT_EQ(names_in(*writer->snapshot(), SearchSort::downloads), (Names{"gamma", "alpha"}));
    EXPECT_EQ(names_on_disk(), (Names{"alpha", "gamma"}));
    EXPECT_EQ(files_on_disk(), (std::set<std::string>{"2.changes", "2.segment", "CURRENT", "lock"}));
    EXPECT_EQ(image(), image_before);
    ASSERT_TRUE(writer->apply(std::vector{upsert("delta")}));
    EXPECT_EQ(names_on_disk(), (Names{"alpha", "delta", "gamma"}));
}

TEST_F(IndexWriterTest, AMergeIsDueByCountAndByShare) {
    std::vector<IndexChange> changes;
    changes.reserve(40);
    for (int i = 0; i < 40; ++i) changes.push_back(upsert("package" + std::to_string(i)));
    {
        auto const writer = open();
        ASSERT_TRUE(writer->apply(changes));
        ASSERT_TRUE(writer->merge());
        ASSERT_TRUE(writer->apply(std::vector{upsert("alpha"), upsert("beta"), upsert("gamma")}));
        EXPECT_FALSE(writer->is_merge_due());
    }
    EXPECT_FALSE(open({.merge_changes_min = 3, .merge_share = 40})->is_merge_due());
    EXPECT_FALSE(open({.merge_changes_min = 0, .merge_share = 10})->is_merge_due());
    EXPECT_TRUE(open({.merge_changes_min = 2, .merge_share = 20})->is_merge_due());
}

TEST_F(IndexWriterTest, BuildingAnewGivesTheSameImageAndSegment) {
    {
        auto const writer = open();
        ASSERT_TRUE(writer->apply(std::vector{upsert("alpha", 5), upsert("beta", 9), removal("alpha")}));
        ASSERT_TRUE(writer->merge());
        ASSERT_TRUE(writer->apply(std::vector{upsert("gamma", 3)}));
        ASSERT_TRUE(writer->merge());
    }
    auto const grown_image = image();
    auto const grown = disk->read_file(search_index::segment_path(directory, 3), k_mib);
    ASSERT_TRUE(grown) << grown.error().context;

    auto builder = SearchIndexBuilder::create(*disk, directory);
    ASSERT_TRUE(builder) << builder.error().context;
    ASSERT_TRUE((*builder)->add(package("gamma", 3)));
    ASSERT_TRUE((*builder)->add(package("beta", 9)));
    ASSERT_TRUE((*builder)->finish());

    EXPECT_EQ(image(), grown_image);
    auto const built = disk->read_file(search_index::segment_path(directory, 4), k_mib);
    ASSERT_TRUE(built) << built.error().context;
    EXPECT_EQ(*built, *grown);
    EXPECT_EQ(names_on_disk(), (Names{"beta", "gamma"}));
}

TEST_F(IndexWriterTest, ABuildThatIsGivenUpLeavesTheOldIndex) {
    ASSERT_TRUE(open()->apply(std::vector{upsert("alpha")}));
    {
        auto const builder = SearchIndexBuilder::create(*disk, directory);
        ASSERT_TRUE(builder) << builder.error().context;
        ASSERT_TRUE((*builder)->add(package("beta")));
    }
    EXPECT_EQ(names_on_disk(), Names{"alpha"});
}

TEST_F(IndexWriterTest, AReaderKeepsItsIndexWhileItIsReplaced) {
    ASSERT_TRUE(open()->apply(std::vector{upsert("alpha")}));
    auto const reader = open_search_index(*disk, directory);
    ASSERT_TRUE(reader) << reader.error().context;

    auto const builder = SearchIndexBuilder::create(*disk, directory);
    ASSERT_TRUE(builder) << builder.error().context;
    ASSERT_TRUE((*builder)->finish());

    EXPECT_EQ(names_in(**reader), Names{"alpha"});
    EXPECT_EQ(names_on_disk(), Names{});
}

TEST_F(IndexWriterTest, ATornRecordIsDroppedAndOverwritten) {
    ASSERT_TRUE(open()->apply(std::vector{upsert("alpha")}));
    auto const path = search_index::changes_path(directory, 1);
    auto const whole = disk->info(path)->size_bytes;
    Bytes record;
    ASSERT_TRUE(search_index::append_change_record(std::vector{upsert("torn")}, record));
    ASSERT_TRUE((*disk->open_append(path))->append(BytesView{record}.first(record.size() / 2)));

    EXPECT_EQ(names_on_disk(), Names{"alpha"});
    auto const writer = open();
    EXPECT_EQ(disk->info(path)->size_bytes, whole);
    ASSERT_TRUE(writer->apply(std::vector{upsert("beta")}));
    EXPECT_EQ(names_on_disk(), (Names{"alpha", "beta"}));
}

TEST_F(IndexWriterTest, DamagedFilesAreErrorsOfTheirKind) {
    ASSERT_TRUE(open()->apply(std::vector{upsert("alpha")}));
    auto const code_after = [&](std::string const& path, std::string_view content) {
        auto const old = disk->read_file(path, k_mib);
        EXPECT_TRUE(old) << old.error().context;
        EXPECT_TRUE(disk->write_file_atomic(path, as_bytes(content), Sync::none));
        auto const index = open_search_index(*disk, directory);
        EXPECT_FALSE(index) << path << ": " << content;
        EXPECT_TRUE(disk->write_file_atomic(path, *old, Sync::none));
        return index ? Errc::internal : index.error().code;
    };
    auto const current = search_index::current_path(directory);
    EXPECT_EQ(code_after(current, ""), Errc::invalid);
    EXPECT_EQ(code_after(current, "ggen-search-index 2\n1\n"), Errc::invalid);
    EXPECT_EQ(code_after(current, "ggen-search-index 1\n01\n"), Errc::corrupt);
    EXPECT_EQ(code_after(current, "ggen-search-index 1\n1"), Errc::corrupt);
    EXPECT_EQ(code_after(current, "ggen-search-index 1\n7\n"), Errc::corrupt);
    EXPECT_EQ(code_after(current, std::string(65, 'x')), Errc::invalid);
    EXPECT_EQ(code_after(search_index::changes_path(directory, 1), "ggenchg1"), Errc::invalid);
    EXPECT_EQ(code_after(search_index::segment_path(directory, 1), std::string(8'192, 'x')), Errc::invalid);
    EXPECT_EQ(code_after(search_index::segment_path(directory, 1), "cut short"), Errc::corrupt);
    EXPECT_EQ(names_on_disk(), Names{"alpha"});
}

TEST_F(IndexWriterTest, ASecondWriterWaitsAndCanBeStopped) {
    auto const first = open();
    CancelToken stop;
    stop.cancel();

    auto const second = SearchIndexWriter::open(*disk, directory, {}, &stop);

    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::cancelled);
}

/// Runs `act` with the n-th changing call failing, for every n until none fails.
template <class Act, class Check>
void at_every_fault(std::string const& directory, FileSystem& disk, bool dies, FaultMode mode, Act const& act,
                    Check const& check) {
    for (std::uint64_t call = 1;; ++call) {
        ASSERT_TRUE(disk.remove_tree(directory));
        {
            auto writer = SearchIndexWriter::open(disk, directory);
            ASSERT_TRUE(writer) << writer.error().context;
            ASSERT_TRUE((*writer)->apply(std::vector{upsert("alpha"), upsert("beta")}));
        }
        FaultFileSystem faulty{disk};
        faulty.fail_at(call, mode, dies);
        bool const succeeded = act(faulty);
        check(succeeded, call);
        if (!faulty.has_failed()) {
            EXPECT_TRUE(succeeded);
            EXPECT_GT(call, 3U);
            return;
        }
        ASSERT_LT(call, 1'000U);
    }
}

TEST_F(IndexWriterTest, KilledAtAnyCallOfAnUpdateTheIndexIsOldOrNew) {
    for (auto const mode : {FaultMode::not_done, FaultMode::persisted}) {
        auto const act = [&](FileSystem& files) {
            auto writer = SearchIndexWriter::open(files, directory);
            return writer && (*writer)->apply(std::vector{removal("beta"), upsert("gamma")});
        };
        at_every_fault(directory, *disk, true, mode, act, [&](bool succeeded, std::uint64_t call) {
            auto const names = names_on_disk();
            EXPECT_TRUE(names == (Names{"alpha", "gamma"}) || (!succeeded && names == (Names{"alpha", "beta"})))
                << "call " << call;
            ASSERT_TRUE(open()->apply(std::vector{upsert("omega")}));
            EXPECT_EQ(names_on_disk().back(), "omega") << "call " << call;
        });
    }
}

TEST_F(IndexWriterTest, KilledAtAnyCallOfAMergeOrBuildNothingIsLost) {
    for (auto const mode : {FaultMode::not_done, FaultMode::persisted}) {
        auto const merge = [&](FileSystem& files) {
            auto writer = SearchIndexWriter::open(files, directory);
            return writer && (*writer)->merge();
        };
        at_every_fault(directory, *disk, true, mode, merge, [&](bool, std::uint64_t call) {
            EXPECT_EQ(names_on_disk(), (Names{"alpha", "beta"})) << "call " << call;
            ASSERT_TRUE(open()->merge());
            EXPECT_EQ(names_on_disk(), (Names{"alpha", "beta"})) << "call " << call;
            EXPECT_LE(files_on_disk().size(), 4U) << "what the dead left is swept, call " << call;
        });
        auto const build = [&](FileSystem& files) {
            auto builder = SearchIndexBuilder::create(files, directory);
            return builder && (*builder)->add(package("built")) && (*builder)->finish();
        };
        at_every_fault(directory, *disk, true, mode, build, [&](bool succeeded, std::uint64_t call) {
            auto const names = names_on_disk();
            EXPECT_TRUE(names == Names{"built"} || (!succeeded && names == (Names{"alpha", "beta"})))
                << "call " << call;
        });
    }
}

TEST_F(IndexWriterTest, AFullDiskRefusesOneUpdateAndTheNextSucceeds) {
    auto const act = [&](FileSystem& files) {
        auto writer = SearchIndexWriter::open(files, directory);
        if (!writer) return false;
        bool const applied = (*writer)->apply(std::vector{upsert("gamma")}).has_value();
        auto const shown = names_in(*(*writer)->snapshot());
        EXPECT_EQ(shown.size(), applied ? 3U : 2U);
        return applied;
    };
    at_every_fault(directory, *disk, false, FaultMode::not_done, act, [&](bool, std::uint64_t call) {
        ASSERT_TRUE(open()->apply(std::vector{upsert("omega")}));
        EXPECT_EQ(names_on_disk().back(), "omega") << "call " << call;
    });
}

TEST_F(IndexWriterTest, ADiskFullDuringAMergeKeepsTheWriterAtWork) {
    auto const act = [&](FileSystem& files) {
        auto writer = SearchIndexWriter::open(files, directory);
        if (!writer) return false;
        bool const merged = (*writer)->merge().has_value();
        bool const applied = (*writer)->apply(std::vector{upsert("gamma")}).has_value();
        auto const shown = names_in(*(*writer)->snapshot());
        EXPECT_TRUE(!applied || shown == (Names{"alpha", "beta", "gamma"}));
        return merged && applied;
    };
    at_every_fault(directory, *disk, false, FaultMode::not_done, act, [&](bool succeeded, std::uint64_t call) {
        auto const names = names_on_disk();
        EXPECT_TRUE(names == (Names{"alpha", "beta", "gamma"}) || (!succeeded && names == (Names{"alpha", "beta"})))
            << "call " << call;
    });
}

TEST_F(IndexWriterTest, ReadersGoOnWhileChangesComeAndSegmentsAreMerged) {
    auto const writer = open({.merge_changes_min = 20, .merges_in_background = true});
    ASSERT_TRUE(writer->apply(std::vector{upsert("always")}));
    std::atomic<bool> is_done{false};
    std::atomic<std::uint64_t> searches{0};
    std::vector<std::thread> readers;
    readers.reserve(3);
    for (int i = 0; i < 3; ++i) {
        readers.emplace_back([&] {
            std::size_t most = 0;
            while (!is_done) {
                auto const names = names_in(*writer->snapshot());
                EXPECT_TRUE(std::find(names.begin(), names.end(), "always") != names.end());
                EXPECT_GE(names.size(), most) << "nothing is removed here";
                most = names.size();
                ++searches;
            }
        });
    }
    constexpr int k_batches = 120;
    for (int i = 0; i < k_batches; ++i) {
        ASSERT_TRUE(writer->apply(std::vector{upsert("package-" + std::to_string(i), std::uint64_t(i))}));
    }
    is_done = true;
    for (auto& reader : readers) reader.join();

    EXPECT_GT(searches.load(), 0U);
    EXPECT_TRUE(writer->last_background_merge());
    EXPECT_EQ(names_in(*writer->snapshot()).size(), k_batches + 1U);
    ASSERT_TRUE(writer->merge());
    EXPECT_EQ(names_on_disk().size(), k_batches + 1U);
}

}  // namespace
}  // namespace ggen
