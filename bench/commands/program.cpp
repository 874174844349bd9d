#include "commands/program.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace ggen::bench {

int complain(Error const& error) {
    std::fprintf(stderr, "ggen-bench: %s\n", error.context.c_str());
    if (!error.help.empty()) std::fprintf(stderr, "  %s\n", error.help.c_str());
    switch (error.code) {
        case Errc::invalid:
        case Errc::not_found:
            return k_exit_usage;
        case Errc::unavailable:
            return k_exit_incomplete;
        default:
            return k_exit_failed;
    }
}

Result<std::string> read_text(std::string const& path) {
    std::ifstream file{path, std::ios::binary};
    if (!file) return Error{Errc::not_found, fmt::format("{}: cannot be read", path)};
    std::ostringstream text;
    text << file.rdbuf();
    return std::move(text).str();
}

Result<void> write_text(std::string const& path, std::string const& text) {
    auto const parent = std::filesystem::path{path}.parent_path();
    std::error_code failed;
    if (!parent.empty()) std::filesystem::create_directories(parent, failed);
    auto const temporary = path + ".new";
    {
        std::ofstream file{temporary, std::ios::binary};
        file << text;
        file.flush();
        if (!file) {
            std::filesystem::remove(temporary, failed);
            return Error{Errc::io, fmt::format("{}: cannot be written (no room?)", path)};
        }
    }
    std::filesystem::rename(temporary, path, failed);
    if (failed) return Error{Errc::io, fmt::format("{}: {}", path, failed.message())};
    return ok();
}

Result<ResultStore> open_store(Program const& program) {
    auto const parent = std::filesystem::path{program.shared.store}.parent_path();
    std::error_code ignored;
    if (!parent.empty()) std::filesystem::create_directories(parent, ignored);
    return ResultStore::open(program.shared.store);
}

std::string work_directory(Program const& program) {
    if (!program.shared.work.empty()) return program.shared.work;
    std::error_code ignored;
    return (std::filesystem::temp_directory_path(ignored) / fmt::format("ggen-bench-{:07}", ::getpid()))
        .string();
}

WorkGuard::WorkGuard(Program const& program)
    : path(program.shared.work.empty() ? work_directory(program) : "") {}

WorkGuard::~WorkGuard() {
    std::error_code ignored;
    if (!path.empty()) std::filesystem::remove_all(path, ignored);
}

}  // namespace ggen::bench
