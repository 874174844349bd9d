// L2: the power fails anywhere. 50 histories of commands, each recorded change by change on a disk that loses what was
// not synced; after every change, every tree that may be left is a machine on which the same command must work.
#include <algorithm>
#include <cstdlib>
#include <functional>

#include "base/testing/crash_disk.hpp"
#include "market/install_transaction.hpp"
#include "market/testing/market_fixture.hpp"

namespace ggen {
namespace {

using testing::CrashDisk;

/// A number above zero from the environment, or `otherwise`.
std::uint64_t wanted_number(char const* name, std::uint64_t otherwise) {
    char const* const text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    auto const wanted = text == nullptr ? 0 : std::strtoull(text, nullptr, 10);
    return wanted > 0 ? wanted : otherwise;
}
/// GGEN_CRASH_STATES=N looks at each N-th state; 1 = all of them. 211 is a prime: the states of every step get their
/// turn.
std::uint64_t stride() {
    static auto const wanted = wanted_number("GGEN_CRASH_STATES", 211);
    return wanted;
}

struct Command {
    std::string name;
    std::function<Result<InstallOutcome>(Market&)> run;
    bool is_repeatable = true;  ///< Running it again when it was done changes nothing.
};

/// What a user sees: the lockfile, and every file below gpacks.
struct Standing {
    std::string lockfile;
    std::map<std::string, std::string> files;
    friend bool operator==(Standing const&, Standing const&) = default;
};

/// The disk after one change of a command.
struct Moment {
    CrashDisk::Tree tree;
    std::uint64_t change;
    std::size_t command;
};

class InstallPowerTest : public testing::MarketFixture {
protected:
    void SetUp() override {
        MarketFixture::SetUp();
        publish("acme/base", "1.0.0");
        publish("acme/app", "1.0.0", {{"acme/base", "=1.0.0"}});
        publish("acme/base", "2.0.0");
        publish("acme/app", "2.0.0", {{"acme/base", "=2.0.0"}});
        publish("acme/other", "1.0.0");
        market_.config.download_parallel = 1;
    }

    /// The user's machine: everything but the registry is on `disk`.
    Market on(CrashDisk& disk) {
        Directories const home{"/home/config", "/home/cache", "/home/data", "/home/state"};
        return Market{disk, clock_, random_, log_, opener_, observer_, cancel_, home, market_.config, "/project"};
    }

