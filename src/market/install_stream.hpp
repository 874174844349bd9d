#pragma once

#include <functional>
#include <string>

#include "archive/archive.hpp"
#include "base/file_system.hpp"
#include "base/result.hpp"
#include "registry/reader.hpp"
#include "spec/lockfile.hpp"
#include "store/package_store.hpp"

namespace ggen {

/// One archive that is too large to be held in memory, on its way from a registry into a store: digested, unpacked
/// and written while it comes, and kept beside (`partial`) so that a run that ends early loses nothing. The caller
/// holds the store's lock on the package.
struct LargeArchive {
    FileSystem& files;
    RegistryReader& reader;
    BlobRef blob;
    std::string partial;  ///< PackageStore::partial_path.
    std::function<Result<void>(std::uint64_t bytes_so_far)> on_progress;  ///< An error ends it.
};

/// What came and what stands in it; `manifest` is the digest of its gpack.toml, of nothing when it has none.
struct StreamedArchive {
    ArchiveStream::Summary summary;
    Digest manifest;
};

/// Gives the files to `add`, piece by piece. The archive digest is checked: `add` may have got other files before it
/// is known, so they count only when this succeeds. A partial file that turned out wrong is removed and the source
/// told; one that merely ends is kept.
/// Errors: corrupt (blob_mismatch: worth another try), those of ArchiveStream, `stream_archive` and `add`.
Result<StreamedArchive> stream_archive_into(LargeArchive const& large,
                                            std::function<Result<void>(StoreFile const&)> const& add);

}  // namespace ggen
