#include "p2p/discovery/dns_message.hpp"

#include <algorithm>
#include <utility>

namespace ggen::p2p {
namespace {

constexpr std::size_t k_header_bytes = 12;
constexpr std::uint16_t k_response_flag = 0x8000;
constexpr std::uint16_t k_authoritative_flag = 0x0400;
constexpr std::uint16_t k_operation_and_error = 0x780f;
constexpr std::uint16_t k_class_internet = 1;
/// The top bit of a class means "answer to me alone" or "replaces what you had" (RFC 6762 18.12, 18.13).
constexpr std::uint16_t k_class_bits = 0x7fff;
constexpr std::uint8_t k_pointer_mark = 0xc0;

Error invalid(char const* what) { return Error{Errc::invalid, std::string{"mdns: "} + what}; }

char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter; }

class Reader {
public:
    explicit Reader(BytesView bytes) : bytes_(bytes) {}

    [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }
    [[nodiscard]] std::size_t at() const { return at_; }
    Result<std::uint16_t> number16() {
        if (left() < 2) return invalid("cut short");
        auto const value = static_cast<std::uint16_t>(bytes_[at_] << 8U | bytes_[at_ + 1]);
        at_ += 2;
        return value;
    }
    Result<std::uint32_t> number32() {
        ASSIGN_OR_RETURN(std::uint32_t const high, number16());
        ASSIGN_OR_RETURN(std::uint32_t const low, number16());
        return high << 16U | low;
    }
    Result<BytesView> take(std::size_t count) {
        if (left() < count) return invalid("cut short");
        auto const out = bytes_.subspan(at_, count);
        at_ += count;
        return out;
    }
    /// The name here; goes on behind it. Pointers lead to what stands before where they are, so there is an end.
    Result<DnsName> name() {
        DnsName out;
        std::size_t at = at_;
        std::size_t lowest = at_;
        bool is_away = false;
        for (std::size_t pointers = 0;;) {
            if (at >= bytes_.size()) return invalid("a name is cut short");
            std::uint8_t const length = bytes_[at];
            if ((length & k_pointer_mark) == k_pointer_mark) {
                if (at + 1 >= bytes_.size()) return invalid("a pointer is cut short");
                std::size_t const target = static_cast<std::size_t>(length & 0x3fU) << 8U | bytes_[at + 1];
                if (!std::exchange(is_away, true)) at_ = at + 2;
                if (++pointers > k_dns_pointers_max) return invalid("a name of too many pointers");
                if (target >= lowest || target < k_header_bytes) return invalid("a pointer that leads nowhere");
                at = lowest = target;
                continue;
            }
            if (length > k_dns_label_bytes_max) return invalid("a label of unknown kind");
            if (at + 1 + length > bytes_.size()) return invalid("a label is cut short");
            if (out.size() + 1 + length > k_dns_name_bytes_max) return invalid("a name over 255 bytes");
            auto const label = as_text(bytes_.subspan(at, std::size_t{1} + length));
            out.push_back(label.front());
            for (char const letter : label.substr(1)) out.push_back(lower(letter));
            at += std::size_t{1} + length;
            if (length == 0) break;
        }
        if (!is_away) at_ = at;
        return out;
    }

private:
    BytesView bytes_;
    std::size_t at_ = 0;
};

Result<std::vector<std::string>> read_texts(BytesView data) {
    std::vector<std::string> out;
    while (!data.empty()) {
        std::size_t const length = data.front();
        if (data.size() < 1 + length) return invalid("a text is cut short");
        if (length > 0) out.emplace_back(as_text(data.subspan(1, length)));
        data = data.subspan(1 + length);
    }
    return out;
}

/// Nothing for a record of another type or class.
Result<void> read_record(Reader& reader, std::vector<DnsRecord>& out) {
    ASSIGN_OR_RETURN(auto name, reader.name());
    ASSIGN_OR_RETURN(auto const type, reader.number16());
    ASSIGN_OR_RETURN(auto const record_class, reader.number16());
    ASSIGN_OR_RETURN(auto const ttl, reader.number32());
    ASSIGN_OR_RETURN(auto const size, reader.number16());
    if (reader.left() < size) return invalid("a record is cut short");
    std::size_t const end = reader.at() + size;
    DnsRecord record{std::move(name), static_cast<DnsType>(type), ttl};
    bool const is_known = (record_class & k_class_bits) == k_class_internet;
    if (is_known && record.type == DnsType::ptr) {
        ASSIGN_OR_RETURN(record.target, reader.name());
        if (reader.at() != end) return invalid("a PTR record of another length");
        out.push_back(std::move(record));
        return ok();
    }
    ASSIGN_OR_RETURN(auto const data, reader.take(size));
    if (!is_known || record.type != DnsType::txt) return ok();
    ASSIGN_OR_RETURN(record.texts, read_texts(data));
    out.push_back(std::move(record));
    return ok();
}

void put16(Bytes& out, std::size_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8U));
    out.push_back(static_cast<std::uint8_t>(value));
}

