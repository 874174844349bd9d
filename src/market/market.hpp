#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/cancel.hpp"
#include "base/file_system.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "market/config.hpp"
#include "registry/source.hpp"
#include "registry/witness.hpp"

namespace ggen {

/// Port: turns a location into something readable. Folders are opened by `market` itself; addresses by
/// the HTTP client in `net`.
class SourceOpener {
public:
    virtual ~SourceOpener() = default;
    /// Errors: invalid (url_invalid), unavailable.
    virtual Result<std::unique_ptr<RegistrySource>> open(std::string const& location) = 0;
    /// Asks the witness at `place` (an address, or where a peer is: /ip4/…/p2p/PEER, or its id) to cosign: `body` is an
    /// add-checkpoint request. From any thread. Errors: invalid (url_invalid), unavailable, timed_out, cancelled.
    virtual Result<WitnessAnswer> ask_witness(std::string const& place, std::string const& body);
};

/// Something worth telling while an operation runs.
struct ProgressEvent {
    enum class Kind : std::uint8_t {
        phase,          ///< `text` names it: "resolve", "fetch", "install".
        fetch_started,  ///< `text` = name@version, `total_bytes`.
        fetch_progress,  ///< `text`, `done` of `total` bytes of a large package.
        fetch_shares,    ///< `blob`, `done` of `total` bytes of an archive that peers bring, and their `shares`.
        fetch_done,
        package_done,
        warning,
    };
    Kind kind;
    std::string text;
    std::uint64_t done = 0;   ///< Packages or bytes so far.
    std::uint64_t total = 0;  ///< 0 = unknown.
    std::uint64_t bytes = 0;
    std::string source{};  ///< Where a fetched package comes from, as its registry is known.
    std::string blob{};    ///< Digest of its archive.
    std::vector<std::pair<std::string, std::uint64_t>> shares{};  ///< Bytes by source, largest first.
};
class Observer {
public:
    virtual ~Observer() = default;
    /// May be called from worker threads, one call at a time.
    virtual void on_event(ProgressEvent const& event) = 0;
};

/// Everything that an operation stands on. All members outlive every operation.
struct Market {
    FileSystem& files;
    Clock& clock;
    Random& random;
    Logger& log;
    SourceOpener& opener;
    Observer& observer;
    CancelToken& cancel;
    Directories directories;
    Config config;
    std::string project_directory;  ///< Where ggen.lock and gpacks/ stand; absolute.
};

}  // namespace ggen
