#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "codec/multihash.hpp"
#include "p2p/bitswap/limits.hpp"

// Messages of bitswap 1.2 (ipfs/specs, bitswap-protocol): what this node reads of them, and what it says.
namespace ggen::p2p {

inline constexpr std::string_view k_bitswap_protocol = "/ipfs/bitswap/1.2.0";

struct BitswapWant {
    Bytes cid;  ///< as the peer wrote it, and as it is answered
    bool is_cancel = false;
    bool is_have = false;  ///< only whether the block is here
    bool wants_dont_have = false;
    friend bool operator==(BitswapWant const&, BitswapWant const&) = default;
};

struct BitswapWants {
    std::vector<BitswapWant> entries;
    bool is_full = false;  ///< forgets what the peer wanted before
};
/// The wantlist of a message; blocks and presences in it are passed over. Errors: invalid, too_large (a CID over 128
/// bytes, over 4,096 entries).
[[nodiscard]] Result<BitswapWants> decode_bitswap_wants(BytesView message);
/// For tests and other clients: a message that asks.
[[nodiscard]] Bytes encode_bitswap_wants(BitswapWants const& wants);

struct BitswapBlock {
    Cid cid;
    Bytes data;
};
struct BitswapPresence {
    Bytes cid;
    bool is_here = false;
    friend bool operator==(BitswapPresence const&, BitswapPresence const&) = default;
};
struct BitswapAnswer {
    std::vector<BitswapBlock> blocks;
    std::vector<BitswapPresence> presences;
};
[[nodiscard]] Bytes encode_bitswap_answer(BitswapAnswer const& answer);
/// Blocks get the CID that their bytes have by the prefix they came with. Errors: invalid (another hash than SHA-256
/// among it), too_large.
[[nodiscard]] Result<BitswapAnswer> decode_bitswap_answer(BytesView message);

}  // namespace ggen::p2p
