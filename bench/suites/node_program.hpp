#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.hpp"
#include "codec/json.hpp"
#include "harness/process.hpp"

namespace ggen::bench {

/// What the kernel says that a process holds.
struct ProcessMemory {
    std::uint64_t resident_bytes = 0;      ///< With pages that it shares.
    std::uint64_t proportional_bytes = 0;  ///< Shared pages by their share.
    std::uint64_t own_bytes = 0;           ///< Anonymous pages.
};
/// From /proc/<process>/smaps_rollup; `process` is a number or "self". Errors: unavailable (it cannot be read).
[[nodiscard]] Result<ProcessMemory> memory_of_process(std::string const& process);

/// A node as users run it: `ggen p2p start` in a process of its own, with state of its own, on loopback. Ended with its
/// object.
class NodeProgram {
public:
    /// Returns when it takes commands. `known`: addresses of peers that it connects to at once. Errors: unavailable (no
    /// ggen), timed_out, io.
    static Result<std::unique_ptr<NodeProgram>> start(std::string const& directory,
                                                      std::vector<std::string> const& known = {});

    /// `ggen` with `words` as the user of this node.
    [[nodiscard]] Command command(std::vector<std::string> words) const;
    /// Runs that; what it printed. Errors: io (another exit than 0, with what it said).
    [[nodiscard]] Result<std::string> must(std::vector<std::string> words) const;
    /// With --json. Errors: as `must`; invalid.
    [[nodiscard]] Result<Json> ask(std::vector<std::string> words) const;

    /// A folder with a package of that name and one word of description; its path.
    [[nodiscard]] Result<std::string> make_package(std::string const& name, std::string const& word,
                                                   std::size_t data_bytes) const;
    /// Empties the project, and all that was fetched for installs.
    [[nodiscard]] Result<void> forget_installs() const;

    [[nodiscard]] std::string const& peer() const { return peer_; }
    [[nodiscard]] std::string const& address() const { return address_; }
    [[nodiscard]] std::string const& process() const { return process_; }
    [[nodiscard]] std::string project() const { return directory_ + "/project"; }
    [[nodiscard]] FileSystem& files() const { return *files_; }

private:
    NodeProgram(std::string program, std::string directory);

    std::string program_;
    std::string directory_;
    std::unique_ptr<FileSystem> files_ = make_posix_file_system();
    std::unique_ptr<Conversation> running_;
    std::string peer_;
    std::string address_;
    std::string process_;
};

}  // namespace ggen::bench
