#include "market/publish.hpp"

#include <gtest/gtest.h>

#include "market/registry_set.hpp"
#include "market/testing/market_fixture.hpp"
#include "merkle/chunk_tree.hpp"

namespace ggen {
namespace {

using testing::MarketFixture;

struct PublishTest : MarketFixture {
    /// What the registry says about a name, read as anybody would.
    std::optional<NameState> look_up(std::string const& name) {
        RegistrySet registries{market_};
        auto const open = registries.by_name("main");
        EXPECT_TRUE(open.has_value());
        return (*open)->reader->lookup(PackageName::parse(name).value()).value();
    }
    std::uint64_t log_size() {
        RegistrySet registries{market_};
        return registries.by_name("main").value()->refresh.size;
    }
    /// From here on somebody else publishes.
    void become(std::string const& key_name) {
        market_.config.key_file = dir_ / ("keys-of-" + key_name.substr(0, key_name.find('/')));
        auto const key = new_key(market_, {key_name, true});
        ASSERT_TRUE(key.has_value()) << key.error().context;
    }
    static std::string outcome(Result<PublishReport> const& report) {
        return report ? "ok" : error_id_text(report.error().id) + " " + report.error().context;
    }
    void write_package(std::string const& path, std::string const& text) {
        auto const full = dir_ / ("package/" + path);
        ASSERT_TRUE(dir_.files().make_directories(parent_path(full)).has_value());
        ASSERT_TRUE(dir_.files().write_file_atomic(full, as_bytes(text), Sync::none).has_value());
    }
    void write_manifest(std::string const& more = {}) {
        write_package("gpack.toml", "[gpack]\nname = \"acme/pack\"\nversion = \"1.0.0\"\ndescription = \"d\"\n"
                                    "license = \"MIT\"\n" + more);
    }
    Result<PackedPackage> pack(std::string const& version = {}) {
        return pack_package(market_, {dir_ / "package", version, {}});
    }
    std::vector<std::string> packed_files() {
        auto const package = pack();
        EXPECT_TRUE(package.has_value()) << package.error().context;
        return package ? package->files : std::vector<std::string>{};
    }
};

using Names = std::vector<std::string>;

TEST_F(PublishTest, TheFirstReleaseClaimsItsNamespaceAndASecondTimeGivesTheSameReceipt) {
    auto const first = publish_items(market_, "main", {item("acme/a", "1.0.0")});
    ASSERT_TRUE(first.has_value()) << first.error().context;
    EXPECT_TRUE(first->packages[0].claimed);
    EXPECT_EQ(first->origin, "example/main");
    EXPECT_EQ(first->log_size, 4U);  // State leaf, claim, release, state leaf.
    EXPECT_EQ(first->packages[0].index, 2U);

    auto const again = publish_items(market_, "", {item("acme/a", "1.0.0")});
    ASSERT_TRUE(again.has_value()) << again.error().context;
    EXPECT_TRUE(again->packages[0].already_published);
    EXPECT_FALSE(again->packages[0].claimed);
    EXPECT_EQ(again->packages[0].leaf, first->packages[0].leaf);
    EXPECT_EQ(again->packages[0].index, 2U);
    EXPECT_EQ(again->log_size, 4U);

    auto const next = publish_items(market_, "", {item("acme/a", "1.0.1"), item("acme/a", "1.0.0")});
    ASSERT_TRUE(next.has_value()) << next.error().context;
    EXPECT_FALSE(next->packages[0].claimed);
    EXPECT_TRUE(next->packages[1].already_published);
    EXPECT_EQ(next->log_size, 6U);
}

TEST_F(PublishTest, AVersionNeverChanges) {
    publish("acme/a", "1.0.0");
    auto const before = log_size();
    auto changed = item("acme/a", "1.0.0");
    changed.files[1].content = to_bytes("other");

    EXPECT_EQ(outcome(publish_items(market_, "", {changed})),
              "GM0404 acme/a@1.0.0 is published already, with other content");
    EXPECT_EQ(outcome(publish_items(market_, "", {item("acme/b", "1.0.0"), item("acme/b", "1.0.0")})),
              "GM0404 acme/b@1.0.0 is given twice");
    EXPECT_EQ(log_size(), before);
    EXPECT_FALSE(look_up("acme/b").has_value());
}

TEST_F(PublishTest, ManyVersionsOfOneNameAreChainedInOneCheckpoint) {
    auto const report = publish_items(market_, "", {item("acme/a", "1.0.0"), item("acme/b", "1.0.0"),
                                                    item("acme/a", "2.0.0"), item("acme/a", "1.5.0")});
    ASSERT_TRUE(report.has_value()) << report.error().context;
    EXPECT_EQ(report->log_size, 7U);

    auto const state = look_up("acme/a");
    ASSERT_TRUE(state.has_value());
    ASSERT_EQ(state->versions.size(), 3U);
    EXPECT_EQ(state->last_record, report->packages[3].leaf);
    RegistrySet registries{market_};
    auto* const open = registries.by_name("main").value();
    EXPECT_EQ(open->reader->release(state->versions[1]).value().previous, report->packages[0].leaf);
    EXPECT_EQ(open->reader->release(state->versions[2]).value().previous, report->packages[2].leaf);
}

TEST_F(PublishTest, ABareNameIsClaimedWithTheNamespaceOfTheKey) {
    auto const report = publish_items(market_, "", {item("tool", "1.0.0")});
    ASSERT_TRUE(report.has_value()) << report.error().context;
    EXPECT_EQ(report->log_size, 5U);  // State leaf, two claims, release, state leaf.
    EXPECT_TRUE(look_up("tool").has_value());
}

TEST_F(PublishTest, StrangersPublishNothingUnderANameThatIsTaken) {
    publish("acme/a", "1.0.0");
    publish("tool", "1.0.0");
    auto const before = log_size();
    become("mallory/laptop");

    EXPECT_EQ(outcome(publish_items(market_, "", {item("acme/a", "2.0.0")})),
              "GM0405 the namespace acme belongs to acme/device, not to mallory/laptop");
    EXPECT_EQ(outcome(publish_items(market_, "", {item("acme/new", "2.0.0")})),
              "GM0405 the namespace acme belongs to acme/device, not to mallory/laptop");
    EXPECT_EQ(outcome(publish_items(market_, "", {item("tool", "2.0.0")})),
              "GM0405 the name tool belongs to acme/device, not to mallory/laptop");
    auto const status = change_status(market_, {PackageName::parse("acme/a").value(), Version{1, 0, 0},
                                                StatusAction::yank, StatusReason::broken, {}, {}});
    ASSERT_FALSE(status.has_value());
    EXPECT_EQ(status.error().id, ErrorId::not_owner);
    EXPECT_EQ(log_size(), before);

    auto const own = publish_items(market_, "", {item("mallory/acme-a", "1.0.0")});
    ASSERT_TRUE(own.has_value()) << own.error().context;
}

TEST_F(PublishTest, NamesThatLookLikeSomebodyElsesAreWarnedOf) {
    publish("acme/http-status", "1.0.0");
    publish("acme/http-states", "1.0.0");
    become("acne/laptop");

    auto const report = publish_items(market_, "", {item("acne/http-status", "1.0.0")});
    ASSERT_TRUE(report.has_value()) << report.error().context;
    ASSERT_EQ(report->packages[0].warnings.size(), 1U);
    EXPECT_EQ(report->packages[0].warnings[0],
              "acne/http-status looks like acme/http-status, which belongs to somebody else");
}

TEST_F(PublishTest, StatusesShowInTheState) {
    publish("acme/a", "1.0.0");
    auto const name = PackageName::parse("acme/a").value();
    struct Step {
        StatusAction action;
        StatusReason reason;
        bool yanked;
        bool deprecated;
        std::string problem;
    };
    std::vector<Step> const steps{
        {StatusAction::unyank, StatusReason::unspecified, false, false, "acme/a@1.0.0 is not yanked"},
        {StatusAction::yank, StatusReason::broken, true, false, ""},
        {StatusAction::deprecate, StatusReason::security, true, true, ""},
        {StatusAction::unyank, StatusReason::unspecified, false, true, ""},
        {StatusAction::undeprecate, StatusReason::unspecified, false, false, ""},
        {StatusAction::undeprecate, StatusReason::unspecified, false, false, "acme/a@1.0.0 is not deprecated"},
    };
    for (auto const& step : steps) {
        auto const report = change_status(market_, {name, Version{1, 0, 0}, step.action, step.reason, {}, {}});
        EXPECT_EQ(report ? "" : report.error().context, step.problem);
        auto const state = look_up("acme/a").value();
        EXPECT_EQ(state.versions[0].yanked, step.yanked);
        EXPECT_EQ(state.versions[0].deprecated, step.deprecated);
    }
    auto const replaced = change_status(
        market_, {name, Version{1, 0, 0}, StatusAction::deprecate, StatusReason::replaced, "acme/b", {}});
    EXPECT_TRUE(replaced.has_value());
}

TEST_F(PublishTest, StatusesNameWhatIsMissing) {
    publish("acme/tool", "1.0.0");
    auto const run = [&](std::string const& name, Version const& version, std::string replacement = {}) {
        auto const report = change_status(market_, {PackageName::parse(name).value(), version, StatusAction::yank,
                                                    StatusReason::broken, std::move(replacement), {}});
        return report ? std::string{"ok"} : report.error().context + " / " + report.error().help;
    };
    EXPECT_EQ(run("acme/toll", Version{1, 0, 0}), "there is no package acme/toll / did you mean acme/tool?");
    EXPECT_EQ(run("acme/tool", Version{2, 0, 0}),
              "acme/tool@2.0.0 does not exist / `ggen info acme/tool` shows its versions");
    EXPECT_EQ(run("acme/tool", Version{1, 0, 0}, "acme/b"),
              "a replacement goes with the reason `replaced` / add --reason replaced");
}

TEST_F(PublishTest, ADryRunWritesNothingAndNeedsNoKey) {
    write_manifest();
    write_package("data.txt", "x");
    market_.config.key_file = dir_ / "no-such-key";
    auto const before = log_size();

    auto const report = ggen::publish(market_, {{dir_ / "package"}, {}, {}, true});
    ASSERT_TRUE(report.has_value()) << report.error().context;
    EXPECT_EQ(report->packages[0].name.text(), "acme/pack");
    EXPECT_FALSE(report->packages[0].already_published);
    EXPECT_EQ(log_size(), before);

    auto const real = ggen::publish(market_, {{dir_ / "package"}, {}, {}, false});
    ASSERT_FALSE(real.has_value());
    EXPECT_EQ(real.error().id, ErrorId::key_missing);
}

TEST_F(PublishTest, PackTakesWhatIncludeAndExcludeSay) {
    write_manifest("include = [\"docs\", \"*.txt\"]\nexclude = [\"*.tmp\", \"/docs/draft\"]\n");
    for (auto const* path : {"README.md", "LICENSE", "a.txt", "b.md", "docs/c.md", "docs/d.tmp", "docs/draft/e.md",
                             ".git/config", "gpacks/x/y.txt", "ggen.lock", "ggen.lock.d/p.txt", "old.gpack",
                             "deep/f.txt", "deep/.git/g.txt", "deep/gpacks/h.txt"}) {
        write_package(path, "text");
    }
    EXPECT_EQ(packed_files(), (Names{"LICENSE", "README.md", "a.txt", "deep/f.txt", "deep/gpacks/h.txt", "docs/c.md",
                                     "gpack.toml"}));
}

TEST_F(PublishTest, LinksThatWouldBePackedAreRefusedByName) {
    write_manifest("exclude = [\"/skipped\"]\n");
    write_package("real.txt", "x");
    ASSERT_TRUE(dir_.files().make_symlink("/etc/passwd", dir_ / "package/skipped").has_value());
    EXPECT_EQ(packed_files(), (Names{"gpack.toml", "real.txt"}));

    ASSERT_TRUE(dir_.files().make_symlink("real.txt", dir_ / "package/alias.txt").has_value());
    auto const refused = pack();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().id, ErrorId::archive_path_unsafe);
    EXPECT_NE(refused.error().context.find("package/alias.txt is a symbolic link"), std::string::npos)
        << refused.error().context;

