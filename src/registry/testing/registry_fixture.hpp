#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/testing/fakes.hpp"
#include "base/testing/fault_file_system.hpp"
#include "base/testing/temp_dir.hpp"
#include "merkle/tree.hpp"
#include "registry/reader.hpp"
#include "registry/writer.hpp"

namespace ggen::testing {

inline merkle::SignerKey make_key(std::string name, std::uint64_t seed,
                                  merkle::KeyType type = merkle::KeyType::note_ed25519) {
    SeededRandom random{seed};
    return merkle::SignerKey::create(std::move(name), Ed25519PrivateKey::generate(random), type).value();
}

inline PackageName name_of(std::string_view text) { return PackageName::parse(text).value(); }
inline Version version_of(std::string_view text) { return Version::parse(text).value(); }

/// Makes signed records for one registry.
struct RecordMaker {
    std::string origin = "example/main";

    [[nodiscard]] Bytes claim(ClaimSubject subject, std::vector<merkle::SignerKey> const& keys,
                              unsigned threshold = 1, std::optional<merkle::SignerKey> recovery = {}) const {
        ClaimRecord record{origin, std::move(subject), {}, threshold, {}};
        for (auto const& key : keys) record.keys.push_back(key.verifier());
        if (recovery) record.recovery = recovery->verifier();
        return sign_record(record, keys).value();
    }
    [[nodiscard]] Bytes claim_namespace(std::string name, merkle::SignerKey const& key) const {
        return claim({ClaimSubject::Kind::name_space, std::move(name)}, {key});
    }
    [[nodiscard]] ReleaseRecord release_record(std::string_view name, std::string_view version,
                                               std::optional<Digest> previous = {}) const {
        auto const label = std::string{name} + "@" + std::string{version};
        return {origin,
                name_of(name),
                version_of(version),
                previous,
                {sha256(as_bytes("manifest " + label)), 9 + label.size()},
                {sha256(as_bytes("archive " + label)), 8 + label.size()},
                sha256(as_bytes("tree " + label))};
    }
    [[nodiscard]] Bytes release(std::string_view name, std::string_view version,
                                std::optional<Digest> previous,
                                std::vector<merkle::SignerKey> const& keys) const {
        return sign_record(release_record(name, version, previous), keys).value();
    }
    [[nodiscard]] Bytes status(std::string_view name, std::string_view version,
                               std::optional<Digest> previous, StatusAction action,
                               merkle::SignerKey const& key) const {
        StatusRecord const record{
            origin, name_of(name), version_of(version), previous, action, StatusReason::broken, {}};
        return sign_record(record, {key}).value();
    }
};

/// A registry "example/main" in a fresh folder, with its keys and one publisher.
struct TestRegistry {
    explicit TestRegistry(std::uint64_t seed = 1, std::string origin = "example/main")
        : records{std::move(origin)},
          root_key(make_key("alice.example/root", seed * 10 + 1)),
          publisher(make_key("acme/laptop", seed * 10 + 2)),
          options{dir / "registry",
                  dir / "private",
                  make_key(records.origin, seed * 10 + 3),
                  make_key(records.origin + "/cosigner", seed * 10 + 4, merkle::KeyType::cosignature_ed25519),
                  {}} {}

    [[nodiscard]] Result<void> create() { return RegistryWriter::create(disk, clock, options, root_key); }
    [[nodiscard]] Result<std::unique_ptr<RegistryWriter>> open() {
        return RegistryWriter::open(disk, clock, options);
    }
    /// A release that follows the last record of its name, with its blobs stored.
    [[nodiscard]] Bytes next_release(RegistryWriter& writer, std::string const& name,
                                     std::string const& version) {
        auto const label = name + "@" + version;
        GGEN_ASSERT(writer.put_blob(as_bytes("manifest " + label)).has_value());
        GGEN_ASSERT(writer.put_blob(as_bytes("archive " + label)).has_value());
        auto const* const state = writer.state().find(name_of(name));
        return records.release(name, version, state != nullptr ? state->last_record : std::nullopt,
                               {publisher});
    }
    /// Makes the registry with `releases` releases of five names, several to a checkpoint.
    void fill(unsigned releases, unsigned per_checkpoint = 3) {
        GGEN_ASSERT(create().has_value());
        auto const writer = open().value();
        GGEN_ASSERT(writer->append({records.claim_namespace("acme", publisher)}).has_value());
        for (unsigned i = 0; i < releases;) {
            std::vector<Bytes> batch;
            for (unsigned k = 0; k < per_checkpoint && k < 5 && i < releases; ++k, ++i) {
                batch.push_back(next_release(*writer, "acme/pack-" + std::to_string(i % 5),
                                             "1." + std::to_string(i / 5) + ".0"));
            }
            clock.advance(std::chrono::seconds{60});
            GGEN_ASSERT(writer->append(batch).has_value());
        }
    }
    [[nodiscard]] RootFile root() {
        return RootFile::parse(as_text(dir.files().read_file(dir / "registry/root/1", 65'536).value()))
            .value();
    }

    TempDir dir;
    FaultFileSystem disk{dir.files()};  // Without faults: it only leaves out the syncs.
    FakeClock clock;
    RecordMaker records;
    merkle::SignerKey root_key;
    merkle::SignerKey publisher;
    WriterOptions options;
};

}  // namespace ggen::testing
