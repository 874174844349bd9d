#pragma once

#include <memory>
#include <string>

#include "base/file_system.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "base/wake_event.hpp"
#include "codec/json.hpp"
#include "market/market.hpp"
#include "node/profile.hpp"
#include "node/settings.hpp"

namespace ggen::p2p {

/// What a daemon stands on. All references outlive it.
struct DaemonOptions {
    Profile profile;
    Settings settings;
    std::string agent;
    FileSystem& files;
    Clock& clock;
    Random& random;
    Logger& log;
    SourceOpener& opener;  ///< Of folders and web servers that hold a followed registry too.
};

/// The node of a profile as a process: identity, sockets, control socket. One per profile, held by a kernel lock.
class Daemon {
public:
    /// Listens at all addresses and takes commands when this returns. Errors: conflict (p2p_node_runs), refused
    /// (config_untrusted), invalid (an address), unavailable (an address cannot be listened at), io.
    [[nodiscard]] static Result<std::unique_ptr<Daemon>> start(DaemonOptions options);
    ~Daemon();
    Daemon(Daemon const&) = delete;
    Daemon& operator=(Daemon const&) = delete;

    /// Who and where: what `p2p start` says.
    [[nodiscard]] Json const& report() const;
    /// Until `stop` is called, which a signal handler may do, or `p2p stop`; says farewell to the peers. Blocks, and
    /// wakes for work alone. Once. Errors: io (no descriptor left).
    [[nodiscard]] Result<void> run(WakeEvent const& stop);

private:
    struct Impl;
    explicit Daemon(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace ggen::p2p