    static void read_below(CrashDisk& disk, std::string const& path, std::string const& shown, Standing& standing) {
        auto const entries = disk.list(path, 1'000);
        if (!entries) {
            standing.files[shown] = "unreadable";
            return;
        }
        for (auto const& entry : *entries) {
            auto const full = path + "/" + entry.name;
            auto const name = shown + "/" + entry.name;
            if (entry.name == TreeStamp::k_file_name) continue;
            if (auto const bytes = disk.read_file(full, k_mib))
                standing.files[name] = as_text(*bytes);
            else
                read_below(disk, full, name, standing);
        }
    }

    static Standing standing_of(CrashDisk& disk) {
        Standing standing;
        auto const text = disk.read_file("/project/ggen.lock", k_mib);
        standing.lockfile = text ? std::string{as_text(*text)} : "";
        if (disk.info("/project/gpacks")) read_below(disk, "/project/gpacks", "", standing);
        return standing;
    }

    Command command(std::uint64_t choice) {
        auto const install_spec = [this](std::string const& spec, std::optional<LinkMode> mode = {}) {
            return [this, spec, mode](Market& market) {
                auto wanted = request({spec});
                wanted.link_mode = mode;
                return install(market, wanted);
            };
        };
        switch (choice % 9) {
            case 0: return {"install app 1", install_spec("acme/app@=1.0.0")};
            case 1: return {"install app 2", install_spec("acme/app@=2.0.0")};
            case 2: return {"install other", install_spec("acme/other")};
            case 3: return {"copy app 2", install_spec("acme/app@=2.0.0", LinkMode::copy)};
            case 4: return {"links app 1", install_spec("acme/app@=1.0.0", LinkMode::symlink)};
            case 5: return {"generation", install_spec("acme/base", LinkMode::generation)};
            case 6:
                return {"collect", [](Market& market) -> Result<InstallOutcome> {
                            RETURN_IF_ERROR(cache_collect(market, false, 0));
                            return InstallOutcome{InstallReport{}};
                        }};
            case 7: return {"roll back", [](Market& market) { return roll_back(market, false); }, false};
            default:
                return {"lose the tree and install", [this](Market& market) -> Result<InstallOutcome> {
                            RETURN_IF_ERROR(market.files.remove_tree("/project/gpacks"));
                            return install(market, request());
                        }};
        }
    }

    /// After a power loss somebody else cleans the store up before this project sees another install: that takes
    /// nothing of what can be read in the project.
    void collect_first(CrashDisk::Tree const& tree) {
        CrashDisk disk{tree};
        auto market = on(disk);
        auto const found = standing_of(disk);
        auto const collected = cache_collect(market, false, 0);
        ASSERT_TRUE(collected) << collected.error().context;
        auto const left = standing_of(disk);
        ASSERT_EQ(left.lockfile, found.lockfile);
        ASSERT_EQ(left.files, found.files) << "collection took what the project links to";
    }

    /// After a power loss: what stands must be one of the two as a whole, and the command must work again.
    void recover(CrashDisk::Tree const& tree, Command const& command, Standing const& before, Standing const& after,
                 bool must_be_done) {
        CrashDisk disk{tree};
        auto market = on(disk);
        auto const healed = install(market, request());  // What a user does next, with no flag.
        if (!healed) {
            // Only a project that never got a lockfile has nothing to install.
            ASSERT_EQ(healed.error().id, ErrorId::manifest_missing) << healed.error().context;
            ASSERT_TRUE(before.lockfile.empty() && !must_be_done);
        } else {
            auto const now = standing_of(disk);
            ASSERT_TRUE(now == after || (!must_be_done && now.lockfile == before.lockfile))
                << "neither the old nor the new state:\n" << now.lockfile;
        }
        if (!command.is_repeatable) return;
        auto const again = command.run(market);
        ASSERT_TRUE(again) << again.error().context;
        auto const now = standing_of(disk);
        ASSERT_EQ(now.lockfile, after.lockfile) << "the command run again gives another lockfile";
        ASSERT_EQ(now.files, after.files) << "the command run again gives other files";
        if (after.lockfile.empty()) return;
        auto const verified = verify_project(market, true);
        ASSERT_TRUE(verified && verified->is_sound());
    }

    void run_history(std::uint64_t seed) {
        CrashDisk disk;
        ASSERT_TRUE(disk.make_directories("/project", 0755));
        ASSERT_TRUE(disk.sync_file_system("/project"));
        auto market = on(disk);
        testing::SeededRandom choices{seed};
        std::vector<Command> commands;
        std::vector<Standing> standings{standing_of(disk)};
        std::vector<std::uint64_t> durable;  // By command: what is sure once it has returned.
        std::vector<Moment> moments;
        for (int step = 0; commands.size() < 4 && step < 40; ++step) {
            auto const wanted = command(choices.next_u64());
            auto const number = commands.size();
            auto const first = moments.size();
            disk.on_change([&] { moments.push_back({disk.tree(), disk.changes(), number}); });
            if (!wanted.run(market)) {  // Nothing to roll back to, edits in the way: not a history.
                moments.resize(first);
                ASSERT_TRUE(disk.sync_file_system("/project"));
                continue;
            }
            commands.push_back(wanted);
            durable.push_back(disk.durable_changes());
            standings.push_back(standing_of(disk));
        }
        disk.on_change({});
        for (auto const& moment : moments) {
            bool const must_be_done =
                moment.change >= durable[moment.command] && commands[moment.command].name != "collect";
            testing::each_crash(moment.tree, [&](CrashDisk::Tree const& tree) {
                if (HasFatalFailure() || ++states_ % stride() != 0) return;
                SCOPED_TRACE("history " + std::to_string(seed) + ", " + commands[moment.command].name + ", change " +
                             std::to_string(moment.change) + ", state " + std::to_string(states_));
                ++checked_;
                collect_first(tree);
                if (HasFatalFailure()) return;
                recover(tree, commands[moment.command], standings[moment.command], standings[moment.command + 1],
                        must_be_done);
            });
            if (HasFatalFailure()) return;
        }
    }

    std::uint64_t states_ = 0;
    std::uint64_t checked_ = 0;
};

TEST_F(InstallPowerTest, EveryStateThatAPowerLossLeavesIsOldOrNewAndHeals) {
    constexpr std::uint64_t k_histories = 50;
    // GGEN_CRASH_HISTORY=N: only that one, from which a failure can be looked at.
    auto const only = wanted_number("GGEN_CRASH_HISTORY", 0);
    for (std::uint64_t seed = 1; seed <= k_histories && !HasFatalFailure(); ++seed)
        if (only == 0 || seed == only) run_history(seed);
    RecordProperty("states", std::to_string(states_));
    std::printf("%llu states of %llu histories, %llu checked\n", static_cast<unsigned long long>(states_),
                static_cast<unsigned long long>(k_histories), static_cast<unsigned long long>(checked_));
    EXPECT_GT(checked_, 0U);
}

}  // namespace
}  // namespace ggen
