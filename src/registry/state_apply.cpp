// The rules of replay: which record has an effect (docs/formats/records.md, "Replay").
#include <algorithm>
#include <set>
#include <utility>

#include "base/error_id.hpp"
#include "merkle/tree.hpp"
#include "registry/state.hpp"

namespace ggen {
namespace {

ApplyOutcome no_effect(ErrorId id, std::string why) { return {EntryEffect::no_effect, std::move(why), id}; }

ApplyOutcome applied() { return {EntryEffect::applied, {}, ErrorId::none}; }

std::string subject_text(ClaimSubject const& subject) {
    return (subject.kind == ClaimSubject::Kind::name_space ? "the namespace " : "the name ") + subject.text;
}

std::string_view registry_of(Record const& record, std::string_view origin) {
    return std::visit(
        [&](auto const& value) -> std::string_view {
            if constexpr (std::is_same_v<std::decay_t<decltype(value)>, StateLeaf>) {
                return origin;
            } else {
                return value.registry;
            }
        },
        record);
}

bool has_log_key(std::vector<merkle::VerifierKey> const& keys, std::string const& origin) {
    return std::any_of(keys.begin(), keys.end(), [&](auto const& key) { return key.name == origin; });
}

}  // namespace

ApplyOutcome RegistryState::apply(BytesView entry) {
    auto const leaf = merkle::leaf_hash(entry);
    auto const record = parse_record(entry);
    auto outcome = [&]() -> ApplyOutcome {
        if (!record) return no_effect(ErrorId::record_invalid, record.error().context);
        auto const& registry = registry_of(record->record, origin_);
        if (registry != origin_) {
            return no_effect(ErrorId::record_invalid,
                             "the record is for the registry " + std::string{registry} + ", not for " + origin_);
        }
        return std::visit([&](auto const& value) { return apply_record(value, record->note, leaf); },
                          record->record);
    }();
    if (outcome.effect == EntryEffect::applied) {
        applied_[leaf] = size_;
        if (undo_) undo_->applied.push_back(leaf);
    }
    ++size_;
    return outcome;
}

ApplyOutcome RegistryState::apply_record(ClaimRecord const& claim, merkle::Note const& note,
                                         Digest const& leaf) {
    if (claims_.find(claim.subject) != claims_.end()) {
        return no_effect(ErrorId::not_owner, subject_text(claim.subject) + " is claimed already");
    }
    if (has_log_key(claim.keys, origin_) || (claim.recovery && claim.recovery->name == origin_)) {
        return no_effect(ErrorId::record_invalid, "the key of the log cannot own names");
    }
    if (auto const why = check_signers(note, claim.keys, claim.threshold)) {
        return no_effect(ErrorId::not_owner, "the claim of " + subject_text(claim.subject) + ": " + *why);
    }
    bool const is_name = claim.subject.kind == ClaimSubject::Kind::name;
    if (is_name && !signer_owns_a_namespace(note, claim.keys)) {
        return no_effect(ErrorId::not_owner, "a bare name such as " + claim.subject.text +
                                                 " can be claimed only with a key that owns a namespace");
    }
    set_claim(claim.subject, ClaimState{{claim.keys, claim.threshold, claim.recovery}, leaf, {}, false});
    undated_claims_.push_back(claim.subject);
    return applied();
}

ApplyOutcome RegistryState::apply_record(ReleaseRecord const& release, merkle::Note const& note,
                                         Digest const& leaf) {
    auto const* const known = find(release.name);
    if (known != nullptr) {
        auto const same = [&](VersionState const& state) { return state.version == release.version; };
        if (std::any_of(known->versions.begin(), known->versions.end(), same)) {
            return no_effect(ErrorId::version_exists,
                             release.name.text() + " " + release.version.text() + " is published already");
        }
    }
    if (auto refusal = check_publisher(release.name, release.previous, note); !refusal.why.empty())
        return refusal;

    auto* const claim = claim_of(release.name);
    auto& state = touch_name(release.name);
    state.owner = claim->owner;
    state.last_record = leaf;
    VersionState version;
    version.index = size_;
    version.leaf = leaf;
    version.version = release.version;
    state.versions.push_back(std::move(version));
    pending_.emplace_back(release.name, state.versions.size() - 1);
    if (!claim->has_release) {
        bool const is_bare = release.name.scope().empty();
        ClaimSubject const subject{is_bare ? ClaimSubject::Kind::name : ClaimSubject::Kind::name_space,
                                   is_bare ? release.name.text() : std::string{release.name.scope()}};
        auto used = *claim;
        used.has_release = true;
        set_claim(subject, std::move(used));
    }
    return applied();
}

ApplyOutcome RegistryState::apply_record(StatusRecord const& status, merkle::Note const& note,
                                         Digest const& leaf) {
    auto const* const known = find(status.name);
    auto const same = [&](VersionState const& state) { return state.version == status.version; };
    if (known == nullptr || std::none_of(known->versions.begin(), known->versions.end(), same)) {
        return no_effect(ErrorId::version_not_found,
                         status.name.text() + " " + status.version.text() + " is not published");
    }
    if (auto refusal = check_publisher(status.name, status.previous, note); !refusal.why.empty())
        return refusal;

    auto& state = touch_name(status.name);
    state.last_record = leaf;
    auto& version = *std::find_if(state.versions.begin(), state.versions.end(), same);
    switch (status.action) {
        case StatusAction::yank:
            version.yanked = true;
            break;
        case StatusAction::unyank:
            version.yanked = false;
            break;
        case StatusAction::deprecate:
            version.deprecated = true;
            break;
        case StatusAction::undeprecate:
            version.deprecated = false;
            break;
        case StatusAction::revoke:
            version.revoked = true;
            break;
    }
    bool const is_withdrawal =
        status.action != StatusAction::unyank && status.action != StatusAction::undeprecate;
    if (is_withdrawal) {
        version.reason = status.reason;
    } else if (!version.yanked && !version.deprecated && !version.revoked) {
        version.reason = StatusReason::unspecified;
    }
    return applied();
}

ApplyOutcome RegistryState::apply_record(KeysRecord const& keys, merkle::Note const& note,
                                         Digest const& leaf) {
    auto const found = claims_.find(keys.subject);
    if (found == claims_.end()) {
        return no_effect(ErrorId::not_owner, subject_text(keys.subject) + " is not claimed");
    }
    // The record has no `prev`: without this rule an old rotation could be played again.
    if (applied_.find(leaf) != applied_.end()) {
        return no_effect(ErrorId::record_invalid, "this change of keys was made before");
    }
    auto const& owner = found->second.owner;
    if (has_log_key(keys.keys, origin_)) {
        return no_effect(ErrorId::record_invalid, "the key of the log cannot own names");
    }
    auto const why = check_signers(note, owner.keys, owner.threshold);
    bool const is_recovery = owner.recovery && !check_signers(note, {*owner.recovery}, 1);
    if (why && !is_recovery) {
        return no_effect(ErrorId::not_owner,
                         "the change of keys for " + subject_text(keys.subject) + ": " + *why);
    }
    auto changed = found->second;
    changed.owner.keys = keys.keys;
    changed.owner.threshold = keys.threshold;
    auto const new_owner = changed.owner;
    set_claim(keys.subject, std::move(changed));

    if (keys.subject.kind == ClaimSubject::Kind::name) {
        auto const name = PackageName::parse(keys.subject.text);
        if (name && find(*name) != nullptr) touch_name(*name).owner = new_owner;
        return applied();
    }
    // '0' is the smallest character that a name can begin with.
    auto const first = PackageName::parse(keys.subject.text + "/0");
    if (!first) return applied();
    for (auto at = names_.lower_bound(*first); at != names_.end() && at->first.scope() == keys.subject.text;
         ++at) {
        touch_name(at->first).owner = new_owner;
    }
    return applied();
}

ApplyOutcome RegistryState::apply_record(StateLeaf const& leaf, merkle::Note const& /*note*/,
                                         Digest const& /*leaf_hash*/) {
    GGEN_ASSERT(!undo_);
    if (leaf.size != size_) {
        return no_effect(ErrorId::state_mismatch, "the state leaf is for " + std::to_string(leaf.size) +
                                                      " entries, but it follows " + std::to_string(size_));
    }
    if (leaf.time < time_ || leaf.time.seconds <= 0) {
        return no_effect(ErrorId::state_mismatch, "the time of the state leaf goes back");
    }
    if (checks_ == ReplayChecks::all) {
        auto const expected = make_leaf(leaf.time);
        if (leaf.root != expected.root || leaf.bucket_bits != expected.bucket_bits) {
            return no_effect(ErrorId::state_mismatch, "the state root at " + std::to_string(size_) +
                                                          " entries does not follow from the log");
        }
        tree_.settle();
    }
    pass_time(leaf.time);
    return {EntryEffect::state_leaf, {}, ErrorId::none};
}

ApplyOutcome RegistryState::check_publisher(PackageName const& name, std::optional<Digest> const& previous,
                                            merkle::Note const& note) const {
    auto const* const owner = owner_of(name);
    if (owner == nullptr) {
        return no_effect(ErrorId::not_owner,
                         name.scope().empty()
                             ? "the name " + name.text() + " is not claimed"
                             : "the namespace " + std::string{name.scope()} + " is not claimed");
    }
    if (auto const why = check_signers(note, owner->keys, owner->threshold)) {
        return no_effect(ErrorId::not_owner, name.text() + ": " + *why);
    }
    auto const* const known = find(name);
    auto const expected = known != nullptr ? known->last_record : std::nullopt;
    if (previous != expected) {
        return no_effect(ErrorId::record_invalid,
                         name.text() + ": the record does not follow the last one (" +
                             (expected ? expected->hex() : std::string{"none"}) + ")");
    }
    return {};
}

std::optional<std::string> RegistryState::check_signers(merkle::Note const& note,
                                                        std::vector<merkle::VerifierKey> const& keys,
                                                        unsigned threshold) const {
    if (checks_ == ReplayChecks::trusted_log) return std::nullopt;
    auto const is_by_owner = [&](merkle::NoteSignature const& signature) {
        return std::any_of(keys.begin(), keys.end(), [&](merkle::VerifierKey const& key) {
            return key.name == signature.name && key.key_id() == signature.key_id;
        });
    };
    if (std::none_of(note.signatures.begin(), note.signatures.end(), is_by_owner)) {
        auto const signer = note.signatures.empty() ? std::string{"nobody"} : note.signatures.front().name;
        return "signed by " + signer + ", which is not an owner key";
    }
    auto const signatures = merkle::verify_note(note, keys);
    if (!signatures) return signatures.error().context;
    std::set<Ed25519PublicKey> distinct;
    for (auto const& signature : *signatures) distinct.insert(signature.key.key);
    if (threshold >= 1 && distinct.size() >= threshold) return std::nullopt;
    return "signed by " + std::to_string(distinct.size()) + " of the owner keys, but " +
           std::to_string(threshold) + " must sign";
}

bool RegistryState::signer_owns_a_namespace(merkle::Note const& note,
                                            std::vector<merkle::VerifierKey> const& keys) const {
    if (checks_ == ReplayChecks::trusted_log) return true;
    auto const signatures = merkle::verify_note(note, keys);
    if (!signatures) return false;
    return std::any_of(signatures->begin(), signatures->end(), [&](auto const& signature) {
        return namespaces_of_key_.find(signature.key.key) != namespaces_of_key_.end();
    });
}

RegistryState::ClaimState* RegistryState::claim_of(PackageName const& name) {
    bool const is_bare = name.scope().empty();
    auto const found = claims_.find({is_bare ? ClaimSubject::Kind::name : ClaimSubject::Kind::name_space,
                                     is_bare ? name.text() : std::string{name.scope()}});
    return found == claims_.end() ? nullptr : &found->second;
}

}  // namespace ggen
