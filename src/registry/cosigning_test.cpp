#include "registry/cosigning.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <mutex>
#include <set>

#include "base/error_id.hpp"
#include "registry/log_restore.hpp"
#include "registry/reader.hpp"
#include "registry/testing/registry_fixture.hpp"
#include "registry/witness_policy.hpp"

namespace ggen {
namespace {

using testing::make_key;
using testing::TestRegistry;

/// A registry, and witnesses of it that answer or do not.
struct Witnessed {
    explicit Witnessed(std::size_t count) {
        GGEN_ASSERT(registry.create().has_value());
        for (std::size_t i = 0; i < count; ++i) {
            auto const name = "w" + std::to_string(i) + ".example/w";
            auto const key = make_key(name, 100 + i, merkle::KeyType::cosignature_ed25519);
            auto const folder = registry.dir / name.substr(0, 2);
            GGEN_ASSERT(files.make_directories(folder).has_value());
            auto& witness = witnesses.try_emplace(name, files, registry.clock, folder, key).first->second;
            witness.add_log(registry.options.log_key.verifier());
            registry.options.cosigning.witnesses.push_back({key.verifier(), name});
        }
        registry.options.cosigning.ask = [this](std::string const& place,
                                                std::string const& body) -> Result<WitnessAnswer> {
            {
                std::lock_guard const guard{mutex};
                if (dead.contains(place)) return Error{Errc::unavailable, "nobody answers there"};
                ++asked;
            }
            return witnesses.at(place).add_checkpoint(body);
        };
    }
    [[nodiscard]] std::string next_root(RegistryWriter const& writer, std::size_t needed) const {
        auto root = writer.root();
        ++root.version;
        root.witnesses.resize(1);  // The log's own cosigner.
        for (auto const& witness : registry.options.cosigning.witnesses) root.witnesses.push_back(witness.key);
        root.policy_tail = print_witness_policy(root.witnesses.size(), 1, needed);
        merkle::Note note{root.text(), {}};
        note.sign(registry.root_key);
        return note.print();
    }
    [[nodiscard]] std::string public_note() {
        return std::string{as_text(registry.disk.read_file(registry.dir / "registry/checkpoint", 16'384).value())};
    }
    [[nodiscard]] Result<RefreshReport> read() {
        FolderSource source{registry.disk, registry.dir / "registry"};
        ReaderOptions options;
        options.memory_directory = registry.dir / "memory";
        auto reader = RegistryReader::open(registry.disk, registry.clock, source, registry.root(), options);
        if (!reader) return reader.error();
        return (*reader)->refresh();
    }

    TestRegistry registry;
    FileSystem& files = registry.disk;
    std::map<std::string, Witness> witnesses;
    std::mutex mutex;  // Guards dead and asked.
    std::set<std::string> dead;
    int asked = 0;
};

TEST(CosigningTest, WhatBecomesPublicIsCosigned) {
    Witnessed it{3};
    auto writer = it.registry.open().value();
    auto const claim = it.registry.records.claim_namespace("acme", it.registry.publisher);
    auto const receipts = writer->append({claim});
    ASSERT_TRUE(receipts) << receipts.error().context;
    ASSERT_TRUE(writer->change_root(it.next_root(*writer, 2)));
    auto const names = cosigners_of(writer->root(), it.public_note());
    EXPECT_EQ(names.size(), 4U) << it.public_note();
    auto const release = it.registry.next_release(*writer, "acme/a", "1.0.0");
    auto const later = writer->append({release}).value();
    EXPECT_EQ(later[0].proof.checkpoint_note, it.public_note());
    EXPECT_TRUE(check_quorum(writer->root(), it.public_note()));
    // Whose last size is known is asked once a checkpoint, and opening again asks nobody.
    it.asked = 0;
    ASSERT_TRUE(writer->append({it.registry.next_release(*writer, "acme/b", "1.0.0")}));
    EXPECT_EQ(it.asked, 3);
    auto const note = it.public_note();
    writer.reset();
    ASSERT_TRUE(it.registry.open());
    EXPECT_EQ(it.asked, 3);
    EXPECT_EQ(it.public_note(), note);
    auto const read = it.read();
    ASSERT_TRUE(read) << read.error().context;
}

TEST(CosigningTest, WithoutAQuorumNothingBecomesPublicUntilItComes) {
    Witnessed it{3};
    auto writer = it.registry.open().value();
    ASSERT_TRUE(writer->append({it.registry.records.claim_namespace("acme", it.registry.publisher)}));
    ASSERT_TRUE(writer->change_root(it.next_root(*writer, 2)));
    it.dead = {"w1.example/w"};
    ASSERT_TRUE(writer->append({it.registry.next_release(*writer, "acme/a", "1.0.0")}));
    ASSERT_EQ(writer->cosigning_failures().size(), 1U);
    EXPECT_NE(writer->cosigning_failures()[0].find("nobody answers there"), std::string::npos);
    auto const before = it.public_note();

    it.dead = {"w1.example/w", "w2.example/w"};
    auto const release = it.registry.next_release(*writer, "acme/b", "1.0.0");
    auto const refused = writer->append({release});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id, ErrorId::witness_quorum);
    EXPECT_NE(refused.error().context.find("2 of 3 witnesses"), std::string::npos) << refused.error().context;
    EXPECT_EQ(it.public_note(), before);
    writer.reset();
    auto const still = it.registry.open();
    ASSERT_FALSE(still);
    EXPECT_EQ(still.error().id, ErrorId::witness_quorum);
    EXPECT_EQ(it.public_note(), before);

    it.dead.clear();
    auto const healed = it.registry.open();
    ASSERT_TRUE(healed) << healed.error().context;
    EXPECT_TRUE(check_quorum((*healed)->root(), it.public_note()));
    auto const receipts = (*healed)->append({release});
    ASSERT_TRUE(receipts) << receipts.error().context;
    EXPECT_TRUE(it.read());
}

TEST(CosigningTest, WhatWaitsForItsQuorumIsNoReasonToRefuseThePlaceOfTheState) {
    Witnessed it{1};
    auto writer = it.registry.open().value();
    ASSERT_TRUE(writer->change_root(it.next_root(*writer, 1)));
    it.dead = {"w0.example/w"};
    auto const claim = it.registry.records.claim_namespace("acme", it.registry.publisher);
    ASSERT_FALSE(writer->append({claim}));
    writer.reset();
    auto const before = it.public_note();
    auto without_witnesses = it.registry.options;
    without_witnesses.cosigning = {};
    auto const accepted = accept_log(it.files, it.registry.clock, without_witnesses);
    EXPECT_TRUE(accepted) << accepted.error().context;
    EXPECT_EQ(it.public_note(), before);
    it.dead.clear();
    writer = it.registry.open().value();
    EXPECT_NE(it.public_note(), before);
    EXPECT_TRUE(writer->append({claim}));
}

TEST(CosigningTest, APolicyThatCannotBeMetIsNotPublished) {
    Witnessed it{2};
    auto writer = it.registry.open().value();
    it.dead = {"w1.example/w"};
    auto const before = it.public_note();
    auto const refused = writer->change_root(it.next_root(*writer, 2));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id, ErrorId::witness_quorum);
    EXPECT_EQ(it.public_note(), before);
    EXPECT_EQ(writer->root().version, 1U);
    EXPECT_TRUE(writer->append({it.registry.records.claim_namespace("acme", it.registry.publisher)}));
    EXPECT_TRUE(writer->change_root(it.next_root(*writer, 1)));
    EXPECT_EQ(writer->root().version, 2U);
}

TEST(CosigningTest, TheRootKeyLetsARegistryGoOnWithoutWitnessesThatAreGone) {
    Witnessed it{2};
    auto writer = it.registry.open().value();
    ASSERT_TRUE(writer->change_root(it.next_root(*writer, 2)));
    it.dead = {"w0.example/w", "w1.example/w"};
    ASSERT_FALSE(writer->append({it.registry.records.claim_namespace("acme", it.registry.publisher)}));
    writer.reset();
    ASSERT_FALSE(it.registry.open());
    it.registry.options.may_lack_quorum = true;
    writer = it.registry.open().value();
    EXPECT_FALSE(writer->change_root(it.next_root(*writer, 1)));
    ASSERT_TRUE(writer->change_root(it.next_root(*writer, 0)));
    EXPECT_EQ(writer->root().version, 3U);
    EXPECT_EQ(writer->public_checkpoint().checkpoint.size, 5U);
    auto const read = it.read();
    ASSERT_TRUE(read) << read.error().context;
    EXPECT_EQ(read->size, 5U);
}

TEST(CosigningTest, ReadersRefuseACheckpointWithoutItsCosignatures) {
    Witnessed it{2};
    auto writer = it.registry.open().value();
    ASSERT_TRUE(writer->change_root(it.next_root(*writer, 2)));
    ASSERT_TRUE(it.read());
    // Whoever has the log's keys alone, as a thief would, signs on without the witnesses.
    it.registry.options.cosigning = {};
    auto const root_2 = it.registry.dir / "registry/root/2";
    auto const bytes = it.registry.disk.read_file(root_2, 65'536).value();
    ASSERT_TRUE(it.registry.disk.remove_file(root_2));
    writer.reset();
    writer = it.registry.open().value();
    ASSERT_TRUE(writer->append({it.registry.records.claim_namespace("acme", it.registry.publisher)}));
    ASSERT_TRUE(it.files.write_file_atomic(root_2, bytes, Sync::durable));
    auto const read = it.read();
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().id, ErrorId::witness_quorum);
    auto const root = RootFile::parse(as_text(bytes)).value();
    FolderSource source{it.registry.disk, it.registry.dir / "registry"};
    auto const head = merkle::LogProof::parse(as_text(source.read("state/head", 65'536).value())).value();
    auto const verified = OfflineVerifier{root}.verify(head, head.extra);
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().id, ErrorId::witness_quorum);
}

/// What a backup of a registry holds.
struct Backup {
    explicit Backup(Witnessed& of) : it(of) {
        for (std::size_t i = 0; i < paths.size(); ++i) {
            files[i] = it.files.read_file(it.registry.dir / paths[i], 65'536).value();
        }
    }
    void restore() const {
        for (std::size_t i = 0; i < paths.size(); ++i) {
            GGEN_ASSERT(it.files.write_file_atomic(it.registry.dir / paths[i], files[i], Sync::durable).has_value());
        }
    }
    Witnessed& it;
    static constexpr std::array<std::string_view, 3> paths{"registry/checkpoint", "private/checkpoint",
                                                           "registry/state/head"};
    std::array<Bytes, 3> files;
};

TEST(CosigningTest, AWitnessThatKnowsMoreStopsTheWriter) {
    Witnessed it{1};
    auto writer = it.registry.open().value();
    Backup const backup{it};
    ASSERT_TRUE(writer->append({}));
    ASSERT_TRUE(writer->append({}));
    writer.reset();
    backup.restore();
    auto const before = it.public_note();
    writer = it.registry.open().value();
    auto const refused = writer->append({});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id, ErrorId::log_writer_stopped);
    EXPECT_EQ(it.public_note(), before);
}

TEST(CosigningTest, AWitnessThatKnowsAnotherHistoryStopsTheWriter) {
    for (bool const is_longer : {false, true}) {
        Witnessed it{1};
        auto writer = it.registry.open().value();
        Backup const backup{it};
        ASSERT_TRUE(writer->append({}));
        writer.reset();
        backup.restore();
        auto const before = it.public_note();
        // As many entries as the witness has cosigned, with another time in the last one; or more.
        it.registry.clock.advance(std::chrono::hours{1});
        writer = it.registry.open().value();
        std::vector<Bytes> entries;
        if (is_longer) entries.push_back(it.registry.records.claim_namespace("acme", it.registry.publisher));
        auto const refused = writer->append(entries);
        ASSERT_FALSE(refused) << is_longer;
        EXPECT_EQ(refused.error().id, ErrorId::log_writer_stopped) << refused.error().context;
        EXPECT_NE(refused.error().context.find("not those which are here"), std::string::npos)
            << refused.error().context;
        EXPECT_EQ(it.public_note(), before);
    }
}

TEST(CosigningTest, AWitnessThatLiesIsNamedAndCanBeLeftOut) {
    Witnessed it{1};
    auto writer = it.registry.open().value();
    auto const before = it.public_note();
    it.registry.options.cosigning.ask = [](std::string const&, std::string const&) -> Result<WitnessAnswer> {
        return WitnessAnswer{409, "1000000\n", true};
    };
    writer.reset();
    writer = it.registry.open().value();
    auto const claim = it.registry.records.claim_namespace("acme", it.registry.publisher);
    auto const refused = writer->append({claim});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id, ErrorId::log_writer_stopped);
    EXPECT_NE(refused.error().context.find("w0.example/w"), std::string::npos) << refused.error().context;
    EXPECT_NE(refused.error().help.find("ggen witness remove"), std::string::npos) << refused.error().help;
    EXPECT_EQ(it.public_note(), before);
    // What was signed is not lost: without that witness it becomes public.
    writer.reset();
    it.registry.options.cosigning.witnesses.clear();
    writer = it.registry.open().value();
    EXPECT_NE(it.public_note(), before);
    EXPECT_EQ(writer->append({claim}).value().size(), 1U);
    EXPECT_TRUE(it.read());
}

TEST(CosigningTest, AnswersThatAreNoCosignatureCountAsNone) {
    Witnessed it{1};
    auto const foreign = make_key("w0.example/w", 7, merkle::KeyType::cosignature_ed25519);
    int asked = 0;
    std::vector<std::pair<std::function<WitnessAnswer(std::string const&)>, std::string>> const answers{
        {[](auto const&) { return WitnessAnswer{200, "hello"}; }, "no cosignature"},
        {[](auto const&) { return WitnessAnswer{200, ""}; }, "no cosignature"},
        {[](auto const&) { return WitnessAnswer{200, std::string(100'000, 'x')}; }, "no cosignature"},
        {[&](auto const& body) {
             auto note = merkle::Note::parse(body.substr(body.find("\n\n") + 2)).value();
             note.sign(foreign, UnixTime{5});
             auto const printed = note.print();
             return WitnessAnswer{200, printed.substr(printed.rfind("\u2014"))};
         },
         "did not sign with the key"},
        {[](auto const&) { return WitnessAnswer{409, "many", true}; }, "409"},
        {[](auto const&) { return WitnessAnswer{409, "1"}; }, "409"},
        {[&](auto const&) { return WitnessAnswer{409, std::to_string(++asked % 2) + "\n", true}; },
         "changed each time"},
        {[](auto const&) { return WitnessAnswer{500, std::string(5000, 'x')}; }, "500"},
        {[](auto const&) { return WitnessAnswer{0, ""}; }, "0"}};
    std::size_t number = 0;
    it.registry.options.cosigning.ask = [&](std::string const&, std::string const& body) -> Result<WitnessAnswer> {
        return answers[number].first(body);
    };
    for (; number < answers.size(); ++number) {
        auto const writer = it.registry.open().value();
        auto const size = writer->checkpoint().checkpoint.size;
        ASSERT_TRUE(writer->append({})) << number;
        ASSERT_EQ(writer->cosigning_failures().size(), 1U) << number;
        auto const& why = writer->cosigning_failures()[0];
        EXPECT_NE(why.find(answers[number].second), std::string::npos) << why;
        EXPECT_LT(why.size(), 400U) << why;
        EXPECT_EQ(writer->public_checkpoint().checkpoint.size, size + 1);
        EXPECT_TRUE(it.read());
    }
}

TEST(WitnessPolicyTest, GroupsCountWhatTheySay) {
    RootFile root;
    root.registry = "example/main";
    merkle::Note note{merkle::Checkpoint{"example/main", 1, {}}.text(), {}};
    for (std::uint64_t i = 0; i < 5; ++i) {
        auto const key = make_key("w" + std::to_string(i), 10 + i, merkle::KeyType::cosignature_ed25519);
        root.witnesses.push_back(key.verifier());
        if (i < 3) note.sign(key, UnixTime{5});
    }
    auto const is_met = [&](std::string const& policy) {
        root.policy_tail = policy;
        return check_quorum(root, note.print()).has_value();
    };
    EXPECT_TRUE(is_met("quorum none\n"));
    EXPECT_TRUE(is_met("quorum w3\n"));
    EXPECT_FALSE(is_met("quorum w4\n"));
    EXPECT_TRUE(is_met("group g any w3 w4\nquorum g\n"));
    EXPECT_FALSE(is_met("group g all w3 w4\nquorum g\n"));
    EXPECT_TRUE(is_met("group g 3 w1 w2 w3 w4 w5\nquorum g\n"));
    EXPECT_FALSE(is_met("group g 4 w1 w2 w3 w4 w5\nquorum g\n"));
    EXPECT_TRUE(is_met("group a 2 w1 w4 w2\ngroup b any w3 w5\ngroup c all a b\nquorum c\n"));
    EXPECT_FALSE(is_met("group a 2 w1 w4 w5\ngroup b any w3 w2\ngroup c all a b\nquorum c\n"));
}

TEST(WitnessPolicyTest, ThresholdsThatCannotBeMetOrMeanNothingAreRefused) {
    RootFile root;
    for (std::uint64_t i = 0; i < 3; ++i) {
        root.witnesses.push_back(
            make_key("w" + std::to_string(i), 10 + i, merkle::KeyType::cosignature_ed25519).verifier());
    }
    for (char const* policy :
         {"group g 0 w1\nquorum g\n", "group g -1 w1\nquorum g\n", "group g 2 w1\nquorum g\n",
          "group g 01 w1\nquorum g\n",
          "group g any\nquorum g\n", "group g any w4\nquorum g\n", "group g 2 w1 w1\nquorum g\n",
          "group g any w1\ngroup h any w1\nquorum h\n", "group g any h\ngroup h any w1\nquorum g\n",
          "group w1 any w2\nquorum w1\n", "group none any w2\nquorum none\n", "group g any g\nquorum g\n",
          "group g any w1\ngroup g any w2\nquorum g\n", "quorum x\n", "quorum w1 w2\n",
          "group g any  w1\nquorum g\n"}) {
        root.policy_tail = policy;
        EXPECT_FALSE(check_witness_policy(root)) << policy;
    }
    root.policy_tail = "quorum none\n";
    EXPECT_TRUE(check_witness_policy(root));
    root.witnesses.push_back(root.witnesses[0]);
    root.witnesses.back().name = "another";
    EXPECT_FALSE(check_witness_policy(root));  // One key under two names.
}

}  // namespace
}  // namespace ggen
