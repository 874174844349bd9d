#include "peers/install_comparison.hpp"

#include <fmt/format.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp is POSIX.

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "base/file_system.hpp"
#include "harness/environment.hpp"
#include "peers/cost_table.hpp"
#include "peers/install_tools.hpp"
#include "peers/link_floor.hpp"
#include "peers/loopback.hpp"
#include "measure.hpp"
#include "peers/small_installs.hpp"
#include "peers/store_timings.hpp"
#include "table.hpp"

namespace ggen::bench {
namespace {

namespace fs = std::filesystem;

Result<std::vector<std::string>> read_roots(std::string const& path) {
    std::ifstream file{path};
    if (!file) return Error{Errc::not_found, "no list of roots at \"" + path + "\""};
    std::vector<std::string> roots;
    for (std::string line; std::getline(file, line);) {
        if (!line.empty() && line[0] != '#') roots.push_back(line);
    }
    return roots;
}

/// A directory below `base` that goes when the object goes.
class FreshRoom {
public:
    explicit FreshRoom(std::string const& base) : room_{base + "/ggen-bench-XXXXXX"} {
        is_made_ = ::mkdtemp(room_.path.data()) != nullptr;
    }
    FreshRoom(FreshRoom const&) = delete;
    FreshRoom& operator=(FreshRoom const&) = delete;
    ~FreshRoom() {
        auto const removed = make_posix_file_system()->remove_tree(room_.path);
        static_cast<void>(removed);
    }
    [[nodiscard]] bool is_made() const { return is_made_; }
    [[nodiscard]] Room& get() { return room_; }

private:
    Room room_;
    bool is_made_ = false;
};

/// The real closure: all tools, all cases, round after round.
class ClosureSuite {
public:
    ClosureSuite(InstallComparisonOptions const& options, std::string ggen, Room& room, std::vector<std::string> roots)
        : options_(options), ggen_program_(std::move(ggen)), room_(room), roots_(std::move(roots)) {}

    Result<void> run() {
        if (!options_.server.empty()) {
            ASSIGN_OR_RETURN(auto started, Loopback::start(options_.server, options_.registry, options_.mirror));
            server_.emplace(std::move(started));
        }
        auto const registry = server_ ? server_->address() + "/ggen" : options_.registry;
        RETURN_IF_ERROR(note_sent({}, {}));
        ASSIGN_OR_RETURN(ggen_, make_ggen(room_, ggen_program_, registry, roots_));
        RETURN_IF_ERROR(note_sent("ggen", "ggen"));
        RETURN_IF_ERROR(add_peers());
        for (std::size_t round = 0; round < options_.rounds; ++round) RETURN_IF_ERROR(run_round(round));
        std::printf("%s: %llu files in %llu directories, %zu rounds; %s\n\n", room_.path.c_str(),
                    static_cast<unsigned long long>(floor_.files), static_cast<unsigned long long>(floor_.directories),
                    options_.rounds,
                    server_ ? "registries served from loopback" : "no server was given, so nothing is cold");
        costs_.print("ggen", fmt::format("a closure of {} packages asked for, case by case", roots_.size()));
        print_sent();
        return ok();
    }

private:
    Result<void> add_peers() {
        auto const registry = server_ ? server_->address() + "/npm/" : std::string{"https://registry.npmjs.org/"};
        for (auto const& peer : options_.peers) {
            auto const recipes = recipes_of(peer, options_.peers_directory, registry);
            if (!has_program(recipes.front().program)) {
                std::printf("%s is left out: there is no such program here\n", peer.c_str());
                continue;
            }
            for (auto const& recipe : recipes) {
                auto made = make_peer(room_, recipe, roots_);
                if (!made) {
                    std::printf("%s is left out: %s\n", recipe.name.c_str(), made.error().context.c_str());
                    continue;
                }
                RETURN_IF_ERROR(note_sent("npm", recipe.name));
                ASSIGN_OR_RETURN(auto const again, (*made)->install());
                static_cast<void>(again);
                peers_.push_back(*std::move(made));
                RETURN_IF_ERROR(note_sent({}, {}));
            }
        }
        return ok();
    }

    /// What `registry` sent since the last call belongs to `tool`; without names it is forgotten.
    Result<void> note_sent(std::string const& registry, std::string const& tool) {
        if (!server_) return ok();
        ASSIGN_OR_RETURN(auto const counts, server_->take_counts());
        if (auto const found = counts.find(registry); found != counts.end()) sent_.emplace_back(tool, found->second);
        return ok();
    }

