// One blob to many who want it at the same time (docs/protocols/p2p-exchange.md "Serving").
#include <gtest/gtest.h>

#include <algorithm>

#include "p2p/exchange/testing/exchange_fixture.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::duration;
using std::chrono::seconds;
using testing::random_bytes;
using testing::Shelf;
using testing::VirtualPeers;

constexpr std::size_t k_others = 20;
constexpr double k_levels = 5;  // of a tree in which everybody who has it gives it to one more
constexpr double k_direct_copies_per_level = 3;
constexpr std::size_t k_bytes = 16 * k_mib;
constexpr std::uint64_t k_rate = 16 * k_mib;

/// Which chunks are there; the bytes are those of the blob, which all nodes of one process share.
class SharedStore final : public ChunkStore {
public:
    explicit SharedStore(std::shared_ptr<Bytes const> blob)
        : blob_(std::move(blob)), have_(merkle::chunk_count(blob_->size()), false) {}
    [[nodiscard]] bool has(std::uint64_t chunk) const override { return have_[chunk]; }
    Result<void> put(std::uint64_t chunk, BytesView bytes) override {
        auto const right = BytesView{*blob_}.subspan(chunk * merkle::k_chunk_bytes, bytes.size());
        if (!std::equal(bytes.begin(), bytes.end(), right.begin())) return Error{Errc::corrupt, "wrong bytes"};
        have_[chunk] = true;
        return ok();
    }
    Result<Bytes> read(std::uint64_t offset, std::size_t length) override {
        auto const part = BytesView{*blob_}.subspan(offset, length);
        return Bytes(part.begin(), part.end());
    }
    Result<void> clear() override { return ok(); }

private:
    std::shared_ptr<Bytes const> blob_;
    std::vector<bool> have_;
};

/// A publisher, node 0, and others that want its blob; all have equal links.
class Crowd {
public:
    Crowd(std::size_t others, std::size_t bytes, std::uint64_t bytes_per_second)
        : blob_(std::make_shared<Bytes const>(random_bytes(bytes, 3))) {
        for (std::size_t i = 0; i <= others; ++i) {
            auto& node = nodes_.emplace_back(std::make_unique<Node>(i + 1));
            net.add(node->exchange, bytes_per_second);
        }
        digest_ = nodes_.front()->shelf.add_blob(blob_);
    }

    void start(std::size_t index, std::vector<VirtualPeers::Node> const& providers) {
        BlobRequest request;
        request.digest = digest_;
        request.bytes = blob_->size();
        request.chunk_root = root_;
        request.store = std::make_shared<SharedStore>(blob_);
        for (auto const other : providers) request.providers.push_back(VirtualPeers::provider(other));
        request.deadline = net.now() + seconds{3600};
        auto& node = *nodes_[index];
        node.began = node.heard = net.now();
        node.exchange.fetch_blob(std::move(request), net.now());
        net.pump(static_cast<VirtualPeers::Node>(index));
    }
    void start_all() {
        for (std::size_t i = 1; i < nodes_.size(); ++i) {
            std::vector<VirtualPeers::Node> providers;
            providers.reserve(nodes_.size());
            for (std::size_t other = 0; other < nodes_.size(); ++other) {
                if (providers.size() >= providers_max) break;
                if (other != i) providers.push_back(static_cast<VirtualPeers::Node>(other));
            }
            start(i, providers);
        }
    }
    /// True when all who began have it within `limit`.
    bool finish(seconds within) {
        return net.run_while_not([this] { return is_done(); }, within);
    }
    bool is_done() {
        bool is_all = true;
        for (std::size_t i = 1; i < nodes_.size(); ++i) {
            auto& node = *nodes_[i];
            while (auto const event = node.exchange.poll_event()) {
                if (auto const* const progress = std::get_if<BlobProgress>(&*event)) {
                    if (progress->bytes > node.bytes) {
                        longest_silence = std::max(longest_silence, net.now() - node.heard);
                        node.heard = net.now();
                    }
                    node.bytes = progress->bytes;
                } else if (auto const* const fetched = std::get_if<BlobFetched>(&*event)) {
                    EXPECT_TRUE(fetched->report) << i << ": " << fetched->report.error().context;
                    node.ended = net.now();
                    if (fetched->report) wasted_bytes += fetched->report->wasted_bytes;
                    // From now on it serves the whole.
                    node.shelf.add_blob(blob_);
                }
            }
            is_all = is_all && (node.began == TimePoint{} || node.ended != TimePoint{});
        }
        return is_all;
    }
    [[nodiscard]] std::vector<double> times() const {
        std::vector<double> out;
        for (auto const& node : nodes_) {
            if (node->ended != TimePoint{}) out.push_back(duration<double>(node->ended - node->began).count());
        }
        std::sort(out.begin(), out.end());
        return out;
    }
    [[nodiscard]] double sent_by_publisher() const {
        return static_cast<double>(nodes_.front()->exchange.status().served_bytes) / static_cast<double>(blob_->size());
    }

    VirtualPeers net;
    std::size_t providers_max = k_exchange_providers_max;  ///< that each of the others knows: the first ones
    std::uint64_t wasted_bytes = 0;
    std::chrono::nanoseconds longest_silence{0};

private:
    struct Node {
        explicit Node(std::uint64_t seed) : exchange({seed, &ledger, &shelf}) {}
        Ledger ledger;
        Shelf shelf;
        Exchange exchange;
        TimePoint began{};
        TimePoint ended{};
        TimePoint heard{};
        std::uint64_t bytes = 0;
    };

