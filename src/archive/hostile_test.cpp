// One hostile archive a line, after the attack catalogue: A1 to A11 and A14. Each must be refused with
// the right id and a message that names the object and is safe for a terminal.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "archive/archive.hpp"
#include "archive/testing/raw_tar.hpp"
#include "archive/tree_stream.hpp"

namespace ggen {
namespace {

using testing::raw_data;
using testing::raw_end;
using testing::raw_file;
using testing::RawHeader;

struct Sample {
    std::string name;
    std::string bytes;
    ErrorId id;
    std::string mention;  ///< Stands in the message.
};

void expect_safe_for_terminal(std::string const& text) {
    EXPECT_TRUE(std::none_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7F;
    })) << "control byte in a message";
    EXPECT_EQ(text.find("\xE2\x80\xAE"), std::string::npos) << "direction override in a message";
}

/// Takes everything.
class NullSink final : public ArchiveSink {
public:
    Result<void> begin_file(std::string const&, bool, std::uint64_t) override { return ok(); }
    Result<void> add_content(BytesView) override { return ok(); }
};

/// What a reader says that gets the bytes seven at a time.
Result<void> read_in_pieces(std::string const& tree) {
    NullSink sink;
    TreeStream stream{tree.size(), {}, sink};
    for (std::size_t at = 0; at < tree.size(); at += 7)
        RETURN_IF_ERROR(stream.feed(as_bytes(std::string_view{tree}.substr(at, 7))));
    return stream.finish();
}

void expect_refused(std::vector<Sample> const& samples) {
    for (auto const& sample : samples) {
        SCOPED_TRACE(sample.name);
        auto const decoded = decode_tree(to_bytes(sample.bytes));
        if (decoded) {
            ADD_FAILURE() << "accepted";
            continue;
        }
        auto const& error = decoded.error();
        EXPECT_EQ(error_id_text(error.id), error_id_text(sample.id)) << error.context;
        EXPECT_NE(error.context.find(sample.mention), std::string::npos) << error.context;
        expect_safe_for_terminal(error.context);
        auto const in_pieces = read_in_pieces(sample.bytes);
        ASSERT_FALSE(in_pieces) << "accepted in pieces";
        EXPECT_EQ(wrap(in_pieces.error(), "archive").context, error.context);
    }
}

/// An archive with one file of this path, below the top directory.
Sample path_sample(std::string name, std::string_view path, std::string mention,
                   ErrorId id = ErrorId::archive_path_unsafe) {
    return {std::move(name), raw_file("p-1.0.0/" + std::string{path}, "x") + raw_end(), id, std::move(mention)};
}

/// An archive with one file whose name field is `name` as it stands.
Sample whole_name_sample(std::string name, std::string_view field, std::string mention) {
    return {std::move(name), raw_file(field, "x") + raw_end(), ErrorId::archive_path_unsafe, std::move(mention)};
}

Sample header_sample(std::string name, RawHeader const& header, ErrorId id, std::string mention,
                     std::string_view data = "") {
    return {std::move(name), header.block() + raw_data(data) + raw_end(), id, std::move(mention)};
}

std::string two_files(std::string_view a, std::string_view b) {
    return raw_file("p-1.0.0/" + std::string{a}, "1") + raw_file("p-1.0.0/" + std::string{b}, "2") + raw_end();
}

TEST(HostileArchiveTest, TheRawWriterMakesWhatIsAccepted) {
    auto const decoded = decode_tree(to_bytes(two_files("a.txt", "b/c.txt")));

    ASSERT_TRUE(decoded) << decoded.error().context;
    EXPECT_EQ(decoded->files.size(), 2U);
}

TEST(HostileArchiveTest, PathsThatLeaveThePackageAreRefused) {
    expect_refused({
        path_sample("path-00 parent", "../evil", "\"..\""),
        path_sample("path-01 parent inside", "a/../../evil", "\"..\""),
        path_sample("path-02 parent at the end", "a/..", "\"..\""),
        whole_name_sample("path-03 absolute", "/etc/passwd", "absolute"),
        whole_name_sample("path-04 double absolute", "//etc/passwd", "absolute"),
        whole_name_sample("path-05 drive", "C:/evil", "C:/evil"),
        whole_name_sample("path-06 drive relative", "p-1.0.0/C:evil", "colon"),
        whole_name_sample("path-07 unc", "\\\\host\\share\\evil", "backslash"),
        path_sample("path-08 backslash", "..\\evil", "backslash"),
        path_sample("path-09 dot", "./evil", "\".\""),
        path_sample("path-10 double slash", "a//evil", "empty component"),
        path_sample("path-11 trailing slash", "a/", "empty component"),
        whole_name_sample("path-12 only dots", "..", "\"..\""),
        whole_name_sample("path-13 empty", "", "it is empty"),
        path_sample("path-14 full-width parent", "\uFF0E\uFF0E/evil", "\"..\""),
        path_sample("path-15 two-dot leader", "\u2025/evil", "\"..\""),
        path_sample("path-16 full-width slash", "a\uFF0Fevil", "read as \"/\""),
        path_sample("path-17 full-width backslash", "a\uFF3Cevil", "backslash"),
    });
}