    ASSERT_TRUE(dir_.files().remove_file(dir_ / "package/alias.txt").has_value());
    ASSERT_TRUE(dir_.files().make_symlink("/etc", dir_ / "package/folder").has_value());
    EXPECT_EQ(pack().error().id, ErrorId::archive_path_unsafe);
}

TEST_F(PublishTest, AnotherVersionIsPackedIntoTheManifestToo) {
    write_manifest();
    auto const package = pack("2.0.0-rc.1");
    ASSERT_TRUE(package.has_value()) << package.error().context;
    EXPECT_EQ(package->manifest.version.text(), "2.0.0-rc.1");
    auto const decoded = decode_archive(package->archive.bytes).value();
    EXPECT_EQ(as_text(decoded.files[0].content), package->manifest_text);
    EXPECT_NE(package->manifest_text.find("version = \"2.0.0-rc.1\""), std::string::npos);
    EXPECT_EQ(pack_package(market_, {dir_ / "nowhere", {}, {}}).error().id, ErrorId::manifest_missing);
}

/// More than is packed in memory, and less so once it is packed.
std::string large_text() {
    std::string text;
    while (text.size() < 9 * k_mib) text += "line " + std::to_string(text.size()) + " of a file that compresses well\n";
    return text;
}

TEST_F(PublishTest, ALargePackageGoesThroughAFileThatIsNotLeftBehind) {
    write_manifest();
    write_package("large.txt", large_text());
    write_package(".env", "TOKEN=1");
    write_package("empty", "");

    auto package = pack("1.5.0");

    ASSERT_TRUE(package.has_value()) << package.error().context;
    ASSERT_NE(package->archive.file, nullptr);
    EXPECT_TRUE(package->archive.bytes.empty());
    EXPECT_EQ(package->files, (Names{".env", "empty", "gpack.toml", "large.txt"}));
    EXPECT_EQ(package->warnings, Names{".env: looks like a secret; what is published cannot be taken back"});
    auto const packed = dir_.files().read_file(package->archive.file->path(), k_gib).value();
    EXPECT_EQ(package->archive.blob, (BlobRef{sha256(packed), packed.size()}));
    auto const decoded = decode_archive(packed).value();
    EXPECT_EQ(decoded.tree, package->archive.tree);
    EXPECT_EQ(as_text(decoded.files[2].content), package->manifest_text);
    EXPECT_EQ(decoded.files[3].content.size(), large_text().size());
    auto const scratch = parent_path(package->archive.file->path());
    package = Error{Errc::internal, "gone"};
    auto const left = dir_.files().list(scratch).value();
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0].name, "lock");
}

