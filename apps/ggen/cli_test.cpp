#include <gtest/gtest.h>

#include <set>

#include "base/testing/temp_dir.hpp"
#include "complete.hpp"
#include "error_document.hpp"
#include "help.hpp"
#include "output.hpp"
#include "parse.hpp"
#include "process.hpp"
#include "suggest.hpp"

namespace ggen::cli {
namespace {

CommandLine parse(std::vector<std::string> const& words) { return CommandLine{words}; }

std::string mistake(std::vector<std::string> const& words) {
    auto const line = parse(words);
    return line.failure() ? line.failure()->context + " / " + line.failure()->help : "none";
}

TEST(TableTest, EveryCommandHasAHandlerASummaryAndAnExample) {
    for (auto const& command : command_table()) {
        EXPECT_NE(command.run, nullptr) << command.path;
        EXPECT_FALSE(command.summary.empty()) << command.path;
        EXPECT_TRUE(command.hidden || !command.examples.empty()) << command.path;
    }
}

TEST(TableTest, NamesAndLettersAreUniqueForEveryCommand) {
    std::set<std::string_view> paths;
    for (auto const& command : command_table()) {
        EXPECT_TRUE(paths.insert(command.path).second) << command.path;
        for (auto const& alias : command.aliases) EXPECT_TRUE(paths.insert(alias).second) << alias;
        std::set<std::string_view> names;
        std::set<char> letters;
        for (auto const* flags : {&command.flags, &global_flags()}) {
            for (auto const& flag : *flags) {
                EXPECT_TRUE(names.insert(flag.name).second) << command.path << " --" << flag.name;
                EXPECT_TRUE(flag.letter == 0 || letters.insert(flag.letter).second) << command.path << flag.letter;
                EXPECT_FALSE(flag.doc.empty()) << command.path << " --" << flag.name;
            }
        }
    }
}

TEST(TableTest, EveryExampleIsUnderstood) {
    for (auto const& command : command_table()) {
        for (auto const& example : command.examples) {
            std::vector<std::string> words;
            std::string word;
            bool quoted = false;
            bool is_empty = true;
            for (char const c : std::string{example.line} + " ") {
                if (c == '\'') {
                    quoted = !quoted;
                    is_empty = false;
                } else if (c == ' ' && !quoted) {
                    if (!is_empty) words.push_back(word);
                    word.clear();
                    is_empty = true;
                } else {
                    word += c;
                    is_empty = false;
                }
            }
            // What stands behind a pipe or redirection is the shell's.
            for (std::size_t i = 0; i < words.size(); ++i) {
                if (words[i] == "|" || words[i] == ">") words.resize(i);
            }
            EXPECT_EQ(mistake(words), "none") << example.line;
            // The program makes only those specifications that the words can mean; the same command all the same.
            auto const* const found = parse(words).invocation().command;
            ASSERT_NE(found, nullptr) << example.line;
            EXPECT_EQ(found->path, command.path) << example.line;
            EXPECT_EQ(found->run, command.run) << example.line;
        }
    }
}

TEST(CommandLineTest, FindsCommandsOfOneAndTwoWordsAndTheOldSpelling) {
    EXPECT_EQ(parse({"install", "a"}).invocation().path, "install");
    EXPECT_EQ(parse({"registry", "list"}).invocation().path, "registry list");
    EXPECT_EQ(parse({"marketplace", "install", "a"}).invocation().path, "install");
    EXPECT_EQ(parse({"market", "registry", "list"}).invocation().path, "registry list");
    EXPECT_EQ(parse({"rm", "a"}).invocation().path, "remove");
}

TEST(CommandLineTest, ReadsFlagsInEveryForm) {
    auto const line = parse({"-q", "search", "web", "--limit=5", "--category", "tools", "-djk", "x", "-ky", "--",
                             "--fuzzy"});
    auto const& seen = line.invocation();

    EXPECT_FALSE(line.failure());
    EXPECT_TRUE(seen.has("quiet"));
    EXPECT_TRUE(seen.has("detailed"));
    EXPECT_TRUE(seen.has("json"));
    EXPECT_FALSE(seen.has("fuzzy"));
    EXPECT_EQ(seen.value("limit"), "5");
    EXPECT_EQ(seen.value("category"), "tools");
    EXPECT_EQ(seen.values("keyword"), (std::vector<std::string>{"x", "y"}));
    EXPECT_EQ(seen.positionals, (std::vector<std::string>{"web", "--fuzzy"}));
}

TEST(CommandLineTest, TheLastOfASingleFlagCounts) {
    EXPECT_EQ(parse({"search", "-l", "1", "-l", "2"}).invocation().values("limit"), std::vector<std::string>{"2"});
}

TEST(CommandLineTest, NamesTheMistakeAndTheWayOut) {
    EXPECT_EQ(mistake({"instal"}), "there is no command `instal` / did you mean `install`?");
    EXPECT_EQ(mistake({"registry", "crate"}), "there is no command `registry crate` / did you mean `create`?");
    EXPECT_EQ(mistake({"install", "a", "--froze"}),
              "there is no flag --froze for `install` / did you mean `--frozen`, `--force`?");
    EXPECT_EQ(mistake({"search", "--sort", "star"}), "--sort does not know `star` / did you mean `stars`?");
    EXPECT_EQ(mistake({"search", "--limit"}),
              "--limit needs a value: N / `ggen help search` shows the flags with examples");
    EXPECT_EQ(mistake({"list", "--detailed=1"}),
              "--detailed takes no value / `ggen help list` shows the flags with examples");
    EXPECT_EQ(mistake({"info"}), "`info` needs NAME[@RANGE] / `ggen help info` shows the flags with examples");
    EXPECT_EQ(mistake({"tree", "x"}), "`tree` does not take `x` / `ggen help tree` shows the flags with examples");
    EXPECT_EQ(mistake({"key"}), "`key` needs one of: new, show / `ggen help key` shows the flags with examples");
}

TEST(CommandLineTest, HelpNeedsNothingElse) {
    EXPECT_EQ(mistake({"info", "--help"}), "none");
    EXPECT_EQ(mistake({"registry", "-h"}), "none");
    EXPECT_TRUE(parse({"info", "-h"}).invocation().wants_help);
}

TEST(CommandLineTest, AnyWordsAreReadWithoutHarm) {
    std::vector<std::string> const words{"",       "-",   "--",      "---", "-=", "--=",
                                         "--json=", "-jq", "install", "@",   "-l", "=x"};
    for (auto const& a : words) {
        for (auto const& b : words) {
            for (auto const& c : words) static_cast<void>(parse({a, b, c}));
        }
    }
}

TEST(CompleteTest, OffersCommandsFlagsAndChoices) {
    auto const first = [](std::vector<std::string> const& words) {
        auto const found = complete_words(words);
        if (found.candidates.empty()) return std::string{};
        return found.candidates.front().substr(0, found.candidates.front().find('\t'));
    };
    EXPECT_EQ(first({"ins"}), "install");
    EXPECT_EQ(first({"registry", "fs"}), "fsck");
    EXPECT_EQ(first({"install", "--fro"}), "--frozen");
    EXPECT_EQ(first({"search", "--sort", "st"}), "stars");
    EXPECT_EQ(first({"search", "--sort=re"}), "--sort=relevance");
    EXPECT_EQ(first({"help", "reg"}), "registry");
    EXPECT_EQ(complete_words({"install", "ac"}).source, Complete::package);
    EXPECT_EQ(complete_words({"why", ""}).source, Complete::installed);
    EXPECT_EQ(complete_words({"import", "npm", "x", "--into", ""}).source, Complete::registry);
    EXPECT_EQ(complete_words({"inspect", "archive", ""}).source, Complete::file);
}

TEST(AbsolutePathTest, APlaceHasOneSpelling) {
    ggen::testing::TempDir const dir;
    ASSERT_TRUE(dir.files().make_directories(dir / "a/b"));
    auto const root = absolute_path(dir / "a/..");

    EXPECT_EQ(absolute_path(dir / "a/../a/./b"), root + "/a/b");
    EXPECT_EQ(absolute_path(dir / "a/b/../new"), root + "/a/new") << "need not exist";
    EXPECT_EQ(absolute_path(dir / "a/b/"), dir / "a/b");
    EXPECT_EQ(absolute_path(dir / "..a/b..c"), dir / "..a/b..c") << "only whole names are dots";
    EXPECT_EQ(absolute_path(dir / "none/../x/.."), dir / "none/../x/..") << "nothing to resolve";
    EXPECT_EQ(absolute_path("/"), "/");
}

TEST(SuggestTest, CountsEditsAndSwaps) {
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("abc", "abc"), 0U);
    EXPECT_EQ(edit_distance("abdc", "abcd"), 1U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
    EXPECT_EQ(edit_distance(std::string(1'000, 'a'), std::string(1'000, 'b')), 64U);
}

TEST(ExitCodeTest, FollowsTheReactionAndTheId) {
    EXPECT_EQ(exit_code_of(Error{Errc::not_found, "x"}), ExitCode::not_found);
    EXPECT_EQ(exit_code_of(Error{Errc::corrupt, ErrorId::blob_mismatch, "x"}), ExitCode::refused);
    EXPECT_EQ(exit_code_of(Error{Errc::not_found, ErrorId::key_missing, "x"}), ExitCode::not_authorised);
    EXPECT_EQ(exit_code_of(Error{Errc::refused, ErrorId::not_owner, "x"}), ExitCode::not_authorised);
    EXPECT_EQ(exit_code_of(Error{Errc::conflict, ErrorId::version_exists, "x"}), ExitCode::conflict);
    EXPECT_EQ(exit_code_of(Error{Errc::too_large, ErrorId::http_too_large, "x"}), ExitCode::network);
    EXPECT_EQ(exit_code_of(Error{Errc::offline, ErrorId::offline_missing, "x"}), ExitCode::offline);
    EXPECT_EQ(exit_code_of(Error{Errc::cancelled, "x"}), ExitCode::cancelled);
    EXPECT_EQ(exit_code_of(Error{Errc::io, "x"}), ExitCode::failed);
}

TEST(ErrorDocumentTest, CarriesWhatAProgramNeeds) {
    Error const error{Errc::corrupt, ErrorId::blob_mismatch, "install a/b: archive: other bytes"};

    auto const document = error_document(error, ExitCode::refused);

    EXPECT_EQ(*document.find("schema")->if_string(), "ggen.error/1");
    EXPECT_EQ(*document.find("code")->if_string(), "GM0312");
    EXPECT_EQ(*document.find("detail")->if_string(), "install a/b: archive: other bytes");
    EXPECT_EQ(document.find("causes")->if_array()->size(), 3U);
    EXPECT_EQ(*document.find("exit_code")->if_integer(), 6);
}

TEST(TextWidthTest, CountsColumnsAndCutsAtThem) {
    EXPECT_EQ(display_width("abc"), 3U);
    EXPECT_EQ(display_width("é"), 1U);
    EXPECT_EQ(display_width("日本"), 4U);
    EXPECT_EQ(display_width("\xff\xfe"), 2U);
    EXPECT_EQ(cut_to_width("abcdef", 4), "abc…");
    EXPECT_EQ(cut_to_width("日本語", 4), "日…");
    EXPECT_EQ(cut_to_width("abc", 3), "abc");
}

TEST(OutputTest, MarksStandOutWhereTheTextIsShownAsItIs) {
    std::string const bold = "\x1b[1m";
    std::string const reset = "\x1b[0m";
    EXPECT_EQ(with_marks("web server", "web server", {{0, 3}, {4, 8}}),
              bold + "web" + reset + " " + bold + "serv" + reset + "er");
    EXPECT_EQ(with_marks("web s…", "web server", {{0, 3}, {4, 10}}), bold + "web" + reset + " s…");
    EXPECT_EQ(with_marks("\\x1b web", "\x1b web", {{2, 5}}), "\\x1b web");
    EXPECT_EQ(with_marks("web", "web", {{2, 9}, {1, 1}}), "web");
    EXPECT_EQ(with_marks("", "", {{0, 1}}), "");
}

TEST(HelpTest, EveryPageEndsWithExitCodesAndFiles) {
    for (auto const& command : command_table()) {
        if (command.hidden) continue;
        auto const page = command_page(command);
        auto const codes = page.find("Exit codes\n");
        ASSERT_NE(codes, std::string::npos) << command.path;
        EXPECT_GT(page.find("Files\n", codes), codes) << command.path;
        EXPECT_LT(page.find("Examples\n"), page.find("Usage\n")) << command.path;
    }
}

}  // namespace
}  // namespace ggen::cli