TEST(HostileArchiveTest, CharactersThatDeceiveAreRefused) {
    expect_refused({
        path_sample("path-18 escape", "a\x1b[31m", "U+001B"),
        path_sample("path-19 newline", "a\nb", "U+000A"),
        path_sample("path-20 delete", "a\x7f", "U+007F"),
        path_sample("path-21 C1", "a\u0085", "U+0085"),
        path_sample("path-22 invalid byte", "a\xff", "byte 9 is not valid UTF-8"),
        path_sample("path-22 lone continuation", "a\x80", "not valid UTF-8"),
        path_sample("path-22 cut sequence", "a\xE2\x82", "not valid UTF-8"),
        path_sample("path-23 overlong slash", "a\xC0\xAF", "not valid UTF-8"),
        path_sample("path-23 overlong dot", "\xE0\x80\xAE.", "not valid UTF-8"),
        path_sample("path-24 surrogate", "a\xED\xA0\x80", "not valid UTF-8"),
        path_sample("path-24 above Unicode", "a\xF4\x90\x80\x80", "not valid UTF-8"),
        path_sample("path-25 right-to-left override", "a\u202Etxt.exe", "U+202E"),
        path_sample("path-25 isolate", "a\u2066b", "U+2066"),
        path_sample("path-25 zero width space", "a\u200Bb", "U+200B"),
        path_sample("path-25 zero width joiner", ".g\u200Dit", "U+200D"),
        path_sample("path-25 byte order mark", "\uFEFFa", "U+FEFF"),
        path_sample("path-25 soft hyphen", "a\u00ADb", "U+00AD"),
        path_sample("path-25 hangul filler", "a\u3164", "U+3164"),
        path_sample("path-25 variation selector", "a\uFE0F", "U+FE0F"),
        path_sample("path-25 no-break space", "a\u00A0b", "U+00A0"),
        path_sample("path-25 line separator", "a\u2028b", "U+2028"),
        path_sample("path-25 private use", "a\uF03Ab", "U+F03A"),
        path_sample("path-25 not assigned", "a\u0378b", "U+0378"),
        path_sample("path-25 tag character", "a\U000E0041", "U+E0041"),
        header_sample("path-nul in the name", RawHeader{{"p-1.0.0/a.txt\0.png", 18}}, ErrorId::archive_path_unsafe,
                      "entry 1"),
        header_sample("path-nul in the prefix", RawHeader{"a.txt"}.prefix({"p-1.0.0\0x", 9}),
                      ErrorId::archive_path_unsafe, "prefix"),
    });
}

TEST(HostileArchiveTest, NamesThatSomeSystemReservesAreRefused) {
    expect_refused({
        path_sample("reserved CON", "CON", "device"),
        path_sample("reserved con.txt", "src/con.txt", "device"),
        path_sample("reserved directory", "Aux/a.txt", "device"),
        path_sample("reserved nul.tar.gz", "nul.tar.gz", "device"),
        path_sample("reserved blank", "prn .txt", "device"),
        path_sample("reserved com1", "COM1", "device"),
        path_sample("reserved superscript", "com\u00B9.txt", "device"),
        path_sample("reserved lpt9", "LPT9.log", "device"),
        path_sample("reserved conin$", "CONIN$", "device"),
        path_sample("reserved full-width", "\uFF23\uFF2F\uFF2E", "device"),
        path_sample("trailing dot", "a.", "dot or a space"),
        path_sample("trailing space", "a ", "dot or a space"),
        path_sample("trailing dot in a directory", "a./b", "dot or a space"),
        path_sample("three dots", ".../b", "dot or a space"),
        path_sample("stream", "a.txt:hidden", "colon"),
        path_sample("stream data", "a.txt::$DATA", "colon"),
        path_sample("git", ".git/config", "git would obey"),
        path_sample("git case", "sub/.GIT/hooks/x", "git would obey"),
        path_sample("git short name", "GIT~1/config", "git would obey"),
        path_sample("git file", ".git", "git would obey"),
        path_sample("marker", ".ggen-ok", ".ggen"),
        path_sample("marker directory", ".GGEN/x", ".ggen"),
    });
}

