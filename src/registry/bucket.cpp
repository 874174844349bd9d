// Bytes of a bucket; drawn in docs/formats/state-tree.md.
#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "base/error_id.hpp"
#include "registry/name_state.hpp"

namespace ggen {
namespace {

constexpr std::string_view k_magic = "ggb1";
constexpr std::uint8_t k_flag_yanked = 1;
constexpr std::uint8_t k_flag_revoked = 2;
constexpr std::uint8_t k_flag_deprecated = 4;
constexpr std::uint8_t k_reason_max = static_cast<std::uint8_t>(StatusReason::mistake);

class ByteWriter {
public:
    void number(std::uint64_t value, unsigned width) {
        for (unsigned i = width; i > 0; --i)
            bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * (i - 1))));
    }
    void raw(BytesView bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
    void text(std::string_view text) {
        number(text.size(), 2);
        raw(as_bytes(text));
    }
    void key(merkle::VerifierKey const& key) {
        text(key.name);
        raw(key.key.bytes);
    }
    void optional_key(std::optional<merkle::VerifierKey> const& value) {
        number(value ? 1 : 0, 1);
        if (value) key(*value);
    }
    Bytes take() { return std::move(bytes_); }

private:
    Bytes bytes_;
};

/// Reads from the front; after the first short read everything is zero and `failed` is set.
class ByteReader {
public:
    explicit ByteReader(BytesView bytes) : rest_(bytes) {}
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] std::size_t remaining() const { return rest_.size(); }
    void fail() { failed_ = true; }

    BytesView raw(std::size_t count) {
        if (failed_ || count > rest_.size()) {
            failed_ = true;
            return {};
        }
        auto const part = rest_.first(count);
        rest_ = rest_.subspan(count);
        return part;
    }
    std::uint64_t number(unsigned width) {
        std::uint64_t value = 0;
        for (auto const byte : raw(width)) value = value << 8U | byte;
        return value;
    }
    std::string text() { return std::string{as_text(raw(static_cast<std::size_t>(number(2))))}; }
    Digest digest() {
        Digest digest;
        auto const bytes = raw(Digest::k_bytes);
        std::copy(bytes.begin(), bytes.end(), digest.bytes.begin());
        return digest;
    }
    merkle::VerifierKey key() {
        merkle::VerifierKey key;
        key.name = text();
        auto const bytes = raw(key.key.bytes.size());
        std::copy(bytes.begin(), bytes.end(), key.key.bytes.begin());
        // A key that its own text form would not give back (a bad name) has no place here.
        if (!failed_ && !merkle::VerifierKey::parse(key.text())) failed_ = true;
        return key;
    }

private:
    BytesView rest_;
    bool failed_ = false;
};

Error corrupt(std::string text) { return Error{Errc::corrupt, ErrorId::state_mismatch, std::move(text)}; }

Ownership read_owner(ByteReader& reader) {
    Ownership owner;
    owner.threshold = static_cast<unsigned>(reader.number(1));
    auto const key_count = reader.number(1);
    if (key_count > k_record_keys_max) reader.fail();
    std::set<Ed25519PublicKey> distinct;
    for (std::uint64_t i = 0; i < key_count && !reader.failed(); ++i) {
        owner.keys.push_back(reader.key());
        if (!distinct.insert(owner.keys.back().key).second) reader.fail();
    }
    if (owner.threshold < 1 || owner.threshold > owner.keys.size()) reader.fail();
    if (reader.number(1) != 0) owner.recovery = reader.key();
    return owner;
}

std::optional<VersionState> read_version(ByteReader& reader) {
    VersionState state;
    state.index = reader.number(8);
    state.leaf = reader.digest();
    auto const version_text = reader.text();
    auto const flags = reader.number(1);
    auto const reason = reader.number(1);
    auto const first_seen = reader.number(8);
    if (reader.failed() || flags > 7 || reason > k_reason_max ||
        first_seen > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return std::nullopt;
    }
    auto version = Version::parse(version_text);
    if (!version) return std::nullopt;
    state.version = std::move(version).value();
    state.yanked = (flags & k_flag_yanked) != 0;
    state.revoked = (flags & k_flag_revoked) != 0;
    state.deprecated = (flags & k_flag_deprecated) != 0;
    state.reason = static_cast<StatusReason>(reason);
    state.first_seen = {static_cast<std::int64_t>(first_seen)};
    return state;
}