    /// A first install: nothing is known, neither versions nor packages.
    void print_sent() const {
        if (sent_.empty()) return;
        Table table{{"first install, sent to", "requests", "metadata KB", "x ggen", "archives MB"}};
        constexpr double k_kb = 1e3;
        auto const ours = static_cast<double>(sent_.front().second.metadata_bytes);
        for (auto const& [tool, sent] : sent_) {
            auto const metadata = static_cast<double>(sent.metadata_bytes);
            table.add({tool, std::to_string(sent.requests), fmt::format("{:.1f}", metadata / k_kb),
                       fmt::format("{:.1f}", metadata / ours), format_mb(sent.archive_bytes)});
        }
        table.print();
        std::printf("ggen's metadata includes every proof. npm's documents hold all versions of a package, in the\n"
                    "abbreviated form and gzipped; this registry holds the versions that were imported.\n\n");
    }

    Result<void> measure(std::string const& what, Installer& tool) {
        ASSIGN_OR_RETURN(auto const cost, tool.install());
        costs_.add(what, tool.name(), cost);
        return ok();
    }

    Result<void> run_round(std::size_t round) {
        std::vector<Installer*> tools{ggen_.get()};
        for (auto const& peer : peers_) tools.push_back(peer.get());
        ggen_->lose_tree();
        ggen_->renew_files();
        RETURN_IF_ERROR(measure("activate, new checkout", *ggen_));
        // ggen does not trust the times of files that are younger than a second by a clock that counts whole ones; the
        // first look after that writes down what it saw.
        std::this_thread::sleep_for(std::chrono::milliseconds{2'100});
        ASSIGN_OR_RETURN(auto const looked, ggen_->install());
        static_cast<void>(looked);
        for (auto* const tool : tools) {
            tool->lose_tree();
            RETURN_IF_ERROR(measure("activate", *tool));
        }
        for (auto* const tool : tools) RETURN_IF_ERROR(measure("no-op", *tool));
        ggen_->lose_generations();
        RETURN_IF_ERROR(measure("new lock", *ggen_));
        ggen_->lose_tree();
        ASSIGN_OR_RETURN(auto const linked, ggen_->install_with({"--link", "hardlink"}));
        costs_.add("hardlink", "ggen", linked);
        ggen_->lose_tree();
        ASSIGN_OR_RETURN(auto const back, ggen_->install_with({"--link", "generation"}));
        static_cast<void>(back);
        ASSIGN_OR_RETURN(floor_, measure_link_floor(ggen_->project() + "/gpacks",
                                                    room_.path + "/floor-" + std::to_string(round)));
        Finished floor;
        floor.wall_ns = floor_.wall_ns;
        floor.cpu_ns = floor_.cpu_ns;
        costs_.add("hardlink", "floor", floor);
        // Cold installs write everything: three tell enough.
        constexpr std::size_t k_cold_rounds = 3;
        for (auto* const tool : tools) {
            if (!server_ || round >= k_cold_rounds) break;
            tool->lose_cache();
            RETURN_IF_ERROR(measure("cold", *tool));
        }
        return ok();
    }

    InstallComparisonOptions const& options_;
    std::string ggen_program_;
    Room& room_;
    std::vector<std::string> roots_;
    std::optional<Loopback> server_;
    std::unique_ptr<GgenInstaller> ggen_;
    std::vector<std::unique_ptr<Installer>> peers_;
    LinkFloor floor_;
    CostTable costs_;
    std::vector<std::pair<std::string, Loopback::Sent>> sent_;  // By tool, ggen first.
};

}  // namespace

Result<void> run_install_comparison(InstallComparisonOptions const& options) {
    auto const ggen = !options.ggen.empty() ? fs::absolute(options.ggen).string()
                                            : (fs::read_symlink("/proc/self/exe").parent_path() / "ggen").string();
    if (!has_program(ggen)) return Error{Errc::not_found, ggen + " is not there; build it, or name it with --ggen"};
    std::vector<std::string> roots;
    if (!options.registry.empty()) {
        ASSIGN_OR_RETURN(roots, read_roots(options.roots));
    }
    for (auto const& base : options.rooms) {
        FreshRoom room{base};
        if (!room.is_made()) return Error{Errc::io, "no directory can be made in " + base};
        begin_table_section(fmt::format("{} on {}", base, current_environment(base).file_system));
        if (!roots.empty()) RETURN_IF_ERROR(ClosureSuite{options, ggen, room.get(), roots}.run());
        RETURN_IF_ERROR(run_small_installs(room.get(), ggen, options.rounds));
        RETURN_IF_ERROR(run_concurrent_installs(room.get(), ggen, options.rounds));
        RETURN_IF_ERROR(run_store_suite(room.get().path));
    }
    return ok();
}

}  // namespace ggen::bench
