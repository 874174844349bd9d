#include "net/daemon/peer_source.hpp"

#include <utility>

#include "net/daemon/node_thread.hpp"

namespace ggen::p2p {

Result<Bytes> PeerSource::read(std::string const& path, std::uint64_t bytes_max) {
    auto const answer = std::make_shared<Answer<Result<Bytes>>>();
    node_.post([exchange = &exchange_, holder = holder_, log = log_, path, bytes_max, answer] {
        exchange->fetch(holder, log, path, bytes_max, std::chrono::steady_clock::now(),
                        [answer](Result<Bytes> bytes) { answer->give(std::move(bytes)); });
    });
    auto bytes = answer->wait(check_, std::chrono::steady_clock::now() + k_peer_object_max);
    if (!bytes) return std::move(bytes).error();
    return *std::move(bytes);
}

}  // namespace ggen::p2p
