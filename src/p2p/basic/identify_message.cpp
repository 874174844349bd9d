#include "p2p/basic/identify_message.hpp"

#include <algorithm>

#include "codec/protobuf.hpp"
#include "codec/varint.hpp"

namespace ggen::p2p {
namespace {

std::string printable(BytesView bytes) {
    std::string out(as_text(bytes.first(std::min(bytes.size(), k_identify_agent_bytes_max))));
    std::replace_if(out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return out;
}

void add_address(BytesView bytes, std::vector<Multiaddr>& out) {
    if (out.size() == k_identify_addresses_max) return;
    if (auto address = Multiaddr::decode(bytes)) out.push_back(std::move(address).value());
}

void add_protocol(BytesView name, std::vector<std::string>& out) {
    if (out.size() == k_identify_protocols_max || name.empty() || name.size() > k_identify_protocol_bytes_max) return;
    out.emplace_back(as_text(name));
}

void take_field(std::uint32_t number, BytesView value, IdentifyMessage& into) {
    switch (number) {
        case 1: into.public_key = Bytes(value.begin(), value.end()); break;
        case 2: add_address(value, into.listen_addresses); break;
        case 3: add_protocol(value, into.protocols); break;
        case 4: {
            auto address = Multiaddr::decode(value);
            if (address) into.observed_address = std::move(address).value();
            break;
        }
        case 5: into.protocol_version = printable(value); break;
        case 6: into.agent_version = printable(value); break;
        case 8: into.signed_peer_record = Bytes(value.begin(), value.end()); break;
        default: break;
    }
}

/// Packs fields into messages, none over the limit.
class Packer {
public:
    void add(std::uint32_t number, BytesView value) {
        Bytes field = std::move(ProtoWriter{}.bytes(number, value)).take();
        if (messages_.empty() || messages_.back().size() + field.size() > k_identify_emit_bytes_max) {
            messages_.emplace_back();
        }
        messages_.back().insert(messages_.back().end(), field.begin(), field.end());
    }
    [[nodiscard]] std::vector<Bytes> take() && { return std::move(messages_); }

private:
    std::vector<Bytes> messages_;
};

}  // namespace

Result<void> merge_identify(BytesView message, IdentifyMessage& into) {
    if (message.size() > k_identify_accept_bytes_max) {
        return Error{Errc::too_large, "identify: a message of more than 8 KiB"};
    }
    ProtoReader reader{message, k_identify_fields_max};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) return ok();
        if (field->wire == ProtoWire::bytes) take_field(field->number, field->bytes, into);
    }
}

std::vector<Bytes> encode_identify(IdentifyMessage const& message) {
    Packer packer;
    if (message.public_key) packer.add(1, *message.public_key);
    packer.add(5, as_bytes(message.protocol_version));
    packer.add(6, as_bytes(message.agent_version));
    if (message.observed_address) packer.add(4, message.observed_address->encode());
    for (auto const& address : message.listen_addresses) packer.add(2, address.encode());
    for (auto const& protocol : message.protocols) packer.add(3, as_bytes(protocol));
    if (message.signed_peer_record) packer.add(8, *message.signed_peer_record);
    return std::move(packer).take();
}

}  // namespace ggen::p2p
