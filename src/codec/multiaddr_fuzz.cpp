// Whatever either parser accepts has one text and one binary form, and both lead back to the same value.
#include <cstdint>
#include <string_view>

#include "codec/multiaddr.hpp"

namespace {

void check(ggen::Multiaddr const& address) {
    auto const from_bytes = ggen::Multiaddr::decode(address.encode());
    GGEN_ASSERT(from_bytes.has_value() && *from_bytes == address);
    auto const text = address.text();
    if (text.size() > ggen::k_multiaddr_text_bytes_max) return;
    auto const from_text = ggen::Multiaddr::parse(text);
    GGEN_ASSERT(from_text.has_value() && *from_text == address);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (auto const address = ggen::Multiaddr::decode({data, size})) check(*address);
    std::string_view const text{reinterpret_cast<char const*>(data), size};
    if (auto const address = ggen::Multiaddr::parse(text)) check(*address);
    return 0;
}