TEST_F(PublishTest, TheRecordSaysWhatChunksAnArchiveHasWhereverItWasPacked) {
    write_manifest();
    Bytes noise(9 * k_mib);  // Packed into a file.
    for (std::size_t at = 0; at < noise.size(); at += Digest::k_bytes) {
        auto const some = sha256(as_bytes(std::to_string(at)));
        std::copy(some.bytes.begin(), some.bytes.end(), noise.begin() + static_cast<std::ptrdiff_t>(at));
    }
    std::vector<std::size_t> const sizes{100, 2 * k_mib, noise.size()};
    for (std::size_t number = 0; number < sizes.size(); ++number) {
        write_package("noise", std::string{as_text(BytesView{noise}.first(sizes[number]))});
        auto const version = "1." + std::to_string(number) + ".0";
        auto const done = ggen::publish(market_, {{dir_ / "package"}, {}, version, false});
        ASSERT_TRUE(done.has_value()) << done.error().context;
        RegistrySet registries{market_};
        auto const state = look_up("acme/pack");
        auto const known = std::find_if(state->versions.begin(), state->versions.end(),
                                        [&](VersionState const& one) { return one.version.text() == version; });
        auto const record = registries.by_name("main").value()->reader->release(*known).value();
        EXPECT_EQ(record.chunks.has_value(), number != 0);
        if (!record.chunks) continue;
        auto const path = dir_ / ("registry/" + blob_path(record.archive.digest));
        EXPECT_EQ(*record.chunks, merkle::chunk_root(dir_.files().read_file(path, k_gib).value()));
    }
}