TEST(HostileArchiveTest, LinksAreRefused) {
    auto const link = [](char type, std::string_view target) {
        return RawHeader{"p-1.0.0/link"}.type(type).link(target);
    };
    auto const id = ErrorId::archive_path_unsafe;
    expect_refused({
        header_sample("link-00 symlink out", link('2', "../../etc"), id, "path \"p-1.0.0/link\""),
        header_sample("link-01 symlink absolute", link('2', "/etc/passwd"), id, "symbolic link"),
        header_sample("link-02 symlink in", link('2', "a.txt"), id, "symbolic link"),
        header_sample("link-03 symlink loop", link('2', "link"), id, "symbolic link"),
        header_sample("link-04 symlink empty", link('2', ""), id, "symbolic link"),
        header_sample("link-05 hard link in", link('1', "p-1.0.0/a.txt"), id, "hard link"),
        header_sample("link-06 hard link out", link('1', "/etc/passwd"), id, "hard link"),
        header_sample("link-07 hard link with data", link('1', "p-1.0.0/a.txt").size(3), id, "hard link", "abc"),
        header_sample("link-08 symlink with data", link('2', "a").size(3), id, "symbolic link", "abc"),
        {"link-09 then through it",
         raw_file("p-1.0.0/a.txt", "x") + link('2', "/tmp").block() + raw_file("p-1.0.0/link/b", "y") + raw_end(), id,
         "entry 2"},
        header_sample("link-10 name of a file", RawHeader{}.link("a"), ErrorId::archive_not_canonical, "link name"),
    });
}

TEST(HostileArchiveTest, EverythingButRegularFilesIsRefused) {
    auto const typed = [](char type) { return RawHeader{}.type(type); };
    std::vector<Sample> samples{
        header_sample("type-3", typed('3'), ErrorId::archive_path_unsafe, "device"),
        header_sample("type-4", typed('4'), ErrorId::archive_path_unsafe, "device"),
        header_sample("type-6", typed('6'), ErrorId::archive_path_unsafe, "FIFO"),
        header_sample("type-5", RawHeader{"p-1.0.0/d/"}.type('5'), ErrorId::archive_not_canonical, "p-1.0.0/d/"),
        header_sample("type-5 with data", RawHeader{"p-1.0.0/d"}.type('5').size(3), ErrorId::archive_not_canonical,
                      "directory", "abc"),
    };
    for (int type = 0; type < 256; ++type) {
        if (std::string_view{"0123456"}.find(static_cast<char>(type)) != std::string_view::npos) continue;
        samples.push_back(header_sample("type byte " + std::to_string(type), typed(static_cast<char>(type)),
                                        ErrorId::archive_not_canonical, "p-1.0.0/a.txt"));
    }
    expect_refused(samples);
}

TEST(HostileArchiveTest, ModesOtherThanTheTwoAreRefused) {
    auto const modes = {"0004755", "0002755", "0001755", "0000777", "0000666", "0000000", "0000600", "0100644",
                        "0000645", "000644 ", " 000644", "7777777", "000644\0", "-000644", "0000648"};
    std::vector<Sample> samples;
    for (std::string_view const mode : modes) {
        samples.push_back(header_sample("mode-" + std::string{mode}, RawHeader{}.mode(mode),
                                        ErrorId::archive_not_canonical, "mode"));
    }
    samples.push_back(header_sample("mode without NUL", RawHeader{}.mode("00000644"), ErrorId::archive_not_canonical,
                                    "mode"));
    expect_refused(samples);
}

