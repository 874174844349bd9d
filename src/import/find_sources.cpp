#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "import/import_npm.hpp"

extern char** environ;

namespace ggen {
namespace {

constexpr int k_depth_max = 16;
constexpr std::size_t k_directories_max = 100'000;

/// The first line that `npm config get registry` prints, "" when npm is not there or fails.
std::string ask_npm() {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return {};
    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    std::string words[] = {"npm", "config", "get", "registry"};
    char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
    pid_t child = 0;
    int const status = ::posix_spawnp(&child, "npm", &actions, nullptr, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    std::string text;
    char buffer[512];
    while (status == 0 && text.size() < 4'096) {
        auto const n = ::read(ends[0], buffer, sizeof buffer);
        if (n <= 0) break;
        text.append(buffer, static_cast<std::size_t>(n));
    }
    ::close(ends[0]);
    int code = -1;
    if (status == 0) ::waitpid(child, &code, 0);
    return code == 0 ? text.substr(0, text.find('\n')) : std::string{};
}

Result<void> search(FileSystem& files, std::string const& directory, int depth, std::size_t& visited,
                    std::vector<std::string>& found) {
    if (depth > k_depth_max || ++visited > k_directories_max) {
        return Error{Errc::too_large, directory + ": too many or too deep directories to search for packages"};
    }
    ASSIGN_OR_RETURN(auto const entries, files.list(directory));
    auto const is_manifest = [](auto const& entry) {
        return entry.name == "gpack.toml" && entry.kind == FileKind::regular;
    };
    if (std::any_of(entries.begin(), entries.end(), is_manifest)) {
        found.push_back(directory);
        return ok();
    }
    for (auto const& entry : entries) {
        if (entry.kind != FileKind::directory || entry.name.starts_with('.')) continue;
        RETURN_IF_ERROR(search(files, join_path(directory, entry.name), depth + 1, visited, found));
    }
    return ok();
}

}  // namespace

Result<std::string> find_npm_registry(std::map<std::string, std::string> const& environment) {
    std::string url;
    for (auto const* key : {"npm_config_registry", "NPM_CONFIG_REGISTRY"}) {
        if (auto const at = environment.find(key); at != environment.end() && url.empty()) url = at->second;
    }
    if (url.empty()) url = ask_npm();
    if (!url.starts_with("http")) {
        return Error{Errc::not_found, ErrorId::import_source, "no npm registry is set up on this machine",
                     "name one with --from URL"};
    }
    while (url.ends_with('/')) url.pop_back();
    return url;
}

Result<std::vector<std::string>> find_packages(FileSystem& files, std::string const& directory) {
    std::vector<std::string> found;
    std::size_t visited = 0;
    RETURN_IF_ERROR(search(files, directory, 0, visited, found));
    return found;
}

}  // namespace ggen