TEST_F(PublishTest, EmptyFilesOfALargePackageAreLookedAtToo) {
    write_manifest();
    write_package("large.txt", large_text());
    write_package(".npmrc", "");

    auto const package = pack("1.5.0");

    ASSERT_TRUE(package.has_value()) << package.error().context;
    ASSERT_NE(package->archive.file, nullptr);
    EXPECT_EQ(package->warnings, Names{".npmrc: looks like a secret; what is published cannot be taken back"});
}

TEST_F(PublishTest, ALargePackageIsTheSameReleaseHoweverItWasPacked) {
    write_manifest();
    write_package("large.txt", large_text());
    auto const manifest = dir_.files().read_file(dir_ / "package/gpack.toml", k_mib).value();
    PublishItem item{std::string{as_text(manifest)},
                     {{"gpack.toml", false, manifest}, {"large.txt", false, to_bytes(large_text())}}};
    auto const in_memory = publish_items(market_, "main", {item});
    ASSERT_TRUE(in_memory.has_value()) << in_memory.error().context;

    for (bool const dry_run : {true, false}) {
        auto const streamed = ggen::publish(market_, {{dir_ / "package"}, {}, {}, dry_run});
        ASSERT_TRUE(streamed.has_value()) << streamed.error().context;
        EXPECT_TRUE(streamed->packages[0].already_published);
        EXPECT_EQ(streamed->packages[0].archive, in_memory->packages[0].archive);
        EXPECT_EQ(streamed->packages[0].index, in_memory->packages[0].index);
    }
    auto const next = ggen::publish(market_, {{dir_ / "package"}, {}, "1.1.0", false});
    ASSERT_TRUE(next.has_value()) << next.error().context;
    EXPECT_EQ(install_all({"acme/pack"}), "acme/pack@1.1.0");
    EXPECT_EQ(read("project/gpacks/acme/pack/gpack.toml").find("1.0.0"), std::string::npos);
}

