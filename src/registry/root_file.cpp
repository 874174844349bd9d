#include "registry/root_file.hpp"

#include <algorithm>
#include <cstdio>
#include <set>
#include <utility>

#include "base/error_id.hpp"
#include "codec/base64.hpp"
#include "registry/records.hpp"
#include "registry/text_fields.hpp"
#include "registry/witness_policy.hpp"

namespace ggen {
namespace {

using detail::FieldReader;

constexpr std::size_t k_root_keys_max = 64;
constexpr std::size_t k_policy_lines_max = 256;

struct Day {
    std::int64_t year = 0;
    std::int64_t month = 0;
    std::int64_t day = 0;
};

std::int64_t days_in_month(Day const& day) {
    bool const leap = (day.year % 4 == 0 && day.year % 100 != 0) || day.year % 400 == 0;
    if (day.month == 2) return leap ? 29 : 28;
    return day.month == 4 || day.month == 6 || day.month == 9 || day.month == 11 ? 30 : 31;
}

std::optional<Day> parse_day(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    auto const number = [&](std::size_t at, std::size_t count) {
        std::int64_t value = 0;
        for (char const c : text.substr(at, count)) {
            if (c < '0' || c > '9') return std::int64_t{-1};
            value = value * 10 + (c - '0');
        }
        return value;
    };
    Day const day{number(0, 4), number(5, 2), number(8, 2)};
    if (day.year < 1970 || day.month < 1 || day.month > 12 || day.day < 1 || day.day > days_in_month(day)) {
        return std::nullopt;
    }
    return day;
}

std::int64_t days_since_epoch(Day const& until) {
    std::int64_t days = 0;
    for (Day at{1970, 1, 1}; at.year < until.year; ++at.year) {
        days += days_in_month({at.year, 2, 1}) == 29 ? 366 : 365;
    }
    for (Day at{until.year, 1, 1}; at.month < until.month; ++at.month) days += days_in_month(at);
    return days + until.day - 1;
}

Error refused(std::string text) { return Error{Errc::refused, ErrorId::root_file_invalid, std::move(text)}; }

Result<void> take_root_keys(FieldReader& fields, RootFile& root) {
    ASSIGN_OR_RETURN(auto const threshold, fields.take_number("threshold"));
    std::set<Ed25519PublicKey> distinct;
    while (fields.next_is("key")) {
        ASSIGN_OR_RETURN(auto key, fields.take_key("key"));
        if (key.type != merkle::KeyType::note_ed25519)
            return fields.error("this key cannot sign a root file");
        if (!distinct.insert(key.key).second) return fields.error("the same key stands here twice");
        if (root.keys.size() == k_root_keys_max) return fields.error("too many keys");
        root.keys.push_back(std::move(key));
    }
    if (threshold < 1 || threshold > root.keys.size()) {
        return fields.error("the threshold must be at least 1 and at most the number of keys");
    }
    root.threshold = static_cast<unsigned>(threshold);
    return ok();
}

Result<FrozenLog> take_frozen(FieldReader& fields) {
    ASSIGN_OR_RETURN(auto const text, fields.take("frozen"));
    auto const [key_text, after_key] = detail::split_at_space(text);
    auto const [size_text, root_text] = detail::split_at_space(after_key);
    auto key = merkle::VerifierKey::parse(key_text);
    auto const size = detail::parse_canonical_number(size_text);
    auto const hash = base64_decode(root_text);
    if (!key || !size || !hash || hash->size() != Digest::k_bytes) {
        return fields.error("a key, a size and a root hash are expected");
    }
    FrozenLog frozen{std::move(key).value(), *size, {}};
    std::copy(hash->begin(), hash->end(), frozen.root.bytes.begin());
    return frozen;
}

Result<merkle::VerifierKey> take_witness(FieldReader& fields, std::size_t number) {
    ASSIGN_OR_RETURN(auto const text, fields.take("witness"));
    auto const [name, key_text] = detail::split_at_space(text);
    if (name != "w" + std::to_string(number)) return fields.error("witnesses are named w1, w2, … in order");
    auto key = merkle::VerifierKey::parse(key_text);
    if (!key || key->type != merkle::KeyType::cosignature_ed25519) {
        return fields.error("a cosignature key is expected");
    }
    return key;
}

Result<void> take_policy(FieldReader& fields, RootFile& root) {
    RETURN_IF_ERROR(fields.expect("policy"));
    ASSIGN_OR_RETURN(root.log_key, fields.take_key("log"));
    if (root.log_key.type != merkle::KeyType::note_ed25519 || root.log_key.name != root.registry) {
        return fields.error("the key of the log must be named like the registry");
    }
    for (auto const& key : root.keys) {
        if (key.key == root.log_key.key) return fields.error("the log's key must not be a root key");
    }
    while (fields.next_is("frozen")) {
        ASSIGN_OR_RETURN(auto frozen, take_frozen(fields));
        root.frozen.push_back(std::move(frozen));
        if (root.frozen.size() > k_policy_lines_max) return fields.error("too many lines");
    }
    while (fields.next_is("witness")) {
        ASSIGN_OR_RETURN(auto witness, take_witness(fields, root.witnesses.size() + 1));
        root.witnesses.push_back(std::move(witness));
        if (root.witnesses.size() > k_policy_lines_max) return fields.error("too many lines");
    }
    while (fields.next_is("group")) {
        ASSIGN_OR_RETURN(auto const group, fields.take("group"));
        root.policy_tail += "group " + std::string{group} + "\n";
    }
    ASSIGN_OR_RETURN(auto const quorum, fields.take("quorum"));
    if (quorum.empty()) return fields.error("the quorum needs a name");
    root.policy_tail += "quorum " + std::string{quorum} + "\n";
    return fields.expect_end();
}

}  // namespace

Result<RootFile> RootFile::parse(std::string_view note_bytes) {
    if (note_bytes.size() > k_bytes_max) {
        return Error{Errc::invalid, ErrorId::root_file_invalid, "root file: more than 64 KiB"};
    }
    auto const note = merkle::Note::parse(note_bytes);
    if (!note) return Error{Errc::invalid, ErrorId::root_file_invalid, "root file: " + note.error().context};

    RootFile root;
    root.note = note_bytes;
    FieldReader fields{note->text, ErrorId::root_file_invalid, "root file"};
    RETURN_IF_ERROR(fields.expect("ggen/root/v1"));
    ASSIGN_OR_RETURN(auto const registry, fields.take("registry"));
    if (!is_valid_origin(registry)) return fields.error("this is not the name of a registry");
    root.registry = registry;
    ASSIGN_OR_RETURN(root.version, fields.take_number("version"));
    if (root.version == 0) return fields.error("versions count from 1");
    ASSIGN_OR_RETURN(auto const expires, fields.take("expires"));
    if (!parse_day(expires)) return fields.error("a day like 2027-11-23 is expected");
    root.expires = expires;
    RETURN_IF_ERROR(take_root_keys(fields, root));
    RETURN_IF_ERROR(take_policy(fields, root));
    RETURN_IF_ERROR(check_witness_policy(root));
    if (root.text() != note->text) {
        return Error{Errc::invalid, ErrorId::root_file_invalid, "root file: this is a second spelling"};
    }
    return root;
}

std::string RootFile::text() const {
    std::string text = "ggen/root/v1\nregistry " + registry + "\nversion " + std::to_string(version) +
                       "\nexpires " + expires + "\nthreshold " + std::to_string(threshold) + "\n";
    for (auto const& key : keys) text += "key " + key.text() + "\n";
    text += "policy\nlog " + log_key.text() + "\n";
    for (auto const& log : frozen) {
        text += "frozen " + log.key.text() + " " + std::to_string(log.size) + " " +
                base64_encode(log.root.view()) + "\n";
    }
    for (std::size_t i = 0; i < witnesses.size(); ++i) {
        text += "witness w" + std::to_string(i + 1) + " " + witnesses[i].text() + "\n";
    }
    return text + policy_tail;
}

Result<void> RootFile::verify_signed_by(RootFile const& signers) const {
    auto const parsed = merkle::Note::parse(note);
    if (!parsed) return refused("root file: " + parsed.error().context);
    auto const signatures = merkle::verify_note(*parsed, signers.keys);
    if (!signatures) return refused("root file: " + signatures.error().context);
    std::set<Ed25519PublicKey> distinct;
    for (auto const& signature : *signatures) distinct.insert(signature.key.key);
    if (signers.threshold < 1 || distinct.size() < signers.threshold) {
        return refused("root file version " + std::to_string(version) + " of " + registry + " is signed by " +
                       std::to_string(distinct.size()) + " of the keys of version " +
                       std::to_string(signers.version) + ", which demands " +
                       std::to_string(signers.threshold));
    }
    return ok();
}

Result<RootFile> RootFile::accept_next(RootFile const& current, std::string_view note_bytes) {
    ASSIGN_OR_RETURN(auto next, parse(note_bytes));
    if (next.registry != current.registry) {
        return refused("root file: it is for the registry " + next.registry + ", not " + current.registry);
    }
    if (next.version != current.version + 1) {
        return refused("root file: version " + std::to_string(next.version) + " cannot follow version " +
                       std::to_string(current.version));
    }
    RETURN_IF_ERROR(next.verify_signed_by(current));
    RETURN_IF_ERROR(next.verify_signed_by(next));
    return next;
}

Result<void> RootFile::check_expiry(UnixTime now) const {
    auto const day = parse_day(expires);
    constexpr std::int64_t k_day_seconds = 86'400;
    if (!day || now.seconds >= (days_since_epoch(*day) + 1) * k_day_seconds) {
        return refused("the root file of " + registry + " (version " + std::to_string(version) +
                       ") expired on " + expires);
    }
    return ok();
}

Digest RootFile::fingerprint() const { return sha256(as_bytes(note)); }

}  // namespace ggen
