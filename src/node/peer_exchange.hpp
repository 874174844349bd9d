#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "codec/multiaddr.hpp"
#include "codec/peer_id.hpp"
#include "crypto/digest.hpp"
#include "p2p/protocol/protocol.hpp"

namespace ggen::p2p {

class ContentProvider;
class Ledger;

/// A peer that may have something, with addresses when they are known.
struct Holder {
    PeerId peer;
    std::vector<Multiaddr> addresses = {};
};

/// How a blob came, or comes in.
struct BlobCourse {
    std::uint64_t done = 0;
    std::uint64_t total = 0;
    std::vector<std::pair<std::string, std::uint64_t>> shares;  ///< Bytes by peer, largest first.
};

/// A place beside the peers where the blob can be read.
struct BlobPlace {
    std::string name;
    bool is_near = false;  ///< A folder of this machine: read at once, others when peers give nothing.
};
/// A part that is to be read at such a place, and told by `on_read`.
struct BlobRead {
    std::uint64_t blob = 0;
    std::uint64_t read = 0;
    std::size_t place = 0;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

struct BlobWish {
    Digest digest;
    std::uint64_t bytes = 0;
    std::optional<Digest> chunk_root = std::nullopt;
    std::string path;  ///< The file that grows into the blob.
    std::vector<Holder> holders;
    TimePoint deadline{};
    std::vector<BlobPlace> places = {};
    std::function<void(BlobRead const&)> read = {};  ///< Needed with places; returns at once.
};

/// The content exchange as a node uses it: a call has its answer in a function of its own. On the node's thread.
class PeerExchange {
public:
    using FetchDone = std::function<void(Result<Bytes>)>;
    using BlobDone = std::function<void(Result<BlobCourse>)>;

    /// Both outlive it.
    PeerExchange(Ledger& ledger, ContentProvider& content, std::uint64_t seed);
    ~PeerExchange();
    PeerExchange(PeerExchange const&) = delete;
    PeerExchange& operator=(PeerExchange const&) = delete;

    /// To be added to the node.
    [[nodiscard]] Protocol& protocol();
    /// Gives answers to who waits for them. Whether there were any.
    bool turn(TimePoint now);

    /// One file of a log, or a small blob, from one peer. Errors: those of Exchange::fetch.
    void fetch(Holder const& from, Digest const& log, std::string path, std::uint64_t bytes_max, TimePoint now,
               FetchDone done);
    /// A blob from many peers. Errors: those of Exchange::fetch_blob, io.
    /// Its number, for `cancel`.
    std::uint64_t fetch_blob(BlobWish wish, TimePoint now, std::function<void(BlobCourse const&)> progress,
                             BlobDone done);
    /// More who may have it, found meanwhile.
    void add_holders(std::uint64_t blob, std::vector<Holder> holders, TimePoint now);
    /// There are no others: a blob that none of them can give ends at once.
    void close_holders(std::uint64_t blob, TimePoint now);
    void on_read(BlobRead const& read, Result<Bytes> const& bytes, TimePoint now);
    /// Ends a blob that nobody waits for; what came of it stays for the next attempt.
    void cancel(std::uint64_t blob, TimePoint now);

    struct Figures {
        std::uint64_t served_bytes = 0;
        std::uint64_t received_bytes = 0;
    };
    [[nodiscard]] Figures figures() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace ggen::p2p
