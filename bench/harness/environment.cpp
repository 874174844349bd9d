#include "harness/environment.hpp"

#include <fmt/format.h>
#include <gnu/libc-version.h>
#include <sched.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "crypto/digest.hpp"
#include "crypto/library.hpp"
#include "measure.hpp"

#ifndef GGEN_BUILD_TYPE
#define GGEN_BUILD_TYPE "unknown"
#endif
#ifndef GGEN_COMMIT
#define GGEN_COMMIT "unknown"
#endif
#ifndef GGEN_VERSION
#define GGEN_VERSION "unknown"
#endif

namespace ggen::bench {
namespace {

std::string first_line(char const* path) {
    std::ifstream file{path};
    std::string line;
    std::getline(file, line);
    return line;
}

/// The value of the first "key : value" line of /proc/cpuinfo.
std::string cpu_field(std::string_view key) {
    std::ifstream file{"/proc/cpuinfo"};
    std::string line;
    while (std::getline(file, line)) {
        auto const colon = line.find(':');
        if (colon == std::string::npos || !line.starts_with(key)) continue;
        auto const begin = line.find_first_not_of(" \t", colon + 1);
        return begin == std::string::npos ? std::string{} : line.substr(begin);
    }
    return "unknown";
}

unsigned usable_cores() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    return static_cast<unsigned>(CPU_COUNT(&set));
}

std::string virtualisation() {
    if ((" " + cpu_field("flags") + " ").find(" hypervisor ") == std::string::npos) return "none";
    auto const vendor = first_line("/sys/class/dmi/id/sys_vendor");
    return vendor.empty() ? "hypervisor" : "hypervisor " + vendor;
}

std::string file_system_of(std::string const& directory) {
    struct statfs info{};
    if (::statfs(directory.c_str(), &info) != 0) return "unknown";
    switch (static_cast<std::uint64_t>(info.f_type)) {
        case 0xEF53:
            return "ext4";
        case 0x01021994:
            return "tmpfs";
        case 0x58465342:
            return "xfs";
        case 0x9123683E:
            return "btrfs";
        case 0x794C7630:
            return "overlayfs";
        default:
            return fmt::format("0x{:x}", static_cast<std::uint64_t>(info.f_type));
    }
}

std::string compiler() {
#if defined(__clang__)
    return "clang " __clang_version__;
#else
    return "gcc " __VERSION__;
#endif
}

std::string build_type() {
    std::string out = GGEN_BUILD_TYPE;
#if defined(__SANITIZE_ADDRESS__)
    out += "+asan";
#endif
#if defined(__SANITIZE_THREAD__)
    out += "+tsan";
#endif
    return out;
}

struct ProcessorTicks {
    std::uint64_t all = 0;
    std::uint64_t stolen = 0;
};
ProcessorTicks processor_ticks() {
    std::istringstream line{first_line("/proc/stat")};
    std::string name;
    line >> name;
    ProcessorTicks out;
    constexpr int k_steal_column = 7;
    std::uint64_t ticks = 0;
    for (int column = 0; column <= k_steal_column && line >> ticks; ++column) {
        out.all += ticks;
        if (column == k_steal_column) out.stolen = ticks;
    }
    return out;
}

constexpr std::array<std::pair<char const*, std::string Environment::*>, 10> k_texts{{
    {"cpu", &Environment::cpu},
    {"kernel", &Environment::kernel},
    {"virtualisation", &Environment::virtualisation},
    {"compiler", &Environment::compiler},
    {"build_type", &Environment::build_type},
    {"libc", &Environment::libc},
    {"libcrypto", &Environment::libcrypto},
    {"file_system", &Environment::file_system},
    {"version", &Environment::version},
    {"commit", &Environment::commit},
}};

}  // namespace

std::string Environment::machine_key() const {
    return fmt::format("{} x{}, {}, {}, {}", cpu, cores, kernel, virtualisation, file_system);
}

std::string Environment::toolchain_key() const {
    return fmt::format("{}, {}, glibc {}, {}", compiler, build_type, libc, libcrypto);
}

std::string Environment::counting_key() const { return fmt::format("{}, {}, {}", compiler, build_type, counter); }

Json Environment::to_json() const {
    auto out = Json::object();
    for (auto const& [key, member] : k_texts) out.set(key, this->*member);
    out.set("cores", static_cast<std::int64_t>(cores));
    out.set("memory_bytes", memory_bytes);
    if (!counter.empty()) out.set("counter", counter);
    return out;
}

Result<Environment> Environment::from_json(Json const& json) {
    Environment out;
    for (auto const& [key, member] : k_texts) {
        auto const* const value = json.find(key);
        if (value == nullptr || value->if_string() == nullptr) {
            return Error{Errc::invalid, fmt::format("the environment has no text '{}'", key)};
        }
        out.*member = *value->if_string();
    }
    auto const* const cores = json.find("cores");
    auto const* const memory = json.find("memory_bytes");
    if (cores == nullptr || memory == nullptr || !cores->is_integer() || !memory->is_integer()) {
        return Error{Errc::invalid, "the environment has no number of cores or bytes of memory"};
    }
    out.cores = static_cast<unsigned>(*cores->if_integer());
    out.memory_bytes = static_cast<std::uint64_t>(*memory->if_integer());
    if (auto const* const counter = json.find("counter"); counter != nullptr && counter->if_string() != nullptr)
        out.counter = *counter->if_string();
    return out;
}

Environment current_environment(std::string const& work_directory) {
    Environment out;
    out.cpu = cpu_field("model name");
    out.cores = usable_cores();
    out.memory_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                       static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    utsname system{};
    if (::uname(&system) == 0) out.kernel = fmt::format("{} {}", system.sysname, system.release);
    out.virtualisation = virtualisation();
    out.compiler = compiler();
    out.build_type = build_type();
    out.libc = ::gnu_get_libc_version();
    out.libcrypto = crypto_library_version();
    out.file_system = file_system_of(work_directory);
    out.version = GGEN_VERSION;
    out.commit = GGEN_COMMIT;
    return out;
}

Noise measure_noise() {
    static auto last = processor_ticks();
    auto const now = processor_ticks();
    Noise out;
    if (now.all > last.all) {
        out.steal_percent =
            100 * static_cast<double>(now.stolen - last.stolen) / static_cast<double>(now.all - last.all);
    }
    last = now;
    std::istringstream load{first_line("/proc/loadavg")};
    load >> out.load_1min;
    Bytes const block(1U << 20U, 0x5a);
    for (int i = 0; i < 5; ++i) {
        auto const cpu = process_cpu_ns();
        auto const wall = now_ns();
        static_cast<void>(sha256(block));
        auto const cpu_ns = static_cast<double>(process_cpu_ns() - cpu);
        if (i == 0 || cpu_ns < out.reference_ns) out.reference_ns = cpu_ns;
        auto const wall_ns = static_cast<double>(now_ns() - wall);
        if (i == 0 || wall_ns < out.reference_wall_ns) out.reference_wall_ns = wall_ns;
    }
    return out;
}

}  // namespace ggen::bench