TEST_F(PublishTest, ArchivesThatWaitForOthersAreNotAllHeldInMemory) {
    std::vector<std::string> directories;
    Bytes noise(7 * k_mib);  // Does not compress, and each is small enough to be packed in memory.
    for (int number = 0; number < 6; ++number) {
        random_.fill(noise);
        auto const directory = "noise-" + std::to_string(number);
        ASSERT_TRUE(dir_.files().make_directories(dir_ / directory).has_value());
        ASSERT_TRUE(dir_.files().write_file_atomic(dir_ / directory + "/noise.bin", noise, Sync::none).has_value());
        auto const manifest = "[gpack]\nname = \"acme/" + directory + "\"\nversion = \"1.0.0\"\n";
        ASSERT_TRUE(dir_.files()
                        .write_file_atomic(dir_ / directory + "/gpack.toml", as_bytes(manifest), Sync::none)
                        .has_value());
        directories.push_back(dir_ / directory);
    }

    auto const report = ggen::publish(market_, {directories, {}, {}, false});

    ASSERT_TRUE(report.has_value()) << report.error().context;
    EXPECT_EQ(dir_.files().list(market_.directories.cache + "/packing").value().size(), 1U) << "some went to disk";
    EXPECT_EQ(install_all({"acme/noise-0", "acme/noise-5"}), "acme/noise-0@1.0.0 acme/noise-5@1.0.0");
}