void put_text(Bytes& out, std::string_view text) {
    auto const bytes = as_bytes(text);
    out.insert(out.end(), bytes.begin(), bytes.end());
}

void put_record(Bytes& out, DnsRecord const& record) {
    put_text(out, record.name);
    put16(out, static_cast<std::uint16_t>(record.type));
    put16(out, k_class_internet);
    put16(out, record.ttl_s >> 16U);
    put16(out, record.ttl_s & 0xffffU);
    Bytes data;
    put_text(data, record.target);
    for (auto const& text : record.texts) {
        data.push_back(static_cast<std::uint8_t>(text.size()));
        put_text(data, text);
    }
    put16(out, data.size());
    out.insert(out.end(), data.begin(), data.end());
}

}  // namespace

Result<DnsName> make_dns_name(std::string_view dotted) {
    DnsName out;
    while (!dotted.empty()) {
        auto const end = std::min(dotted.find('.'), dotted.size());
        if (end == 0 || end > k_dns_label_bytes_max) return invalid("a name whose labels are not of 1 to 63 bytes");
        out.push_back(static_cast<char>(end));
        for (char const letter : dotted.substr(0, end)) out.push_back(lower(letter));
        dotted.remove_prefix(std::min(end + 1, dotted.size()));
    }
    out.push_back('\0');
    if (out.size() > k_dns_name_bytes_max) return Error{Errc::too_large, "mdns: a name over 255 bytes"};
    return out;
}

DnsName child_name(std::string_view label, DnsName const& parent) {
    GGEN_ASSERT(!label.empty() && label.size() <= k_dns_label_bytes_max);
    GGEN_ASSERT(1 + label.size() + parent.size() <= k_dns_name_bytes_max);
    DnsName out(1, static_cast<char>(label.size()));
    for (char const letter : label) out.push_back(lower(letter));
    return out + parent;
}

std::string_view parent_name(DnsName const& name) {
    if (name.size() <= 1) return {};
    return std::string_view{name}.substr(std::size_t{1} + static_cast<std::uint8_t>(name.front()));
}

Result<DnsMessage> decode_dns_message(BytesView datagram) {
    if (datagram.size() > k_mdns_accept_bytes_max) return Error{Errc::too_large, "mdns: a datagram over 8,932 bytes"};
    Reader reader{datagram};
    RETURN_IF_ERROR(reader.number16());  // The id means nothing in mDNS.
    ASSIGN_OR_RETURN(auto const flags, reader.number16());
    ASSIGN_OR_RETURN(std::size_t const questions, reader.number16());
    ASSIGN_OR_RETURN(std::size_t const answers, reader.number16());
    ASSIGN_OR_RETURN(std::size_t const authorities, reader.number16());
    ASSIGN_OR_RETURN(std::size_t const additional, reader.number16());
    if ((flags & k_operation_and_error) != 0) return invalid("not a query");
    if (questions > k_dns_questions_max || answers + authorities + additional > k_dns_records_max) {
        return Error{Errc::too_large, "mdns: over 32 questions or 256 records"};
    }
    DnsMessage out;
    out.is_response = (flags & k_response_flag) != 0;
    for (std::size_t i = 0; i < questions; ++i) {
        ASSIGN_OR_RETURN(auto name, reader.name());
        ASSIGN_OR_RETURN(auto const type, reader.number16());
        ASSIGN_OR_RETURN(auto const question_class, reader.number16());
        if ((question_class & k_class_bits) != k_class_internet) continue;
        out.questions.push_back({std::move(name), static_cast<DnsType>(type)});
    }
    std::vector<DnsRecord> passed_over;
    for (std::size_t i = 0; i < answers; ++i) RETURN_IF_ERROR(read_record(reader, out.answers));
    for (std::size_t i = 0; i < authorities; ++i) RETURN_IF_ERROR(read_record(reader, passed_over));
    for (std::size_t i = 0; i < additional; ++i) RETURN_IF_ERROR(read_record(reader, out.additional));
    if (reader.left() != 0) return invalid("bytes behind the last record");
    return out;
}

Bytes encode_dns_message(DnsMessage const& message) {
    Bytes out;
    put16(out, 0);
    put16(out, message.is_response ? k_response_flag | k_authoritative_flag : 0);
    put16(out, message.questions.size());
    put16(out, message.answers.size());
    put16(out, 0);
    put16(out, message.additional.size());
    for (auto const& question : message.questions) {
        put_text(out, question.name);
        put16(out, static_cast<std::uint16_t>(question.type));
        put16(out, k_class_internet);
    }
    for (auto const& record : message.answers) put_record(out, record);
    for (auto const& record : message.additional) put_record(out, record);
    return out;
}

}  // namespace ggen::p2p
