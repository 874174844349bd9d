#pragma once

#include <memory>
#include <string>
#include <vector>

#include "archive/archive.hpp"
#include "base/result.hpp"
#include "market/market.hpp"
#include "market/scratch_file.hpp"
#include "registry/records.hpp"
#include "registry/writer.hpp"
#include "spec/manifest.hpp"

namespace ggen {

struct InitRequest {
    std::string directory;
    std::string name;      ///< "" = "<namespace of the key>/<directory name>".
    std::string kind = "template";  ///< template | skill | code | data: which example files are written.
    bool force = false;
};
struct InitReport {
    PackageName name;
    std::vector<std::string> written;
};
Result<InitReport> init_package(Market& market, InitRequest const& request);

/// An archive that was made here.
struct PackedArchive {
    BlobRef blob;
    Digest tree;
    Bytes bytes;                        ///< What `blob` names, unless `file` holds it.
    std::unique_ptr<ScratchFile> file;  ///< Of a large one.
};

/// A package directory, read, filtered, linted and encoded.
struct PackedPackage {
    Manifest manifest;
    std::string manifest_text;
    PackedArchive archive;
    std::vector<std::string> files;
    std::uint64_t unpacked_bytes = 0;
    std::vector<std::string> warnings;  ///< Lints: no license, SKILL.md without a name, look-alike name…
};
struct PackRequest {
    std::string directory;
    std::string version;  ///< Overrides the manifest's (`--tag`); "" = as it is.
    /// For `pack`: where to write the archive; "" = "<name>-<version>.gpack" in the working directory.
    std::string output;
};
/// Holds some 50 MiB at most, whatever the size of the package.
/// .gitignore-like include/exclude; `.git`, `gpacks`, `.ggen`, `ggen.lock*` are never packed.
Result<PackedPackage> pack_package(Market& market, PackRequest const& request);
/// pack + writes the file. Returns its path with the package.
Result<std::pair<PackedPackage, std::string>> pack_to_file(Market& market, PackRequest const& request);

struct PublishRequest {
    std::vector<std::string> directories;  ///< Several = one checkpoint for all.
    std::string registry;
    std::string version;  ///< Only with one directory.
    bool dry_run = false;
};
struct PublishedPackage {
    PackageName name;
    Version version;
    BlobRef manifest;
    BlobRef archive;
    Digest tree;
    std::uint64_t index = 0;
    Digest leaf{};
    bool claimed = false;          ///< A claim was logged on the way.
    bool already_published = false;  ///< The very same release stood there: same receipt.
    std::vector<std::string> warnings;
};
struct PublishReport {
    std::string registry;  ///< Alias.
    std::string origin;
    std::uint64_t log_size = 0;
    std::vector<PublishedPackage> packages;
    std::vector<std::string> witnesses;  ///< Who cosigned the checkpoint that holds them, beside the log itself.
    std::vector<std::string> warnings;   ///< Witnesses that did not.
};
Result<PublishReport> publish(Market& market, PublishRequest const& request);

/// The same from memory, many at once in one checkpoint: for imports.
struct PublishItem {
    std::string manifest_text;
    std::vector<ArchiveFile> files;  ///< With gpack.toml.
};
Result<PublishReport> publish_items(Market& market, std::string const& registry, std::vector<PublishItem> items);

struct StatusRequest {
    PackageName name;
    Version version;
    StatusAction action = StatusAction::yank;
    StatusReason reason = StatusReason::unspecified;
    std::string replacement;
    std::string registry;
};
struct StatusReport {
    std::string registry;
    std::uint64_t index = 0;
};
Result<StatusReport> change_status(Market& market, StatusRequest const& request);

}  // namespace ggen
