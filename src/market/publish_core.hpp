#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "archive/archive.hpp"
#include "base/result.hpp"
#include "market/publish.hpp"
#include "market/registry_set.hpp"
#include "registry/writer.hpp"
#include "spec/manifest.hpp"

namespace ggen::detail {

/// Lints and encodes. `files` hold gpack.toml with `manifest.source_text`.
[[nodiscard]] Result<PackedPackage> encode_package(Manifest manifest, std::vector<ArchiveFile> files);
/// Puts an archive that is in memory into a scratch file. Errors: io.
Result<void> move_to_disk(Market& market, PackedArchive& archive);

/// Publishes packages to one registry in one checkpoint: claims what has no owner, chains each record to
/// the last one of its name, recognises releases that stand there already with the same content.
class ReleaseBatch {
public:
    /// All outlive the batch.
    ReleaseBatch(Market& market, KnownRegistry const& known, RegistryWriter& writer, merkle::SignerKey const& key)
        : market_(market), known_(known), writer_(writer), key_(key) {}

    /// Checks the owner and the version, stores the blobs, prepares the record. A package of the batch
    /// may be added before another version of the same name.
    /// Errors: refused (not_owner), conflict (version_exists), io.
    Result<void> add(PackedPackage const& package);
    /// One checkpoint for everything added. Errors: those of RegistryWriter::append.
    Result<PublishReport> commit();

private:
    Result<void> claim_for(PackageName const& name, PublishedPackage* out);
    void claim(ClaimSubject subject);
    Result<bool> is_published(PackedPackage const& package, PublishedPackage* out);
    void warn_of_look_alikes(PackageName const& name, std::vector<std::string>* warnings) const;
    [[nodiscard]] bool owns(Ownership const& owner) const;

    struct Fresh {
        std::size_t package;  // Of report_.packages.
        std::size_t entry;    // Of entries_.
    };

    Market& market_;
    KnownRegistry const& known_;
    RegistryWriter& writer_;
    merkle::SignerKey const& key_;
    PublishReport report_;
    std::vector<Bytes> entries_;
    std::vector<Fresh> fresh_;
    std::map<PackageName, Digest> last_;  // Leaf of the last record of a name in this batch.
    std::set<ClaimSubject> claimed_;
    std::map<std::pair<PackageName, Version>, std::size_t> added_;
    std::unique_ptr<OpenRegistry> reader_;  // Opened when a version stands there already.
};

}  // namespace ggen::detail
