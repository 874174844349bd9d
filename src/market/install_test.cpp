#include "market/install.hpp"

#include "market/install_transaction.hpp"
#include "market/lock_proofs.hpp"
#include "market/testing/market_fixture.hpp"

namespace ggen {
namespace {

using InstallTest = testing::MarketFixture;

TEST_F(InstallTest, BringsAPackageWithItsDependencies) {
    publish("acme/base", "1.0.0");
    publish("acme/app", "1.0.0", {{"acme/base", "^1.0.0"}});

    EXPECT_EQ(install_all({"acme/app"}), "acme/app@1.0.0 acme/base@1.0.0");

    EXPECT_EQ(read("project/gpacks/acme/base/data/text.txt"), "acme/base 1.0.0\n");
    EXPECT_EQ(dir_.files().info(dir_ / "project/gpacks/acme/app/bin/run")->mode, 0555U) << "shared, so read-only";
    auto const verified = verify_project(market_, true).value();
    EXPECT_TRUE(verified.is_sound());
    EXPECT_EQ(verified.proofs, 2U);
}

TEST_F(InstallTest, KeepsLockedVersionsUntilAnUpdateIsAskedFor) {
    publish("acme/base", "1.0.0");
    ASSERT_EQ(install_all({"acme/base"}), "acme/base@1.0.0");
    publish("acme/base", "1.1.0");

    EXPECT_EQ(install_all(), "acme/base@1.0.0");
    ASSERT_EQ(outdated(market_)->size(), 1U);
    EXPECT_EQ(outdated(market_)->front().latest->text(), "1.1.0");
    EXPECT_EQ(describe(update(market_, {{}, true, false, {}})), "acme/base@1.1.0");
    EXPECT_EQ(read("project/gpacks/acme/base/data/text.txt"), "acme/base 1.1.0\n");
    EXPECT_TRUE(outdated(market_)->empty());
}

TEST_F(InstallTest, FrozenNeitherChangesTheLockfileNorNeedsARegistry) {
    publish("acme/base", "1.0.0");
    auto frozen = request({"acme/base"});
    frozen.frozen = true;
    EXPECT_TRUE(describe(install(market_, frozen)).starts_with("error GM0606"));
    ASSERT_EQ(install_all({"acme/base"}), "acme/base@1.0.0");
    ASSERT_TRUE(dir_.files().remove_tree(dir_ / "project/gpacks"));
    ASSERT_TRUE(dir_.files().remove_tree(dir_ / "registry"));

    auto again = request();
    again.frozen = true;
    EXPECT_EQ(describe(install(market_, again)), "acme/base@1.0.0");
    EXPECT_TRUE(verify_project(market_, true)->is_sound());

    auto newer = request({"acme/base@^2"});
    newer.frozen = true;
    EXPECT_TRUE(describe(install(market_, newer)).starts_with("error GM0606"));
}

TEST_F(InstallTest, ADryRunWritesNothing) {
    publish("acme/base", "1.0.0");
    auto dry = request({"acme/base"});
    dry.dry_run = true;

    auto const outcome = install(market_, dry);

    ASSERT_EQ(describe(outcome), "acme/base@1.0.0");
    EXPECT_EQ(std::get<InstallReport>(*outcome).changes.at(0).kind, PlannedChange::Kind::add);
    EXPECT_FALSE(dir_.files().info(dir_ / "project/ggen.lock"));
    EXPECT_FALSE(dir_.files().info(dir_ / "project/gpacks"));
}

TEST_F(InstallTest, AConflictIsAnAnswerAndChangesNothing) {
    publish("acme/base", "1.0.0");
    publish("acme/base", "2.0.0");
    publish("acme/a", "1.0.0", {{"acme/base", "^1.0.0"}});
    publish("acme/b", "1.0.0", {{"acme/base", "^2.0.0"}});
    ASSERT_EQ(install_all({"acme/a"}), "acme/a@1.0.0 acme/base@1.0.0");
    auto const before = read("project/ggen.lock");

    EXPECT_TRUE(install_all({"acme/b"}).starts_with("conflict: "));

    EXPECT_EQ(read("project/ggen.lock"), before);
    EXPECT_EQ(read("project/gpacks/acme/base/data/text.txt"), "acme/base 1.0.0\n");
}

TEST_F(InstallTest, RemoveTakesWhatNothingElseNeeds) {
    publish("acme/base", "1.0.0");
    publish("acme/a", "1.0.0", {{"acme/base", "^1.0.0"}});
    ASSERT_EQ(install_all({"acme/a"}), "acme/a@1.0.0 acme/base@1.0.0");

    auto const base = PackageName::parse("acme/base").value();
    EXPECT_TRUE(describe(remove_packages(market_, {{base}, false})).starts_with("error GM0607"));
    EXPECT_EQ(describe(remove_packages(market_, {{PackageName::parse("acme/a").value()}, false})), "");

    EXPECT_FALSE(dir_.files().info(dir_ / "project/gpacks/acme"));
}

TEST_F(InstallTest, EditedFilesAreFoundKeptAndRepairedWhenAsked) {
    publish("acme/base", "1.0.0");
    publish("acme/other", "1.0.0");
    auto copied = request({"acme/base"});
    copied.link_mode = LinkMode::copy;
    ASSERT_EQ(describe(install(market_, copied)), "acme/base@1.0.0");
    write("project/gpacks/acme/base/data/text.txt", "mine\n");

    auto const verified = verify_project(market_, true).value();
    ASSERT_FALSE(verified.is_sound());
    ASSERT_EQ(verified.packages[0].differences.size(), 1U);
    EXPECT_EQ(verified.packages[0].differences[0].path, "data/text.txt");

    ASSERT_EQ(install_all({"acme/other"}), "acme/base@1.0.0 acme/other@1.0.0");
    EXPECT_EQ(read("project/gpacks/acme/base/data/text.txt"), "mine\n") << "edits survive other installs";
    auto switched = request();
    switched.link_mode = LinkMode::generation;
    EXPECT_TRUE(describe(install(market_, switched)).starts_with("error GM0605")) << "they would be lost";
    EXPECT_EQ(read("project/gpacks/acme/base/data/text.txt"), "mine\n");
    auto forced = request();
    forced.force = true;
    ASSERT_EQ(describe(install(market_, forced)), "acme/base@1.0.0 acme/other@1.0.0");
    EXPECT_EQ(dir_.files().info(dir_ / "project/gpacks")->kind, FileKind::directory) << "a copy stays a copy";
    EXPECT_TRUE(verify_project(market_, true)->is_sound());
}

TEST_F(InstallTest, RefusesToReplaceWhatItDidNotInstall) {
    publish("acme/base", "1.0.0");
    ASSERT_TRUE(dir_.files().make_directories(dir_ / "project/gpacks/acme/mine"));
    write("project/gpacks/acme/mine/file", "precious");

    EXPECT_TRUE(install_all({"acme/base"}).starts_with("error GM0605"));
    EXPECT_EQ(read("project/gpacks/acme/mine/file"), "precious");
    EXPECT_FALSE(dir_.files().info(dir_ / "project/ggen.lock"));

    auto forced = request({"acme/base"});
    forced.force = true;
    EXPECT_EQ(describe(install(market_, forced)), "acme/base@1.0.0");
}

TEST_F(InstallTest, ATargetElsewhereIsRemembered) {
    publish("acme/base", "1.0.0");
    auto elsewhere = request({"acme/base"});
    elsewhere.target = dir_ / "elsewhere/packs";

    ASSERT_EQ(describe(install(market_, elsewhere)), "acme/base@1.0.0");

    EXPECT_EQ(read("elsewhere/packs/acme/base/data/text.txt"), "acme/base 1.0.0\n");
    EXPECT_TRUE(list_installed(market_)->at(0).present);
    EXPECT_TRUE(verify_project(market_, true)->is_sound());
}

TEST_F(InstallTest, EveryLinkModeVerifies) {
    publish("acme/base", "1.0.0");
    for (auto const mode : {LinkMode::copy, LinkMode::generation, LinkMode::hardlink, LinkMode::symlink,
                            LinkMode::generation, LinkMode::reflink, LinkMode::copy}) {
        auto wanted = request({"acme/base"});
        wanted.link_mode = mode;
        ASSERT_EQ(describe(install(market_, wanted)), "acme/base@1.0.0") << link_mode_name(mode);
        EXPECT_TRUE(verify_project(market_, true)->is_sound()) << link_mode_name(mode);
        EXPECT_EQ(dir_.files().info(dir_ / "project/gpacks/acme/base")->kind,
                  mode == LinkMode::symlink || mode == LinkMode::generation ? FileKind::symlink
                                                                            : FileKind::directory);
        bool const is_private = mode == LinkMode::copy || mode == LinkMode::reflink;
        EXPECT_EQ(dir_.files().info(dir_ / "project/gpacks/acme/base/bin/run")->mode,
                  is_private ? 0755U & ~process_umask() : 0555U);
        EXPECT_EQ(dir_.files().info(dir_ / "project/gpacks")->kind,
                  mode == LinkMode::generation ? FileKind::symlink : FileKind::directory);
    }
}

TEST_F(InstallTest, AProjectWhoseNoteWasLostOrTornIsNotedAnewBeforeItsPackagesAreCollected) {
    publish("acme/app", "1.0.0");
    auto wanted = request({"acme/app"});
    wanted.link_mode = LinkMode::symlink;
    ASSERT_TRUE(install(market_, wanted));
    auto const text = read("project/gpacks/acme/app/data/text.txt");
    ASSERT_NE(text, "(none)");
    auto const notes = dir_.files().list(dir_ / "cache/projects");
    ASSERT_TRUE(notes && notes->size() == 1);
    auto const note = "cache/projects/" + notes->front().name;
    for (bool const is_torn : {false, true}) {
        ASSERT_TRUE(dir_.files().remove_file(dir_ / note));
        if (is_torn) write(note, "");
        ASSERT_TRUE(install(market_, request()));
        ASSERT_TRUE(cache_collect(market_, false, 0));
        EXPECT_EQ(read("project/gpacks/acme/app/data/text.txt"), text);
    }
}

TEST_F(InstallTest, NoDependenciesInstallsTheNamedPackageAlone) {
    publish("acme/base", "1.0.0");
    publish("acme/app", "1.0.0", {{"acme/base", "^1.0.0"}});
    auto alone = request({"acme/app"});
    alone.no_dependencies = true;

    EXPECT_EQ(describe(install(market_, alone)), "acme/app@1.0.0");
}

TEST_F(InstallTest, YankedStaysForLockfilesAndIsHiddenFromNewOnes) {
    publish("acme/base", "1.0.0");
    publish("acme/base", "1.1.0");
    ASSERT_EQ(install_all({"acme/base"}), "acme/base@1.1.0");
    StatusRequest yank{PackageName::parse("acme/base").value(),
                       Version{1, 1, 0},
                       StatusAction::yank,
                       StatusReason::broken,
                       {},
                       "main"};
    ASSERT_TRUE(change_status(market_, yank));

    ASSERT_TRUE(dir_.files().remove_tree(dir_ / "project/gpacks"));
    EXPECT_EQ(install_all(), "acme/base@1.1.0");
    market_.project_directory = dir_ / "second";
    ASSERT_TRUE(dir_.files().make_directories(market_.project_directory));
    EXPECT_EQ(install_all({"acme/base"}), "acme/base@1.0.0");
}

TEST_F(InstallTest, RevokedIsRefusedEvenFromALockfileUnlessItIsNamed) {
    publish("acme/base", "1.0.0");
    publish("acme/base", "1.1.0");
    ASSERT_EQ(install_all({"acme/base"}), "acme/base@1.1.0");
    StatusRequest revoke{PackageName::parse("acme/base").value(),
                         Version{1, 1, 0},
                         StatusAction::revoke,
                         StatusReason::security,
                         {},
                         "main"};
    ASSERT_TRUE(change_status(market_, revoke));
    ASSERT_TRUE(dir_.files().remove_tree(dir_ / "project/gpacks"));
    ASSERT_TRUE(dir_.files().remove_tree(dir_ / "cache/store"));

    EXPECT_TRUE(install_all().ends_with("acme/base@1.1.0 was revoked by its publisher"));
    EXPECT_FALSE(dir_.files().info(dir_ / "project/gpacks"));
    EXPECT_EQ(install_all({"acme/base@*"}), "acme/base@1.1.0") << "the user insists";
    EXPECT_EQ(describe(update(market_, {{}, true, false, {}})), "acme/base@1.0.0");
}

TEST_F(InstallTest, YoungReleasesWaitOutTheCooldown) {
    publish("acme/base", "1.0.0");
    clock_.advance(std::chrono::hours{48});
    publish("acme/base", "1.1.0");
    market_.config.min_release_age_seconds = 86'400;

    EXPECT_EQ(install_all({"acme/base"}), "acme/base@1.0.0");
    clock_.advance(std::chrono::hours{25});
    EXPECT_EQ(describe(update(market_, {{}, true, false, {}})), "acme/base@1.1.0");
}

TEST_F(InstallTest, OfflineInstallsWhatIsKnownAndNamesWhatIsMissing) {
    publish("acme/base", "1.0.0");
    publish("acme/other", "1.0.0");
    ASSERT_EQ(install_all({"acme/base"}), "acme/base@1.0.0");
    market_.config.offline = true;
    ASSERT_TRUE(dir_.files().remove_tree(dir_ / "project/gpacks"));

    EXPECT_EQ(install_all(), "acme/base@1.0.0");
    auto const missing = install(market_, request({"acme/other"}));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, Errc::offline);
}

TEST_F(InstallTest, ASecondInstallOfTheSameTouchesNothing) {
    publish("acme/base", "1.0.0");
    ASSERT_EQ(install_all({"acme/base"}), "acme/base@1.0.0");
    auto const before = dir_.files().info(dir_ / "project/gpacks")->inode;
    opener_.opened.clear();

    auto const again = install(market_, request());

    EXPECT_EQ(std::get<InstallReport>(*again).figures.files_written, 0U);
    EXPECT_EQ(dir_.files().info(dir_ / "project/gpacks")->inode, before);
    EXPECT_TRUE(opener_.opened.empty());
}

TEST_F(InstallTest, WrongBytesInTheRegistryAreRefusedAndLeaveNothing) {
    publish("acme/base", "1.0.0");
    auto const blobs = dir_.files().list(dir_ / "registry/blob/sha256").value();
    for (auto const& entry : blobs) {
        auto const path = "registry/blob/sha256/" + entry.name;
        auto text = read(path);
        text[text.size() / 2] = static_cast<char>(text[text.size() / 2] ^ 1);
        ASSERT_TRUE(dir_.files().remove_tree(dir_ / path));
        write(path, text);
    }

    auto const outcome = install(market_, request({"acme/base"}));

    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().id, ErrorId::blob_mismatch) << outcome.error().context;
    EXPECT_FALSE(dir_.files().info(dir_ / "project/gpacks"));
    EXPECT_FALSE(dir_.files().info(dir_ / "project/ggen.lock"));
}

