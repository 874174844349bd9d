#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/digest.hpp"
#include "merkle/note.hpp"
#include "registry/records.hpp"
#include "spec/package_name.hpp"
#include "spec/version.hpp"

namespace ggen {

/// One release in the state of a name.
struct VersionState {
    std::uint64_t index = 0;  ///< Of the release record in the log.
    Digest leaf;
    Version version;
    bool yanked = false;
    bool revoked = false;
    bool deprecated = false;
    StatusReason reason = StatusReason::unspecified;
    UnixTime first_seen;  ///< Time of the first state leaf after the release.
    friend bool operator==(VersionState const&, VersionState const&) = default;
};

/// Who may publish, as claimed.
struct Ownership {
    std::vector<merkle::VerifierKey> keys;
    unsigned threshold = 1;
    std::optional<merkle::VerifierKey> recovery;
    friend bool operator==(Ownership const&, Ownership const&) = default;
};

/// Everything that the first n entries say about one name.
struct NameState {
    PackageName name;
    Ownership owner;
    std::optional<Digest> last_record;  ///< Leaf hash; what the next record's `prev` must be.
    std::vector<VersionState> versions;  ///< In log order.
    friend bool operator==(NameState const&, NameState const&) = default;
};

/// What became of one entry.
enum class EntryEffect : std::uint8_t { applied, no_effect, state_leaf };
struct ApplyOutcome {
    EntryEffect effect = EntryEffect::no_effect;
    std::string why;  ///< For no_effect: a sentence ("signed by a key that does not own acme/foo").
};

/// state(n): the deterministic result of replaying n entries (trust.md 2.3). Validity is decided here:
/// a record of a stranger has no effect for anyone. Never fails: any bytes may stand in a log.
class RegistryState {
public:
    explicit RegistryState(std::string origin);

    ApplyOutcome apply(BytesView entry);
    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] UnixTime time() const { return time_; }  ///< Of the last state leaf; 0 before.
    [[nodiscard]] NameState const* find(PackageName const& name) const;
    [[nodiscard]] Ownership const* find_claim(ClaimSubject const& subject) const;
    /// Who may publish `name` now: its own claim, or that of its namespace.
    [[nodiscard]] Ownership const* owner_of(PackageName const& name) const;
    [[nodiscard]] std::map<PackageName, NameState> const& names() const { return names_; }

    /// 8 below 4,096 names, else 16.
    [[nodiscard]] unsigned bucket_bits() const;
    [[nodiscard]] Digest root() const;
    /// The state leaf that ends a checkpoint now.
    [[nodiscard]] StateLeaf make_leaf(UnixTime now) const;
    /// All buckets and nodes, each with its address (`state/<hex>`), for the writer to store.
    /// `known` addresses are left out.
    [[nodiscard]] std::vector<std::pair<Digest, Bytes>> objects() const;

private:
    std::string origin_;
    std::uint64_t size_ = 0;
    UnixTime time_;
    std::map<PackageName, NameState> names_;
    std::map<ClaimSubject, Ownership> claims_;
    // Further private members as the implementation needs them.
};

/// Bucket of `name`: first `bits` bits of SHA-256(name).
[[nodiscard]] std::uint32_t bucket_of(PackageName const& name, unsigned bits);
[[nodiscard]] Bytes encode_bucket(std::vector<NameState const*> const& sorted_names);
/// One spelling only. Errors: corrupt (state_mismatch), too_large.
[[nodiscard]] Result<std::vector<NameState>> decode_bucket(BytesView bytes);

}  // namespace ggen
