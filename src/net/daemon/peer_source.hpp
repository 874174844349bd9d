#pragma once

#include <functional>
#include <string>

#include "crypto/digest.hpp"
#include "net/p2p/node.hpp"
#include "node/peer_exchange.hpp"
#include "registry/source.hpp"

namespace ggen::p2p {

/// How long one file of a log may take to come from a peer.
inline constexpr std::chrono::seconds k_peer_object_max{30};

/// A registry as one peer shows it: every file is asked of that peer alone, so that what is wrong is its doing. Blocks
/// the calling thread; thread-safe. `check` is asked while it waits.
class PeerSource final : public RegistrySource {
public:
    using Check = std::function<Result<void>()>;

    PeerSource(Node& node, PeerExchange& exchange, Holder holder, Digest log, Check check)
        : node_(node), exchange_(exchange), holder_(std::move(holder)), log_(log), check_(std::move(check)) {}

    Result<Bytes> read(std::string const& path, std::uint64_t bytes_max) override;
    Result<Bytes> read_blob(Digest const& digest, std::uint64_t bytes_max) override {
        return read(blob_path(digest), bytes_max);
    }
    [[nodiscard]] std::string describe() const override { return "peer " + holder_.peer.text(); }

private:
    Node& node_;
    PeerExchange& exchange_;
    Holder holder_;
    Digest log_;
    Check check_;
};

}  // namespace ggen::p2p
