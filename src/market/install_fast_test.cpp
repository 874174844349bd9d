#include "market/install_fast.hpp"

#include "market/install_transaction.hpp"
#include "market/testing/market_fixture.hpp"

namespace ggen {
namespace {

/// Generations as a user meets them: switching, reusing, going back.
class InstallFastTest : public testing::MarketFixture {
protected:
    void SetUp() override {
        MarketFixture::SetUp();
        publish("acme/base", "1.0.0");
        publish("acme/app", "1.0.0", {{"acme/base", "*"}});
    }

    bool was_known() {
        auto const outcome = install(market_, request());
        return outcome && std::get<InstallReport>(*outcome).figures.was_known;
    }

    /// A second checkout of the same project: the committed files, no tree.
    void check_out(std::string const& project) {
        ASSERT_TRUE(dir_.files().make_directories(dir_ / project));
        for (auto const* name : {"ggen.lock", "ggen.lock.proofs"})
            write(project + "/" + name, read("project/" + std::string{name}));
        market_.project_directory = dir_ / project;
    }

    std::string link(std::string const& project = "project") {
        auto const target = dir_.files().read_symlink(dir_ / (project + "/gpacks"));
        return target ? *target : "(none)";
    }
};

TEST_F(InstallFastTest, AKnownLockfileIsActivatedInAnotherProjectWithNoRegistry) {
    ASSERT_EQ(install_all({"acme/app"}), "acme/app@1.0.0 acme/base@1.0.0");
    auto const first = link();
    check_out("second");
    opener_.opened.clear();

    EXPECT_TRUE(was_known());

    EXPECT_EQ(link("second"), first);
    EXPECT_TRUE(opener_.opened.empty());
    EXPECT_TRUE(verify_project(market_, true)->is_sound());
    EXPECT_EQ(install_all(), "acme/app@1.0.0 acme/base@1.0.0") << "the lockfile is reported when asked for";
}

TEST_F(InstallFastTest, NothingIsTakenAsKnownWhenAnInputChanged) {
    ASSERT_EQ(install_all({"acme/app"}), "acme/app@1.0.0 acme/base@1.0.0");
    EXPECT_TRUE(was_known());
    auto const proofs = read("project/ggen.lock.proofs");

    write("project/ggen.lock.proofs", "");
    EXPECT_FALSE(was_known()) << "proofs";
    EXPECT_EQ(read("project/ggen.lock.proofs"), proofs) << "made whole again";
    EXPECT_TRUE(was_known());

    write("project/gpack.toml",
          "[gpack]\nname = \"acme/mine\"\nversion = \"1.0.0\"\ndescription = \"d\"\nlicense = \"MIT\"\n"
          "\n[dependencies]\n\"acme/base\" = \"^1.0.0\"\n");
    EXPECT_FALSE(was_known()) << "gpack.toml";
    EXPECT_TRUE(was_known());

    auto const lockfile = read("project/ggen.lock");
    write("project/ggen.lock", lockfile + "\n");
    EXPECT_FALSE(was_known()) << "ggen.lock";

    market_.config.link_mode = LinkMode::copy;
    market_.config.is_link_mode_chosen = true;
    EXPECT_FALSE(was_known()) << "link mode";
    EXPECT_EQ(dir_.files().info(dir_ / "project/gpacks")->kind, FileKind::directory);
}

TEST_F(InstallFastTest, UnchangedInodesAreNotReadAgainAndChangedOnesAre) {
    ASSERT_EQ(install_all({"acme/app"}), "acme/app@1.0.0 acme/base@1.0.0");
    auto const store = dir_ / "cache/store/roots";
    auto const root_text = [&] { return read("cache/store/roots/" + dir_.files().list(store)->at(0).name); };
    // The clock of these tests runs years ahead of the files' real times; here it is behind them for once.
    constexpr std::chrono::hours k_years{24 * 365 * 10};
    clock_.advance(-k_years);
    ASSERT_TRUE(was_known());
    EXPECT_EQ(root_text().find("\nseen "), std::string::npos) << "a young file is not trusted by its inode";
    clock_.advance(k_years);
    ASSERT_TRUE(was_known());
    EXPECT_NE(root_text().find("\nseen "), std::string::npos);
    EXPECT_TRUE(was_known());

    write("project/ggen.lock.proofs", "ggen-proofs/v1\n");
    EXPECT_FALSE(was_known());
}

TEST_F(InstallFastTest, AKnownLockfileDoesNotReplaceWhatTheUserMade) {
    ASSERT_EQ(install_all({"acme/app"}), "acme/app@1.0.0 acme/base@1.0.0");
    check_out("second");
    ASSERT_TRUE(dir_.files().make_directories(dir_ / "second/gpacks"));
    write("second/gpacks/mine", "precious");
    EXPECT_TRUE(install_all().starts_with("error GM0605"));
    EXPECT_EQ(read("second/gpacks/mine"), "precious");

    check_out("third");
    ASSERT_TRUE(dir_.files().make_symlink(dir_ / "second", dir_ / "third/gpacks"));
    EXPECT_TRUE(install_all().starts_with("error GM0605"));
    EXPECT_EQ(link("third"), dir_ / "second");
}

TEST_F(InstallFastTest, ALinkThatCameWithAProjectIsNotTakenForTheTree) {
    ASSERT_EQ(install_all({"acme/base"}), "acme/base@1.0.0");
    auto const good = link();
    auto const id = generation_of_link(good)->hex();
    ASSERT_TRUE(dir_.files().make_directories(dir_ / ("evil/env/" + id + "/tree/acme/base")));
    write("evil/env/" + id + "/tree/.ggen-installed", read("project/gpacks/.ggen-installed"));
    ASSERT_TRUE(dir_.files().remove_file(dir_ / "project/gpacks"));
    ASSERT_TRUE(dir_.files().make_symlink(dir_ / ("evil/env/" + id + "/tree"), dir_ / "project/gpacks"));

    EXPECT_EQ(install_all(), "acme/base@1.0.0");

    EXPECT_EQ(link(), good);
}

TEST_F(InstallFastTest, RollsBackTreeLockfileAndProofsTogether) {
    ASSERT_EQ(install_all({"acme/base"}), "acme/base@1.0.0");
    auto const old_lockfile = read("project/ggen.lock");
    auto const old_link = link();
    EXPECT_EQ(describe(roll_back(market_, false)).substr(0, 6), "error ") << "there is nothing before the first";
    publish("acme/base", "2.0.0");
    ASSERT_EQ(describe(update(market_, {{}, true, false, {}})), "acme/base@2.0.0");
    ASSERT_TRUE(dir_.files().remove_tree(dir_ / "registry"));

    EXPECT_EQ(describe(roll_back(market_, true)), "acme/base@1.0.0");
    EXPECT_NE(link(), old_link) << "a dry run";
    EXPECT_EQ(describe(roll_back(market_, false)), "acme/base@1.0.0");

    EXPECT_EQ(link(), old_link);
    EXPECT_EQ(read("project/ggen.lock"), old_lockfile);
    EXPECT_EQ(read("project/gpacks/acme/base/data/text.txt"), "acme/base 1.0.0\n");
    EXPECT_TRUE(verify_project(market_, true)->is_sound());
    EXPECT_TRUE(was_known());
}

TEST_F(InstallFastTest, ACopyHasNothingToGoBackTo) {
    auto copied = request({"acme/base"});
    copied.link_mode = LinkMode::copy;
    ASSERT_EQ(describe(install(market_, copied)), "acme/base@1.0.0");
    EXPECT_TRUE(describe(roll_back(market_, false)).starts_with("error GM0605"));
}

TEST_F(InstallFastTest, EditsThroughTheLinksAreFoundAndRepairedWhenAsked) {
    ASSERT_EQ(install_all({"acme/base"}), "acme/base@1.0.0");
    auto const folder = dir_ / "project/gpacks/acme/base/data/.";
    ASSERT_TRUE(dir_.files().set_mode(folder, 0755));
    write("project/gpacks/acme/base/data/text.txt", "as root\n");

    EXPECT_FALSE(verify_project(market_, true)->is_sound());
    auto forced = request();
    forced.force = true;
    EXPECT_EQ(describe(install(market_, forced)), "acme/base@1.0.0");

    EXPECT_TRUE(verify_project(market_, true)->is_sound());
    EXPECT_EQ(read("project/gpacks/acme/base/data/text.txt"), "acme/base 1.0.0\n");
}

TEST_F(InstallFastTest, CollectionSparesWhatProjectsLinkToAndRollBackTo) {
    ASSERT_EQ(install_all({"acme/base"}), "acme/base@1.0.0");
    publish("acme/base", "2.0.0");
    ASSERT_EQ(describe(update(market_, {{}, true, false, {}})), "acme/base@2.0.0");
    check_out("second");
    ASSERT_TRUE(was_known());
    ASSERT_TRUE(dir_.files().remove_tree(dir_ / "second"));
    market_.project_directory = dir_ / "project";

    auto const report = cache_collect(market_, false, 0).value();

    EXPECT_EQ(report.removed_generations, 0U);
    EXPECT_TRUE(verify_project(market_, true)->is_sound());
    EXPECT_EQ(describe(roll_back(market_, false)), "acme/base@1.0.0");
    EXPECT_TRUE(verify_project(market_, true)->is_sound());
    ASSERT_TRUE(dir_.files().remove_tree(dir_ / "project"));
    EXPECT_EQ(cache_collect(market_, false, 0)->removed_generations, 2U);
    EXPECT_TRUE(cache_list(market_)->packages.empty());
}

/// A power loss may tear the note of a project together with what makes its lockfile a known one.
TEST_F(InstallFastTest, AProjectWhoseNotesWereTornIsRootedAnew) {
    ASSERT_EQ(install_all({"acme/base"}), "acme/base@1.0.0");
    auto const id = generation_of_link(link())->hex();
    auto const roots = dir_.files().list(dir_ / "cache/store/roots").value();
    ASSERT_EQ(roots.size(), 1U);
    write("cache/store/roots/" + roots[0].name, "");
    write("cache/store/env/" + id + "/checked", "");

    ASSERT_EQ(install_all(), "acme/base@1.0.0");

    EXPECT_EQ(cache_collect(market_, false, 0)->removed_generations, 0U);
    EXPECT_TRUE(verify_project(market_, true)->is_sound());
}

/// What cannot be read may mean any generation, whoever comes first after the power loss.
TEST_F(InstallFastTest, CollectionBeforeAnyInstallSparesWhatATornNoteMayMean) {
    ASSERT_EQ(install_all({"acme/base"}), "acme/base@1.0.0");
    publish("acme/base", "2.0.0");
    ASSERT_EQ(describe(update(market_, {{}, true, false, {}})), "acme/base@2.0.0");
    auto const folder = dir_.files().list(dir_ / "cache/store/roots").value();
    ASSERT_EQ(folder.size(), 1U);
    auto const note = "cache/store/roots/" + folder[0].name;
    auto const whole = read(note);
    auto zeros_inside = whole;
    for (auto& byte : std::span{zeros_inside}.subspan(whole.size() / 3, 5)) byte = '\0';
    auto const first_lines = whole.substr(0, whole.rfind("generation "));
    for (auto const& torn : {std::string{}, std::string(whole.size(), '\0'), whole.substr(0, whole.size() / 2),
                             first_lines, zeros_inside}) {
        write(note, torn);

        auto const report = cache_collect(market_, false, 0).value();

        EXPECT_EQ(report.removed_generations, 0U);
        ASSERT_EQ(report.unreadable_notes.size(), 1U) << torn;
        EXPECT_EQ(report.unreadable_notes[0].project, dir_ / "project");
        EXPECT_EQ(read(note), torn) << "only an install writes it anew";
        EXPECT_TRUE(verify_project(market_, true)->is_sound());
    }
    ASSERT_EQ(install_all(), "acme/base@2.0.0");
    auto const report = cache_collect(market_, false, 0).value();
    EXPECT_TRUE(report.unreadable_notes.empty());
    EXPECT_EQ(report.removed_generations, 1U) << "the torn note named the one before";
    EXPECT_TRUE(verify_project(market_, true)->is_sound());
}

TEST_F(InstallFastTest, TheTornNoteOfAProjectThatIsGoneIsForgotten) {
    ASSERT_EQ(install_all({"acme/base"}), "acme/base@1.0.0");
    auto const folder = dir_.files().list(dir_ / "cache/store/roots").value();
    ASSERT_EQ(folder.size(), 1U);
    write("cache/store/roots/" + folder[0].name, "");
    ASSERT_TRUE(dir_.files().remove_tree(dir_ / "project"));

    auto const report = cache_collect(market_, false, 0).value();

    EXPECT_EQ(report.removed_generations, 1U);
    EXPECT_TRUE(report.unreadable_notes.empty());
    EXPECT_TRUE(dir_.files().list(dir_ / "cache/store/roots")->empty());
}

/// The other note of a project keeps the packages of its lockfile: of links into the store above all.
TEST_F(InstallFastTest, CollectionSparesThePackagesOfATornProjectNote) {
    auto linked = request({"acme/base"});
    linked.link_mode = LinkMode::symlink;
    ASSERT_EQ(describe(install(market_, linked)), "acme/base@1.0.0");
    auto const notes = dir_.files().list(dir_ / "cache/projects").value();
    ASSERT_EQ(notes.size(), 1U);
    auto const note = "cache/projects/" + notes[0].name;
    auto const whole = read(note);
    for (auto const& torn : {std::string{}, std::string(whole.size(), '\0'), whole.substr(0, whole.size() / 2)}) {
        write(note, torn);

        auto const report = cache_collect(market_, false, 0).value();

        EXPECT_EQ(report.removed_packages, 0U);
        EXPECT_EQ(report.unreadable_notes.size(), 1U);
        EXPECT_TRUE(verify_project(market_, true)->is_sound());
    }
    ASSERT_EQ(install_all(), "acme/base@1.0.0");
    EXPECT_EQ(read(note), whole);
    EXPECT_TRUE(cache_collect(market_, false, 0)->unreadable_notes.empty());
}

TEST_F(InstallFastTest, AMovedProjectIsRootedAnew) {
    ASSERT_EQ(install_all({"acme/base"}), "acme/base@1.0.0");
    ASSERT_TRUE(dir_.files().rename(dir_ / "project", dir_ / "moved"));
    market_.project_directory = dir_ / "moved";

    EXPECT_TRUE(was_known());

    EXPECT_EQ(cache_collect(market_, false, 0)->removed_generations, 0U);
    EXPECT_TRUE(verify_project(market_, true)->is_sound());
}

TEST_F(InstallFastTest, ATargetElsewhereLinksToo) {
    auto elsewhere = request({"acme/base"});
    elsewhere.target = dir_ / "elsewhere/packs";
    ASSERT_EQ(describe(install(market_, elsewhere)), "acme/base@1.0.0");
    ASSERT_TRUE(dir_.files().remove_file(dir_ / "elsewhere/packs"));

    EXPECT_TRUE(was_known());

    EXPECT_EQ(read("elsewhere/packs/acme/base/data/text.txt"), "acme/base 1.0.0\n");
    EXPECT_EQ(dir_.files().list(dir_ / "elsewhere")->size(), 1U);
}

}  // namespace
}  // namespace ggen
