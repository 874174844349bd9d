// A sequence of calls chosen by the input: askers and servers that do as they like on one side, an application on the
// other. No crash, every count within its limit, and nothing left when all peers have gone and time has passed.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/testing/fuzz_input.hpp"
#include "codec/testing/peer_ids.hpp"
#include "p2p/exchange/exchange.hpp"
#include "p2p/protocol/message_reader.hpp"

namespace ggen::p2p {
namespace {

using ggen::testing::FuzzInput;
using ggen::testing::numbered_peer;

ggen::Multiaddr address(std::uint8_t number) {
    return *ggen::Multiaddr::parse("/ip4/81." + std::to_string(number) + ".0.1/tcp/1");
}

std::shared_ptr<ggen::Bytes const> const& blob(bool is_large) {
    static auto const small = std::make_shared<ggen::Bytes const>(1000, std::uint8_t{7});
    static auto const large = std::make_shared<ggen::Bytes const>(600'000, std::uint8_t{8});
    return is_large ? large : small;
}

class OneBlob final : public ContentProvider {
public:
    ggen::Result<std::shared_ptr<Content>> open(std::optional<LogId> const&, std::string_view path) override {
        static auto const digest = ggen::sha256(*blob(true));
        if (blob_of_path(path) != digest) return ggen::Error{ggen::Errc::not_found, "no"};
        return std::shared_ptr<Content>{std::make_shared<MemoryContent>(blob(true))};
    }
};

struct Host {
    explicit Host(Exchange& core) : exchange(core) {}

    Exchange& exchange;
    ggen::TimePoint now{std::chrono::hours{1}};
    std::vector<StreamKey> opened;
    std::vector<FetchId> fetches;
    std::vector<std::pair<FetchId, std::uint64_t>> reads;
    StreamKey inbound = 0;

    void drain() {
        while (auto output = exchange.poll_output()) {
            if (auto const* open = std::get_if<OpenStream>(&*output)) opened.push_back(open->stream);
        }
        while (auto event = exchange.poll_event()) {
            if (auto const* const read = std::get_if<SourceRead>(&*event)) reads.emplace_back(read->id, read->read);
        }
        if (opened.size() > 64) opened.erase(opened.begin(), opened.end() - 64);
        auto const status = exchange.status();
        GGEN_ASSERT(status.blobs <= k_exchange_blobs_max && status.questions <= k_exchange_races_max);
        GGEN_ASSERT(status.inbound_streams <= k_exchange_inbound_streams_max);
        GGEN_ASSERT(status.inbound_unsent_bytes <= k_exchange_unsent_bytes_max + k_exchange_piece_bytes);
    }
    void pass(std::chrono::nanoseconds duration) {
        auto const end = now + duration;
        for (int turns = 0; turns < 10'000; ++turns) {
            auto const wake = exchange.next_deadline();
            if (!wake || *wake > end) break;
            now = std::max(now, *wake);
            exchange.on_deadline(now);
            drain();
        }
        now = end;
    }
    [[nodiscard]] StreamKey stream(std::uint8_t choice) const {
        if ((choice & 1U) == 0 || opened.empty()) return inbound == 0 ? 2 : 2 * (1 + choice / 2U % (inbound / 2));
        return opened[choice / 2U % opened.size()];
    }
};

ggen::Bytes request(FuzzInput& input) {
    auto const kind = static_cast<ObjectKind>(1 + input.byte() % 3);
    auto const path = exchange_path(kind, ggen::sha256(*blob((input.byte() & 1U) != 0)));
    auto const offset = input.byte() * 3000ULL;
    return frame_message(encode_exchange_request({std::nullopt, path, offset, 1 + input.byte() * 1000ULL}));
}

ggen::Bytes answer(FuzzInput& input) {
    bool const is_large = (input.byte() & 1U) != 0;
    auto const total = blob(is_large)->size();
    std::uint64_t const length = std::min<std::uint64_t>(total, is_large ? ggen::merkle::k_chunk_bytes : total);
    auto out = frame_message(encode_exchange_answer(
        {static_cast<ExchangeStatus>(input.byte() % 5 == 4 ? 1 : 0), total, length}));
    auto const cut = input.byte();
    out.resize(out.size() + length - std::min<std::uint64_t>(length, cut), static_cast<std::uint8_t>(is_large ? 8 : 7));
    return out;
}

void step(Host& host, FuzzInput& input, std::vector<std::shared_ptr<MemoryChunkStore>>& stores) {
    auto const call = input.byte();
    auto const who = static_cast<std::uint8_t>(input.byte() % 40);
    auto& core = host.exchange;
    switch (call % 16) {
        case 0: core.on_peer_connected({numbered_peer(who), address(who), Direction::inbound}, host.now); break;
        case 1: core.on_peer_disconnected(numbered_peer(who), host.now); break;
        case 2: core.on_inbound_stream(host.inbound += 2, numbered_peer(who), "x", host.now); break;
        case 3: core.on_stream_bytes(host.stream(who) & ~StreamKey{1}, request(input), host.now); break;
        case 4:
        case 5: core.on_stream_bytes(host.stream(who), answer(input), host.now); break;
        case 6: core.on_stream_bytes(host.stream(who), ggen::Bytes(1, input.byte()), host.now); break;
        case 7: core.on_stream_refused(host.stream(who) | 1U, {ggen::Errc::unavailable, "x"}, host.now); break;
        case 8: core.on_stream_reset(host.stream(who), host.now); break;
        case 9: core.on_stream_finished(host.stream(who), host.now); break;
        case 10: core.on_stream_sent(host.stream(who), 40'000, host.now); break;
        case 11: {
            bool const is_large = (who & 1U) != 0;
            BlobRequest one;
            one.digest = ggen::sha256(*blob(is_large));
            one.bytes = blob(is_large)->size();
            if ((who & 2U) != 0) one.chunk_root = ggen::merkle::chunk_root(*blob(is_large));
            stores.push_back(std::make_shared<MemoryChunkStore>());
            one.store = stores.back();
            for (std::uint8_t i = 0; i < who % 8; ++i) one.providers.push_back({numbered_peer(i), {address(i)}});
            if ((who & 4U) != 0) one.sources = {{"origin", (who & 8U) != 0}};
            one.deadline = host.now + std::chrono::seconds{who};
            host.fetches.push_back(core.fetch_blob(std::move(one), host.now));
            break;
        }
        case 12:
            if (host.fetches.empty()) break;
            core.add_providers(host.fetches[who % host.fetches.size()], {{numbered_peer(who), {}}}, host.now);
            break;
        case 13:
            if (host.reads.empty()) break;
            core.on_source_read(host.reads.back().first, host.reads.back().second,
                                ggen::Bytes(std::size_t{who} * 7'000, std::uint8_t{8}), host.now);
            host.reads.pop_back();
            break;
        case 14:
            if (!host.fetches.empty()) core.cancel(host.fetches[who % host.fetches.size()], host.now);
            break;
        default: host.pass(std::chrono::milliseconds{who * 50}); break;
    }
    host.drain();
}

void play(BytesView calls) {
    Ledger ledger;
    OneBlob content;
    Exchange exchange({7, &ledger, &content});
    Host host{exchange};
    std::vector<std::shared_ptr<MemoryChunkStore>> stores;
    FuzzInput input{calls};
    while (!input.is_empty()) step(host, input, stores);
    for (std::uint8_t who = 0; who < 40; ++who) exchange.on_peer_disconnected(numbered_peer(who), host.now);
    host.pass(std::chrono::minutes{3});
    auto const status = exchange.status();
    GGEN_ASSERT(status.blobs == 0 && status.questions == 0 && status.outbound_streams == 0);
    GGEN_ASSERT(status.inbound_streams == 0 && status.inbound_unsent_bytes == 0);
}

}  // namespace
}  // namespace ggen::p2p

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    constexpr std::size_t k_input_bytes_max = 4096;
    ggen::p2p::play({data, std::min(size, k_input_bytes_max)});
    return 0;
}
