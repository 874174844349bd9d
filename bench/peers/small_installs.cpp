#include "peers/small_installs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>
#include <vector>

#include "peers/cost_table.hpp"
#include "measure.hpp"
#include "table.hpp"

namespace ggen::bench {
namespace {

namespace fs = std::filesystem;

struct Case {
    std::string package;
    std::string target;  ///< Of the first version, for an install that resolves.
};
std::vector<Case> const& cases() {
    static std::vector<Case> const all{{"flat-0", "120 ms"}, {"flat-3", "350 ms"}, {"flat-5", "900 ms"},
                                       {"deep-0", "500-800 ms"}, {"flat-50", "900 ms (5 and more)"}};
    return all;
}

/// One machine with a registry of tiny packages.
class SmallWorld {
public:
    SmallWorld(Room& room, std::string ggen) : room_(room), ggen_(std::move(ggen)) {}

    Result<void> prepare() {
        RETURN_IF_ERROR(run({"key", "new", "acme/device"}));
        RETURN_IF_ERROR(run({"registry", "create", path("registry"), "--origin", "example/small", "--alias", "main"}));
        std::vector<std::string> words{"publish"};
        words.reserve(1 + 50 + 10 + 4);
        for (int n = 0; n < 50; ++n) words.push_back(pack(fmt::format("leaf-{}", n), {}));
        for (int n = 0; n < 10; ++n) {
            words.push_back(pack(fmt::format("deep-{}", n),
                                 n < 9 ? std::vector{fmt::format("deep-{}", n + 1)} : std::vector<std::string>{}));
        }
        for (int const count : {0, 3, 5, 50}) {
            std::vector<std::string> needs;
            needs.reserve(static_cast<std::size_t>(count));
            for (int n = 0; n < count; ++n) needs.push_back(fmt::format("leaf-{}", n));
            words.push_back(pack(fmt::format("flat-{}", count), needs));
        }
        return run(words);
    }

    [[nodiscard]] Command install(std::string const& project, std::string const& package) const {
        fs::create_directories(path(project));
        std::vector<std::string> words{ggen_, "--project", path(project), "install"};
        if (!package.empty()) words.push_back("acme/" + package);
        return command_of(std::move(words), ggen_environment(home()));
    }
    [[nodiscard]] Command command(std::vector<std::string> words) const {
        words.insert(words.begin(), ggen_);
        return command_of(std::move(words), ggen_environment(home()));
    }
    [[nodiscard]] std::string path(std::string const& below) const { return room_.path + "/small/" + below; }
    [[nodiscard]] std::string home() const { return path("home"); }

private:
    Result<void> run(std::vector<std::string> words) {
        RETURN_IF_ERROR(run_well(command(std::move(words))));
        return ok();
    }

    std::string pack(std::string const& name, std::vector<std::string> const& needs) {
        auto const folder = path("packs/" + name);
        fs::create_directories(folder);
        std::ofstream manifest{folder + "/gpack.toml"};
        manifest << "[gpack]\nname = \"acme/" << name
                 << "\"\nversion = \"1.0.0\"\ndescription = \"measured\"\nlicense = \"MIT\"\n";
        if (!needs.empty()) manifest << "\n[dependencies]\n";
        for (auto const& need : needs) manifest << "\"acme/" << need << "\" = \"^1.0.0\"\n";
        std::ofstream{folder + "/readme.md"} << name << "\n";
        return folder;
    }

