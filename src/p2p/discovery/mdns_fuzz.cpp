// One datagram of the local network: read or refused; what was read is written and read again as the same.
#include <cstdint>

#include "codec/testing/peer_ids.hpp"
#include "p2p/discovery/mdns.hpp"

namespace ggen::p2p {
namespace {

bool is_same(std::vector<DnsRecord> const& a, std::vector<DnsRecord> const& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i].name != b[i].name || a[i].type != b[i].type || a[i].ttl_s != b[i].ttl_s ||
            a[i].target != b[i].target || a[i].texts != b[i].texts) {
            return false;
        }
    }
    return true;
}

void play(BytesView datagram) {
    auto const message = decode_dns_message(datagram);
    if (message) {
        for (auto const& question : message->questions) {
            GGEN_ASSERT(!question.name.empty() && question.name.size() <= k_dns_name_bytes_max);
            (void)parent_name(question.name);
        }
        auto const written = encode_dns_message(*message);
        // Without compression it may be larger than what is taken.
        if (written.size() <= k_mdns_accept_bytes_max) {
            auto const again = decode_dns_message(written);
            GGEN_ASSERT(again && is_same(again->answers, message->answers));
            GGEN_ASSERT(is_same(again->additional, message->additional));
        }
    }
    auto const mdns = Mdns::create({.self = ggen::testing::numbered_peer(1), .seed = 1}, {}).value();
    mdns->on_datagram(datagram, (datagram.size() & 1U) != 0, {});
    GGEN_ASSERT(mdns->neighbour_count() <= k_dns_records_max);
}

}  // namespace
}  // namespace ggen::p2p

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ggen::p2p::play({data, size});
    return 0;
}
