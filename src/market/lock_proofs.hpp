#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "merkle/checkpoint.hpp"
#include "merkle/note.hpp"
#include "registry/reader.hpp"
#include "registry/records.hpp"
#include "registry/root_file.hpp"
#include "spec/lockfile.hpp"
#include "spec/package_name.hpp"

namespace ggen {

/// What proves one line of the lockfile with no registry at hand.
struct PackageProof {
    Version version;
    /// The keys that owned the name when it was installed: the release must be signed by one of them.
    std::vector<merkle::VerifierKey> publishers;
    unsigned threshold = 1;
    /// Its `extra` is the release record as it stands in the log.
    merkle::LogProof proof;
};

/// `ggen.lock.proofs` (docs/formats/project-files.md): one block per package, sorted by name, each a
/// tlog-proof as it is, so that foreign tools can check them.
struct LockProofs {
    static constexpr std::size_t k_bytes_max = std::size_t{256} * 1024 * 1024;
    std::map<PackageName, PackageProof> packages;

    [[nodiscard]] std::string print() const;
    /// Errors: invalid (proof_invalid), too_large.
    [[nodiscard]] static Result<LockProofs> parse(std::string_view text);
};

/// The same file cut into its blocks, which are not parsed: most of them were checked on this machine before.
struct ProofTexts {
    std::map<PackageName, std::string> blocks;

    [[nodiscard]] std::string print() const;
    /// Errors: invalid (proof_invalid), too_large.
    [[nodiscard]] static Result<ProofTexts> parse(std::string_view text);
};

[[nodiscard]] std::string print_proof_block(PackageName const& name, PackageProof const& proof);
/// One whole block of `name`. Errors: invalid (proof_invalid), too_large.
[[nodiscard]] Result<PackageProof> parse_proof_block(PackageName const& name, std::string_view block);

/// Root file -> log key -> checkpoint -> inclusion -> record -> publisher's signatures, and that the record
/// says what the lockfile says. Returns the record. No I/O.
/// Errors: refused (signature_invalid, proof_invalid, not_owner), invalid (record_invalid, proof_invalid).
[[nodiscard]] Result<ReleaseRecord> check_package_proof(OfflineVerifier& verifier, PackageProof const& proof,
                                                        LockedPackage const& locked);

}  // namespace ggen
