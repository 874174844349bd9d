#include "loopback.hpp"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

namespace ggen::bench {

Result<Loopback> Loopback::start(std::string const& script, std::string const& registry, std::string const& mirror) {
    std::string port_file = (std::filesystem::temp_directory_path() / "ggen-bench-port-XXXXXX").string();
    int const fd = ::mkstemp(port_file.data());
    if (fd < 0) return Error{Errc::io, "no temporary file can be made"};
    ::close(fd);
    auto child = BackgroundChild::start(
        {{"python3", script, "--ggen", registry, "--npm", mirror.empty() ? port_file + ".npm" : mirror, "--port-file",
          port_file},
         {},
         {}});
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

}  // namespace ggen::bench
