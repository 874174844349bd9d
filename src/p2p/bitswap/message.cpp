#include "p2p/bitswap/message.hpp"

#include <utility>

#include "codec/protobuf.hpp"
#include "codec/varint.hpp"
#include "crypto/digest.hpp"

namespace ggen::p2p {
namespace {

// Message
constexpr std::uint32_t k_wantlist = 1;
constexpr std::uint32_t k_payload = 3;
constexpr std::uint32_t k_presences = 4;
// Wantlist
constexpr std::uint32_t k_entries = 1;
constexpr std::uint32_t k_full = 2;
// Entry
constexpr std::uint32_t k_entry_cid = 1;
constexpr std::uint32_t k_entry_priority = 2;
constexpr std::uint32_t k_entry_cancel = 3;
constexpr std::uint32_t k_entry_type = 4;
constexpr std::uint32_t k_entry_dont_have = 5;
constexpr std::uint64_t k_type_have = 1;
// Block
constexpr std::uint32_t k_block_prefix = 1;
constexpr std::uint32_t k_block_data = 2;
// BlockPresence
constexpr std::uint32_t k_presence_cid = 1;
constexpr std::uint32_t k_presence_type = 2;

Error malformed(char const* what) { return Error{Errc::invalid, std::string{"bitswap: "} + what}; }

Result<Bytes> take_cid(ProtoField const& field) {
    ASSIGN_OR_RETURN(auto const bytes, proto_bytes(field));
    if (bytes.size() > k_bitswap_cid_bytes_max) return Error{Errc::too_large, "bitswap: a CID over 128 bytes"};
    return Bytes{bytes.begin(), bytes.end()};
}

Result<BitswapWant> decode_entry(BytesView message) {
    BitswapWant want;
    ProtoReader reader{message};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) break;
        if (field->number == k_entry_cid) {
            ASSIGN_OR_RETURN(want.cid, take_cid(*field));
            continue;
        }
        if (field->number != k_entry_cancel && field->number != k_entry_type && field->number != k_entry_dont_have) {
            continue;
        }
        ASSIGN_OR_RETURN(auto const value, proto_uint(*field));
        if (field->number == k_entry_cancel) want.is_cancel = value != 0;
        else if (field->number == k_entry_type) want.is_have = value == k_type_have;
        else want.wants_dont_have = value != 0;
    }
    if (want.cid.empty()) return malformed("an entry without a CID");
    return want;
}

Result<void> decode_wantlist(BytesView message, BitswapWants& out) {
    ProtoReader reader{message};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) return ok();
        if (field->number == k_entries) {
            ASSIGN_OR_RETURN(auto const bytes, proto_bytes(*field));
            ASSIGN_OR_RETURN(auto want, decode_entry(bytes));
            out.entries.push_back(std::move(want));
        } else if (field->number == k_full) {
            ASSIGN_OR_RETURN(auto const value, proto_uint(*field));
            out.is_full = value != 0;
        }
    }
}

/// Version, codec, hash and its length: a CID without the digest.
Bytes prefix_of(Cid const& cid) {
    Bytes prefix;
    append_uvarint(prefix, cid.version);
    append_uvarint(prefix, cid.codec);
    append_uvarint(prefix, cid.hash.code);
    append_uvarint(prefix, cid.hash.digest.size());
    return prefix;
}

Result<BitswapBlock> decode_block(BytesView message) {
    BytesView prefix;
    BitswapBlock block;
    ProtoReader reader{message};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) break;
        if (field->number == k_block_prefix) {
            ASSIGN_OR_RETURN(prefix, proto_bytes(*field));
        } else if (field->number == k_block_data) {
            ASSIGN_OR_RETURN(auto const data, proto_bytes(*field));
            block.data.assign(data.begin(), data.end());
        }
    }
    ASSIGN_OR_RETURN(block.cid.version, read_uvarint(prefix));
    ASSIGN_OR_RETURN(block.cid.codec, read_uvarint(prefix));
    ASSIGN_OR_RETURN(block.cid.hash.code, read_uvarint(prefix));
    ASSIGN_OR_RETURN(auto const length, read_uvarint(prefix));
    bool const is_sha256 = block.cid.hash.code == k_multihash_sha2_256 && length == Digest::k_bytes && prefix.empty();
    if (!is_sha256) return malformed("a block with another hash than SHA-256");
    auto const digest = sha256(block.data);
    block.cid.hash.digest.assign(digest.bytes.begin(), digest.bytes.end());
    return block;
}

Result<BitswapPresence> decode_presence(BytesView message) {
    BitswapPresence presence{{}, true};
    ProtoReader reader{message};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) break;
        if (field->number == k_presence_cid) {
            ASSIGN_OR_RETURN(presence.cid, take_cid(*field));
        } else if (field->number == k_presence_type) {
            ASSIGN_OR_RETURN(auto const value, proto_uint(*field));
            presence.is_here = value == 0;
        }
    }
    if (presence.cid.empty()) return malformed("a presence without a CID");
    return presence;
}

}  // namespace

Result<BitswapWants> decode_bitswap_wants(BytesView message) {
    BitswapWants out;
    ProtoReader reader{message};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) return out;
        if (field->number != k_wantlist) continue;
        ASSIGN_OR_RETURN(auto const bytes, proto_bytes(*field));
        RETURN_IF_ERROR(decode_wantlist(bytes, out));
        if (out.entries.size() > k_proto_fields_max) return Error{Errc::too_large, "bitswap: over 4,096 wants"};
    }
}

Bytes encode_bitswap_wants(BitswapWants const& wants) {
    ProtoWriter list;
    for (auto const& want : wants.entries) {
        ProtoWriter entry;
        entry.bytes(k_entry_cid, want.cid).uint(k_entry_priority, 1);
        if (want.is_cancel) entry.uint(k_entry_cancel, 1);
        if (want.is_have) entry.uint(k_entry_type, k_type_have);
        if (want.wants_dont_have) entry.uint(k_entry_dont_have, 1);
        list.bytes(k_entries, entry.message());
    }
    if (wants.is_full) list.uint(k_full, 1);
    ProtoWriter message;
    message.bytes(k_wantlist, list.message());
    return std::move(message).take();
}

Bytes encode_bitswap_answer(BitswapAnswer const& answer) {
    ProtoWriter message;
    for (auto const& block : answer.blocks) {
        ProtoWriter one;
        one.bytes(k_block_prefix, prefix_of(block.cid)).bytes(k_block_data, block.data);
        message.bytes(k_payload, one.message());
    }
    for (auto const& presence : answer.presences) {
        ProtoWriter one;
        one.bytes(k_presence_cid, presence.cid).uint(k_presence_type, presence.is_here ? 0 : 1);
        message.bytes(k_presences, one.message());
    }
    return std::move(message).take();
}

Result<BitswapAnswer> decode_bitswap_answer(BytesView message) {
    BitswapAnswer out;
    ProtoReader reader{message};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) return out;
        if (field->number != k_payload && field->number != k_presences) continue;
        ASSIGN_OR_RETURN(auto const bytes, proto_bytes(*field));
        if (field->number == k_payload) {
            ASSIGN_OR_RETURN(auto block, decode_block(bytes));
            out.blocks.push_back(std::move(block));
        } else {
            ASSIGN_OR_RETURN(auto presence, decode_presence(bytes));
            out.presences.push_back(std::move(presence));
        }
    }
}

}  // namespace ggen::p2p