TEST(HostileArchiveTest, PathsThatAreOneFileSomewhereAreRefused) {
    struct Pair {
        char const* name;
        char const* a;
        char const* b;
    };
    std::vector<Pair> const pairs{
        {"case", "README.md", "readme.md"},
        {"case in a directory", "Lib/a.js", "lib/b.js"},
        {"case in both", "A/b", "a/B"},
        {"NFC and NFD", "e\u0301.txt", "\u00E9.txt"},
        {"ligature", "file", "\uFB01le"},
        {"sharp s", "strasse", "stra\u00DFe"},
        {"capital sharp s", "stra\u1E9Ee", "stra\u00DFe"},
        {"dotted capital i", "i.txt", "\u0130.txt"},
        {"dotless i", "i.txt", "\u0131.txt"},
        {"kelvin", "k", "\u212A"},
        {"long s", "s", "\u017F"},
        {"final sigma", "\u03C2", "\u03C3"},
        {"full width", "a", "\uFF41"},
        {"circled digit", "1", "\u2460"},
        {"omega and ohm", "\u03C9", "\u2126"},
        {"iota subscript", "\u03B1\u03B9", "\u1FB3"},
        {"file and directory", "a", "a/b"},
        {"file and directory by case", "A", "a/b"},
        {"manifest by case", "GPACK.TOML", "gpack.toml"},
        {"hangul", "\u1112\u1161\u11AB", "\uD55C"},
    };
    for (auto const& [name, first, second] : pairs) {
        SCOPED_TRACE(name);
        auto paths = std::vector<std::string>{first, second};
        std::sort(paths.begin(), paths.end());
        auto const decoded = decode_tree(to_bytes(two_files(paths[0], paths[1])));
        auto const encoded = encode_archive("p-1.0.0", {{first, false, {}}, {second, false, {}}});
        ASSERT_FALSE(decoded);
        ASSERT_FALSE(encoded);
        EXPECT_EQ(decoded.error().id, ErrorId::archive_collision) << decoded.error().context;
        EXPECT_EQ(decoded.error().code, Errc::refused);
        EXPECT_EQ(encoded.error().id, ErrorId::archive_collision) << encoded.error().context;
        EXPECT_NE(decoded.error().context.find(second), std::string::npos) << decoded.error().context;
    }
}

TEST(HostileArchiveTest, AFileFarFromItsDirectoryInTheOrderIsFound) {
    // "a-b" sorts between "a" and "a/b" by bytes.
    auto const bytes = raw_file("p-1.0.0/a") + raw_file("p-1.0.0/a-b") + raw_file("p-1.0.0/a/b") + raw_end();

    expect_refused({{"file and directory", bytes, ErrorId::archive_collision, "a file and a directory"}});
}

TEST(HostileArchiveTest, DuplicatesAndWrongOrderAreRefused) {
    expect_refused({
        {"dup-00", two_files("a", "a"), ErrorId::archive_collision, "stands twice"},
        {"dup-01 manifest", two_files("gpack.toml", "gpack.toml"), ErrorId::archive_collision, "gpack.toml"},
        {"order", two_files("b", "a"), ErrorId::archive_not_canonical, "\"a\""},
        {"order by sign of bytes", two_files("\u00E9", "z"), ErrorId::archive_not_canonical, "\"z\""},
    });
}

TEST(HostileArchiveTest, PaxAndGnuExtensionsAreRefused) {
    auto const file = raw_file("p-1.0.0/a.txt", "x");
    auto const id = ErrorId::archive_not_canonical;
    auto const pax = [](char type, std::string_view record) {
        return RawHeader{"p-1.0.0/PaxHeaders/a.txt"}.type(type).size(record.size()).block() + raw_data(record);
    };
    auto const gnu_header = RawHeader{}.put(257, {"ustar  \0", 8}).block();
    expect_refused({
        {"pax-00 path", pax('x', "19 path=../evil.sh\n") + file + raw_end(), id, "pax"},
        {"pax-01 size", pax('x', "12 size=512\n") + file + raw_end(), id, "pax"},
        {"pax-02 global", pax('g', "19 path=../evil.sh\n") + file + raw_end(), id, "pax"},
        {"pax-03 link path", pax('x', "17 linkpath=/etc\n") + file + raw_end(), id, "pax"},
        {"pax-04 on a pax header", pax('x', "12 size=512\n") + pax('x', "10 uid=0\n") + file + raw_end(), id, "pax"},
        {"pax-05 after a file", file + pax('g', "10 uid=0\n") + raw_end(), id, "entry 2"},
        {"pax-06 solaris", pax('X', "10 uid=0\n") + file + raw_end(), id, "pax"},
        {"gnu-00 long name", pax('L', "p-1.0.0/evil") + file + raw_end(), id, "GNU"},
        {"gnu-01 long link", pax('K', "/etc") + file + raw_end(), id, "GNU"},
        {"gnu-02 sparse", pax('S', "x") + file + raw_end(), id, "GNU"},
        {"gnu-03 header", gnu_header + raw_end(), id, "GNU"},
        {"gnu-04 multi-volume", pax('M', "x") + file + raw_end(), id, "0x4d"},
        {"gnu-05 dump directory", pax('D', "x") + file + raw_end(), id, "0x44"},
        {"old header without signature", RawHeader{}.put(257, std::string(8, '\0')).block() + raw_end(), id,
         "signature"},
        {"ustar version", RawHeader{}.put(263, "11").block() + raw_end(), id, "signature"},
    });
}

