#include "spec/lockfile.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace ggen {
namespace {

PackageName name(std::string_view text) { return PackageName::parse(text).value(); }

Digest digest(std::uint8_t fill) {
    Digest out;
    out.bytes.fill(fill);
    return out;
}

LockedPackage package(std::string_view package_name, std::string_view version) {
    return {.name = name(package_name),
            .version = Version::parse(version).value(),
            .origin = "example/main",
            .archive = digest(1),
            .tree = digest(2),
            .leaf = digest(3),
            .index = 7,
            .archive_bytes = 1234};
}

Lockfile sample() {
    Lockfile lock;
    lock.requirements = {{name("acme/app"), "^1.0.0"}, {name("b"), "latest"}};
    auto app = package("acme/app", "1.2.0-rc.1+b");
    app.dependencies = {{name("b"), ">=1 || 3"}, {name("c"), ""}};
    for (auto const& entry : {app, package("b", "3.0.0"), package("c", "0.1.0")})
        lock.packages.emplace(entry.name, entry);
    return lock;
}

void expect_equal(Lockfile const& a, Lockfile const& b) {
    EXPECT_EQ(a.requirements, b.requirements);
    EXPECT_EQ(a.packages, b.packages);
}

std::string problem_of(std::string_view text) {
    auto const lock = Lockfile::parse(text);
    return lock ? "accepted" : lock.error().context;
}

TEST(LockfileTest, PrintsOneBlockAPackage) {
    auto hex = [](char digit) {
        std::string out;
        for (int i = 0; i < 32; ++i) {
            out += '0';
            out += digit;
        }
        return out;
    };
    std::string const common = "origin = \"example/main\"\narchive = \"sha256:" + hex('1') +
                               "\"\ntree = \"sha256:" + hex('2') + "\"\nleaf = \"sha256:" + hex('3') +
                               "\"\nindex = 7\nsize = 1234\n";
    EXPECT_EQ(sample().print(),
              "# Written by ggen; commit it, do not edit it. ggen joins both sides of a merge conflict.\n"
              "version = 1\n\n[requirements]\n\"acme/app\" = \"^1.0.0\"\n\"b\" = \"latest\"\n"
              "\n[[package]]\nname = \"acme/app\"\nversion = \"1.2.0-rc.1+b\"\n" +
                  common +
                  "dependencies = [\n  \"b >=1 || 3\",\n  \"c\",\n]\n"
                  "\n[[package]]\nname = \"b\"\nversion = \"3.0.0\"\n" +
                  common + "\n[[package]]\nname = \"c\"\nversion = \"0.1.0\"\n" + common);
}

TEST(LockfileTest, ReadsBackWhatItPrints) {
    auto const lock = Lockfile::parse(sample().print());
    ASSERT_TRUE(lock) << lock.error().context;
    expect_equal(*lock, sample());
    EXPECT_EQ(lock->print(), sample().print());
    EXPECT_FALSE(lock->had_conflict_markers);
    EXPECT_TRUE(Lockfile::parse(Lockfile{}.print()));
}

TEST(LockfileTest, RandomLockfilesSurviveTheRoundTrip) {
    std::mt19937_64 random{3};
    char const* const ranges[] = {"", "^1", "1 - 2", " ^1\t|| 2 ", "*\n", "latest", ">=1.0.0-a <2"};
    for (int i = 0; i < 200; ++i) {
        Lockfile lock;
        for (auto count = random() % 8; count > 0; --count) {
            auto entry = package(
                random() % 2 == 0 ? "a/p" + std::to_string(random() % 9) : "p" + std::to_string(random() % 9),
                std::to_string(random() % 3) + ".0.0");
            entry.index = random() >> 1U;
            entry.archive = digest(static_cast<std::uint8_t>(random()));
            entry.origin = random() % 2 == 0 ? "o" : "ünïcode \"quoted\"\\ \x7f\x01";
            for (auto edges = random() % 3; edges > 0; --edges) {
                entry.dependencies.emplace(name("d" + std::to_string(random() % 5)), ranges[random() % 7]);
            }
            lock.requirements.emplace(entry.name, ranges[random() % 7]);
            lock.packages.insert_or_assign(entry.name, entry);
        }
        auto const again = Lockfile::parse(lock.print());
        ASSERT_TRUE(again) << again.error().context << '\n' << lock.print();
        expect_equal(*again, lock);
    }
}

TEST(LockfileTest, AcceptsCommentsBlankLinesCrlfAndAnyOrder) {
    auto text = sample().print();
    auto const at = text.find("\n[[package]]\nname = \"c\"");
    text = text.substr(0, text.find("\n[[package]]")) + text.substr(at) + "# note\n\n" +
           text.substr(text.find("\n[[package]]"), at - text.find("\n[[package]]"));
    std::string crlf;
    for (char const c : text) crlf += c == '\n' ? std::string{"\r\n"} : std::string{c};
    auto const lock = Lockfile::parse(crlf);
    ASSERT_TRUE(lock) << lock.error().context;
    EXPECT_EQ(lock->print(), sample().print());
}

TEST(LockfileTest, RefusesWithThePlace) {
    struct Case {
        char const* from;
        char const* to;
        char const* problem;
    };
    Case const cases[] = {
        {"version = 1\n", "", "ggen.lock:3:1: version = 1 must come first"},
        {"version = 1\n", "version = 2\n", "ggen.lock:2:12: format version 2 is not one this ggen reads"},
        {"version = 1\n", "version = 1\nversion = 1\n",
         "ggen.lock:3:8: expected one version = 1, then [requirements]"},
        {"\"b\" = \"latest\"", "\"b\" = \"a.b\"", "ggen.lock:6:7: version range \"a.b\": it is not a range"},
        {"\"b\" = \"latest\"", "\"B\" = \"1\"",
         "ggen.lock:6:1: package name \"B\": 'B' is not allowed in a name"},
        {"\"b\" = \"latest\"", "b = \"1\"", "ggen.lock:6:1: expected a string in double quotes"},
        {"\"b\" = \"latest\"", "\"acme/app\" = \"1\"",
         "ggen.lock:6:17: requirement \"acme/app\" stands here twice"},
        {"\"b\" = \"latest\"", "\"b\" = \"latest", "ggen.lock:6:14: the string does not end"},
        {"\"b\" = \"latest\"", "\"b\" = \"\\x41\"", "ggen.lock:6:8: this escape is not one that ggen writes"},
        {"name = \"b\"", "name = \"c\"", "ggen.lock:32:1: package \"c\" stands here twice"},
        {"name = \"b\"\n", "", "ggen.lock:22:1: this package has no name"},
        {"index = 7", "index = 07", "ggen.lock:15:10: nothing more is expected on this line"},
        {"index = 7", "index = -7", "ggen.lock:15:9: expected a whole number below 2^63"},
        {"index = 7", "index = 9223372036854775808", "ggen.lock:15:9: expected a whole number below 2^63"},
        {"index = 7", "index = 7\nindex = 7", "ggen.lock:16:6: index stands here twice"},
        {"index = 7", "url = 7", "ggen.lock:15:4: expected a key of [[package]]"},
        {"size = 1234", "size = 1234 5", "ggen.lock:16:13: nothing more is expected on this line"},
        {"sha256:01", "sha256:0G", "ggen.lock:12:11: "},
        {"sha256:01", "SHA256:01", "ggen.lock:12:11: "},
        {"origin = \"example/main\"", "origin = \"\"", "ggen.lock:11:12: the origin is empty"},
        {"\"c\",", "\"c\"", "ggen.lock:19:6: expected ,"},
        {"\"c\",", "\"b ^1\",", "ggen.lock:19:9: dependency \"b ^1\" stands here twice"},
        {"[requirements]", "[requirement]", "ggen.lock:4:1: expected [requirements] or [[package]]"},
        {"[requirements]", "[requirements]\n[requirements]", "ggen.lock:5:15: a second [requirements]"}};
    for (auto const& c : cases) {
        auto text = sample().print();
        auto const at = text.find(c.from);
        ASSERT_NE(at, std::string::npos) << c.from;
        text.replace(at, std::string_view{c.from}.size(), c.to);
        EXPECT_TRUE(problem_of(text).starts_with(c.problem))
            << c.to << "\n  " << problem_of(text) << "\n  " << c.problem;
    }
}

TEST(LockfileTest, RefusesCutFilesAndBadBytes) {
    using std::string_literals::operator""s;
    auto const text = sample().print();
    for (auto const& bad :
         {""s, "\xEF\xBB\xBF" + text, text + "\0"s, text + "\xff", text.substr(0, text.find("]\n\n[[pack")),
          text.substr(0, text.size() - 12), "{}"s}) {
        auto const lock = Lockfile::parse(bad);
        ASSERT_FALSE(lock) << bad;
        EXPECT_EQ(lock.error().id, ErrorId::lockfile_invalid);
    }
    EXPECT_EQ(Lockfile::parse(std::string(Lockfile::k_bytes_max + 1, ' ')).error().code, Errc::too_large);
}

/// `ours` and `theirs` as git leaves them when every package block that differs is in conflict.
std::string merged(Lockfile const& ours, Lockfile const& theirs, bool with_base) {
    return "<<<<<<< HEAD\n" + ours.print() + (with_base ? "||||||| base\nnonsense\n" : "") + "=======\n" +
           theirs.print() + ">>>>>>> branch\n";
}

TEST(LockfileTest, JoinsBothSidesOfAConflict) {
    auto ours = sample();
    auto theirs = sample();
    ours.packages.erase(name("c"));
    ours.requirements[name("d")] = "1";
    theirs.packages.at(name("b")).version = Version{4, 0, 0};
    theirs.packages.emplace(name("e"), package("e", "1.0.0"));
    theirs.packages.at(name("acme/app")).leaf = digest(9);

    for (bool const with_base : {false, true}) {
        auto const lock = Lockfile::parse(merged(ours, theirs, with_base));
        ASSERT_TRUE(lock) << lock.error().context;
        EXPECT_TRUE(lock->had_conflict_markers);
        EXPECT_EQ(lock->packages.size(), 4U);
        EXPECT_EQ(lock->packages.at(name("b")).version, (Version{4, 0, 0}));
        EXPECT_EQ(lock->requirements.size(), 3U);
        auto const swapped = Lockfile::parse(merged(theirs, ours, with_base)).value();
        expect_equal(*lock, swapped);
        EXPECT_FALSE(Lockfile::parse(lock->print()).value().had_conflict_markers);
    }
}

TEST(LockfileTest, JoinsAConflictInsideABlock) {
    auto text = sample().print();
    auto const at = text.find("version = \"3.0.0\"\n");
    text.replace(at, 18, "<<<<<<< HEAD\nversion = \"3.0.0\"\n=======\nversion = \"3.1.0\"\n>>>>>>> other\n");
    auto const lock = Lockfile::parse(text);
    ASSERT_TRUE(lock) << lock.error().context;
    EXPECT_EQ(lock->packages.at(name("b")).version, (Version{3, 1, 0}));
}

TEST(LockfileTest, RefusesBrokenConflictMarkers) {
    auto const text = sample().print();
    EXPECT_EQ(problem_of("<<<<<<< a\n" + text),
              "ggen.lock:" + std::to_string(1 + std::count(text.begin(), text.end(), '\n')) +
                  ":1: a conflict does not end");
    EXPECT_EQ(problem_of("<<<<<<< a\n<<<<<<< b\n"), "ggen.lock:2:1: this conflict marker is out of place");
    EXPECT_EQ(problem_of("<<<<<<< a\n>>>>>>> b\n"), "ggen.lock:2:1: this conflict marker is out of place");
    EXPECT_FALSE(Lockfile::parse("<<<<<<< a\n" + text + "=======\nnonsense\n>>>>>>> b\n"));
    EXPECT_FALSE(Lockfile::parse(text + "=======\n"));
}

}  // namespace
}  // namespace ggen
