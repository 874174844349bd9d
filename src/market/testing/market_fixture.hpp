#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/testing/fakes.hpp"
#include "base/testing/fault_file_system.hpp"
#include "base/testing/temp_dir.hpp"
#include "market/install.hpp"
#include "market/market.hpp"
#include "market/project.hpp"
#include "market/publish.hpp"
#include "market/registries.hpp"

namespace ggen::testing {

/// Opens folders only, and remembers which.
class FolderOpener final : public SourceOpener {
public:
    explicit FolderOpener(FileSystem& files) : files_(files) {}
    Result<std::unique_ptr<RegistrySource>> open(std::string const& location) override {
        opened.push_back(location);
        return std::unique_ptr<RegistrySource>{std::make_unique<FolderSource>(files_, location)};
    }
    std::vector<std::string> opened;

private:
    FileSystem& files_;
};

/// Remembers warnings; everything else is dropped.
class WarningObserver final : public Observer {
public:
    void on_event(ProgressEvent const& event) override {
        if (event.kind == ProgressEvent::Kind::warning) warnings.push_back(event.text);
    }
    std::vector<std::string> warnings;
};

/// A user with a key, a registry and a project, as a small language: publish, install, read, edit.
class MarketFixture : public ::testing::Test {
protected:
    using Needs = std::map<std::string, std::string>;

    void SetUp() override {
        for (auto const* name : {"config", "cache", "data", "state", "project"}) {
            ASSERT_TRUE(dir_.files().make_directories(dir_ / name));
        }
        market_.directories = {dir_ / "config", dir_ / "cache", dir_ / "data", dir_ / "state"};
        market_.project_directory = dir_ / "project";
        reload();
        auto const key = new_key(market_, {"acme/device", false});
        ASSERT_TRUE(key) << key.error().context;
        auto const made = create_registry(market_, {dir_ / "registry", "example/main", "main"});
        ASSERT_TRUE(made) << made.error().context;
        reload();
    }

    void reload() {
        auto config = Config::load(dir_.files(), market_.directories, market_.project_directory, {});
        ASSERT_TRUE(config) << config.error().context;
        market_.config = *std::move(config);
    }

    static PublishItem item(std::string const& name, std::string const& version, Needs const& needs = {},
                            std::vector<ArchiveFile> files = {}) {
        std::string text = "[gpack]\nname = \"" + name + "\"\nversion = \"" + version +
                           "\"\ndescription = \"a test package\"\nlicense = \"MIT\"\n";
        if (!needs.empty()) text += "\n[dependencies]\n";
        for (auto const& [needed, range] : needs) text += fmt::format("\"{}\" = \"{}\"\n", needed, range);
        files.push_back({"gpack.toml", false, to_bytes(text)});
        files.push_back({"data/text.txt", false, to_bytes(name + " " + version + "\n")});
        files.push_back({"bin/run", true, to_bytes("#!/bin/sh\n")});
        return {text, std::move(files)};
    }

    void publish(std::string const& name, std::string const& version, Needs const& needs = {}) {
        clock_.advance(std::chrono::seconds{60});
        auto const published = publish_items(market_, "main", {item(name, version, needs)});
        ASSERT_TRUE(published) << published.error().context;
    }

    static std::string describe(Result<InstallOutcome> const& outcome) {
        if (!outcome) return "error " + error_id_text(outcome.error().id) + ": " + outcome.error().context;
        if (auto const* const conflict = std::get_if<Conflict>(&*outcome))
            return "conflict: " + conflict->explanation;
        std::string text;
        for (auto const& [name, package] : std::get<InstallReport>(*outcome).lockfile.packages) {
            text += (text.empty() ? "" : " ") + name.text() + "@" + package.version.text();
        }
        return text;
    }

    InstallRequest request(std::vector<std::string> const& specs = {}) {
        InstallRequest wanted;
        for (auto const& spec : specs) wanted.packages.push_back(PackageSpec::parse(spec).value());
        return wanted;
    }
    std::string install_all(std::vector<std::string> const& specs = {}) {
        return describe(install(market_, request(specs)));
    }

    std::string read(std::string const& path) {
        auto const bytes = dir_.files().read_file(dir_ / path, k_mib);
        return bytes ? std::string{as_text(*bytes)} : "(none)";
    }
    void write(std::string const& path, std::string const& text) {
        ASSERT_TRUE(dir_.files().write_file_atomic(dir_ / path, as_bytes(text), Sync::none));
    }

    TempDir dir_;
    FaultFileSystem files_{dir_.files()};  // Without faults here; it never waits for the disk.
    FakeClock clock_{1'900'000'000};
    SeededRandom random_{7};
    NullLogger log_;
    FolderOpener opener_{dir_.files()};
    WarningObserver observer_;
    CancelToken cancel_;
    Market market_{files_, clock_, random_, log_, opener_, observer_, cancel_, {}, {}, {}};
};

}  // namespace ggen::testing
