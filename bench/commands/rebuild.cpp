#include "commands/rebuild.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "harness/process.hpp"

namespace ggen::bench {
namespace {

constexpr std::chrono::minutes k_build_limit{30};
constexpr std::size_t k_shown_bytes = 1'500;

Result<std::string> run_quiet(std::vector<std::string> words, std::string const& directory,
                              std::string const& doing) {
    Command command;
    command.words = std::move(words);
    command.directory = directory;
    command.time_limit = k_build_limit;
    command.is_quiet = true;
    ASSIGN_OR_RETURN(auto const done, run_command(command));
    if (done.is_good()) return done.output;
    auto text = done.output + done.errors;
    if (text.size() > k_shown_bytes) text = "…" + text.substr(text.size() - k_shown_bytes);
    return Error{Errc::unavailable, fmt::format("{}: {}\n{}", doing, done.how_it_ended(), text)};
}

}  // namespace

Result<std::string> build_revision(std::string const& revision,
                                   std::function<void(std::string const&)> const& talk) {
    auto hash = run_quiet({"git", "rev-parse", "--verify", "--quiet", revision + "^{commit}"}, "", "git");
    if (!hash) {
        return Error{Errc::not_found, ErrorId::none,
                     fmt::format("'{}' is no revision of a work tree here", revision),
                     "run this in ggen's source tree"};
    }
    while (!hash->empty() && hash->back() == '\n') hash->pop_back();
    auto const tree =
        std::filesystem::absolute(fmt::format(".ggen-bench/revisions/{}", hash->substr(0, 12))).string();
    auto const program = tree + "/build/release/bin/ggen-bench";
    if (std::filesystem::exists(program)) return program;
    talk(fmt::format("building {} in {}", hash->substr(0, 12), tree));
    if (!std::filesystem::exists(tree)) {
        RETURN_IF_ERROR(run_quiet({"git", "worktree", "add", "--detach", tree, *hash}, "", "git worktree"));
    }
    RETURN_IF_ERROR(run_quiet({"cmake", "--preset", "release"}, tree, "configure " + revision));
    RETURN_IF_ERROR(run_quiet({"cmake", "--build", "build/release", "--target", "ggen-bench"}, tree,
                              "build " + revision));
    if (!std::filesystem::exists(program)) {
        return Error{Errc::unavailable, fmt::format("{} has no ggen-bench", revision)};
    }
    return program;
}

}  // namespace ggen::bench
