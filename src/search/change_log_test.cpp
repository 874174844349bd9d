#include "search/change_log.hpp"

#include <gtest/gtest.h>

namespace ggen::search_index {
namespace {

SearchDocument document(std::string name) {
    SearchDocument out;
    out.name = std::move(name);
    out.origin = "example/main";
    out.version = "1.2.3";
    out.description = "reads and writes things";
    out.category = "text";
    out.tags = {"one", "two"};
    out.authors = {"somebody"};
    out.license = "MIT";
    out.downloads = 7;
    out.stars = 3;
    out.released_unix = 1'700'000'000;
    return out;
}

std::vector<IndexChange> batch(std::string const& name) {
    return {{IndexChange::Kind::upsert, document(name)},
            {IndexChange::Kind::remove, document(name + "-old")},
            {IndexChange::Kind::popularity, document(name + "-known")}};
}

/// A log of segment 5 with two batches, and where the second begins.
struct Log {
    Bytes bytes = change_log_header(5);
    std::size_t second = 0;
    Log() {
        EXPECT_TRUE(append_change_record(batch("first"), bytes));
        second = bytes.size();
        EXPECT_TRUE(append_change_record(batch("second"), bytes));
    }
};

TEST(ChangeLogTest, WhatWasAppendedIsReadBack) {
    Log const log;

    auto const content = read_change_log(log.bytes, 5);

    ASSERT_TRUE(content) << content.error().context;
    ASSERT_EQ(content->changes.size(), 6U);
    EXPECT_EQ(content->whole_bytes, log.bytes.size());
    auto const& last_upsert = content->changes[3];
    EXPECT_EQ(last_upsert.kind, IndexChange::Kind::upsert);
    EXPECT_EQ(last_upsert.document.name, "second");
    EXPECT_EQ(last_upsert.document.tags, (std::vector<std::string>{"one", "two"}));
    EXPECT_EQ(last_upsert.document.released_unix, 1'700'000'000);
    EXPECT_EQ(content->changes[4].kind, IndexChange::Kind::remove);
    EXPECT_EQ(content->changes[5].kind, IndexChange::Kind::popularity);
    EXPECT_EQ(content->changes[5].document.downloads, 7U);
}

TEST(ChangeLogTest, ACutAnywhereInTheLastRecordLeavesTheRecordsBefore) {
    Log const log;
    for (auto size = log.second; size < log.bytes.size(); ++size) {
        auto const content = read_change_log(BytesView{log.bytes}.first(size), 5);
        ASSERT_TRUE(content) << size << ": " << content.error().context;
        EXPECT_EQ(content->changes.size(), 3U) << size;
        EXPECT_EQ(content->whole_bytes, log.second) << size;
    }
}

TEST(ChangeLogTest, ZerosThatACrashLeftAtTheEndAreDropped) {
    Log log;
    auto const whole = log.bytes.size();
    log.bytes.resize(whole + 4'096);

    auto const content = read_change_log(log.bytes, 5);

    ASSERT_TRUE(content) << content.error().context;
    EXPECT_EQ(content->changes.size(), 6U);
    EXPECT_EQ(content->whole_bytes, whole);
}

TEST(ChangeLogTest, EveryFlippedBitIsAnError) {
    Log log;
    for (std::size_t bit = 0; bit < log.bytes.size() * 8; ++bit) {
        auto& byte = log.bytes[bit / 8];
        auto const mask = static_cast<std::uint8_t>(1U << (bit % 8));
        byte = static_cast<std::uint8_t>(byte ^ mask);
        EXPECT_FALSE(read_change_log(log.bytes, 5)) << "bit " << bit;
        byte = static_cast<std::uint8_t>(byte ^ mask);
    }
}

TEST(ChangeLogTest, TheLogOfAnotherSegmentIsRefused) {
    Log const log;
    auto const content = read_change_log(log.bytes, 6);
    ASSERT_FALSE(content);
    EXPECT_EQ(content.error().code, Errc::corrupt);
}

TEST(ChangeLogTest, AnotherFileIsRefused) {
    for (auto const* const text : {"", "ggenchg", "ggenchg2 and more bytes than a header"}) {
        auto const content = read_change_log(as_bytes(text), 5);
        ASSERT_FALSE(content) << text;
        EXPECT_EQ(content.error().code, Errc::invalid) << text;
    }
}

TEST(ChangeLogTest, ABatchOverTheLimitIsRefusedAndLeavesTheBytesAlone) {
    std::vector<IndexChange> changes(65, {IndexChange::Kind::upsert, document("large")});
    for (auto& change : changes) change.document.description.assign(k_mib, 'x');
    auto bytes = change_log_header(1);

    auto const refused = append_change_record(changes, bytes);

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::too_large);
    EXPECT_EQ(bytes.size(), k_change_log_header_bytes);
    changes.resize(63);
    EXPECT_TRUE(append_change_record(changes, bytes));
}

TEST(ChangeLogTest, AnEmptyLogHasNoChanges) {
    auto const content = read_change_log(change_log_header(9), 9);
    ASSERT_TRUE(content);
    EXPECT_TRUE(content->changes.empty());
    EXPECT_EQ(content->whole_bytes, k_change_log_header_bytes);
}

}  // namespace
}  // namespace ggen::search_index
