#include "codec/multiaddr_value.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "codec/multibase.hpp"
#include "codec/multihash.hpp"
#include "codec/utf8.hpp"

namespace ggen::detail {
namespace {

using Code = MultiaddrCode;
using Form = MultiaddrForm;

constexpr std::size_t k_dns_name_bytes_max = 253;
constexpr std::string_view k_hex_upper = "0123456789ABCDEF";

constexpr std::array k_protocols{
    MultiaddrProtocol{"ip4", Code::ip4, Form::ip4},
    MultiaddrProtocol{"tcp", Code::tcp, Form::port},
    MultiaddrProtocol{"ip6", Code::ip6, Form::ip6},
    MultiaddrProtocol{"ip6zone", Code::ip6zone, Form::name},
    MultiaddrProtocol{"ipcidr", Code::ipcidr, Form::octet},
    MultiaddrProtocol{"dns", Code::dns, Form::name},
    MultiaddrProtocol{"dns4", Code::dns4, Form::name},
    MultiaddrProtocol{"dns6", Code::dns6, Form::name},
    MultiaddrProtocol{"dnsaddr", Code::dnsaddr, Form::name},
    MultiaddrProtocol{"udp", Code::udp, Form::port},
    MultiaddrProtocol{"webrtc-direct", Code::webrtc_direct, Form::none},
    MultiaddrProtocol{"webrtc", Code::webrtc, Form::none},
    MultiaddrProtocol{"p2p-circuit", Code::p2p_circuit, Form::none},
    MultiaddrProtocol{"unix", Code::unix_path, Form::path},
    MultiaddrProtocol{"p2p", Code::p2p, Form::peer},
    MultiaddrProtocol{"ipfs", Code::p2p, Form::peer},  // the old name, read only
    MultiaddrProtocol{"https", Code::https, Form::none},
    MultiaddrProtocol{"tls", Code::tls, Form::none},
    MultiaddrProtocol{"sni", Code::sni, Form::name},
    MultiaddrProtocol{"noise", Code::noise, Form::none},
    MultiaddrProtocol{"quic", Code::quic, Form::none},
    MultiaddrProtocol{"quic-v1", Code::quic_v1, Form::none},
    MultiaddrProtocol{"webtransport", Code::webtransport, Form::none},
    MultiaddrProtocol{"certhash", Code::certhash, Form::certhash},
    MultiaddrProtocol{"ws", Code::ws, Form::none},
    MultiaddrProtocol{"wss", Code::wss, Form::none},
    MultiaddrProtocol{"http", Code::http, Form::none},
    MultiaddrProtocol{"http-path", Code::http_path, Form::http_path},
    MultiaddrProtocol{"memory", Code::memory, Form::u64},
};

Error bad(std::string_view what, std::string_view text) {
    std::string context{"multiaddr: "};
    context += what;
    context += " \"";
    context += text.substr(0, 64);
    context += '"';
    return Error{Errc::invalid, std::move(context)};
}

/// One spelling only: no sign, no leading zero.
Result<Bytes> number(std::string_view text, std::uint64_t max, std::size_t size) {
    std::uint64_t value = 0;
    auto const [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    bool const is_whole = code == std::errc{} && end == text.data() + text.size();
    if (!is_whole || value > max || (text.size() > 1 && text[0] == '0')) return bad("no number in range", text);
    Bytes out(size);
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(value >> (8 * (size - 1 - i)));
    return out;
}

std::string number_text(BytesView value) {
    std::uint64_t number = 0;
    for (auto const byte : value) number = number << 8U | byte;
    return std::to_string(number);
}

Result<Bytes> ip(int family, std::size_t size, std::string_view text) {
    Bytes out(size);
    std::string const terminated{text};
    bool const has_nul = text.find('\0') != std::string_view::npos;
    if (has_nul || inet_pton(family, terminated.c_str(), out.data()) != 1) return bad("no IP address", text);
    return out;
}

std::string ip_text(int family, BytesView value) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    GGEN_ASSERT(inet_ntop(family, value.data(), text.data(), text.size()) != nullptr);
    return std::string{text.data()};
}

bool is_name(std::string_view name) {
    bool const has_control = std::any_of(name.begin(), name.end(), [](char c) {
        auto const byte = static_cast<unsigned char>(c);
        return byte <= 0x20 || byte == 0x7F || c == '/';
    });
    return !name.empty() && name.size() <= k_dns_name_bytes_max && !has_control && is_valid_utf8(name);
}

bool is_path(std::string_view path) {
    return path.size() > 1 && path.front() == '/' && path.back() != '/' && path.find('\0') == std::string_view::npos;
}

bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

std::string percent_encode(BytesView bytes) {
    std::string text;
    for (char const c : as_text(bytes)) {
        if (is_unreserved(c)) {
            text += c;
            continue;
        }
        auto const byte = static_cast<std::uint8_t>(c);
        text += '%';
        text += k_hex_upper[byte >> 4U];
        text += k_hex_upper[byte & 15U];
    }
    return text;
}

Result<Bytes> percent_decode(std::string_view text) {
    Bytes out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out.push_back(static_cast<std::uint8_t>(text[i]));
            continue;
        }
        auto const digit = [&](std::size_t at) {
            char const c = at < text.size() ? text[at] : '?';
            return k_hex_upper.find(c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c);
        };
        auto const high = digit(i + 1);
        auto const low = digit(i + 2);
        if (high == std::string_view::npos || low == std::string_view::npos) return bad("a bad escape", text);
        out.push_back(static_cast<std::uint8_t>(high << 4U | low));
        i += 2;
    }
    return out;
}

