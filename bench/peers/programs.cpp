#include "peers/programs.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "base/file_system.hpp"

namespace ggen::bench {
namespace {

constexpr std::chrono::hours k_time_limit{2};
constexpr std::size_t k_output_bytes_max = std::size_t{64} << 20U;
constexpr std::size_t k_message_bytes_max = 800;

std::string_view end_of(std::string_view text) {
    return text.substr(text.size() - std::min(text.size(), k_message_bytes_max));
}

}  // namespace

Command command_of(std::vector<std::string> words, std::map<std::string, std::string> const& extra,
                   std::string directory) {
    Command out;
    out.words = std::move(words);
    out.environment.reserve(extra.size());
    for (auto const& [name, value] : extra) out.environment.push_back(fmt::format("{}={}", name, value));
    out.directory = std::move(directory);
    out.time_limit = k_time_limit;
    out.output_bytes_max = k_output_bytes_max;
    out.is_quiet = true;
    return out;
}

Result<Finished> run_well(Command const& command) {
    ASSIGN_OR_RETURN(auto done, run_command(command));
    if (done.is_good()) return done;
    constexpr std::size_t k_shown_max = 200;
    auto const shown = fmt::format("{}", fmt::join(command.words, " ")).substr(0, k_shown_max);
    return Error{Errc::io, fmt::format("{}: {}: {}", shown, done.how_it_ended(),
                                       end_of(done.errors.empty() ? done.output : done.errors))};
}

Result<Finished> run_well(std::vector<std::string> words, std::map<std::string, std::string> const& extra) {
    return run_well(command_of(std::move(words), extra));
}

std::uint64_t instructions_of(std::vector<std::string> words, std::map<std::string, std::string> const& extra) {
    if (!has_program("valgrind")) return 0;
    char out_file[] = "/tmp/ggen-bench-callgrind-XXXXXX";
    int const fd = ::mkstemp(out_file);
    if (fd < 0) return 0;
    ::close(fd);
    std::vector<std::string> all{"valgrind", "--tool=callgrind", "--callgrind-out-file=" + std::string{out_file}};
    all.insert(all.end(), std::make_move_iterator(words.begin()), std::make_move_iterator(words.end()));
    auto const run = run_well(std::move(all), extra);
    auto const files = make_posix_file_system();
    auto const bytes = files->read_file(out_file, k_output_bytes_max);
    ::unlink(out_file);
    if (!run || !bytes) return 0;
    constexpr std::string_view k_total = "\ntotals: ";
    auto const text = as_text(*bytes);
    auto const at = text.rfind(k_total);
    if (at == std::string_view::npos) return 0;
    return std::strtoull(std::string{text.substr(at + k_total.size(), 24)}.c_str(), nullptr, 10);
}

}  // namespace ggen::bench
