#include "market/install_transaction.hpp"

#include "base/testing/fault_file_system.hpp"
#include "market/testing/market_fixture.hpp"

namespace ggen {
namespace {

using testing::FaultFileSystem;
using testing::FaultMode;

/// Installs and what may interrupt them. Two versions of one small closure are published.
class InstallTransactionTest : public testing::MarketFixture {
protected:
    void SetUp() override {
        MarketFixture::SetUp();
        publish("acme/base", "1.0.0");
        publish("acme/app", "1.0.0", {{"acme/base", "=1.0.0"}});
        publish("acme/base", "2.0.0");
        publish("acme/app", "2.0.0", {{"acme/base", "=2.0.0"}});
        market_.config.download_parallel = 1;  // One thread: the n-th call is the same one in every run.
    }

    /// Another project of the same user.
    void enter(std::string const& project) {
        market_.project_directory = dir_ / project;
        ASSERT_TRUE(dir_.files().make_directories(market_.project_directory));
    }

    /// Of the new packages nothing is left in the store; what the project links to stays.
    void forget_new() {
        if (market_.config.link_mode == LinkMode::generation || market_.config.link_mode == LinkMode::symlink) {
            ASSERT_TRUE(cache_collect(market_, false, 0));
        } else {
            ASSERT_TRUE(dir_.files().remove_tree(dir_ / "cache/store"));
        }
    }

    Result<InstallOutcome> install_through(FileSystem& files, std::string const& spec) {
        Market broken{files,          clock_,
                      random_,        log_,
                      opener_,        observer_,
                      cancel_,        market_.directories,
                      market_.config, market_.project_directory};
        return install(broken, request({spec}));
    }

    /// Old or new as a whole; files, lockfile and proofs tell the same; nothing is left over but, right after
    /// a death, the staging area: the next command that changes the project sweeps it.
    std::string standing(bool just_died = false) {
        auto const installed = list_installed(market_);
        if (!installed) return "error: " + installed.error().context;
        auto const verified = verify_project(market_, true);
        if (!verified || !verified->is_sound()) return "verify finds damage";
        auto const own_files = dir_.files().list(market_.project_directory + "/.ggen").value();
        for (auto const& entry : own_files) {
            if (entry.name != "lock" && !(just_died && entry.name == "staging")) return "left over: " + entry.name;
        }
        std::string text;
        for (auto const& package : *installed) {
            if (!package.present) return "not present: " + package.locked.name.text();
            text += package.locked.name.text() + "@" + package.locked.version.text() + " ";
        }
        return text;
    }

    void interrupt_everywhere(FaultMode mode, bool dies) {
        FaultFileSystem faults{dir_.files()};
        enter("count");
        ASSERT_EQ(install_all({"acme/app@=1.0.0"}), old_names_);
        forget_new();
        faults.fail_at(0, mode, dies);
        ASSERT_EQ(describe(install_through(faults, "acme/app@=2.0.0")), new_names_);
        auto const calls = faults.calls();
        ASSERT_GT(calls, 40U);
        ASSERT_TRUE(dir_.files().remove_tree(market_.project_directory));  // It would keep the new packages.

        int kept = 0;
        for (std::uint64_t call = 1; call <= calls; ++call) {
            SCOPED_TRACE("call " + std::to_string(call) + " of " + std::to_string(calls));
            enter("project-" + std::to_string(call));
            ASSERT_EQ(install_all({"acme/app@=1.0.0"}), old_names_);
            forget_new();
            faults.fail_at(call, mode, dies);
            auto const outcome = install_through(faults, "acme/app@=2.0.0");
            // Somebody cleans up before this project sees another command.
            if (dies) {
                ASSERT_TRUE(cache_collect(market_, false, 0));
            }

            auto const now = standing(true);
            EXPECT_TRUE(now == old_names_ + " " || now == new_names_ + " ") << now;
            if (outcome) {
                EXPECT_EQ(now, new_names_ + " ") << "acknowledged";
            }
            kept += now == old_names_ + " " ? 1 : 0;
            EXPECT_EQ(install_all({"acme/app@=2.0.0"}), new_names_);
            EXPECT_EQ(standing(), new_names_ + " ");
            ASSERT_TRUE(dir_.files().remove_tree(market_.project_directory));
        }
        EXPECT_GT(kept, 0);
        EXPECT_LT(kept, static_cast<int>(calls));
    }

