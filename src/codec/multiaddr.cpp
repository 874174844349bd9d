#include "codec/multiaddr.hpp"

#include <algorithm>

#include "codec/multiaddr_value.hpp"
#include "codec/varint.hpp"

namespace ggen {
namespace {

using detail::MultiaddrForm;
using detail::MultiaddrProtocol;

Error bad(std::string_view what, std::string_view text = {}) {
    std::string context{"multiaddr: "};
    context += what;
    if (!text.empty()) {
        context += " \"";
        context += text.substr(0, 64);
        context += '"';
    }
    return Error{Errc::invalid, std::move(context)};
}

Error too_large(char const* what) { return Error{Errc::too_large, std::string{"multiaddr: "} + what}; }

/// Takes text up to the next slash and the slash itself.
std::string_view take_segment(std::string_view& rest) {
    auto const end = std::min(rest.find('/'), rest.size());
    std::string_view const segment = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return segment;
}

MultiaddrProtocol const& protocol_of(MultiaddrCode code) {
    auto const* const protocol = detail::multiaddr_protocol(static_cast<std::uint64_t>(code));
    GGEN_ASSERT(protocol != nullptr);
    return *protocol;
}

Result<MultiaddrPart> take_part(BytesView& bytes) {
    ASSIGN_OR_RETURN(std::uint64_t const code, read_uvarint(bytes));
    auto const* const protocol = detail::multiaddr_protocol(code);
    if (protocol == nullptr) return bad("a protocol that is not known here: code", std::to_string(code));
    auto const size = detail::multiaddr_value_size_bytes(protocol->form);
    BytesView value;
    if (!size) {
        ASSIGN_OR_RETURN(value, read_length_prefixed(bytes));
    } else {
        if (*size > bytes.size()) return bad("a value is cut short after", protocol->name);
        value = bytes.first(*size);
        bytes = bytes.subspan(*size);
    }
    return MultiaddrPart{protocol->code, Bytes{value.begin(), value.end()}};
}

}  // namespace

Result<Multiaddr> Multiaddr::parse(std::string_view text) {
    if (text.size() > k_multiaddr_text_bytes_max) return too_large("a text of more than 4096 bytes");
    if (!text.starts_with('/')) return bad("an address starts with a slash:", text.empty() ? "(empty)" : text);
    std::string_view rest = text.substr(1);
    if (rest.ends_with('/')) rest.remove_suffix(1);
    std::vector<MultiaddrPart> parts;
    while (!rest.empty()) {
        if (parts.size() == k_multiaddr_components_max) return too_large("more than 32 parts");
        std::string_view const before = rest;
        std::string_view const name = take_segment(rest);
        auto const* const protocol = detail::multiaddr_protocol(name);
        if (protocol == nullptr) return bad("unknown protocol", name.empty() ? "(empty)" : name);
        MultiaddrPart part{protocol->code, {}};
        if (protocol->form == MultiaddrForm::path) {
            // A path has slashes of its own, so it takes the rest of the address.
            part.value = to_bytes(before.substr(name.size()));
            rest = {};
        } else if (protocol->form != MultiaddrForm::none) {
            ASSIGN_OR_RETURN(part.value, detail::multiaddr_value_from_text(protocol->form, take_segment(rest)));
        }
        parts.push_back(std::move(part));
    }
    return from_parts(std::move(parts));
}

Result<Multiaddr> Multiaddr::decode(BytesView bytes) {
    if (bytes.size() > k_multiaddr_bytes_max) return too_large("more than 1024 bytes");
    std::vector<MultiaddrPart> parts;
    while (!bytes.empty()) {
        if (parts.size() == k_multiaddr_components_max) return too_large("more than 32 parts");
        ASSIGN_OR_RETURN(MultiaddrPart part, take_part(bytes));
        parts.push_back(std::move(part));
    }
    return from_parts(std::move(parts));
}

Result<Multiaddr> Multiaddr::from_parts(std::vector<MultiaddrPart> parts) {
    if (parts.empty()) return bad("an empty address");
    if (parts.size() > k_multiaddr_components_max) return too_large("more than 32 parts");
    for (std::size_t i = 0; i < parts.size(); ++i) {
        auto const* const protocol = detail::multiaddr_protocol(static_cast<std::uint64_t>(parts[i].code));
        if (protocol == nullptr) return bad("a protocol that is not known here");
        RETURN_IF_ERROR(detail::check_multiaddr_value(protocol->form, parts[i].value));
        if (protocol->form == MultiaddrForm::path && i + 1 != parts.size()) return bad("nothing can follow a path");
    }
    Multiaddr address{std::move(parts)};
    if (address.encode().size() > k_multiaddr_bytes_max) return too_large("more than 1024 bytes");
    return address;
}

std::string Multiaddr::text() const {
    std::string text;
    for (auto const& part : parts_) {
        auto const& protocol = protocol_of(part.code);
        text += '/';
        text += protocol.name;
        if (protocol.form == MultiaddrForm::none) continue;
        if (protocol.form != MultiaddrForm::path) text += '/';
        text += detail::multiaddr_value_text(protocol.form, part.value);
    }
    return text;
}

Bytes Multiaddr::encode() const {
    Bytes out;
    for (auto const& part : parts_) {
        append_uvarint(out, static_cast<std::uint64_t>(part.code));
        if (detail::multiaddr_value_size_bytes(protocol_of(part.code).form)) {
            out.insert(out.end(), part.value.begin(), part.value.end());
        } else {
            append_length_prefixed(out, part.value);
        }
    }
    return out;
}

std::optional<PeerId> Multiaddr::peer_id() const {
    if (parts_.back().code != MultiaddrCode::p2p) return std::nullopt;
    auto peer = PeerId::from_bytes(parts_.back().value);
    return std::move(peer).value();
}

bool Multiaddr::has(MultiaddrCode code) const {
    return std::any_of(parts_.begin(), parts_.end(), [&](auto const& part) { return part.code == code; });
}

std::string MultiaddrPart::value_text() const {
    return detail::multiaddr_value_text(protocol_of(code).form, value);
}

std::uint16_t MultiaddrPart::port() const {
    GGEN_ASSERT(protocol_of(code).form == MultiaddrForm::port && value.size() == 2);
    return static_cast<std::uint16_t>(value[0] << 8U | value[1]);
}

}  // namespace ggen
