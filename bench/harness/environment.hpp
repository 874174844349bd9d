#pragma once

#include <cstdint>
#include <string>

#include "codec/json.hpp"

namespace ggen::bench {

/// Where and with what figures were made. Times of two machines, exact counts of two toolchains, and anything
/// of two build types are not compared without saying so.
struct Environment {
    std::string cpu;     ///< Model name of /proc/cpuinfo.
    unsigned cores = 0;  ///< That this process may use.
    std::uint64_t memory_bytes = 0;
    std::string kernel;
    std::string virtualisation;  ///< "kvm", "none", … as the processor's flags and DMI tell.
    std::string compiler;        ///< That built this program.
    std::string build_type;      ///< "Release", "Debug", with "+asan" and so on behind.
    std::string libc;
    std::string libcrypto;
    std::string file_system;  ///< Of the directory that the tests work in.
    std::string version;      ///< Of ggen.
    std::string commit;       ///< Of the source that was built; "unknown" outside a work tree.
    /// What counted instructions, and the processor that programs saw meanwhile: "valgrind-3.19.0 …"; "" = not counted.
    std::string counter;

    /// Equal when times may be compared: cpu, cores, kernel, virtualisation, file system.
    [[nodiscard]] std::string machine_key() const;
    /// Equal when times may be compared, as far as the program is concerned: compiler, build type, libc, libcrypto.
    [[nodiscard]] std::string toolchain_key() const;
    /// Equal when exact counts may be compared: compiler, build type, counter. Another patch level of libc or libcrypto
    /// moves counts of their own functions alone, far below what is a loss; a warning tells.
    [[nodiscard]] std::string counting_key() const;

    [[nodiscard]] Json to_json() const;
    [[nodiscard]] static Result<Environment> from_json(Json const& json);
    friend bool operator==(Environment const&, Environment const&) = default;
};

/// Of this process. `work_directory` exists.
[[nodiscard]] Environment current_environment(std::string const& work_directory);

/// How disturbed the machine is: taken before and after a run.
struct Noise {
    double load_1min = 0;
    double steal_percent =
        0;  ///< Of processor time since the last call of `measure_noise`, by the hypervisor.
    double reference_ns = 0;  ///< Processor time of a fixed piece of work, the least of five.
    double reference_wall_ns = 0;
};
[[nodiscard]] Noise measure_noise();

}  // namespace ggen::bench
