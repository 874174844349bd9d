#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/result.hpp"
#include "peers/programs.hpp"

namespace ggen::bench {

/// The web server of a suite (tests/perf/loopback.py) on 127.0.0.1: below /ggen a registry folder, below /npm what
/// npm's registry answered once, kept in `mirror`. Ends with the object.
class Loopback {
public:
    /// Waits until it listens. Errors: io (it cannot be started, or does not say its port within a minute).
    static Result<Loopback> start(std::string const& script, std::string const& registry, std::string const& mirror);
    [[nodiscard]] std::string const& address() const { return address_; }  ///< "http://127.0.0.1:<port>"

    /// What was sent: bodies, not heads.
    struct Sent {
        std::uint64_t requests = 0;
        std::uint64_t metadata_bytes = 0;
        std::uint64_t archive_bytes = 0;
    };
    /// By registry ("ggen", "npm"), since it was asked last. Errors: io, corrupt.
    [[nodiscard]] Result<std::map<std::string, Sent>> take_counts() const;
    /// The answer of /count. Errors: corrupt.
    [[nodiscard]] static Result<std::map<std::string, Sent>> parse_counts(std::string const& text);

private:
    Loopback(BackgroundCommand child, std::string address) : child_(std::move(child)), address_(std::move(address)) {}
    BackgroundCommand child_;
    std::string address_;
};

}  // namespace ggen::bench
