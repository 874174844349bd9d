#include "merkle/note.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "codec/base64.hpp"
#include "codec/utf8.hpp"
#include "crypto/digest.hpp"

namespace ggen::merkle {
namespace {

constexpr std::string_view k_signature_prefix = "\xE2\x80\x94 ";  // U+2014, space
constexpr std::string_view k_private_prefix = "PRIVATE+KEY+";
constexpr std::size_t k_key_id_bytes = 4;
constexpr std::size_t k_key_id_digits = 8;
constexpr std::size_t k_time_bytes = 8;
constexpr std::size_t k_signature_bytes = 64;
constexpr std::size_t k_key_bytes = 32;

Error malformed(std::string why) { return Error{Errc::invalid, ErrorId::note_malformed, std::move(why)}; }
Error refused(std::string why) { return Error{Errc::refused, ErrorId::signature_invalid, std::move(why)}; }

/// The code points with Unicode's White_Space property.
bool is_space(std::uint32_t point) {
    return (point >= 0x09 && point <= 0x0D) || point == 0x20 || point == 0x85 || point == 0xA0 ||
           point == 0x1680 || (point >= 0x2000 && point <= 0x200A) || point == 0x2028 || point == 0x2029 ||
           point == 0x202F || point == 0x205F || point == 0x3000;
}

bool is_valid_name(std::string_view name) {
    if (name.empty()) return false;
    while (!name.empty()) {
        auto const point = decode_utf8(name);
        if (!point || point->value < 0x20 || is_space(point->value) || point->value == '+') return false;
        name.remove_prefix(point->bytes);
    }
    return true;
}

bool is_valid_text(std::string_view text) {
    auto const is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; };
    return std::none_of(text.begin(), text.end(), is_control) && is_valid_utf8(text);
}

void append_u32(Bytes& bytes, std::uint32_t value) {
    for (unsigned shift = 32; shift > 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(value >> (shift - 8)));
}

void append_u64(Bytes& bytes, std::uint64_t value) {
    append_u32(bytes, static_cast<std::uint32_t>(value >> 32U));
    append_u32(bytes, static_cast<std::uint32_t>(value));
}

std::uint64_t read_big_endian(BytesView bytes) {
    std::uint64_t value = 0;
    for (auto const byte : bytes) value = value << 8U | byte;
    return value;
}

bool is_known_type(std::uint8_t type) {
    return type == static_cast<std::uint8_t>(KeyType::note_ed25519) ||
           type == static_cast<std::uint8_t>(KeyType::cosignature_ed25519);
}

/// What a timestamped cosignature is over (C2SP tlog-cosignature).
std::string cosigned_message(std::string_view note_text, std::uint64_t time) {
    return fmt::format("cosignature/v1\ntime {}\n{}", time, note_text);
}

/// `name+hex(keyid)+base64(type || key)`: the common part of both key texts.
struct KeyText {
    std::string name;
    std::uint32_t key_id = 0;
    KeyType type = KeyType::note_ed25519;
    Bytes key;
};

std::string print_key_text(std::string_view name, std::uint32_t key_id, KeyType type, BytesView key) {
    Bytes data{static_cast<std::uint8_t>(type)};
    data.insert(data.end(), key.begin(), key.end());
    return fmt::format("{}+{:08x}+{}", name, key_id, base64_encode(data));
}

Result<KeyText> parse_key_text(std::string_view text) {
    Error const bad = malformed("a key is written name+id+base64, with an Ed25519 key of type 1 or 4");
    auto const first = text.find('+');
    if (first == std::string_view::npos || !is_valid_name(text.substr(0, first))) return bad;
    auto const id_text = text.substr(first + 1, k_key_id_digits);
    auto const id = hex_decode(id_text);
    auto const second = first + 1 + k_key_id_digits;
    if (!id || id->size() != k_key_id_bytes || text.size() <= second || text[second] != '+') return bad;
    auto const data = base64_decode(text.substr(second + 1));
    if (!data || data->size() != 1 + k_key_bytes || !is_known_type(data->front())) return bad;
    return KeyText{std::string{text.substr(0, first)}, static_cast<std::uint32_t>(read_big_endian(*id)),
                   KeyType{data->front()}, Bytes(data->begin() + 1, data->end())};
}

/// One line after the blank one, without its LF.
Result<NoteSignature> parse_signature(std::string_view line) {
    if (!line.starts_with(k_signature_prefix)) return malformed("note: a signature line does not begin with a dash");
    line.remove_prefix(k_signature_prefix.size());
    auto const space = line.find(' ');
    auto const name = line.substr(0, space);
    if (space == std::string_view::npos || !is_valid_name(name)) return malformed("note: a signature without a name");
    auto const data = base64_decode(line.substr(space + 1));
    if (!data || data->size() <= k_key_id_bytes) {
        return malformed(fmt::format("note: the signature of {} is not base64 of a key id and a signature", name));
    }
    auto const id = BytesView{*data}.first(k_key_id_bytes);
    return NoteSignature{std::string{name}, static_cast<std::uint32_t>(read_big_endian(id)),
                         Bytes(data->begin() + k_key_id_bytes, data->end())};
}

/// The time of a cosignature, 0 of a plain one; nothing when the signature is not by `key`.
std::optional<UnixTime> check_signature(VerifierKey const& key, std::string_view text, BytesView signature) {
    if (key.type == KeyType::note_ed25519) {
        if (!key.key.verify(as_bytes(text), signature)) return std::nullopt;
        return UnixTime{};
    }
    if (signature.size() != k_time_bytes + k_signature_bytes) return std::nullopt;
    auto const time = read_big_endian(signature.first(k_time_bytes));
    if (time > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    auto const message = cosigned_message(text, time);
    if (!key.key.verify(as_bytes(message), signature.subspan(k_time_bytes))) return std::nullopt;
    return UnixTime{static_cast<std::int64_t>(time)};
}

void add_verified(std::vector<VerifiedSignature>& verified, VerifierKey const& key, UnixTime time) {
    auto const same = std::find_if(verified.begin(), verified.end(), [&](VerifiedSignature const& other) {
        return other.key.type == key.type && other.key.key == key.key;
    });
    if (same == verified.end()) {
        verified.push_back({key, time});
    } else {
        same->time = std::max(same->time, time);
    }
}

}  // namespace

std::uint32_t VerifierKey::key_id() const {
    Bytes data = to_bytes(name);
    data.push_back('\n');
    data.push_back(static_cast<std::uint8_t>(type));
    data.insert(data.end(), key.bytes.begin(), key.bytes.end());
    return static_cast<std::uint32_t>(read_big_endian(sha256(data).view().first(k_key_id_bytes)));
}

std::string VerifierKey::text() const { return print_key_text(name, key_id(), type, key.bytes); }

Result<VerifierKey> VerifierKey::parse(std::string_view text) {
    ASSIGN_OR_RETURN(auto parts, parse_key_text(text));
    VerifierKey key{std::move(parts.name), parts.type, {}};
    std::copy(parts.key.begin(), parts.key.end(), key.key.bytes.begin());
    if (key.key_id() != parts.key_id) return malformed(fmt::format("key {}: the id does not match", key.name));
    return key;
}

SignerKey::SignerKey(std::string name, KeyType type, Ed25519PrivateKey const& key)
    : name_(std::move(name)), type_(type), key_(key) {}

Result<SignerKey> SignerKey::create(std::string name, Ed25519PrivateKey const& key, KeyType type) {
    if (!is_valid_name(name)) {
        return malformed(fmt::format("'{}' is no name for a key: no white space, no '+', not empty", name));
    }
    return SignerKey{std::move(name), type, key};
}

Result<SignerKey> SignerKey::parse(std::string_view text) {
    if (!text.starts_with(k_private_prefix)) return malformed("a private key begins with PRIVATE+KEY+");
    ASSIGN_OR_RETURN(auto parts, parse_key_text(text.substr(k_private_prefix.size())));
    ASSIGN_OR_RETURN(auto const key, Ed25519PrivateKey::from_seed(parts.key));
    SignerKey signer{std::move(parts.name), parts.type, key};
    if (signer.verifier().key_id() != parts.key_id) {
        return malformed(fmt::format("private key {}: the id does not match", signer.name_));
    }
    return signer;
}

std::string SignerKey::text() const {
    return std::string{k_private_prefix} + print_key_text(name_, verifier().key_id(), type_, key_.seed());
}

VerifierKey SignerKey::verifier() const { return {name_, type_, key_.public_key()}; }

Bytes SignerKey::sign(std::string_view note_text, UnixTime time) const {
    if (type_ == KeyType::note_ed25519) {
        auto const signature = key_.sign(as_bytes(note_text));
        return {signature.begin(), signature.end()};
    }
    GGEN_ASSERT(time.seconds >= 0);
    auto const seconds = static_cast<std::uint64_t>(time.seconds);
    auto const signature = key_.sign(as_bytes(cosigned_message(note_text, seconds)));
    Bytes bytes;
    append_u64(bytes, seconds);
    bytes.insert(bytes.end(), signature.begin(), signature.end());
    return bytes;
}

Result<Note> Note::parse(std::string_view bytes) {
    if (bytes.size() > k_note_bytes_max) {
        return Error{Errc::too_large, ErrorId::note_malformed, "note: over 64 KiB"};
    }
    if (!is_valid_text(bytes)) return malformed("note: not UTF-8, or a control character");
    auto const blank = bytes.rfind("\n\n");
    if (blank == std::string_view::npos || blank == 0) return malformed("note: no blank line after the text");
    if (!bytes.ends_with('\n')) return malformed("note: the last line has no end");
    Note note;
    note.text = bytes.substr(0, blank + 1);
    for (auto rest = bytes.substr(blank + 2); !rest.empty();) {
        if (note.signatures.size() == k_note_signatures_max) {
            return Error{Errc::too_large, ErrorId::note_malformed, "note: more than 100 signatures"};
        }
        auto const end = rest.find('\n');
        ASSIGN_OR_RETURN(auto signature, parse_signature(rest.substr(0, end)));
        note.signatures.push_back(std::move(signature));
        rest.remove_prefix(end + 1);
    }
    if (note.signatures.empty()) return malformed("note: no signature");
    return note;
}

std::string Note::print() const {
    std::string bytes = text;
    bytes += '\n';
    for (auto const& signature : signatures) {
        Bytes data;
        append_u32(data, signature.key_id);
        data.insert(data.end(), signature.signature.begin(), signature.signature.end());
        bytes += fmt::format("{}{} {}\n", k_signature_prefix, signature.name, base64_encode(data));
    }
    return bytes;
}

void Note::sign(SignerKey const& key, UnixTime time) {
    auto const verifier = key.verifier();
    signatures.push_back({verifier.name, verifier.key_id(), key.sign(text, time)});
}

Result<std::vector<VerifiedSignature>> verify_note(Note const& note, std::vector<VerifierKey> const& known) {
    std::vector<std::uint32_t> known_ids;
    known_ids.reserve(known.size());
    for (auto const& key : known) known_ids.push_back(key.key_id());
    std::vector<VerifiedSignature> verified;
    for (auto const& signature : note.signatures) {
        VerifierKey const* signer = nullptr;
        for (std::size_t i = 0; i < known.size(); ++i) {
            if (known_ids[i] != signature.key_id || known[i].name != signature.name) continue;
            if (signer != nullptr) return refused(fmt::format("two known keys are named {}", signature.name));
            signer = &known[i];
        }
        if (signer == nullptr) continue;
        auto const time = check_signature(*signer, note.text, signature.signature);
        if (!time) return refused(fmt::format("the signature of {} does not match", signature.name));
        add_verified(verified, *signer, *time);
    }
    if (verified.empty()) return refused("no signature by a known key");
    return verified;
}

}  // namespace ggen::merkle
