#include "suites/node_program.hpp"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <string_view>

#include "suites/ggen_program.hpp"
#include "suites/seeded.hpp"

namespace ggen::bench {
namespace {

constexpr std::chrono::milliseconds k_start_limit{30'000};

/// "peer           12D3Koo…" -> "12D3Koo…", when the line begins with `name`.
std::string value_of(std::string_view line, std::string_view name) {
    if (!line.starts_with(name)) return "";
    auto const at = line.find_first_not_of(' ', name.size());
    return at == std::string_view::npos ? "" : std::string{line.substr(at)};
}

}  // namespace

Result<ProcessMemory> memory_of_process(std::string const& process) {
    std::ifstream file{"/proc/" + process + "/smaps_rollup"};
    ProcessMemory out;
    for (std::string line; std::getline(file, line);) {
        std::uint64_t* value = nullptr;
        if (line.starts_with("Rss:")) value = &out.resident_bytes;
        if (line.starts_with("Pss:")) value = &out.proportional_bytes;
        if (line.starts_with("Anonymous:")) value = &out.own_bytes;
        auto const at = line.find_first_of("0123456789");
        if (value == nullptr || at == std::string::npos) continue;
        std::from_chars(line.data() + at, line.data() + line.size(), *value);
        *value *= 1'024;
    }
    if (out.resident_bytes == 0)
        return Error{Errc::unavailable, fmt::format("/proc/{}/smaps_rollup cannot be read", process)};
    return out;
}

NodeProgram::NodeProgram(std::string program, std::string directory)
    : program_(std::move(program)), directory_(std::move(directory)) {}

Result<std::unique_ptr<NodeProgram>> NodeProgram::start(std::string const& directory,
                                                        std::vector<std::string> const& known) {
    ASSIGN_OR_RETURN(auto program, ggen_program());
    std::unique_ptr<NodeProgram> node{new NodeProgram{std::move(program), directory}};
    RETURN_IF_ERROR(node->files_->make_directories(node->project()));
    std::vector<std::string> words{"p2p", "start", "--listen", "/ip4/127.0.0.1/tcp/0", "--no-mdns"};
    for (auto const& address : known) {
        words.emplace_back("--bootstrap");
        words.push_back(address);
    }
    auto const start = node->command(std::move(words));
    ASSIGN_OR_RETURN(auto running, Conversation::start(start.words, start.environment));
    node->running_ = std::make_unique<Conversation>(std::move(running));
    while (node->address_.empty()) {
        ASSIGN_OR_RETURN(auto const line, node->running_->read(k_start_limit));
        if (auto value = value_of(line, "peer"); !value.empty()) node->peer_ = std::move(value);
        if (auto value = value_of(line, "pid"); !value.empty()) node->process_ = std::move(value);
        if (auto value = value_of(line, "address"); !value.empty()) node->address_ = std::move(value);
    }
    if (node->peer_.empty() || node->process_.empty())
        return Error{Errc::io, "`ggen p2p start` does not say who it is"};
    return node;
}

Command NodeProgram::command(std::vector<std::string> words) const {
    Command out;
    out.words = {program_};
    out.words.insert(out.words.end(), std::make_move_iterator(words.begin()), std::make_move_iterator(words.end()));
    out.directory = project();
    out.environment = {"HOME=" + directory_,
                       fmt::format("GGEN_CONFIG_DIR={}/config", directory_),
                       fmt::format("GGEN_CACHE_DIR={}/cache", directory_),
                       fmt::format("GGEN_DATA_DIR={}/data", directory_),
                       fmt::format("GGEN_STATE_DIR={}/state", directory_),
                       "NO_COLOR=1"};
    out.is_quiet = true;
    return out;
}

Result<std::string> NodeProgram::must(std::vector<std::string> words) const {
    auto const shown = fmt::format("ggen {}", fmt::join(words, " "));
    ASSIGN_OR_RETURN(auto done, run_command(command(std::move(words))));
    if (!done.is_good()) return Error{Errc::io, fmt::format("{}: {}: {}", shown, done.how_it_ended(), done.errors)};
    return std::move(done.output);
}

Result<Json> NodeProgram::ask(std::vector<std::string> words) const {
    words.emplace_back("--json");
    ASSIGN_OR_RETURN(auto const text, must(std::move(words)));
    return Json::parse(text);
}

Result<std::string> NodeProgram::make_package(std::string const& name, std::string const& word,
                                              std::size_t data_bytes) const {
    auto path = fmt::format("{}/packs/{}", directory_, name);
    RETURN_IF_ERROR(files_->make_directories(path));
    auto const manifest = fmt::format(
        "[gpack]\nname = \"{}\"\nversion = \"1.0.0\"\ndescription = \"{}\"\nlicense = \"MIT\"\n", name, word);
    Bytes data(data_bytes);
    SeededBytes{data_bytes}.fill(data);
    RETURN_IF_ERROR(files_->write_file_atomic(path + "/gpack.toml", to_bytes(manifest), Sync::none));
    RETURN_IF_ERROR(files_->write_file_atomic(path + "/README.md", to_bytes("# " + name + "\n"), Sync::none));
    RETURN_IF_ERROR(files_->write_file_atomic(path + "/data.bin", data, Sync::none));
    return path;
}

Result<void> NodeProgram::forget_installs() const {
    for (auto const* const part : {"/project", "/cache"}) RETURN_IF_ERROR(files_->remove_tree(directory_ + part));
    return files_->make_directories(project());
}

}  // namespace ggen::bench
