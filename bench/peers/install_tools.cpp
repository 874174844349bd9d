#include "peers/install_tools.hpp"

#include <filesystem>
#include <fstream>
#include <utility>

namespace ggen::bench {
namespace {

namespace fs = std::filesystem;

void write_text(fs::path const& path, std::string const& text) {
    fs::create_directories(path.parent_path());
    std::ofstream{path, std::ios::binary} << text;
}

class Ggen final : public GgenInstaller {
public:
    Ggen(Room& room, std::string program) : room_(room), program_(std::move(program)) {}

    Result<void> prepare(std::string const& registry, std::vector<std::string> const& roots) {
        fs::create_directories(project());
        RETURN_IF_ERROR(run({"registry", "add", registry, "--alias", "npm", "--default"}));
        std::vector<std::string> words{"--project", project(), "install"};
        for (auto const& root : roots) words.push_back(root.starts_with('@') ? root.substr(1) : "npm/" + root);
        return run(words);
    }

    [[nodiscard]] std::string name() const override { return "ggen"; }
    void lose_tree() override { room_.park(project() + "/gpacks"); }
    void lose_cache() override {
        lose_tree();
        room_.park(home() + "/cache");
    }
    Result<Finished> install() override { return install_with({}); }
    void renew_files() override {
        for (auto const* const name : {"ggen.lock", "ggen.lock.proofs"}) {
            auto const file = project() + "/" + name;
            fs::copy_file(file, file + ".new");
            fs::rename(file + ".new", file);
        }
    }
    void lose_generations() override {
        room_.park(home() + "/cache/store/env");
        lose_tree();
    }
    Result<Finished> install_with(std::vector<std::string> const& more) override {
        std::vector<std::string> words{program_, "--project", project(), "install"};
        words.insert(words.end(), more.begin(), more.end());
        return run_well(command_of(std::move(words), ggen_environment(home())));
    }

    [[nodiscard]] std::string project() const override { return room_.path + "/ggen"; }

private:
    [[nodiscard]] std::string home() const { return room_.path + "/ggen-home"; }

    Result<void> run(std::vector<std::string> words) {
        words.insert(words.begin(), program_);
        RETURN_IF_ERROR(run_well(command_of(std::move(words), ggen_environment(home()))));
        return ok();
    }

    Room& room_;
    std::string program_;
};

class Peer final : public Installer {
public:
    Peer(Room& room, PeerRecipe recipe) : room_(room), recipe_(std::move(recipe)) {
        for (auto& c : folder_ = recipe_.name) {
            if (c == ' ') c = '-';
        }
    }

    Result<void> prepare(std::vector<std::string> const& roots) {
        std::string needs;
        for (auto const& root : roots) needs += (needs.empty() ? "\"" : ", \"") + root + "\": \"*\"";
        write_text(project() + "/package.json",
                   "{\"name\": \"bench\", \"version\": \"1.0.0\", \"private\": true,\n\"dependencies\": {" + needs +
                       "}}\n");
        for (auto const& [path, text] : recipe_.files) write_text(project() + "/" + path, text);
        fs::create_directories(home());
        ASSIGN_OR_RETURN(auto const first, run(recipe_.first));
        static_cast<void>(first);
        return ok();
    }

    [[nodiscard]] std::string name() const override { return recipe_.name; }
    void lose_tree() override { room_.park(project() + "/node_modules"); }
    void lose_cache() override {
        lose_tree();
        room_.park(home());
        fs::create_directories(home());
    }
    Result<Finished> install() override { return run(recipe_.again); }

private:
    [[nodiscard]] std::string project() const { return room_.path + "/" + folder_; }
    [[nodiscard]] std::string home() const { return room_.path + "/" + folder_ + "-home"; }

    Result<Finished> run(std::vector<std::string> words) {
        words.insert(words.begin(), recipe_.program);
        std::map<std::string, std::string> extra{{"HOME", home()}, {"CI", "1"}};
        for (auto const& [name, folder] : recipe_.caches) extra[name] = home() + "/" + folder;
        return run_well(command_of(std::move(words), extra, project()));
    }

    Room& room_;
    PeerRecipe recipe_;
    std::string folder_;
};

std::string found(std::string const& name, std::string const& directory) {
    auto const own = directory + "/node_modules/.bin/" + name;
    return !directory.empty() && has_program(own) ? own : name;
}

}  // namespace

void Room::park(std::string const& what) {
    if (!fs::exists(fs::symlink_status(what))) return;
    fs::create_directories(path + "/parked");
    fs::rename(what, path + "/parked/" + std::to_string(parked++));
}

std::map<std::string, std::string> ggen_environment(std::string const& home) {
    return {{"GGEN_CONFIG_DIR", home + "/config"}, {"GGEN_CACHE_DIR", home + "/cache"},
            {"GGEN_DATA_DIR", home + "/data"},     {"GGEN_STATE_DIR", home + "/state"},
            {"NO_COLOR", "1"}};
}

Result<std::unique_ptr<GgenInstaller>> make_ggen(Room& room, std::string const& program, std::string const& registry,
                                             std::vector<std::string> const& roots) {
    auto ggen = std::make_unique<Ggen>(room, program);
    RETURN_IF_ERROR(ggen->prepare(registry, roots));
    return std::unique_ptr<GgenInstaller>{std::move(ggen)};
}

std::vector<PeerRecipe> recipes_of(std::string const& peer, std::string const& directory,
                                   std::string const& registry) {
    auto const program = found(peer, directory);
    std::map<std::string, std::string> const npmrc{{".npmrc", "registry=" + registry + "\n"}};
    using Words = std::vector<std::string>;
    if (peer == "bun") {
        std::vector<PeerRecipe> recipes;
        for (std::string const linker : {"hoisted", "isolated"}) {
            Words const first{"install", "--ignore-scripts", "--no-progress", "--linker", linker};
            Words again = first;
            again.emplace_back("--frozen-lockfile");
            std::map<std::string, std::string> const caches{{"BUN_INSTALL_CACHE_DIR", "bun-cache"}};
            recipes.push_back({"bun " + linker, program, first, again, npmrc, caches});
        }
        return recipes;
    }
    if (peer == "pnpm") {
        Words const first{"install", "--ignore-scripts", "--reporter=silent", "--no-frozen-lockfile"};
        Words const again{"install", "--ignore-scripts", "--reporter=silent", "--frozen-lockfile"};
        std::map<std::string, std::string> const homes{{"XDG_DATA_HOME", "data"}, {"XDG_CACHE_HOME", "cache"}};
        auto global = npmrc;
        global["pnpm-workspace.yaml"] = "enableGlobalVirtualStore: true\n";
        return {{"pnpm isolated", program, first, again, npmrc, homes},
                {"pnpm global", program, first, again, global, homes}};
    }
    Words const quiet{"install", "--ignore-scripts", "--no-audit", "--no-fund"};
    Words const again{"install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"};
    return {{"npm", program, quiet, again, npmrc, {{"npm_config_cache", "npm-cache"}}}};
}

Result<std::unique_ptr<Installer>> make_peer(Room& room, PeerRecipe const& recipe,
                                             std::vector<std::string> const& roots) {
    auto peer = std::make_unique<Peer>(room, recipe);
    RETURN_IF_ERROR(peer->prepare(roots));
    return std::unique_ptr<Installer>{std::move(peer)};
}

}  // namespace ggen::bench
