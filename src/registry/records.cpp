#include "registry/records.hpp"

#include <array>
#include <set>
#include <utility>

#include "base/error_id.hpp"
#include "merkle/chunk_tree.hpp"
#include "registry/text_fields.hpp"

namespace ggen {
namespace {

using detail::FieldReader;

constexpr std::string_view k_claim_line = "ggen/claim/v1";
constexpr std::string_view k_release_line = "ggen/release/v1";
constexpr std::string_view k_status_line = "ggen/status/v1";
constexpr std::string_view k_keys_line = "ggen/keys/v1";
constexpr std::string_view k_state_prefix = "ggen/state/v1 ";

struct ActionName {
    StatusAction action;
    std::string_view name;
};
constexpr std::array k_action_names{
    ActionName{StatusAction::yank, "yank"}, ActionName{StatusAction::unyank, "unyank"},
    ActionName{StatusAction::deprecate, "deprecate"}, ActionName{StatusAction::undeprecate, "undeprecate"},
    ActionName{StatusAction::revoke, "revoke"}};

struct ReasonName {
    StatusReason reason;
    std::string_view name;
};
constexpr std::array k_reason_names{
    ReasonName{StatusReason::unspecified, "unspecified"}, ReasonName{StatusReason::broken, "broken"},
    ReasonName{StatusReason::security, "security"},       ReasonName{StatusReason::license, "license"},
    ReasonName{StatusReason::replaced, "replaced"},       ReasonName{StatusReason::mistake, "mistake"}};

std::string subject_line(ClaimSubject const& subject) {
    return (subject.kind == ClaimSubject::Kind::name_space ? "namespace " : "name ") + subject.text + "\n";
}

std::string keys_lines(std::vector<merkle::VerifierKey> const& keys, unsigned threshold) {
    std::string text = "threshold " + std::to_string(threshold) + "\n";
    for (auto const& key : keys) text += "key " + key.text() + "\n";
    return text;
}

std::string hex_or_dash(std::optional<Digest> const& digest) { return digest ? digest->hex() : "-"; }

std::string blob_line(std::string_view field, BlobRef const& blob) {
    return std::string{field} + " " + blob.digest.text() + " " + std::to_string(blob.bytes) + "\n";
}

struct Printer {
    std::string operator()(ClaimRecord const& claim) const {
        return std::string{k_claim_line} + "\nregistry " + claim.registry + "\n" +
               subject_line(claim.subject) + keys_lines(claim.keys, claim.threshold) + "recovery " +
               (claim.recovery ? claim.recovery->text() : "-") + "\n";
    }
    std::string operator()(ReleaseRecord const& release) const {
        return std::string{k_release_line} + "\nregistry " + release.registry + "\nname " +
               release.name.text() + "\nversion " + release.version.text() + "\nprev " +
               hex_or_dash(release.previous) + "\n" + blob_line("manifest", release.manifest) +
               blob_line("archive", release.archive) +
               (release.chunks ? "chunks " + release.chunks->text() + "\n" : std::string{}) + "tree " +
               release.tree.text() + "\n";
    }
    std::string operator()(StatusRecord const& status) const {
        return std::string{k_status_line} + "\nregistry " + status.registry + "\nname " + status.name.text() +
               "\nversion " + status.version.text() + "\nprev " + hex_or_dash(status.previous) + "\naction " +
               std::string{status_action_name(status.action)} + "\nreason " +
               std::string{status_reason_name(status.reason)} + "\nreplacement " +
               (status.replacement.empty() ? "-" : status.replacement) + "\n";
    }
    std::string operator()(KeysRecord const& keys) const {
        return std::string{k_keys_line} + "\nregistry " + keys.registry + "\n" + subject_line(keys.subject) +
               keys_lines(keys.keys, keys.threshold);
    }
    std::string operator()(StateLeaf const& leaf) const {
        return std::string{k_state_prefix} + std::to_string(leaf.size) + " " +
               std::to_string(leaf.time.seconds) + " " + std::to_string(leaf.bucket_bits) + " " +
               leaf.root.hex() + "\n";
    }
};

Result<std::string> take_registry(FieldReader& fields) {
    ASSIGN_OR_RETURN(auto const text, fields.take("registry"));
    if (!is_valid_origin(text)) return fields.error("this is not the name of a registry");
    return std::string{text};
}

Result<ClaimSubject> take_subject(FieldReader& fields) {
    ClaimSubject subject;
    subject.kind = fields.next_is("name") ? ClaimSubject::Kind::name : ClaimSubject::Kind::name_space;
    bool const is_name = subject.kind == ClaimSubject::Kind::name;
    ASSIGN_OR_RETURN(auto const text, fields.take(is_name ? "name" : "namespace"));
    auto const name = PackageName::parse(text);
    if (!name || !name->scope().empty()) return fields.error("a claim covers a namespace or a bare name");
    subject.text = text;
    return subject;
}

Result<PackageName> take_name(FieldReader& fields) {
    ASSIGN_OR_RETURN(auto const text, fields.take("name"));
    auto name = PackageName::parse(text);
    if (!name) return fields.error(name.error().context);
    return name;
}

Result<Version> take_version(FieldReader& fields) {
    ASSIGN_OR_RETURN(auto const text, fields.take("version"));
    auto version = Version::parse(text);
    if (!version) return fields.error(version.error().context);
    return version;
}

Result<std::optional<Digest>> take_previous(FieldReader& fields) {
    ASSIGN_OR_RETURN(auto const text, fields.take("prev"));
    if (text == "-") return std::optional<Digest>{};
    auto const digest = Digest::from_hex(text);
    if (!digest) return fields.error("prev is neither a leaf hash nor \"-\"");
    return std::optional<Digest>{*digest};
}

Result<BlobRef> take_blob(FieldReader& fields, std::string_view field) {
    ASSIGN_OR_RETURN(auto const text, fields.take(field));
    auto const [digest_text, size_text] = detail::split_at_space(text);
    auto const digest = Digest::parse(digest_text);
    auto const size = detail::parse_canonical_number(size_text);
    if (!digest || !size) return fields.error("a digest and a size in bytes are expected");
    return BlobRef{*digest, *size};
}

/// Absent in old records, and always of an archive of one chunk: its digest says as much.
Result<std::optional<Digest>> take_chunks(FieldReader& fields, BlobRef const& archive) {
    if (!fields.next_is("chunks")) return std::optional<Digest>{};
    ASSIGN_OR_RETURN(auto const text, fields.take("chunks"));
    auto const root = Digest::parse(text);
    if (!root) return fields.error("a digest is expected");
    if (archive.bytes <= merkle::k_chunk_bytes) return fields.error("an archive of one chunk has no chunk root");
    return std::optional<Digest>{*root};
}

struct KeySet {
    std::vector<merkle::VerifierKey> keys;
    unsigned threshold = 1;
};

Result<KeySet> take_keys(FieldReader& fields) {
    ASSIGN_OR_RETURN(auto const threshold, fields.take_number("threshold"));
    KeySet set;
    std::set<Ed25519PublicKey> distinct;
    while (fields.next_is("key")) {
        ASSIGN_OR_RETURN(auto key, fields.take_key("key"));
        if (key.type != merkle::KeyType::note_ed25519) return fields.error("this key cannot sign records");
        if (!distinct.insert(key.key).second) return fields.error("the same key stands here twice");
        if (set.keys.size() == k_record_keys_max) return fields.error("too many keys");
        set.keys.push_back(std::move(key));
    }
    if (threshold < 1 || threshold > set.keys.size()) {
        return fields.error("the threshold must be at least 1 and at most the number of keys");
    }
    set.threshold = static_cast<unsigned>(threshold);
    return set;
}

Result<Record> parse_claim(FieldReader& fields) {
    ASSIGN_OR_RETURN(auto registry, take_registry(fields));
    ASSIGN_OR_RETURN(auto subject, take_subject(fields));
    ASSIGN_OR_RETURN(auto keys, take_keys(fields));
    ClaimRecord claim{std::move(registry), std::move(subject), std::move(keys.keys), keys.threshold, {}};
    ASSIGN_OR_RETURN(auto const recovery, fields.take("recovery"));
    if (recovery != "-") {
        auto key = merkle::VerifierKey::parse(recovery);
        if (!key || key->type != merkle::KeyType::note_ed25519)
            return fields.error("the recovery key is invalid");
        for (auto const& other : claim.keys) {
            if (other.key == key->key) return fields.error("the recovery key must be a key of its own");
        }
        claim.recovery = std::move(key).value();
    }
    return Record{std::move(claim)};
}

Result<Record> parse_release(FieldReader& fields) {
    ASSIGN_OR_RETURN(auto registry, take_registry(fields));
    ASSIGN_OR_RETURN(auto name, take_name(fields));
    ASSIGN_OR_RETURN(auto version, take_version(fields));
    ASSIGN_OR_RETURN(auto previous, take_previous(fields));
    ASSIGN_OR_RETURN(auto manifest, take_blob(fields, "manifest"));
    ASSIGN_OR_RETURN(auto archive, take_blob(fields, "archive"));
    ASSIGN_OR_RETURN(auto const chunks, take_chunks(fields, archive));
    ASSIGN_OR_RETURN(auto const tree_text, fields.take("tree"));
    auto const tree = Digest::parse(tree_text);
    if (!tree) return fields.error("a digest is expected");
    return Record{ReleaseRecord{std::move(registry), std::move(name), std::move(version), previous, manifest,
                                archive, *tree, chunks}};
}

Result<StatusAction> take_action(FieldReader& fields) {
    ASSIGN_OR_RETURN(auto const text, fields.take("action"));
    for (auto const& row : k_action_names) {
        if (row.name == text) return row.action;
    }
    return fields.error("this action is not known");
}

Result<Record> parse_status(FieldReader& fields) {
    ASSIGN_OR_RETURN(auto registry, take_registry(fields));
    ASSIGN_OR_RETURN(auto name, take_name(fields));
    ASSIGN_OR_RETURN(auto version, take_version(fields));
    ASSIGN_OR_RETURN(auto previous, take_previous(fields));
    ASSIGN_OR_RETURN(auto const action, take_action(fields));
    ASSIGN_OR_RETURN(auto const reason_text, fields.take("reason"));
    auto const reason = parse_status_reason(reason_text);
    if (!reason) return fields.error(reason.error().context);
    ASSIGN_OR_RETURN(auto const replacement, fields.take("replacement"));
    if (replacement != "-" && !PackageName::parse(replacement)) {
        return fields.error("the replacement is not a package name");
    }
    return Record{StatusRecord{std::move(registry), std::move(name), std::move(version), previous, action,
                               *reason, replacement == "-" ? std::string{} : std::string{replacement}}};
}

Result<Record> parse_key_change(FieldReader& fields) {
    ASSIGN_OR_RETURN(auto registry, take_registry(fields));
    ASSIGN_OR_RETURN(auto subject, take_subject(fields));
    ASSIGN_OR_RETURN(auto keys, take_keys(fields));
    return Record{KeysRecord{std::move(registry), std::move(subject), std::move(keys.keys), keys.threshold}};
}

Result<Record> parse_text(std::string_view text) {
    FieldReader fields{text, ErrorId::record_invalid, "record"};
    ASSIGN_OR_RETURN(auto const kind, fields.take_line());
    auto record = kind == k_release_line  ? parse_release(fields)
                  : kind == k_status_line ? parse_status(fields)
                  : kind == k_claim_line  ? parse_claim(fields)
                  : kind == k_keys_line   ? parse_key_change(fields)
                                          : Result<Record>{fields.error("this kind of record is not known")};
    if (!record) return record;
    RETURN_IF_ERROR(fields.expect_end());
    return record;
}

Result<SignedRecord> parse_state_leaf(std::string_view text) {
    auto const invalid = [] {
        return Error{Errc::invalid, ErrorId::record_invalid,
                     "record: the state leaf does not follow its form"};
    };
    if (text.empty() || text.back() != '\n') return invalid();
    auto const body = text.substr(k_state_prefix.size(), text.size() - k_state_prefix.size() - 1);
    auto const [size_text, after_size] = detail::split_at_space(body);
    auto const [time_text, after_time] = detail::split_at_space(after_size);
    auto const [bits_text, root_text] = detail::split_at_space(after_time);
    auto const size = detail::parse_canonical_number(size_text);
    auto const time = detail::parse_canonical_number(time_text);
    auto const root = Digest::from_hex(root_text);
    if (!size || !time || !root || (bits_text != "8" && bits_text != "16")) return invalid();
    StateLeaf const leaf{*size, {static_cast<std::int64_t>(*time)}, bits_text == "8" ? 8U : 16U, *root};
    return SignedRecord{leaf, merkle::Note{std::string{text}, {}}};
}

}  // namespace

bool is_valid_origin(std::string_view text) {
    if (text.empty() || text.size() > k_origin_bytes_max || text.substr(0, 5) == "ggen/") return false;
    for (char const c : text) {
        if (c <= 0x20 || c >= 0x7f || c == '+') return false;
    }
    return true;
}

std::string print_record(Record const& record) { return std::visit(Printer{}, record); }

Result<Bytes> sign_record(Record const& record, std::vector<merkle::SignerKey> const& keys) {
    merkle::Note note{print_record(record), {}};
    for (auto const& key : keys) note.sign(key);
    auto entry = to_bytes(std::holds_alternative<StateLeaf>(record) ? note.text : note.print());
    if (entry.size() > k_record_bytes_max) {
        return Error{Errc::too_large, ErrorId::record_invalid,
                     "the record would have " + std::to_string(entry.size()) + " bytes; the limit is " +
                         std::to_string(k_record_bytes_max)};
    }
    return entry;
}

Result<SignedRecord> parse_record(BytesView entry) {
    if (entry.size() > k_record_bytes_max) {
        return Error{Errc::too_large, ErrorId::record_invalid,
                     "a record has at most " + std::to_string(k_record_bytes_max) + " bytes"};
    }
    auto const text = as_text(entry);
    if (text.substr(0, k_state_prefix.size()) == k_state_prefix) return parse_state_leaf(text);
    auto note = merkle::Note::parse(text);
    if (!note) {
        return Error{Errc::invalid, ErrorId::record_invalid, "record: " + note.error().context};
    }
    ASSIGN_OR_RETURN(auto record, parse_text(note->text));
    if (print_record(record) != note->text || note->print() != text) {
        return Error{Errc::invalid, ErrorId::record_invalid,
                     "record: this is a second spelling of the same record"};
    }
    return SignedRecord{std::move(record), std::move(note).value()};
}

std::string_view status_action_name(StatusAction action) {
    return k_action_names[static_cast<std::size_t>(action)].name;
}

std::string_view status_reason_name(StatusReason reason) {
    return k_reason_names[static_cast<std::size_t>(reason)].name;
}

Result<StatusReason> parse_status_reason(std::string_view text) {
    std::string known;
    for (auto const& row : k_reason_names) {
        if (row.name == text) return row.reason;
        known += known.empty() ? "" : ", ";
        known += row.name;
    }
    return Error{Errc::invalid, ErrorId::record_invalid, "the reason must be one of: " + known};
}

}  // namespace ggen