Result<NameState> read_name(ByteReader& reader) {
    auto const name_text = reader.text();
    if (reader.failed()) return corrupt("bucket: it ends inside a name");
    auto name = PackageName::parse(name_text);
    if (!name) return corrupt("bucket: a name is not valid");
    NameState state{std::move(name).value(), {}, {}, {}};
    if (reader.number(1) != 0) state.last_record = reader.digest();
    state.owner = read_owner(reader);
    auto const count = reader.number(4);
    for (std::uint64_t i = 0; i < count && !reader.failed(); ++i) {
        auto version = read_version(reader);
        if (!version) return corrupt("bucket: a version of " + name_text + " is not valid");
        if (!state.versions.empty() && version->index <= state.versions.back().index) {
            return corrupt("bucket: the versions of " + name_text + " are not in log order");
        }
        state.versions.push_back(std::move(*version));
    }
    if (reader.failed()) return corrupt("bucket: the state of " + name_text + " is not valid");
    return state;
}

}  // namespace

std::uint32_t bucket_of(PackageName const& name, unsigned bits) {
    auto const digest = sha256(as_bytes(name.text()));
    auto const first = static_cast<std::uint32_t>(digest.bytes[0]) << 8U | digest.bytes[1];
    return first >> (16 - bits);
}

Bytes encode_bucket(std::vector<NameState const*> const& sorted_names, UnixTime leaf_time) {
    ByteWriter writer;
    writer.raw(as_bytes(k_magic));
    writer.number(sorted_names.size(), 4);
    for (auto const* const state : sorted_names) {
        writer.text(state->name.text());
        writer.number(state->last_record ? 1 : 0, 1);
        if (state->last_record) writer.raw(state->last_record->view());
        writer.number(state->owner.threshold, 1);
        writer.number(state->owner.keys.size(), 1);
        for (auto const& key : state->owner.keys) writer.key(key);
        writer.optional_key(state->owner.recovery);
        writer.number(state->versions.size(), 4);
        for (auto const& version : state->versions) {
            writer.number(version.index, 8);
            writer.raw(version.leaf.view());
            writer.text(version.version.text());
            auto const flags = (version.yanked ? k_flag_yanked : 0) | (version.revoked ? k_flag_revoked : 0) |
                               (version.deprecated ? k_flag_deprecated : 0);
            writer.number(static_cast<std::uint64_t>(flags), 1);
            writer.number(static_cast<std::uint64_t>(version.reason), 1);
            auto const seen = version.first_seen.seconds != 0 ? version.first_seen : leaf_time;
            writer.number(static_cast<std::uint64_t>(seen.seconds), 8);
        }
    }
    return writer.take();
}

Result<std::vector<NameState>> decode_bucket(BytesView bytes) {
    if (bytes.size() > k_bucket_bytes_max) {
        return Error{Errc::too_large, ErrorId::state_mismatch, "bucket: more than 1 MiB"};
    }
    ByteReader reader{bytes};
    if (as_text(reader.raw(k_magic.size())) != k_magic)
        return corrupt("bucket: it does not begin with its mark");
    auto const count = reader.number(4);
    if (reader.failed()) return corrupt("bucket: it is too short");
    std::vector<NameState> names;
    for (std::uint64_t i = 0; i < count; ++i) {
        ASSIGN_OR_RETURN(auto state, read_name(reader));
        if (!names.empty() && !(names.back().name < state.name))
            return corrupt("bucket: names are not sorted");
        names.push_back(std::move(state));
    }
    if (reader.remaining() != 0) return corrupt("bucket: there are bytes after the end");
    std::vector<NameState const*> pointers;
    pointers.reserve(names.size());
    for (auto const& name : names) pointers.push_back(&name);
    auto const again = encode_bucket(pointers);
    if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) {
        return corrupt("bucket: this is a second spelling");
    }
    return names;
}

}  // namespace ggen
