#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "market/market.hpp"
#include "node/peer_exchange.hpp"
#include "registry/records.hpp"
#include "registry/source.hpp"

namespace ggen::p2p {

/// Reads parts of one blob at folders and web servers, on threads of its own. Its destructor waits for what is read at
/// that moment, and a web server may take its time: `EndedReaders` waits instead of whoever has the blob already.
class PlaceReader {
public:
    using Done = std::function<void(BlobRead const&, Result<Bytes>)>;

    /// `opener` outlives it. Locations that cannot be opened are left out.
    PlaceReader(SourceOpener& opener, std::vector<std::string> const& locations, BlobRef const& blob);
    ~PlaceReader();
    PlaceReader(PlaceReader const&) = delete;
    PlaceReader& operator=(PlaceReader const&) = delete;

    [[nodiscard]] std::vector<BlobPlace> const& places() const { return places_; }
    /// `done` is called on a thread of the reader, and not after `end`.
    void read(BlobRead const& wanted, Done done);
    /// Nobody waits any more. Returns at once: a read under way ends with the next bytes that come, or fails.
    void end();
    [[nodiscard]] bool is_reading() const;

private:
    void loop();
    [[nodiscard]] Result<Bytes> part(BlobRead const& wanted);

    BlobRef blob_;
    std::vector<BlobPlace> places_;
    std::vector<std::unique_ptr<RegistrySource>> sources_;
    std::vector<std::thread> threads_;
    mutable std::mutex mutex_;  // Guards all below.
    std::condition_variable came_;
    std::deque<std::pair<BlobRead, Done>> jobs_;
    std::size_t reading_ = 0;
    bool is_over_ = false;
};

/// Readers that were ended while a server still kept them. From any thread.
class EndedReaders {
public:
    /// Ends it, and lets go of those that have come to rest.
    void add(std::shared_ptr<PlaceReader> reader);
    [[nodiscard]] std::size_t size() const;

private:
    mutable std::mutex mutex_;
    std::vector<std::shared_ptr<PlaceReader>> readers_;
};

}  // namespace ggen::p2p