TEST(HostileArchiveTest, SizesThatAreNotPlainAreRefused) {
    auto const sized = [](std::string_view field, ErrorId id, std::string mention) {
        return Sample{"num " + escape_for_terminal(field),
                      RawHeader{}.put(124, field).block() + raw_data("abc") + raw_end(), id, std::move(mention)};
    };
    auto const id = ErrorId::archive_not_canonical;
    expect_refused({
        sized("-0000000001", id, "p-1.0.0/a.txt"),
        sized("+0000000003", id, "eleven octal digits"),
        sized({"\x80\0\0\0\0\0\0\0\0\0\0\x03", 12}, id, "base-256"),
        sized({"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFD", 12}, id, "base-256"),
        sized("0000000000x", id, "eleven octal digits"),
        sized("00000000008", id, "eleven octal digits"),
        sized("          3", id, "eleven octal digits"),
        sized("3          ", id, "eleven octal digits"),
        sized({"0000000003\0\0", 12}, id, "eleven octal digits"),
        sized("0000000003 ", id, "eleven octal digits"),
        sized("000000000003", id, "eleven octal digits"),
        sized("00000000003 ", id, "eleven octal digits"),
        sized({"3\0", 2}, id, "eleven octal digits"),
        sized(std::string(12, '\0'), id, "eleven octal digits"),
        sized("0x000000003", id, "eleven octal digits"),
        sized("77777777777", ErrorId::archive_truncated, "8589934591 bytes are announced"),
        sized("00000003001", ErrorId::archive_truncated, "1537 bytes are announced, 1536 are left"),
    });
}

TEST(HostileArchiveTest, ASizeThatSwallowsTheEndIsRefused) {
    // 1025..1536 bytes: the end marker would be content.
    expect_refused({
        {"swallow", RawHeader{}.size(1536).block() + raw_data("abc") + raw_end(), ErrorId::archive_truncated,
         "end marker"},
        {"short", RawHeader{}.size(0).block() + raw_data("abc") + raw_end(), ErrorId::archive_not_canonical, "entry 2"},
    });
}

TEST(HostileArchiveTest, WrongChecksumsAreRefused) {
    auto const id = ErrorId::archive_not_canonical;
    auto const accent = RawHeader{"p-1.0.0/\u00E9"};
    auto other_spelling = RawHeader{}.block();
    other_spelling.replace(148, 8, " " + other_spelling.substr(149, 5) + std::string{"\0 ", 2});
    auto swapped_end = RawHeader{}.block();
    swapped_end.replace(154, 2, std::string{" \0", 2});
    expect_refused({
        {"sum-00 one more", RawHeader{}.block(1) + raw_end(), id, "checksum"},
        {"sum-01 one less", RawHeader{}.block(0U - 1U) + raw_end(), id, "checksum"},
        {"sum-02 signed bytes", accent.block(0U - 512U) + raw_end(), id, "checksum"},
        {"sum-03 blank for a zero", other_spelling + raw_end(), id, "checksum"},
        {"sum-04 blank before NUL", swapped_end + raw_end(), id, "checksum"},
        {"sum-05 none", std::string(500, 'x') + std::string(12, '\0') + raw_end(), id, "checksum"},
    });
}

TEST(HostileArchiveTest, WhatFollowsOrFillsMustBeExact) {
    auto const file = raw_file("p-1.0.0/a.txt", "x");
    auto const good = file + raw_end();
    auto const block = std::string(512, '\0');
    auto const id = ErrorId::archive_not_canonical;
    expect_refused({
        {"pad-00", RawHeader{}.size(1).block() + raw_data("x", '\1') + raw_end(), id, "padding"},
        {"pad-01 last byte", RawHeader{}.size(1).block() + std::string{"x"} + std::string(510, '\0') + "y" + raw_end(),
         id, "padding"},
        {"end-00 one block", file + block, ErrorId::archive_truncated, "end marker"},
        {"end-01 no block", file, ErrorId::archive_truncated, "end marker"},
        {"end-02 three blocks", good + block, id, "follow the end marker"},
        {"end-03 whole record", good + std::string(10240 - good.size(), '\0'), id, "follow the end marker"},
        {"end-04 header after a zero block", file + block + raw_file("p-1.0.0/b") + raw_end(), id, "block of zeros"},
        {"end-05 second archive", good + good, id, "follow the end marker"},
        {"end-06 one byte", good + "x", id, "follow the end marker"},
        {"end-07 empty archive", raw_end(), id, "no file"},
        {"end-08 nothing", "", ErrorId::archive_truncated, "end marker"},
        {"end-09 newline", good + "\n", id, "follow the end marker"},
    });
}

