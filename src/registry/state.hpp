#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error_id.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/digest.hpp"
#include "merkle/note.hpp"
#include "registry/name_state.hpp"
#include "registry/records.hpp"
#include "registry/state_tree.hpp"
#include "spec/package_name.hpp"
#include "spec/version.hpp"

namespace ggen {

/// What became of one entry.
enum class EntryEffect : std::uint8_t { applied, no_effect, state_leaf };
struct ApplyOutcome {
    EntryEffect effect = EntryEffect::no_effect;
    std::string why;  ///< For no_effect: a sentence ("signed by a key that does not own acme/foo").
    ErrorId id =
        ErrorId::none;  ///< For no_effect: not_owner, version_exists, record_invalid, state_mismatch.
};

/// Whether replay checks signatures.
enum class ReplayChecks : std::uint8_t {
    all,
    /// For the writer's own log, whose entries were checked before its checkpoint was signed: signatures
    /// and the roots of state leaves are taken as good; the caller compares the last root.
    trusted_log,
};

/// state(n): the deterministic result of replaying n entries (trust.md 2.3). Validity is decided here:
/// a record of a stranger has no effect for anyone. Never fails: any bytes may stand in a log.
///
/// The state tree is always that of a coming state leaf: releases that no leaf follows yet carry the
/// time of that leaf. One thread (const queries of the tree fill a cache).
class RegistryState {
public:
    static constexpr std::size_t k_small_names_max = 4096;  ///< Fewer names: 2^8 buckets, else 2^16.
    static constexpr std::int64_t k_claim_lapse_seconds = std::int64_t{30} * 86'400;

    explicit RegistryState(std::string origin, ReplayChecks checks = ReplayChecks::all);

    ApplyOutcome apply(BytesView entry);
    /// From here on roll_back() returns to the present state. No state leaf may be applied meanwhile.
    void begin();
    void roll_back();
    void commit();
    /// For trusted replay: from now on signatures and roots are checked, and the tree counts as stored.
    void end_trusted_replay();

    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] UnixTime time() const { return time_; }  ///< Of the last state leaf; 0 before.
    [[nodiscard]] NameState const* find(PackageName const& name) const;
    [[nodiscard]] Ownership const* find_claim(ClaimSubject const& subject) const;
    /// Who may publish `name` now: its own claim, or that of its namespace.
    [[nodiscard]] Ownership const* owner_of(PackageName const& name) const;
    [[nodiscard]] std::map<PackageName, NameState> const& names() const { return names_; }
    /// Index of an entry that was applied and still counts (a lapsed claim does not).
    [[nodiscard]] std::optional<std::uint64_t> index_of(Digest const& leaf) const;

    /// 8 below 4,096 names, else 16.
    [[nodiscard]] unsigned bucket_bits() const;
    [[nodiscard]] Digest root() const { return make_leaf(time_).root; }
    /// The state leaf that ends a checkpoint now.
    [[nodiscard]] StateLeaf make_leaf(UnixTime now) const;
    /// Every bucket and node of make_leaf(now), each with its address (`state/<hex>`).
    [[nodiscard]] std::vector<std::pair<Digest, Bytes>> objects(UnixTime now) const;
    /// Those that changed since the last state leaf: one publish changes one bucket and 1 or 2 nodes.
    [[nodiscard]] std::vector<std::pair<Digest, Bytes>> changed_objects(UnixTime now) const;

private:
    struct ClaimState {
        Ownership owner;
        Digest leaf;
        UnixTime since;            ///< First state leaf after the claim; 0 before.
        bool has_release = false;  ///< A claim that is never used lapses.
    };
    struct Undo {
        std::map<PackageName, std::optional<NameState>> names;
        std::map<ClaimSubject, std::optional<ClaimState>> claims;
        std::vector<Digest> applied;
        std::size_t pending_count = 0;
        std::size_t undated_count = 0;
        std::uint64_t size = 0;
    };

    ApplyOutcome apply_record(ClaimRecord const& claim, merkle::Note const& note, Digest const& leaf);
    ApplyOutcome apply_record(ReleaseRecord const& release, merkle::Note const& note, Digest const& leaf);
    ApplyOutcome apply_record(StatusRecord const& status, merkle::Note const& note, Digest const& leaf);
    ApplyOutcome apply_record(KeysRecord const& keys, merkle::Note const& note, Digest const& leaf);
    ApplyOutcome apply_record(StateLeaf const& leaf, merkle::Note const& note, Digest const& leaf_hash);
    [[nodiscard]] ApplyOutcome check_publisher(PackageName const& name, std::optional<Digest> const& previous,
                                               merkle::Note const& note) const;
    [[nodiscard]] std::optional<std::string> check_signers(merkle::Note const& note,
                                                           std::vector<merkle::VerifierKey> const& keys,
                                                           unsigned threshold) const;
    [[nodiscard]] bool signer_owns_a_namespace(merkle::Note const& note,
                                               std::vector<merkle::VerifierKey> const& keys) const;
    [[nodiscard]] ClaimState* claim_of(PackageName const& name);
    NameState& touch_name(PackageName const& name);
    void set_claim(ClaimSubject const& subject, std::optional<ClaimState> value);
    void unlink_claim(ClaimSubject const& subject, ClaimState const& claim);
    void pass_time(UnixTime time);
    void lapse_claims();

    std::string origin_;
    ReplayChecks checks_;
    std::uint64_t size_ = 0;
    UnixTime time_;
    std::map<PackageName, NameState> names_;
    std::map<ClaimSubject, ClaimState> claims_;
    std::map<Ed25519PublicKey, std::set<std::string>> namespaces_of_key_;
    std::set<std::pair<UnixTime, ClaimSubject>> unused_claims_;  // Dated, without a release.
    std::vector<ClaimSubject> undated_claims_;                   // Since the last state leaf.
    std::vector<std::pair<PackageName, std::size_t>> pending_;   // Releases since then.
    std::unordered_map<Digest, std::uint64_t> applied_;
    std::optional<Undo> undo_;
    mutable detail::StateTree tree_;
};

}  // namespace ggen
