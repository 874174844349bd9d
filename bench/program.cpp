#include "program.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "base/file_system.hpp"
#include "measure.hpp"

namespace ggen::bench {
namespace {

constexpr std::size_t k_output_bytes_max = std::size_t{64} << 20U;

std::uint64_t nanoseconds(timeval const& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_usec) * 1'000;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> out;
    out.reserve(texts.size() + 1);
    for (auto& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

std::vector<std::string> environment_with(std::map<std::string, std::string> const& extra) {
    std::vector<std::string> out;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        std::string text{*entry};
        if (!extra.contains(text.substr(0, text.find('=')))) out.push_back(std::move(text));
    }
    for (auto const& [name, value] : extra) {
        auto& variable = out.emplace_back(name);
        variable += '=';
        variable += value;
    }
    return out;
}

std::string drain(int fd) {
    std::string out;
    char buffer[16'384];
    for (;;) {
        auto const count = ::read(fd, buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        if (out.size() < k_output_bytes_max) out.append(buffer, static_cast<std::size_t>(count));
    }
    ::close(fd);
    return out;
}

}  // namespace

Result<ProgramRun> run_program(std::vector<std::string> words, std::map<std::string, std::string> const& extra,
                               bool is_quiet) {
    auto const name = words.at(0);
    auto variables = environment_with(extra);
    auto const arguments = pointers_to(words);
    auto const environment = pointers_to(variables);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return Error{Errc::io, "no pipe to " + name};
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    if (is_quiet) ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child = 0;
    ProgramRun out;
    auto const start = now_ns();
    int const code = ::posix_spawnp(&child, name.c_str(), &actions, nullptr, arguments.data(), environment.data());
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (code != 0) {
        ::close(ends[0]);
        return Error{Errc::io, name + " does not start"};
    }
    out.output = drain(ends[0]);
    int status = 0;
    rusage usage{};
    while (::wait4(child, &status, 0, &usage) < 0 && errno == EINTR) {
    }
    out.wall_ns = now_ns() - start;
    out.cpu_ns = nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
    out.peak_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1'024;
    if (!WIFEXITED(status)) return Error{Errc::io, name + " was killed"};
    out.exit_code = WEXITSTATUS(status);
    return out;
}

Result<ProgramRun> run_well(std::vector<std::string> words, std::map<std::string, std::string> const& extra) {
    auto const name = words.at(0);
    ASSIGN_OR_RETURN(auto run, run_program(std::move(words), extra));
    if (run.exit_code == 0) return run;
    return Error{Errc::io, name + " ended with exit code " + std::to_string(run.exit_code)};
}

std::uint64_t instructions_of(std::vector<std::string> words, std::map<std::string, std::string> const& extra) {
    if (!is_on_path("valgrind")) return 0;
    char out_file[] = "/tmp/ggen-bench-callgrind-XXXXXX";
    int const fd = ::mkstemp(out_file);
    if (fd < 0) return 0;
    ::close(fd);
    std::vector<std::string> all{"valgrind", "--tool=callgrind", "--callgrind-out-file=" + std::string{out_file}};
    all.insert(all.end(), words.begin(), words.end());
    auto const run = run_program(std::move(all), extra, true);
    auto const files = make_posix_file_system();
    auto const bytes = files->read_file(out_file, k_output_bytes_max);
    ::unlink(out_file);
    if (!run || run->exit_code != 0 || !bytes) return 0;
    constexpr std::string_view k_total = "\ntotals: ";
    auto const text = as_text(*bytes);
    auto const at = text.rfind(k_total);
    if (at == std::string_view::npos) return 0;
    return std::strtoull(std::string{text.substr(at + k_total.size(), 24)}.c_str(), nullptr, 10);
}

bool is_on_path(std::string const& name) {
    char const* const variable = std::getenv("PATH");
    std::string_view rest{variable != nullptr ? variable : ""};
    while (!rest.empty()) {
        auto const end = std::min(rest.find(':'), rest.size());
        if (::access(join_path(rest.substr(0, end), name).c_str(), X_OK) == 0) return true;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return false;
}

}  // namespace ggen::bench