Result<Bytes> certhash(std::string_view text) {
    ASSIGN_OR_RETURN(MultibaseText inner, multibase_decode(text));
    return std::move(inner.bytes);
}

}  // namespace

MultiaddrProtocol const* multiaddr_protocol(std::string_view name) {
    auto const at = std::find_if(k_protocols.begin(), k_protocols.end(), [&](auto const& p) { return p.name == name; });
    return at == k_protocols.end() ? nullptr : &*at;
}

MultiaddrProtocol const* multiaddr_protocol(std::uint64_t code) {
    auto const at = std::find_if(k_protocols.begin(), k_protocols.end(),
                                 [&](auto const& p) { return static_cast<std::uint64_t>(p.code) == code; });
    return at == k_protocols.end() ? nullptr : &*at;
}

std::optional<std::size_t> multiaddr_value_size_bytes(MultiaddrForm form) {
    switch (form) {
        case Form::none: return 0;
        case Form::octet: return 1;
        case Form::port: return 2;
        case Form::ip4: return 4;
        case Form::u64: return 8;
        case Form::ip6: return 16;
        case Form::name:
        case Form::path:
        case Form::http_path:
        case Form::peer:
        case Form::certhash: return std::nullopt;
    }
    return std::nullopt;
}

Result<Bytes> multiaddr_value_from_text(MultiaddrForm form, std::string_view text) {
    switch (form) {
        case Form::none: return Bytes{};
        case Form::octet: return number(text, 255, 1);
        case Form::port: return number(text, 65535, 2);
        case Form::u64: return number(text, UINT64_MAX, 8);
        case Form::ip4: return ip(AF_INET, 4, text);
        case Form::ip6: return ip(AF_INET6, 16, text);
        case Form::name:
        case Form::path: return to_bytes(text);
        case Form::http_path: return percent_decode(text);
        case Form::certhash: return certhash(text);
        case Form::peer: {
            ASSIGN_OR_RETURN(PeerId const peer, PeerId::parse(text));
            return Bytes{peer.bytes().begin(), peer.bytes().end()};
        }
    }
    return bad("a protocol without a form", text);
}

Result<void> check_multiaddr_value(MultiaddrForm form, BytesView value) {
    auto const size = multiaddr_value_size_bytes(form);
    if (size) return value.size() == *size ? ok() : Result<void>{bad("a value of the wrong size", "")};
    if (form == Form::name && !is_name(as_text(value))) return bad("no name", "");
    if (form == Form::path && !is_path(as_text(value))) return bad("no path", as_text(value));
    if (form == Form::http_path && value.empty()) return bad("an empty path", "");
    if (form == Form::peer) {
        if (auto const peer = PeerId::from_bytes(value); !peer) return peer.error();
    }
    if (form == Form::certhash) {
        if (auto const hash = Multihash::decode(value); !hash) return hash.error();
    }
    return ok();
}

std::string multiaddr_value_text(MultiaddrForm form, BytesView value) {
    switch (form) {
        case Form::none: return {};
        case Form::octet:
        case Form::port:
        case Form::u64: return number_text(value);
        case Form::ip4: return ip_text(AF_INET, value);
        case Form::ip6: return ip_text(AF_INET6, value);
        case Form::name:
        case Form::path: return std::string{as_text(value)};
        case Form::http_path: return percent_encode(value);
        case Form::peer: return PeerId::from_bytes(value)->text();
        case Form::certhash: return multibase_encode(Multibase::base64url, value);
    }
    return {};
}

}  // namespace ggen::detail
