#include "exit_code.hpp"

#include <array>

namespace ggen::cli {
namespace {

constexpr std::array k_rows = {
    ExitCodeRow{ExitCode::ok, "done"},
    ExitCodeRow{ExitCode::failed, "failed: disk, configuration or manifest; a check found a fault"},
    ExitCodeRow{ExitCode::usage, "the command line cannot be understood"},
    ExitCodeRow{ExitCode::not_found, "the package, version, registry or file does not exist"},
    ExitCodeRow{ExitCode::not_authorised, "no signing key, or a key that does not own the name"},
    ExitCodeRow{ExitCode::conflict, "it exists already, cannot change, or somebody else holds it"},
    ExitCodeRow{ExitCode::refused, "integrity, signature or policy says no"},
    ExitCodeRow{ExitCode::network, "a server cannot be reached or does not answer as it should"},
    ExitCodeRow{ExitCode::no_solution, "no set of versions satisfies every requirement"},
    ExitCodeRow{ExitCode::offline, "the network is off and the file is not in the cache"},
    ExitCodeRow{ExitCode::update_available, "outdated --exit-code: a newer version exists"},
    ExitCodeRow{ExitCode::cancelled, "stopped by Ctrl-C"},
};

}  // namespace

std::span<ExitCodeRow const> exit_code_rows() { return k_rows; }

ExitCode exit_code_of(Error const& error) {
    switch (error.id) {
        case ErrorId::usage: return ExitCode::usage;
        case ErrorId::key_missing:
        case ErrorId::not_owner: return ExitCode::not_authorised;
        case ErrorId::target_occupied:
        case ErrorId::lockfile_out_of_date: return ExitCode::conflict;
        case ErrorId::resolution_impossible:
        case ErrorId::resolution_limit: return ExitCode::no_solution;
        case ErrorId::archive_too_large: return ExitCode::refused;
        case ErrorId::http_too_large:
        case ErrorId::http_too_slow:
        case ErrorId::http_failed: return error.code == Errc::not_found ? ExitCode::not_found : ExitCode::network;
        default: break;
    }
    switch (error.code) {
        case Errc::not_found: return ExitCode::not_found;
        case Errc::corrupt:
        case Errc::refused: return ExitCode::refused;
        case Errc::conflict: return ExitCode::conflict;
        case Errc::timed_out:
        case Errc::unavailable: return ExitCode::network;
        case Errc::offline: return ExitCode::offline;
        case Errc::cancelled: return ExitCode::cancelled;
        case Errc::invalid:
        case Errc::too_large:
        case Errc::io:
        case Errc::internal: return ExitCode::failed;
    }
    return ExitCode::failed;
}

}  // namespace ggen::cli