TEST_F(PublishTest, WhatAKilledCommandLeftIsRemovedByTheNextThatIsAlone) {
    auto const room = dir_ / "packing";
    ASSERT_TRUE(dir_.files().make_directories(room).has_value());
    ASSERT_TRUE(dir_.files().write_file_atomic(room + "/left", as_bytes("x"), Sync::none).has_value());

    auto const first = ScratchFile::create(dir_.files(), random_, room);
    ASSERT_TRUE(first.has_value());
    EXPECT_FALSE(dir_.files().info(room + "/left"));
    auto const second = ScratchFile::create(dir_.files(), random_, room);
    ASSERT_TRUE(second.has_value());
    EXPECT_TRUE(dir_.files().info((*first)->path())) << "somebody lives";
}

TEST_F(PublishTest, LintsNameWhatIsProbablyAMistake) {
    write_package("gpack.toml", "[gpack]\nname = \"acme/pack\"\nversion = \"1.0.0\"\nreadme = \"docs/R.md\"\n");
    write_package(".env", "TOKEN=1");
    write_package("key.txt", std::string{"-----BEGIN PRIVATE "} + "KEY-----");
    write_package("SKILL.md", "# no frontmatter");
    write_package("other/SKILL.md", "---\nname: another\n---\n");
    write_package("good/SKILL.md", "---\nname: good\ndescription: >\n  Folded over\n  two lines.\nlicense: MIT\n---\n");
    write_package("bad/SKILL.md", "---\nname: Bad Name\ndescription: \"d\"\n---\n");

    auto const package = pack();
    ASSERT_TRUE(package.has_value()) << package.error().context;
    EXPECT_EQ(package->warnings,
              (Names{"gpack.toml: no description, so nobody finds it",
                     "gpack.toml: no license, so nobody may use it; for example license = \"MIT\"",
                     ".env: looks like a secret; what is published cannot be taken back",
                     "SKILL.md: it does not begin with frontmatter between two lines of ---",
                     ("bad/SKILL.md: the name \"Bad Name\" is not made of lower-case letters, digits and single "
                      "hyphens (at most 64)"),
                     "key.txt: looks like a secret; what is published cannot be taken back",
                     "other/SKILL.md: the name is another, but its directory will be other; agents want them equal",
                     "other/SKILL.md: the frontmatter has no description, so no agent will know when to use it",
                     "gpack.toml: readme = \"docs/R.md\" is not in the package"}));
}

TEST_F(PublishTest, EveryKindOfNewPackageCanBePublishedAtOnce) {
    for (std::string const kind : {"template", "skill", "code", "data"}) {
        auto const directory = dir_ / ("my-" + kind);
        auto const made = init_package(market_, {directory, {}, kind, false});
        ASSERT_TRUE(made.has_value()) << made.error().context;
        EXPECT_EQ(made->name.text(), "acme/my-" + kind);
        auto const report = ggen::publish(market_, {{directory}, {}, {}, false});
        ASSERT_TRUE(report.has_value()) << report.error().context;
        EXPECT_EQ(report->packages[0].warnings, Names{}) << kind;

        EXPECT_EQ(init_package(market_, {directory, {}, kind, false}).error().id, ErrorId::target_occupied);
        EXPECT_TRUE(init_package(market_, {directory, {}, kind, true}).has_value());
    }
    EXPECT_EQ(init_package(market_, {dir_ / "x", {}, "poem", false}).error().id, ErrorId::usage);
}

}  // namespace
}  // namespace ggen