    std::string const old_names_ = "acme/app@1.0.0 acme/base@1.0.0";
    std::string const new_names_ = "acme/app@2.0.0 acme/base@2.0.0";
};

TEST_F(InstallTransactionTest, DeathBeforeAnyCallLeavesTheOldOrTheNewTree) {
    interrupt_everywhere(FaultMode::not_done, true);
}

TEST_F(InstallTransactionTest, DeathAfterAnyCallLeavesTheOldOrTheNewTree) {
    interrupt_everywhere(FaultMode::persisted, true);
}

TEST_F(InstallTransactionTest, DeathBeforeAnyCallLeavesLinksThatACollectionKeeps) {
    market_.config.link_mode = LinkMode::symlink;
    interrupt_everywhere(FaultMode::not_done, true);
}

TEST_F(InstallTransactionTest, TheTreeOfAFirstInstallThatDiedOutlivesACollection) {
    market_.config.link_mode = LinkMode::symlink;
    ASSERT_EQ(install_all({"acme/app@=1.0.0"}), old_names_);
    // Killed after the swap: the tree stands, its lockfile is staged and there never was another.
    auto const lockfile = read("project/ggen.lock");
    ASSERT_TRUE(dir_.files().make_directories(dir_ / "project/.ggen/staging"));
    write("project/.ggen/staging/ggen.lock", lockfile);
    write("project/.ggen/staging/ggen.lock.proofs", read("project/ggen.lock.proofs"));
    write("project/.ggen/transaction", "ggen-transaction 1\nlockfile " + sha256(as_bytes(lockfile)).text() +
                                           "\ntarget " + (dir_ / "project/gpacks") + "\n");
    ASSERT_TRUE(dir_.files().remove_file(dir_ / "project/ggen.lock"));

    EXPECT_EQ(cache_collect(market_, false, 0)->removed_packages, 0U);
    EXPECT_EQ(standing(), old_names_ + " ");

    // A staged lockfile that cannot be read may name any package.
    ASSERT_TRUE(dir_.files().make_directories(dir_ / "project/.ggen/staging"));
    write("project/.ggen/staging/ggen.lock", "torn");
    write("project/.ggen/transaction", "ggen-transaction 1\n");
    auto const report = cache_collect(market_, false, 0);
    EXPECT_EQ(report->removed_packages, 0U);
    ASSERT_EQ(report->unreadable_notes.size(), 1U);
    EXPECT_EQ(report->unreadable_notes[0].path, dir_ / "project/.ggen/staging/ggen.lock");
}

TEST_F(InstallTransactionTest, AnyFailingCallLeavesTheOldOrTheNewTree) {
    interrupt_everywhere(FaultMode::not_done, false);
}

TEST_F(InstallTransactionTest, DeathBeforeAnyCallLeavesTheOldOrTheNewCopy) {
    market_.config.link_mode = LinkMode::copy;
    interrupt_everywhere(FaultMode::not_done, true);
}

TEST_F(InstallTransactionTest, AnyFailingCallLeavesTheOldOrTheNewCopy) {
    market_.config.link_mode = LinkMode::copy;
    interrupt_everywhere(FaultMode::not_done, false);
}

TEST_F(InstallTransactionTest, AJournalIsFinishedOrUndoneByTheNextCommand) {
    ASSERT_EQ(install_all({"acme/base@=1.0.0"}), "acme/base@1.0.0");
    auto const lockfile = read("project/ggen.lock");
    auto const stamp = read("project/gpacks/.ggen-installed");
    auto const journal_of = [&](std::string const& text, std::string const& target) {
        return "ggen-transaction 1\nlockfile " + sha256(as_bytes(text)).text() + "\ntarget " + target + "\n";
    };

    // After the swap, before the files beside the tree.
    ASSERT_TRUE(dir_.files().make_directories(dir_ / "project/.ggen/staging"));
    write("project/.ggen/staging/ggen.lock", lockfile);
    write("project/.ggen/staging/ggen.lock.proofs", read("project/ggen.lock.proofs"));
    write("project/ggen.lock", "");
    write("project/.ggen/transaction", journal_of(lockfile, dir_ / "project/gpacks"));
    EXPECT_EQ(standing(), "acme/base@1.0.0 ");
    EXPECT_EQ(read("project/ggen.lock"), lockfile);

    // Before the swap: another lockfile was on its way.
    ASSERT_TRUE(dir_.files().make_directories(dir_ / "project/.ggen/staging/tree"));
    write("project/.ggen/staging/ggen.lock", "other");
    write("project/.ggen/transaction", journal_of("other", dir_ / "project/gpacks"));
    EXPECT_EQ(standing(), "acme/base@1.0.0 ");
    EXPECT_EQ(read("project/gpacks/.ggen-installed"), stamp);

    // Lockfile alone: everything was durable when the journal was written.
    ASSERT_TRUE(dir_.files().make_directories(dir_ / "project/.ggen/staging"));
    write("project/.ggen/staging/ggen.lock", lockfile);
    write("project/ggen.lock", "");
    write("project/.ggen/transaction", journal_of(lockfile, "none"));
    EXPECT_EQ(standing(), "acme/base@1.0.0 ");
    EXPECT_EQ(read("project/ggen.lock"), lockfile);
}

TEST_F(InstallTransactionTest, AProjectFromAStrangerChoosesNoPath) {
    // A journal, a note and a link that came with the project, aimed at files of the user.
    ASSERT_TRUE(dir_.files().make_directories(dir_ / "home/precious"));
    ASSERT_TRUE(dir_.files().make_directories(dir_ / "home/.ggen-staging-0000000000000000/tree"));
    write("home/precious/file", "mine");
    ASSERT_TRUE(dir_.files().make_directories(dir_ / "project/.ggen"));
    write("project/.ggen/target", (dir_ / "home/precious") + "\n");
    for (auto const& target :
         {dir_ / "home/precious", dir_ / "home/absent", std::string{"/"}, std::string{"relative"}}) {
        write("project/.ggen/transaction",
              "ggen-transaction 1\nlockfile " + sha256({}).text() + "\ntarget " + target + "\n");
        ASSERT_TRUE(list_installed(market_)) << target;
        EXPECT_FALSE(dir_.files().info(dir_ / "project/.ggen/transaction"));
        EXPECT_FALSE(dir_.files().info(dir_ / "home/absent"));
        EXPECT_EQ(read("home/precious/file"), "mine");
    }
    ASSERT_EQ(install_all({"acme/base@=1.0.0"}), "acme/base@1.0.0");
    EXPECT_EQ(dir_.files().list(dir_ / "home/precious")->size(), 1U);

    enter("linked");
    ASSERT_TRUE(dir_.files().make_symlink(dir_ / "home/precious", dir_ / "linked/.ggen"));
    EXPECT_TRUE(install_all({"acme/base@=1.0.0"}).starts_with("error "));
    EXPECT_EQ(dir_.files().list(dir_ / "home/precious")->size(), 1U);
}

TEST_F(InstallTransactionTest, AFileWhereTheTreeBelongsIsKept) {
    write("project/gpacks", "a file of the user");

    EXPECT_TRUE(install_all({"acme/base@=1.0.0"}).starts_with("error GM0605"));
    EXPECT_EQ(read("project/gpacks"), "a file of the user");
}

TEST_F(InstallTransactionTest, StampsReadBackAndGarbageIsNoStamp) {
    TreeStamp const stamp{sha256(as_bytes("x")), LinkMode::hardlink};
    auto const text = stamp.print();
    ASSERT_TRUE(TreeStamp::parse(text));
    EXPECT_EQ(TreeStamp::parse(text)->lockfile, stamp.lockfile);
    EXPECT_EQ(TreeStamp::parse(text)->mode, stamp.mode);
    for (std::size_t cut = 0; cut < text.size(); ++cut)
        EXPECT_FALSE(TreeStamp::parse(text.substr(0, cut))) << cut;
}

}  // namespace
}  // namespace ggen