TEST(HostileArchiveTest, EveryCutIsTruncation) {
    auto const whole = two_files("a.txt", "b/c.txt");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        auto const decoded = decode_tree(to_bytes(whole.substr(0, size)));
        ASSERT_FALSE(decoded) << size;
        ASSERT_EQ(decoded.error().id, ErrorId::archive_truncated) << size << ": " << decoded.error().context;
        ASSERT_EQ(decoded.error().code, Errc::corrupt);
    }
}

TEST(HostileArchiveTest, AnotherTopDirectoryIsRefused) {
    auto const id = ErrorId::archive_path_unsafe;
    expect_refused({
        {"path-28 other package", raw_file("p-1.0.0/a") + raw_file("q-1.0.0/a") + raw_end(), id, "q-1.0.0/a"},
        {"path-29 no directory", raw_file("a.txt") + raw_end(), id, "not below a top directory"},
        {"path-30 longer top", raw_file("p-1.0.0/a") + raw_file("p-1.0.0x/a") + raw_end(), id, "outside"},
        {"top by case", raw_file("P-1.0.0/a") + raw_file("p-1.0.0/b") + raw_end(), id, "outside"},
        {"reserved top", raw_file(".git/config") + raw_end(), id, ".git"},
    });
}

TEST(HostileArchiveTest, PrefixesSplitElsewhereAreRefused) {
    auto const path = "p-1.0.0/" + std::string(40, 'd') + "/" + std::string(40, 'e') + "/" + std::string(40, 'f');
    auto const split_at = [&](std::size_t slash) {
        return RawHeader{path.substr(slash + 1)}.prefix(path.substr(0, slash)).block() + raw_end();
    };
    auto const short_with_prefix = RawHeader{"a.txt"}.prefix("p-1.0.0").block() + raw_end();

    auto const leftmost = decode_tree(to_bytes(split_at(48)));

    EXPECT_TRUE(leftmost) << leftmost.error().context;
    expect_refused({
        {"later slash", split_at(89), ErrorId::archive_not_canonical, "another spelling"},
        {"prefix that is not needed", short_with_prefix, ErrorId::archive_not_canonical, "another spelling"},
    });
}

/// Any header byte to any telling value, checksum put right: refused, or the one spelling of what it is.
TEST(HostileArchiveTest, NoHeaderHasTwoSpellings) {
    auto const base = RawHeader{"p-1.0.0/a.txt"}.block();
    std::size_t accepted = 0;
    for (std::size_t offset = 0; offset < base.size(); ++offset) {
        for (int const value : {0, 1, 0x20, 0x2E, 0x2F, 0x30, 0x31, 0x35, 0x37, 0x5C, 0x78, 0x7F, 0x80, 0xC3, 0xFF}) {
            auto const byte = std::string(1, static_cast<char>(value));
            auto const bytes = to_bytes(RawHeader{"p-1.0.0/a.txt"}.put(offset, byte).block() + raw_end());
            auto const decoded = decode_tree(bytes);
            if (!decoded) continue;
            ++accepted;
            auto const again = encode_tree(decoded->top_directory, decoded->files);
            ASSERT_TRUE(again) << again.error().context;
            ASSERT_EQ(*again, bytes) << "offset " << offset << " value " << value;
        }
    }
    EXPECT_GT(accepted, 50U);
}

TEST(HostileArchiveTest, EverySingleBitFlipIsRefusedOrChangesOnlyContent) {
    auto const base = two_files("a.txt", "b/c.txt");
    for (std::size_t bit = 0; bit < base.size() * 8; ++bit) {
        auto bytes = to_bytes(base);
        bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1U << (bit % 8)));
        bool const is_content = bit / 8 == 512 || bit / 8 == std::size_t{512} * 3;
        ASSERT_EQ(decode_tree(bytes).has_value(), is_content) << "byte " << bit / 8;
    }
}

}  // namespace
}  // namespace ggen
