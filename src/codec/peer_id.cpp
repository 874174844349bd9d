#include "codec/peer_id.hpp"

#include "codec/multibase.hpp"
#include "codec/multihash.hpp"
#include "codec/varint.hpp"

namespace ggen {
namespace {

Error bad(char const* why) { return Error{Errc::invalid, std::string{"peer id: "} + why}; }

constexpr std::size_t k_multihash_head_bytes = 2;  // both functions and all lengths fit one byte each

Bytes cid_bytes(BytesView multihash) {
    Bytes out;
    append_uvarint(out, 1);
    append_uvarint(out, k_codec_libp2p_key);
    out.insert(out.end(), multihash.begin(), multihash.end());
    return out;
}

}  // namespace

Result<PeerId> PeerId::from_bytes(BytesView bytes) {
    ASSIGN_OR_RETURN(Multihash const hash, Multihash::decode(bytes));
    if (hash.code == k_multihash_identity) {
        if (hash.digest.empty() || hash.digest.size() > k_peer_id_inline_key_bytes_max) {
            return bad("an inline key of a length that no key has");
        }
    } else if (hash.code != k_multihash_sha2_256) {
        return bad("neither an inline key nor a SHA-256");
    }
    return PeerId{Bytes{bytes.begin(), bytes.end()}};
}

Result<PeerId> PeerId::parse(std::string_view text) {
    if (text.starts_with("1") || text.starts_with("Qm")) {
        ASSIGN_OR_RETURN(Bytes const bytes, base58btc_decode(text));
        return from_bytes(bytes);
    }
    ASSIGN_OR_RETURN(Cid const cid, Cid::parse(text));
    if (cid.codec != k_codec_libp2p_key) return bad("a CID of something else than a libp2p key");
    return from_bytes(cid.hash.encode());
}

BytesView PeerId::inline_key() const {
    if (bytes_.empty() || bytes_[0] != k_multihash_identity) return {};
    return BytesView{bytes_}.subspan(k_multihash_head_bytes);
}

std::string PeerId::text() const { return base58btc_encode(bytes_); }
std::string PeerId::cid_text() const { return multibase_encode(Multibase::base32, cid_bytes(bytes_)); }
std::string PeerId::cid_base36_text() const { return multibase_encode(Multibase::base36, cid_bytes(bytes_)); }

}  // namespace ggen