    std::shared_ptr<Bytes const> blob_;
    Digest digest_;
    Digest root_ = merkle::chunk_root(*blob_);
    std::vector<std::unique_ptr<Node>> nodes_;
};

/// Of one copy from one to another over the same links.
double direct_seconds(std::size_t bytes, std::uint64_t bytes_per_second) {
    Crowd two{1, bytes, bytes_per_second};
    two.start_all();
    EXPECT_TRUE(two.finish(seconds{600}));
    return two.times().back();
}

TEST(SpreadTest, ManyHaveItSoonAndThePublisherSendsItAboutOnce) {
    Crowd crowd{k_others, k_bytes, k_rate};
    crowd.start_all();
    ASSERT_TRUE(crowd.finish(seconds{600}));
    EXPECT_LE(crowd.times().back(), k_direct_copies_per_level * k_levels * direct_seconds(k_bytes, k_rate));
    EXPECT_LE(crowd.sent_by_publisher(), 2);
    EXPECT_LE(crowd.wasted_bytes, k_others * k_bytes / 20);
}

TEST(SpreadTest, NobodyStarvesWhenAllKnowTheSameFewAlone) {
    Crowd crowd{k_others, k_bytes, k_rate};
    crowd.providers_max = 8;
    crowd.start_all();
    ASSERT_TRUE(crowd.finish(seconds{600}));
    EXPECT_LE(crowd.times().back(), k_direct_copies_per_level * k_levels * direct_seconds(k_bytes, k_rate));
    EXPECT_LE(crowd.longest_silence, k_exchange_spread);
}

/// A holder played by hand: it gives one chunk, and then says for a while that it has another one, which it has given
/// to somebody else when that is asked for.
class Fickle final : public Protocol {
public:
    Fickle(std::shared_ptr<Bytes const> blob, TimePoint until) : blob_(std::move(blob)), until_(until) {}

    [[nodiscard]] std::vector<std::string> protocols() const override { return {std::string{k_exchange_protocol}}; }
    void on_inbound_stream(StreamKey stream, PeerId const& /*peer*/, std::string const& /*protocol*/,
                           TimePoint /*now*/) override {
        readers_.emplace(stream, MessageReader{k_exchange_request_bytes_max});
    }
    void on_stream_bytes(StreamKey stream, BytesView bytes, TimePoint now) override {
        auto& reader = readers_.at(stream);
        reader.feed(bytes);
        while (auto const next = reader.next()) {
            if (!next->has_value()) break;
            answer(stream, decode_exchange_request(**next).value(), now);
        }
    }
    void on_stream_finished(StreamKey stream, TimePoint /*now*/) override { readers_.erase(stream); }
    void on_stream_reset(StreamKey stream, TimePoint /*now*/) override { readers_.erase(stream); }

private:
    void answer(StreamKey stream, ExchangeRequest const& request, TimePoint now) {
        auto const kind = *kind_of_path(request.path);
        bool const is_generous = chunks_given_ == 0 || now >= until_;
        if (kind == ObjectKind::blob && !is_generous) {
            send(stream, {ExchangeStatus::not_found, 0, 0}, {});
        } else if (kind == ObjectKind::blob) {
            ++chunks_given_;
            auto const part = BytesView{*blob_}.subspan(request.offset, request.length);
            send(stream, {ExchangeStatus::ok, blob_->size(), part.size()}, part);
        } else {
            auto bytes = merkle::encode_chunk_list(merkle::chunk_list(*blob_));
            if (kind == ObjectKind::have) {
                bytes = Bytes((merkle::chunk_count(blob_->size()) + 7) / 8, is_generous ? 0xff : 0);
                if (!is_generous) bytes[looks_++ % bytes.size()] = 0x80;
            }
            send(stream, {ExchangeStatus::ok, bytes.size(), bytes.size()}, bytes);
        }
    }
    void send(StreamKey stream, ExchangeAnswer const& head, BytesView bytes) {
        auto message = frame_message(encode_exchange_answer(head));
        message.insert(message.end(), bytes.begin(), bytes.end());
        put(WriteStream{stream, std::make_shared<Bytes const>(std::move(message))});
    }

    std::shared_ptr<Bytes const> blob_;
    TimePoint until_;
    std::map<StreamKey, MessageReader> readers_;
    std::size_t chunks_given_ = 0;
    std::size_t looks_ = 0;
};

TEST(SpreadTest, AHolderThatGivesItsChunksToOthersFirstIsNotOneThatHasNothing) {
    testing::ExchangeNet net;
    auto const blob = std::make_shared<Bytes const>(random_bytes(k_bytes, 5));
    Fickle fickle{blob, net.net.now() + seconds{6}};
    auto const node = net.net.add(fickle);
    auto const id = net.fetch_blob(blob, {node});
    net.asker.close_providers(id, net.net.now());
    net.net.pump(0);
    auto const report = net.finish(id);
    ASSERT_TRUE(report) << report.error().context;
    EXPECT_EQ(net.store->bytes(), *blob);
}

}  // namespace
}  // namespace ggen::p2p
