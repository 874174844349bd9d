#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "p2p/discovery/limits.hpp"

// The part of DNS messages (RFC 1035 4) that mDNS between peers needs: questions, PTR and TXT records.
namespace ggen::p2p {

/// A domain name as it stands on the wire without compression, ASCII letters in lower case: each label behind its
/// length, a zero at the end. Comparable by bytes, and labels may hold anything.
using DnsName = std::string;

/// "_p2p._udp.local" as a name. Errors: invalid (an empty label, or one over 63 bytes), too_large (over 255 bytes).
[[nodiscard]] Result<DnsName> make_dns_name(std::string_view dotted);
/// `label` before `parent`. Precondition: a label of 1 to 63 bytes, and room for it.
[[nodiscard]] DnsName child_name(std::string_view label, DnsName const& parent);
/// The name without its first label; empty for the root.
[[nodiscard]] std::string_view parent_name(DnsName const& name);

enum class DnsType : std::uint16_t { ptr = 12, txt = 16, any = 255 };

struct DnsQuestion {
    DnsName name;
    DnsType type = DnsType::ptr;  ///< any number
};

struct DnsRecord {
    DnsName name;
    DnsType type = DnsType::ptr;
    std::uint32_t ttl_s = 0;
    DnsName target{};                  ///< of a PTR record
    std::vector<std::string> texts{};  ///< of a TXT record, each at most 255 bytes
};

struct DnsMessage {
    bool is_response = false;
    std::vector<DnsQuestion> questions{};
    std::vector<DnsRecord> answers{};
    std::vector<DnsRecord> additional{};  ///< those of the authority section are passed over
};

/// Reads one datagram. Records of other types and classes are left out; a name is followed through at most 16
/// pointers, each to something before it. Errors: invalid (cut short, a bad name or pointer, lengths that do not agree,
/// bytes left over, an operation other than a query), too_large (over 8,932 bytes, 32 questions or 256 records).
[[nodiscard]] Result<DnsMessage> decode_dns_message(BytesView datagram);
/// Without compression. Precondition: names are names, texts hold at most 255 bytes.
[[nodiscard]] Bytes encode_dns_message(DnsMessage const& message);

}  // namespace ggen::p2p
