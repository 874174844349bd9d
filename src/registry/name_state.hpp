#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/digest.hpp"
#include "merkle/note.hpp"
#include "registry/records.hpp"
#include "spec/package_name.hpp"
#include "spec/version.hpp"

/// What the log says about one name, and its bytes in a bucket (docs/formats/state-tree.md).
namespace ggen {

inline constexpr std::size_t k_bucket_bytes_max = std::size_t{1024} * 1024;

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
    std::optional<Digest> last_record;   ///< Leaf hash; what the next record's `prev` must be.
    std::vector<VersionState> versions;  ///< In log order.
    friend bool operator==(NameState const&, NameState const&) = default;
};

/// Bucket of `name`: first `bits` bits of SHA-256(name).
[[nodiscard]] std::uint32_t bucket_of(PackageName const& name, unsigned bits);
/// Releases that have no `first_seen` yet are written with `leaf_time`.
[[nodiscard]] Bytes encode_bucket(std::vector<NameState const*> const& sorted_names, UnixTime leaf_time = {});
/// One spelling only. Errors: corrupt (state_mismatch), too_large.
[[nodiscard]] Result<std::vector<NameState>> decode_bucket(BytesView bytes);

}  // namespace ggen
