#include <fmt/format.h>

#include <memory>
#include <optional>
#include <vector>

#include "base/file_system.hpp"
#include "base/time.hpp"
#include "registry/reader.hpp"
#include "registry/state.hpp"
#include "registry/writer.hpp"
#include "suites/seeded.hpp"
#include "suites/suites.hpp"

namespace ggen::bench {
namespace {

Error wrong(std::string text) { return Error{Errc::internal, std::move(text)}; }

std::string package(std::size_t i) { return fmt::format("acme/p{}", i); }

/// A registry of `count` signed releases in a folder: its log and state tree, as a real writer makes them. The bytes of
/// the packages are not in it: neither a proof nor an audit reads them.
class ReleaseLog {
public:
    static Result<std::unique_ptr<ReleaseLog>> create(std::string const& directory, std::size_t count) {
        std::unique_ptr<ReleaseLog> out{new ReleaseLog{directory}};
        SeededBytes random{31};
        auto const make_key = [&](std::string name, merkle::KeyType type = merkle::KeyType::note_ed25519) {
            return merkle::SignerKey::create(std::move(name), Ed25519PrivateKey::generate(random), type);
        };
        ASSIGN_OR_RETURN(auto const root_key, make_key("acme/root"));
        ASSIGN_OR_RETURN(auto const publisher, make_key("acme/device"));
        ASSIGN_OR_RETURN(auto log_key, make_key("example/main"));
        WriterOptions options{out->directory(), directory + "/private", std::move(log_key)};
        RETURN_IF_ERROR(RegistryWriter::create(*out->files_, out->clock_, options, root_key));
        ASSIGN_OR_RETURN(auto const writer,
                         RegistryWriter::open(*out->files_, out->clock_, std::move(options)));

        std::vector<Bytes> entries;
        entries.reserve(count + 1);
        ClaimSubject const subject{ClaimSubject::Kind::name_space, "acme"};
        ClaimRecord const claim{writer->origin(), subject, {publisher.verifier()}, 1, {}};
        ASSIGN_OR_RETURN(auto claimed, sign_record(Record{claim}, {publisher}));
        entries.push_back(std::move(claimed));
        for (std::size_t i = 0; i < count; ++i) {
            ASSIGN_OR_RETURN(auto name, PackageName::parse(package(i)));
            ASSIGN_OR_RETURN(auto version, Version::parse(fmt::format("1.{}.0", i % 100)));
            auto const content = sha256(as_bytes(package(i)));
            ReleaseRecord const release{writer->origin(), std::move(name),  std::move(version), {},
                                        {content, 300},   {content, 2'000}, content,            {}};
            ASSIGN_OR_RETURN(auto entry, sign_record(Record{release}, {publisher}));
            entries.push_back(std::move(entry));
        }
        RETURN_IF_ERROR(writer->append(entries));
        return out;
    }

    [[nodiscard]] std::string directory() const { return directory_ + "/registry"; }
    /// As a new machine does: nothing cached, nothing remembered.
    Result<std::unique_ptr<RegistryReader>> read() {
        source_ = std::make_unique<FolderSource>(*files_, directory());
        ASSIGN_OR_RETURN(auto root, fetch_root_on_first_use(*source_));
        return RegistryReader::open(*files_, clock_, *source_, std::move(root), {});
    }

private:
    explicit ReleaseLog(std::string directory)
        : directory_(std::move(directory)), files_(make_posix_file_system()) {}

    std::string directory_;
    std::unique_ptr<FileSystem> files_;
    SystemClock clock_;
    std::unique_ptr<FolderSource> source_;
};

/// One unit: a machine that never saw the registry verifies its checkpoint and has one package and its release proven.
class FirstLookupWork final : public Work {
public:
    explicit FirstLookupWork(std::size_t count) : count_(count) {}
    Result<void> prepare(std::string const& directory) override {
        ASSIGN_OR_RETURN(log_, ReleaseLog::create(directory, count_));
        ASSIGN_OR_RETURN(name_, PackageName::parse(package(count_ / 2)));
        ASSIGN_OR_RETURN(absent_, PackageName::parse("acme/nobody-has-this"));
        return ok();
    }
    Result<void> run() override {
        ASSIGN_OR_RETURN(auto const reader, log_->read());
        RETURN_IF_ERROR(reader->refresh());
        ASSIGN_OR_RETURN(auto const state, reader->lookup(*name_));
        if (!state || state->versions.size() != 1) return wrong("the package has one version");
        ASSIGN_OR_RETURN(release_, reader->release(state->versions.front()));
        RETURN_IF_ERROR(reader->prove(state->versions.front().index));
        ASSIGN_OR_RETURN(auto const nothing, reader->lookup(*absent_));
        is_absence_proven_ = !nothing;
        return ok();
    }
    Result<void> check() override {
        if (!is_absence_proven_) return wrong("a package was found that is not there");
        return release_->name == *name_ ? ok() : Result<void>{wrong("another package's release")};
    }

private:
    std::size_t count_;
    std::unique_ptr<ReleaseLog> log_;
    std::optional<PackageName> name_;
    std::optional<PackageName> absent_;
    std::optional<ReleaseRecord> release_;
    bool is_absence_proven_ = false;
};

/// One unit: every entry of the log read against its checkpoint, replayed with all signatures, and the state compared
/// with the one that the log signed.
class AuditWork final : public Work {
public:
    explicit AuditWork(std::size_t count) : count_(count) {}
    Result<void> prepare(std::string const& directory) override {
        ASSIGN_OR_RETURN(log_, ReleaseLog::create(directory, count_));
        return ok();
    }
    Result<void> run() override {
        ASSIGN_OR_RETURN(auto const reader, log_->read());
        RETURN_IF_ERROR(reader->refresh());
        RegistryState state{reader->checkpoint().checkpoint.origin};
        without_effect_ = 0;
        RETURN_IF_ERROR(reader->each_entry(0, reader->checkpoint().checkpoint.size,
                                           [&](std::uint64_t /*index*/, BytesView entry) {
                                               auto const outcome = state.apply(entry);
                                               if (outcome.effect == EntryEffect::no_effect) ++without_effect_;
                                               return ok();
                                           }));
        names_ = state.names().size();
        return ok();
    }
    Result<void> check() override {
        // A state leaf of another root than the replay's would count here too.
        if (without_effect_ != 0) return wrong(fmt::format("{} entries without effect", without_effect_));
        return names_ == count_ ? ok() : Result<void>{wrong("packages are missing")};
    }

private:
    std::size_t count_;
    std::unique_ptr<ReleaseLog> log_;
    std::size_t without_effect_ = 0;
    std::size_t names_ = 0;
};

}  // namespace

void add_registry_log_suite(Catalogue& catalogue) {
    for (std::size_t const n : {1'000UL, 10'000UL, 100'000UL}) {
        Test test{"registry_first_lookup", fmt::format("proven_n{}", n), TestClass::micro,
                  "a new machine verifies a registry of n and has a package, its release and an absence proven",
                  [n] { return std::make_unique<FirstLookupWork>(n); }};
        test.is_quick = n <= 1'000;
        test.exact_runs = n <= 1'000 ? 1 : 0;
        if (n > 1'000) {
            test.rounds_max = 1;
            test.time_limit_s = 1'200;
        }
        catalogue.add(std::move(test));
    }
    for (std::size_t const n : {100UL, 1'000UL, 10'000UL}) {
        Test test{"log_audit", fmt::format("replay_n{}", n), TestClass::micro,
                  "every entry of a log of n read, its signature checked, the state compared with the signed one",
                  [n] { return std::make_unique<AuditWork>(n); }};
        test.is_quick = n <= 1'000;
        test.exact_runs = n <= 100 ? 1 : 0;
        test.slices_max = 5;
        catalogue.add(std::move(test));
    }
}

}  // namespace ggen::bench
