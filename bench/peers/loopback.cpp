#include "peers/loopback.hpp"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "peers/programs.hpp"

namespace ggen::bench {

Result<Loopback> Loopback::start(std::string const& script, std::string const& registry, std::string const& mirror) {
    std::string port_file = (std::filesystem::temp_directory_path() / "ggen-bench-port-XXXXXX").string();
    int const fd = ::mkstemp(port_file.data());
    if (fd < 0) return Error{Errc::io, "no temporary file can be made"};
    ::close(fd);
    auto child = BackgroundCommand::start(
        command_of({"python3", script, "--ggen", registry, "--npm", mirror.empty() ? port_file + ".npm" : mirror,
                    "--port-file", port_file}));
    if (!child) return std::move(child).error();
    constexpr int k_tries = 6'000;
    for (int tried = 0; tried < k_tries; ++tried) {
        std::string port;
        if (std::ifstream{port_file} >> port && !port.empty()) {
            std::filesystem::remove(port_file);
            return Loopback{*std::move(child), "http://127.0.0.1:" + port};
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    std::filesystem::remove(port_file);
    return Error{Errc::io, script + " does not say its port"};
}

Result<std::map<std::string, Loopback::Sent>> Loopback::take_counts() const {
    constexpr char const* k_ask = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read().decode())";
    ASSIGN_OR_RETURN(auto const asked, run_well({"python3", "-c", k_ask, address_ + "/count"}));
    return parse_counts(asked.output);
}

Result<std::map<std::string, Loopback::Sent>> Loopback::parse_counts(std::string const& text) {
    std::map<std::string, Sent> out;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        if (line.empty()) continue;
        std::istringstream words{line};
        std::string name;
        std::string keys[3];
        Sent sent;
        words >> name >> keys[0] >> sent.requests >> keys[1] >> sent.metadata_bytes >> keys[2] >> sent.archive_bytes;
        if (!words || keys[0] != "requests" || keys[1] != "metadata" || keys[2] != "archives")
            return Error{Errc::corrupt, "the server counts in another form: " + line};
        out.emplace(name, sent);
    }
    return out;
}

}  // namespace ggen::bench
