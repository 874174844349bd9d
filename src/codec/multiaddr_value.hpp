#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "codec/multiaddr.hpp"

namespace ggen::detail {

/// How the value of a protocol is written; each form has one text and one binary spelling.
enum class MultiaddrForm : std::uint8_t {
    none, ip4, ip6, port, octet, u64, name, path, http_path, peer, certhash,
};

struct MultiaddrProtocol {
    std::string_view name;
    MultiaddrCode code;
    MultiaddrForm form;
};

[[nodiscard]] MultiaddrProtocol const* multiaddr_protocol(std::string_view name);
[[nodiscard]] MultiaddrProtocol const* multiaddr_protocol(std::uint64_t code);

/// Bytes of a value of fixed size; nullopt when a varint length stands before it.
[[nodiscard]] std::optional<std::size_t> multiaddr_value_size_bytes(MultiaddrForm form);

/// Errors: invalid.
[[nodiscard]] Result<Bytes> multiaddr_value_from_text(MultiaddrForm form, std::string_view text);
/// Errors: invalid (a binary value that has no text form).
[[nodiscard]] Result<void> check_multiaddr_value(MultiaddrForm form, BytesView value);
/// Precondition: the value was checked.
[[nodiscard]] std::string multiaddr_value_text(MultiaddrForm form, BytesView value);

}  // namespace ggen::detail
