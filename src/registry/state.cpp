#include "registry/state.hpp"

#include <algorithm>
#include <utility>

namespace ggen {

RegistryState::RegistryState(std::string origin, ReplayChecks checks)
    : origin_(std::move(origin)), checks_(checks) {}

void RegistryState::begin() {
    GGEN_ASSERT(!undo_);
    undo_ = Undo{};
    undo_->size = size_;
    undo_->pending_count = pending_.size();
    undo_->undated_count = undated_claims_.size();
}

void RegistryState::roll_back() {
    GGEN_ASSERT(undo_.has_value());
    auto const undo = std::move(*undo_);
    undo_.reset();
    for (auto const& [name, before] : undo.names) {
        if (before) {
            names_.insert_or_assign(name, *before);
        } else {
            names_.erase(name);
        }
        tree_.touch(name, names_);
    }
    for (auto const& [subject, before] : undo.claims) set_claim(subject, before);
    for (auto const& leaf : undo.applied) applied_.erase(leaf);
    pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(undo.pending_count), pending_.end());
    undated_claims_.erase(undated_claims_.begin() + static_cast<std::ptrdiff_t>(undo.undated_count),
                          undated_claims_.end());
    size_ = undo.size;
}

void RegistryState::commit() {
    GGEN_ASSERT(undo_.has_value());
    undo_.reset();
}

void RegistryState::end_trusted_replay() {
    checks_ = ReplayChecks::all;
    static_cast<void>(tree_.root(names_, time_));
    tree_.settle();
}

NameState const* RegistryState::find(PackageName const& name) const {
    auto const found = names_.find(name);
    return found == names_.end() ? nullptr : &found->second;
}

Ownership const* RegistryState::find_claim(ClaimSubject const& subject) const {
    auto const found = claims_.find(subject);
    return found == claims_.end() ? nullptr : &found->second.owner;
}

Ownership const* RegistryState::owner_of(PackageName const& name) const {
    bool const is_bare = name.scope().empty();
    return find_claim({is_bare ? ClaimSubject::Kind::name : ClaimSubject::Kind::name_space,
                       is_bare ? name.text() : std::string{name.scope()}});
}

std::optional<std::uint64_t> RegistryState::index_of(Digest const& leaf) const {
    auto const found = applied_.find(leaf);
    if (found == applied_.end()) return std::nullopt;
    return found->second;
}

unsigned RegistryState::bucket_bits() const { return detail::StateTree::bits_for(names_.size()); }

StateLeaf RegistryState::make_leaf(UnixTime now) const {
    return {size_, now, bucket_bits(), tree_.root(names_, now)};
}

std::vector<std::pair<Digest, Bytes>> RegistryState::objects(UnixTime now) const {
    return tree_.objects(names_, now);
}

std::vector<std::pair<Digest, Bytes>> RegistryState::changed_objects(UnixTime now) const {
    return tree_.changed_objects(names_, now);
}

NameState& RegistryState::touch_name(PackageName const& name) {
    auto found = names_.find(name);
    if (undo_) {
        undo_->names.try_emplace(name, found == names_.end() ? std::nullopt : std::optional{found->second});
    }
    if (found == names_.end()) found = names_.emplace(name, NameState{name, {}, {}, {}}).first;
    tree_.touch(name, names_);
    return found->second;
}

void RegistryState::set_claim(ClaimSubject const& subject, std::optional<ClaimState> value) {
    auto const found = claims_.find(subject);
    if (undo_) {
        undo_->claims.try_emplace(subject,
                                  found == claims_.end() ? std::nullopt : std::optional{found->second});
    }
    if (found != claims_.end()) {
        unlink_claim(subject, found->second);
        claims_.erase(found);
    }
    if (!value) return;
    if (subject.kind == ClaimSubject::Kind::name_space) {
        for (auto const& key : value->owner.keys) namespaces_of_key_[key.key].insert(subject.text);
    }
    if (!value->has_release && value->since.seconds != 0) unused_claims_.insert({value->since, subject});
    claims_.emplace(subject, std::move(*value));
}

void RegistryState::unlink_claim(ClaimSubject const& subject, ClaimState const& claim) {
    unused_claims_.erase({claim.since, subject});
    if (subject.kind != ClaimSubject::Kind::name_space) return;
    for (auto const& key : claim.owner.keys) {
        auto const owned = namespaces_of_key_.find(key.key);
        if (owned == namespaces_of_key_.end()) continue;
        owned->second.erase(subject.text);
        if (owned->second.empty()) namespaces_of_key_.erase(owned);
    }
}

void RegistryState::pass_time(UnixTime time) {
    time_ = time;
    for (auto const& [name, position] : pending_) names_.at(name).versions[position].first_seen = time;
    pending_.clear();
    for (auto const& subject : undated_claims_) {
        auto const found = claims_.find(subject);
        if (found == claims_.end()) continue;
        auto dated = found->second;
        dated.since = time;
        set_claim(subject, std::move(dated));
    }
    undated_claims_.clear();
    lapse_claims();
}

void RegistryState::lapse_claims() {
    while (!unused_claims_.empty()) {
        auto const [since, subject] = *unused_claims_.begin();
        if (time_.seconds - since.seconds <= k_claim_lapse_seconds) return;
        applied_.erase(claims_.at(subject).leaf);
        set_claim(subject, std::nullopt);
    }
}

}  // namespace ggen
