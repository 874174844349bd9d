#include "codec/multihash.hpp"

#include "codec/multibase.hpp"
#include "codec/varint.hpp"

namespace ggen {
namespace {

constexpr std::size_t k_cid_v0_text_bytes = 46;
constexpr std::size_t k_cid_v0_bytes = 34;

Error bad(char const* why) { return Error{Errc::invalid, std::string{"multihash: "} + why}; }
Error bad_cid(char const* why) { return Error{Errc::invalid, std::string{"CID: "} + why}; }

bool is_length_right(std::uint64_t code, std::uint64_t length) {
    if (code == k_multihash_sha2_256) return length == 32;
    if (code == k_multihash_sha2_512) return length == 64;
    return true;
}

bool looks_like_v0(BytesView bytes) {
    return bytes.size() == k_cid_v0_bytes && bytes[0] == 0x12 && bytes[1] == 0x20;
}

}  // namespace

Bytes Multihash::encode() const {
    Bytes out;
    append_uvarint(out, code);
    append_length_prefixed(out, digest);
    return out;
}

Result<Multihash> Multihash::read(BytesView& bytes) {
    BytesView rest = bytes;
    ASSIGN_OR_RETURN(std::uint64_t const code, read_uvarint(rest));
    ASSIGN_OR_RETURN(BytesView const digest, read_length_prefixed(rest));
    if (digest.size() > k_multihash_digest_bytes_max) {
        return Error{Errc::too_large, "multihash: a digest of more than 128 bytes"};
    }
    if (!is_length_right(code, digest.size())) return bad("the length does not fit the function");
    bytes = rest;
    return Multihash{code, Bytes{digest.begin(), digest.end()}};
}

Result<Multihash> Multihash::decode(BytesView bytes) {
    ASSIGN_OR_RETURN(Multihash hash, read(bytes));
    if (!bytes.empty()) return bad("bytes are left over");
    return hash;
}

Bytes Cid::encode() const {
    if (version == 0) return hash.encode();
    Bytes out;
    append_uvarint(out, version);
    append_uvarint(out, codec);
    Bytes const inner = hash.encode();
    out.insert(out.end(), inner.begin(), inner.end());
    return out;
}

std::string Cid::text() const {
    return version == 0 ? base58btc_encode(encode()) : multibase_encode(Multibase::base32, encode());
}

Result<Cid> Cid::decode(BytesView bytes) {
    if (looks_like_v0(bytes)) {
        ASSIGN_OR_RETURN(Multihash hash, Multihash::decode(bytes));
        return Cid{0, k_codec_dag_pb, std::move(hash)};
    }
    ASSIGN_OR_RETURN(std::uint64_t const version, read_uvarint(bytes));
    if (version != 1) return bad_cid("a version that does not exist");
    ASSIGN_OR_RETURN(std::uint64_t const codec, read_uvarint(bytes));
    ASSIGN_OR_RETURN(Multihash hash, Multihash::decode(bytes));
    return Cid{1, codec, std::move(hash)};
}

Result<Cid> Cid::parse(std::string_view text) {
    if (text.size() == k_cid_v0_text_bytes && text.starts_with("Qm")) {
        ASSIGN_OR_RETURN(Bytes const bytes, base58btc_decode(text));
        if (!looks_like_v0(bytes)) return bad_cid("text of version 0 that is no SHA-256 multihash");
        return decode(bytes);
    }
    ASSIGN_OR_RETURN(MultibaseText const inner, multibase_decode(text));
    if (looks_like_v0(inner.bytes)) return bad_cid("version 0 has no multibase prefix");
    return decode(inner.bytes);
}

}  // namespace ggen
