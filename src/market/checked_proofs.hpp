#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/file_system.hpp"
#include "crypto/digest.hpp"
#include "spec/lockfile.hpp"

namespace ggen {

/// Which proofs were verified on this machine, each a digest of everything that its verification reads. Signatures
/// are most of the time of a new lockfile, and most of its packages stood in an older one.
///
/// `<state>/checked-proofs` (docs/formats/project-files.md) is a row of digests, appended to and never synced: a
/// torn or lost one costs a verification. It is the user's own, beside the pinned roots, and trusted as they are;
/// `ggen verify` does not look at it. One thread.
class CheckedProofs {
public:
    static constexpr std::uint64_t k_bytes_max = std::uint64_t{2} * 1024 * 1024;  ///< 65,536 digests; then anew.

    /// Reads the file; one that cannot be read is empty.
    CheckedProofs(FileSystem& files, std::string path);

    /// The root file (its fingerprint), the line of the lockfile, and the block of ggen.lock.proofs.
    [[nodiscard]] static Digest key_of(Digest const& root, LockedPackage const& package, std::string_view block);
    [[nodiscard]] bool contains(Digest const& key) const { return known_.contains(key); }
    void add(Digest const& key);
    /// Writes what was added. A file that cannot be written forgets.
    void save();

private:
    FileSystem& files_;
    std::string path_;
    std::uint64_t bytes_ = 0;  // Of the file.
    std::unordered_set<Digest> known_;
    std::vector<Digest> added_;
};

}  // namespace ggen