TEST_F(InstallTest, ADamagedStoreHealsItself) {
    publish("acme/base", "1.0.0");
    market_.config.link_mode = LinkMode::copy;
    ASSERT_EQ(install_all({"acme/base"}), "acme/base@1.0.0");
    auto const tree = list_installed(market_)->at(0).locked.tree.hex();
    auto const stored = "cache/store/pkg/" + tree + "/data/text.txt";
    ASSERT_TRUE(dir_.files().set_mode(dir_ / ("cache/store/pkg/" + tree + "/data"), 0755));
    write(stored, "acme/base 9.0.0\n");
    ASSERT_TRUE(dir_.files().remove_tree(dir_ / "project/gpacks"));

    EXPECT_EQ(install_all(), "acme/base@1.0.0");
    EXPECT_TRUE(verify_project(market_, true)->is_sound());
}

TEST_F(InstallTest, WhyAndTreeFollowTheLockfile) {
    publish("acme/base", "1.0.0");
    publish("acme/tool", "1.0.0", {{"acme/base", "^1.0.0"}});
    publish("acme/app", "1.0.0", {{"acme/base", "~1.0.0"}, {"acme/tool", "*"}});
    ASSERT_EQ(install_all({"acme/app"}), "acme/app@1.0.0 acme/base@1.0.0 acme/tool@1.0.0");

    auto const report = why(market_, PackageName::parse("acme/base").value()).value();
    ASSERT_EQ(report.paths.size(), 2U);
    EXPECT_EQ(report.paths[0].size(), 2U);
    EXPECT_EQ(report.paths[0].back().range, "~1.0.0");
    EXPECT_EQ(report.paths[1].size(), 3U);
    EXPECT_EQ(why(market_, PackageName::parse("acme/none").value()).error().id, ErrorId::not_installed);

    auto const tree = dependency_tree(market_).value();
    ASSERT_EQ(tree.size(), 1U);
    EXPECT_EQ(tree[0].children.size(), 2U);
}

TEST_F(InstallTest, ProofsPrintAndParseBackAndCatchEverySwap) {
    publish("acme/a", "1.0.0");
    publish("acme/b", "1.0.0");
    ASSERT_EQ(install_all({"acme/a", "acme/b"}), "acme/a@1.0.0 acme/b@1.0.0");
    auto const text = read("project/ggen.lock.proofs");
    auto proofs = LockProofs::parse(text).value();
    EXPECT_EQ(proofs.print(), text);

    auto& a = proofs.packages.at(PackageName::parse("acme/a").value());
    auto& b = proofs.packages.at(PackageName::parse("acme/b").value());
    std::swap(a, b);
    write("project/ggen.lock.proofs", proofs.print());
    auto const verified = verify_project(market_, true).value();
    EXPECT_EQ(verified.proofs, 0U);
    EXPECT_FALSE(verified.is_sound());
    for (std::size_t cut = 0; cut + 1 < text.size(); cut += 7) {
        auto const parsed = LockProofs::parse(text.substr(0, cut));
        if (parsed) {
            EXPECT_LT(parsed->packages.size(), 2U) << cut;
        }
    }
}

}  // namespace
}  // namespace ggen
