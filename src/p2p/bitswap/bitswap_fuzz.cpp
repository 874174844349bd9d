// Calls chosen by the input: peers that say, take and leave as they like. No crash, every count within its limit, and
// nothing left when all have gone; messages read back as they were written.
#include <cstdint>
#include <vector>

#include "base/testing/fuzz_input.hpp"
#include "codec/testing/peer_ids.hpp"
#include "p2p/bitswap/archive_dag.hpp"
#include "p2p/bitswap/bitswap.hpp"

namespace ggen::p2p {
namespace {

using ggen::testing::FuzzInput;
using ggen::testing::numbered_peer;

class OneBlock final : public BlockProvider {
public:
    bool has(Cid const& cid) override { return cid == cid_; }
    Result<Bytes> read(Cid const& cid) override {
        if (cid != cid_) return Error{Errc::not_found, "no"};
        return block_;
    }
    [[nodiscard]] Bytes cid() const { return cid_.encode(); }

private:
    Bytes block_ = Bytes(100'000, 7);
    Cid cid_ = raw_cid(sha256(block_));
};

struct Host {
    OneBlock blocks;
    Ledger ledger;
    Bitswap core{ledger, blocks};
    TimePoint now{std::chrono::hours{1}};
    StreamKey next_key = 0;
    std::vector<StreamKey> streams;
    std::vector<std::pair<StreamKey, std::size_t>> unsent;

    [[nodiscard]] StreamKey any(std::uint8_t which) const {
        return streams.empty() ? 0 : streams[which % streams.size()];
    }
    void take() {
        while (auto const output = core.poll_output()) {
            if (auto const* const open = std::get_if<OpenStream>(&*output)) streams.push_back(open->stream);
            if (auto const* const write = std::get_if<WriteStream>(&*output)) {
                unsent.emplace_back(write->stream, write->bytes->size());
            }
        }
        auto const status = core.status();
        GGEN_ASSERT(status.unsent_bytes <= k_bitswap_unsent_bytes_max + k_bitswap_piece_bytes);
        GGEN_ASSERT(status.pending_bytes <= k_bitswap_pending_bytes_max);
        GGEN_ASSERT(status.inbound_streams <= k_bitswap_inbound_streams_max && status.peers <= k_bitswap_peers_max);
    }
    void step(FuzzInput& input) {
        auto const what = input.byte();
        auto const who = input.byte();
        switch (what % 8) {
            case 0:
                streams.push_back(next_key += 2);
                core.on_inbound_stream(next_key, numbered_peer(who % 8), std::string{k_bitswap_protocol}, now);
                break;
            case 1: {
                auto const bytes = input.bytes(input.byte());
                if (!bytes.empty()) core.on_stream_bytes(any(who), bytes, now);
                break;
            }
            case 2: {
                BitswapWants wants{{}, what >= 128};
                wants.entries.assign(1 + what, {blocks.cid(), (who & 1) != 0, (who & 2) != 0, (who & 4) != 0});
                core.on_stream_bytes(any(who), frame_message(encode_bitswap_wants(wants)), now);
                break;
            }
            case 3: core.on_stream_finished(any(who), now); break;
            case 4: core.on_stream_reset(any(who), now); break;
            case 5: core.on_peer_disconnected(numbered_peer(who % 8), now); break;
            case 6:
                if (unsent.empty()) break;
                core.on_stream_sent(unsent.back().first, unsent.back().second, now);
                unsent.pop_back();
                break;
            default:
                now += std::chrono::seconds{who};
                core.on_deadline(now);
        }
        take();
    }
};

void play(BytesView calls) {
    Host host;
    FuzzInput input{calls};
    while (!input.is_empty()) host.step(input);
    for (std::uint8_t who = 0; who < 8; ++who) host.core.on_peer_disconnected(numbered_peer(who), host.now);
    auto const status = host.core.status();
    GGEN_ASSERT(status.peers == 0 && status.inbound_streams == 0);
    GGEN_ASSERT(status.unsent_bytes == 0 && status.pending_bytes == 0);
}

void read(BytesView message) {
    if (auto const wants = decode_bitswap_wants(message)) {
        auto const again = decode_bitswap_wants(encode_bitswap_wants(*wants));
        GGEN_ASSERT(again && again->entries == wants->entries && again->is_full == wants->is_full);
    }
    if (auto const answer = decode_bitswap_answer(message)) {
        auto const again = decode_bitswap_answer(encode_bitswap_answer(*answer));
        GGEN_ASSERT(again && again->presences == answer->presences && again->blocks.size() == answer->blocks.size());
    }
}

}  // namespace
}  // namespace ggen::p2p

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    constexpr std::size_t k_calls_bytes_max = 4096;
    ggen::p2p::read({data, size});
    ggen::p2p::play({data, std::min(size, k_calls_bytes_max)});
    return 0;
}
