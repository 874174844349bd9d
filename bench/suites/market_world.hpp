#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.hpp"
#include "market/install.hpp"
#include "market/market.hpp"
#include "market/publish.hpp"
#include "suites/seeded.hpp"

namespace ggen::bench {

/// A user with a key, a registry in a folder and any number of projects, all below one directory, on the real
/// disk.
class MarketWorld {
public:
    using Needs = std::map<std::string, std::string>;

    /// Makes everything below `directory`. Errors: those of the operations.
    static Result<std::unique_ptr<MarketWorld>> create(std::string const& directory);

    /// A package of two small files and `bytes` of data.
    [[nodiscard]] static PublishItem item(std::string const& name, std::string const& version,
                                          Needs const& needs, std::size_t bytes = 200);
    /// In one checkpoint.
    Result<void> publish(std::vector<PublishItem> items);
    /// acme/p0 … acme/p<count - 1>, without dependencies, in checkpoints of 500.
    Result<void> publish_many(std::size_t count);

    /// Makes `name` the current project, empty.
    Result<void> enter_project(std::string const& name);
    /// Errors: those of install; conflict (no solution, with its explanation).
    Result<InstallReport> install(std::vector<std::string> const& specs);
    /// Empties store and caches of fetched archives: the next install is cold.
    Result<void> forget_store();

    [[nodiscard]] Market& market() { return market_; }
    [[nodiscard]] std::string const& directory() const { return directory_; }
    [[nodiscard]] std::string registry_directory() const { return directory_ + "/registry"; }
    [[nodiscard]] FileSystem& files() { return *files_; }

private:
    explicit MarketWorld(std::string directory);
    Result<void> reload();

    class Opener final : public SourceOpener {
    public:
        explicit Opener(FileSystem& files) : files_(files) {}
        Result<std::unique_ptr<RegistrySource>> open(std::string const& location) override {
            return std::unique_ptr<RegistrySource>{std::make_unique<FolderSource>(files_, location)};
        }

    private:
        FileSystem& files_;
    };
    class Silence final : public Observer {
    public:
        void on_event(ProgressEvent const& /*event*/) override {}
    };

    std::string directory_;
    std::unique_ptr<FileSystem> files_;
    SystemClock clock_;
    SeededBytes random_{7};
    NullLogger log_;
    Opener opener_;
    Silence observer_;
    CancelToken cancel_;
    Market market_;
};

}  // namespace ggen::bench