    Room& room_;
    std::string ggen_;
};

/// Runs all at once; the wall time is from the first start to the last end. Errors: io.
Result<Finished> run_at_once(std::vector<Command> const& commands) {
    auto const started = now_ns();
    std::vector<BackgroundCommand> children;
    for (auto const& command : commands) {
        ASSIGN_OR_RETURN(auto child, BackgroundCommand::start(command));
        children.push_back(std::move(child));
    }
    Finished all;
    for (auto& child : children) {
        ASSIGN_OR_RETURN(auto const cost, child.wait());
        if (!cost.is_good()) return Error{Errc::io, "one of several: " + cost.how_it_ended()};
        all.cpu_ns += cost.cpu_ns;
        all.peak_bytes = std::max(all.peak_bytes, cost.peak_bytes);
    }
    all.wall_ns = now_ns() - started;
    return all;
}

Result<Finished> run_in_turn(std::vector<Command> const& commands) {
    Finished all;
    for (auto const& command : commands) {
        ASSIGN_OR_RETURN(auto const cost, run_well(command));
        all.wall_ns += cost.wall_ns;
        all.cpu_ns += cost.cpu_ns;
        all.peak_bytes = std::max(all.peak_bytes, cost.peak_bytes);
    }
    return all;
}

}  // namespace

Result<void> run_small_installs(Room& room, std::string const& ggen, std::size_t rounds) {
    SmallWorld world{room, ggen};
    RETURN_IF_ERROR(world.prepare());
    CostTable costs;
    for (std::size_t round = 0; round < rounds; ++round) {
        for (auto const& [package, target] : cases()) {
            auto const project = fmt::format("{}-{}", package, round);
            room.park(world.home() + "/cache/store");
            ASSIGN_OR_RETURN(auto const first, run_well(world.install(project, package)));
            costs.add(package + ", empty store", "ggen", first);
            ASSIGN_OR_RETURN(auto const second, run_well(world.install(project + "-again", package)));
            costs.add(package + ", full store", "ggen", second);
            room.park(world.path(project) + "/gpacks");
            ASSIGN_OR_RETURN(auto const known, run_well(world.install(project, "")));
            costs.add(package + ", known lockfile", "ggen", known);
        }
    }
    Table table{{"small trees, whole process", "empty store ms", "full store ms", "known lock ms",
                 "first version's target"}};
    for (auto const& [package, target] : cases()) {
        auto const ms = [&](char const* what) { return fmt::format("{:.2f}", costs.wall_ms(package + what, "ggen")); };
        table.add({package, ms(", empty store"), ms(", full store"), ms(", known lockfile"), target});
    }
    table.print();
    return ok();
}

Result<void> run_concurrent_installs(Room& room, std::string const& ggen, std::size_t rounds) {
    SmallWorld const world{room, ggen};
    auto const cores = std::max(1U, std::thread::hardware_concurrency());
    CostTable costs;
    for (std::size_t round = 0; round < rounds; ++round) {
        for (std::string const how : {"in turn", "at once"}) {
            std::vector<Command> five;
            std::vector<Command> ten;
            five.reserve(5);
            ten.reserve(10);
            for (int n = 0; n < 5; ++n)
                five.push_back(world.install(fmt::format("five-{}-{}-{}", how, round, n), "flat-50"));
            for (int n = 0; n < 4; ++n)
                ten.push_back(world.install(fmt::format("ten-{}-{}-{}", how, round, n),
                                            n % 2 == 0 ? "flat-50" : "deep-0"));
            ten.push_back(world.command({"search", "leaf"}));
            ten.push_back(world.command({"info", "acme/leaf-7"}));
            ten.push_back(world.command({"cache", "list"}));
            ten.push_back(world.command({"--project", world.path("flat-50-0"), "list"}));
            ten.push_back(world.command({"--project", world.path("flat-50-0"), "verify", "--offline"}));
            ten.push_back(world.command({"--project", world.path("flat-50-0"), "install"}));
            for (auto const& [name, commands] : {std::pair{"5 installs", &five}, std::pair{"10 mixed", &ten}}) {
                room.park(world.home() + "/cache/store");
                RETURN_IF_ERROR(run_well(world.install("flat-50-0", "")));
                ASSIGN_OR_RETURN(auto const cost, how == "in turn" ? run_in_turn(*commands) : run_at_once(*commands));
                costs.add(name, how, cost);
            }
        }
    }
    Table table{{fmt::format("concurrency, {} cores", cores), "in turn ms", "at once ms", "x serial / cores",
                 "CPU in turn ms", "CPU at once ms", "CPU ratio"}};
    for (char const* const name : {"5 installs", "10 mixed"}) {
        auto const serial = costs.wall_ms(name, "in turn");
        auto const at_once = costs.wall_ms(name, "at once");
        auto const cpu = costs.cpu_ms(name, "in turn");
        auto const cpu_at_once = costs.cpu_ms(name, "at once");
        table.add({name, fmt::format("{:.1f}", serial), fmt::format("{:.1f}", at_once),
                   fmt::format("{:.2f}", serial > 0 ? at_once * cores / serial : 0), fmt::format("{:.1f}", cpu),
                   fmt::format("{:.1f}", cpu_at_once), fmt::format("{:.2f}", cpu > 0 ? cpu_at_once / cpu : 0)});
    }
    table.print();
    return ok();
}

}  // namespace ggen::bench
