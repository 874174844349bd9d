// The commands of the network in a build that has none (-DGGEN_P2P=OFF).
#include "handlers.hpp"

namespace ggen::cli {
namespace {

Error absent() {
    return with_help(Error{Errc::invalid, "this program was built without the peer-to-peer network"},
                     "build it without -DGGEN_P2P=OFF");
}

}  // namespace

Result<ExitCode> run_p2p_ping(Context& /*context*/) { return absent(); }
Result<ExitCode> run_p2p_identify(Context& /*context*/) { return absent(); }
Result<ExitCode> run_p2p_perf(Context& /*context*/) { return absent(); }
Result<ExitCode> run_p2p_recover(Context& /*context*/) { return absent(); }
Result<ExitCode> run_p2p_blocks(Context& /*context*/) { return absent(); }
Result<ExitCode> run_p2p_publish(Context& /*context*/) { return absent(); }
Result<ExitCode> run_p2p_search(Context& /*context*/) { return absent(); }
Result<ExitCode> run_follow(Context& /*context*/) { return absent(); }
Result<ExitCode> run_unfollow(Context& /*context*/) { return absent(); }
Result<ExitCode> run_p2p_start(Context& /*context*/) { return absent(); }
Result<ExitCode> run_p2p_stop(Context& /*context*/) { return absent(); }
Result<ExitCode> run_p2p_status(Context& /*context*/) { return absent(); }
Result<ExitCode> run_p2p_unit(Context& /*context*/) { return absent(); }
Result<ExitCode> run_p2p_peer_list(Context& /*context*/) { return absent(); }
Result<ExitCode> run_p2p_peer_info(Context& /*context*/) { return absent(); }
Result<ExitCode> run_p2p_bootstrap(Context& /*context*/) { return absent(); }
Result<ExitCode> run_p2p_connect(Context& /*context*/) { return absent(); }
Result<ExitCode> run_p2p_disconnect(Context& /*context*/) { return absent(); }

}  // namespace ggen::cli
