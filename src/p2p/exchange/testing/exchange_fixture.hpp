#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "p2p/exchange/testing/hostile_server.hpp"
#include "p2p/exchange/testing/virtual_peers.hpp"
#include "p2p/protocol/seeded_random.hpp"

namespace ggen::p2p::testing {

[[nodiscard]] inline Bytes random_bytes(std::size_t count, std::uint64_t seed) {
    Bytes out(count);
    SeededRandom random{seed};
    random.fill(out);
    return out;
}

/// What a node serves: objects by log and path, blobs by digest.
class Shelf final : public ContentProvider {
public:
    Result<std::shared_ptr<Content>> open(std::optional<LogId> const& log, std::string_view path) override {
        ++opened;
        auto const blob = blob_of_path(path);
        auto const at = objects.find({blob || !log ? LogId{} : *log, std::string{path}});
        if (at == objects.end()) return Error{Errc::not_found, "not here"};
        return std::shared_ptr<Content>{std::make_shared<MemoryContent>(at->second)};
    }
    Digest add_blob(std::shared_ptr<Bytes const> const& bytes) {
        auto const digest = sha256(*bytes);
        objects[{LogId{}, exchange_path(ObjectKind::blob, digest)}] = bytes;
        return digest;
    }
    void add(LogId const& log, std::string const& path, Bytes bytes) {
        objects[{log, path}] = std::make_shared<Bytes const>(std::move(bytes));
    }

    std::map<std::pair<LogId, std::string>, std::shared_ptr<Bytes const>> objects;
    std::size_t opened = 0;
};

/// One asker (node 0) and servers, honest and hostile.
class ExchangeNet {
public:
    using Node = VirtualPeers::Node;

    explicit ExchangeNet(std::uint64_t seed = 1) : asker({seed, &ledger, nullptr}), seed_(seed) { net.add(asker); }

    Node add_honest(std::uint64_t bytes_per_second = 0) {
        shelves.push_back(std::make_unique<Shelf>());
        auto exchange = std::make_unique<Exchange>(ExchangeOptions{++seed_, &server_ledger, shelves.back().get()});
        auto const node = net.add(*exchange, bytes_per_second);
        servers.emplace(node, exchange.get());
        shelf_of[node] = shelves.back().get();
        protocols_.push_back(std::move(exchange));
        return node;
    }
    Node add_hostile(Malice malice, std::shared_ptr<Bytes const> blob, std::uint64_t bytes_per_second = 0) {
        auto server = std::make_unique<HostileServer>(malice, std::move(blob));
        hostile.push_back(server.get());
        protocols_.push_back(std::move(server));
        return net.add(*protocols_.back(), bytes_per_second);
    }
    FetchId fetch_blob(std::shared_ptr<Bytes const> const& blob, std::vector<Node> const& from, bool has_root = true,
                       std::chrono::seconds within = std::chrono::seconds{60}) {
        BlobRequest request;
        request.digest = sha256(*blob);
        request.bytes = blob->size();
        if (has_root) request.chunk_root = merkle::chunk_root(*blob);
        request.store = store;
        for (auto const node : from) request.providers.push_back(VirtualPeers::provider(node));
        request.deadline = net.now() + within;
        return start(std::move(request));
    }
    FetchId start(BlobRequest request) {
        auto const id = asker.fetch_blob(std::move(request), net.now());
        net.pump(0);
        return id;
    }
    void drain() {
        while (auto event = asker.poll_event()) std::visit([this](auto& one) { keep(std::move(one)); }, *event);
    }
    /// Runs until the blob is there or refused.
    Result<BlobReport> finish(FetchId id, std::chrono::seconds limit = std::chrono::seconds{120}) {
        net.run_while_not([&] { drain(); return fetched.contains(id); }, limit);
        if (!fetched.contains(id)) return Error{Errc::internal, "the fetch did not end"};
        return fetched.at(id);
    }
    Result<Bytes> finish_object(FetchId id, std::chrono::seconds limit = std::chrono::seconds{60}) {
        net.pump(0);
        net.run_while_not([&] { drain(); return objects.contains(id); }, limit);
        if (!objects.contains(id)) return Error{Errc::internal, "the fetch did not end"};
        return objects.at(id);
    }

    Ledger ledger;
    Ledger server_ledger;
    VirtualPeers net;
    Exchange asker;
    std::shared_ptr<MemoryChunkStore> store = std::make_shared<MemoryChunkStore>();
    std::vector<std::unique_ptr<Shelf>> shelves;
    std::map<Node, Shelf*> shelf_of;
    std::map<Node, Exchange*> servers;
    std::vector<HostileServer*> hostile;
    std::map<FetchId, Result<BlobReport>> fetched;
    std::map<FetchId, Result<Bytes>> objects;
    std::map<FetchId, Error> failures;
    std::vector<ObjectOffered> offers;
    std::vector<SourceRead> reads;
    std::optional<BlobProgress> last_progress;

private:
    void keep(BlobFetched event) { fetched.emplace(event.id, std::move(event.report)); }
    void keep(ObjectFetched event) { objects.emplace(event.id, std::move(event.bytes)); }
    void keep(BlobProgress event) { last_progress = std::move(event); }
    void keep(ObjectOffered event) { offers.push_back(std::move(event)); }
    void keep(QuestionFailed event) { failures.emplace(event.id, std::move(event.error)); }
    void keep(SourceRead event) { reads.push_back(event); }

    std::uint64_t seed_;
    std::vector<std::unique_ptr<Protocol>> protocols_;
};

}  // namespace ggen::p2p::testing
