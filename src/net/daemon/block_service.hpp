#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/cancel.hpp"
#include "codec/json.hpp"
#include "net/daemon/control_server.hpp"
#include "net/p2p/node.hpp"
#include "node/block_shelf.hpp"

namespace ggen::p2p {

/// Blobs for nodes of IPFS (docs/protocols/p2p-bitswap.md): digests what is served once somebody wants blocks, and
/// again while he does. One thread of its own.
class BlockService {
public:
    /// `index_folder` holds what was digested. All but it outlive the service.
    BlockService(Node& node, FileSystem& files, ServedFolders const& served, std::string index_folder);
    ~BlockService();
    BlockService(BlockService const&) = delete;
    BlockService& operator=(BlockService const&) = delete;

    /// Adds the protocol to the node, before that runs in earnest.
    void start();
    void stop();
    void finish();

    /// `digests`: only these; none: all. `blobs`: digest, bytes and cid of each.
    [[nodiscard]] Result<Json> list(Json const& arguments, ControlSession const& session);
    /// Of the node's thread.
    [[nodiscard]] Json status() const;

private:
    void loop();
    void wake();

    Node& node_;
    BlockShelf shelf_;
    Bitswap core_;
    CancelToken stopping_;
    std::mutex mutex_;  // Held by who wakes the thread.
    std::condition_variable came_;
    std::thread thread_;
};

}  // namespace ggen::p2p
