#include "p2p/exchange/message.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "codec/protobuf.hpp"
#include "p2p/exchange/limits.hpp"

namespace ggen::p2p {
namespace {

constexpr std::uint64_t k_tile_level_max = 63;
constexpr std::uint64_t k_tile_width_max = 255;
constexpr std::size_t k_group_digits = 3;
constexpr std::size_t k_groups_max = 7;  // 10^21 tiles: more than 2^63 entries have
constexpr std::size_t k_number_digits_max = 10;
constexpr std::size_t k_fields_max = 16;

constexpr std::string_view k_blob_prefix = "blob/sha256/";
constexpr std::string_view k_chunks_prefix = "chunks/sha256/";
constexpr std::string_view k_have_prefix = "have/sha256/";

bool take_prefix(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

bool is_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// A decimal number without leading zeros, `least` to `most`.
bool is_number(std::string_view text, std::uint64_t least, std::uint64_t most) {
    if (!is_digits(text) || text.size() > k_number_digits_max || (text.size() > 1 && text.front() == '0')) return false;
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value >= least && value <= most;
}

/// C2SP tlog-tiles: groups of three digits, all but the last with 'x', no leading group of zeros; then maybe ".p/W".
bool is_tile_number(std::string_view text) {
    if (auto const dot = text.find('.'); dot != std::string_view::npos) {
        auto width = text.substr(dot);
        if (!take_prefix(width, ".p/") || !is_number(width, 1, k_tile_width_max)) return false;
        text = text.substr(0, dot);
    }
    for (std::size_t group = 0; group < k_groups_max; ++group) {
        bool const is_inner = text.starts_with('x');
        if (is_inner) text.remove_prefix(1);
        if (text.size() < k_group_digits || !is_digits(text.substr(0, k_group_digits))) return false;
        if (is_inner && group == 0 && text.starts_with("000")) return false;
        text.remove_prefix(k_group_digits);
        if (!is_inner) return text.empty();
        if (!take_prefix(text, "/")) return false;
    }
    return false;
}

bool is_log_path(std::string_view path) {
    if (path == "checkpoint" || path == "state/head" || path == "evidence") return true;
    if (take_prefix(path, "root/")) return is_number(path, 1, UINT32_MAX);
    if (take_prefix(path, "state/")) return Digest::from_hex(path).has_value();
    if (take_prefix(path, "tile/entries/")) return is_tile_number(path);
    if (!take_prefix(path, "tile/")) return false;
    auto const slash = path.find('/');
    return slash != std::string_view::npos && is_number(path.substr(0, slash), 0, k_tile_level_max) &&
           is_tile_number(path.substr(slash + 1));
}

std::string_view prefix_of(ObjectKind kind) {
    if (kind == ObjectKind::chunks) return k_chunks_prefix;
    return kind == ObjectKind::have ? k_have_prefix : k_blob_prefix;
}

Error invalid(char const* what) { return Error{Errc::invalid, std::string{"exchange: "} + what}; }

Result<void> check_request(ExchangeRequest const& request) {
    auto const kind = kind_of_path(request.path);
    if (!kind) return invalid("this is no path of a registry");
    if (*kind == ObjectKind::log && !request.log) return invalid("a path of a log, and no log is named");
    if (request.length == 0) return invalid("a request for nothing");
    if (request.length > k_exchange_range_bytes_max) {
        return Error{Errc::too_large, "exchange: a request for more than 2 MiB"};
    }
    return ok();
}

}  // namespace

LogId log_id(merkle::VerifierKey const& key) {
    auto text = to_bytes(key.name);
    text.push_back('\n');
    text.push_back(static_cast<std::uint8_t>(key.type));
    text.insert(text.end(), key.key.bytes.begin(), key.key.bytes.end());
    return sha256(text);
}

std::optional<ObjectKind> kind_of_path(std::string_view path) {
    if (path.size() > k_exchange_path_bytes_max) return std::nullopt;
    if (is_log_path(path)) return ObjectKind::log;
    for (auto const kind : {ObjectKind::blob, ObjectKind::chunks, ObjectKind::have}) {
        auto rest = path;
        if (take_prefix(rest, prefix_of(kind)) && Digest::from_hex(rest)) return kind;
    }
    return std::nullopt;
}

std::string exchange_path(ObjectKind kind, Digest const& blob) {
    GGEN_ASSERT(kind != ObjectKind::log);
    return std::string{prefix_of(kind)} + blob.hex();
}

std::optional<Digest> blob_of_path(std::string_view path) {
    auto const kind = kind_of_path(path);
    if (!kind || *kind == ObjectKind::log) return std::nullopt;
    return *Digest::from_hex(path.substr(prefix_of(*kind).size()));
}

Bytes encode_exchange_request(ExchangeRequest const& request) {
    ProtoWriter out;
    if (request.log) out.bytes(1, request.log->view());
    out.bytes(2, as_bytes(request.path));
    if (request.offset != 0) out.uint(3, request.offset);
    out.uint(4, request.length);
    return std::move(out).take();
}

Result<ExchangeRequest> decode_exchange_request(BytesView message) {
    if (message.size() > k_exchange_request_bytes_max) return Error{Errc::too_large, "exchange: a long request"};
    ExchangeRequest request;
    ProtoReader fields{message, k_fields_max};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, fields.next());
        if (!field) break;
        if (field->number == 1) {
            ASSIGN_OR_RETURN(auto const bytes, proto_bytes(*field));
            if (bytes.size() != Digest::k_bytes) return invalid("the name of a log has 32 bytes");
            request.log.emplace();
            std::copy(bytes.begin(), bytes.end(), request.log->bytes.begin());
        } else if (field->number == 2) {
            ASSIGN_OR_RETURN(auto const bytes, proto_bytes(*field));
            request.path = as_text(bytes);
        } else if (field->number == 3) {
            ASSIGN_OR_RETURN(request.offset, proto_uint(*field));
        } else if (field->number == 4) {
            ASSIGN_OR_RETURN(request.length, proto_uint(*field));
        }
    }
    RETURN_IF_ERROR(check_request(request));
    return request;
}

Bytes encode_exchange_answer(ExchangeAnswer const& answer) {
    ProtoWriter out;
    out.uint(1, static_cast<std::uint64_t>(answer.status));
    if (answer.total != 0) out.uint(2, answer.total);
    if (answer.length != 0) out.uint(3, answer.length);
    return std::move(out).take();
}

Result<ExchangeAnswer> decode_exchange_answer(BytesView message) {
    if (message.size() > k_exchange_answer_bytes_max) return Error{Errc::too_large, "exchange: a long answer"};
    ExchangeAnswer answer;
    ProtoReader fields{message, k_fields_max};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, fields.next());
        if (!field) break;
        if (field->number < 1 || field->number > 3) continue;
        ASSIGN_OR_RETURN(auto const value, proto_uint(*field));
        if (field->number == 2) answer.total = value;
        if (field->number == 3) answer.length = value;
        if (field->number != 1) continue;
        if (value > static_cast<std::uint64_t>(ExchangeStatus::refused)) return invalid("an answer of no known kind");
        answer.status = static_cast<ExchangeStatus>(value);
    }
    if (answer.status == ExchangeStatus::ok) {
        if (answer.length == 0 || answer.length > answer.total) return invalid("an answer of an impossible length");
    } else if (answer.length != 0) {
        return invalid("a refusal with content");
    }
    if (answer.length > k_exchange_range_bytes_max) return Error{Errc::too_large, "exchange: an answer over 2 MiB"};
    return answer;
}

}  // namespace ggen::p2p
