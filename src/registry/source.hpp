#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/file_system.hpp"
#include "base/result.hpp"
#include "crypto/digest.hpp"

namespace ggen {

/// Port: reads the files of a log by path below the registry's prefix. Never trusted.
class LogSource {
public:
    virtual ~LogSource() = default;
    /// "checkpoint", "tile/…", "root/1", "state/head", "state/<hex>". Blocks; thread-safe.
    /// Errors: not_found, too_large (over `bytes_max`), unavailable, timed_out, io.
    virtual Result<Bytes> read(std::string const& path, std::uint64_t bytes_max) = 0;
};

/// Gets bytes as they come, each once and in order.
using TakeBytes = std::function<Result<void>(BytesView)>;

/// Port: reads blobs by digest. The caller checks the digest. Never trusted.
class BlobSource {
public:
    virtual ~BlobSource() = default;
    /// Errors: as LogSource::read. `too_large` as soon as more than `bytes_max` arrive.
    virtual Result<Bytes> read_blob(Digest const& digest, std::uint64_t bytes_max) = 0;
    /// The same blob from byte `from` on, in pieces; those before `from` count towards `bytes_max`. A source that
    /// overrides this holds one piece at a time. Errors: as read_blob, and `take`'s.
    virtual Result<void> stream_blob(Digest const& digest, std::uint64_t from, std::uint64_t bytes_max,
                                     TakeBytes const& take);
    /// What was streamed last had other bytes than its digest: another place, if there is one, is asked first from
    /// now on.
    virtual void distrust() {}
};

/// One place where a registry can be read: a folder, a web server, a peer.
class RegistrySource : public LogSource, public BlobSource {
public:
    /// For messages: the folder or address.
    [[nodiscard]] virtual std::string describe() const = 0;
};

/// "blob/sha256/<hex>".
[[nodiscard]] std::string blob_path(Digest const& digest);

/// A registry in a folder.
class FolderSource final : public RegistrySource {
public:
    FolderSource(FileSystem& files, std::string directory);
    Result<Bytes> read(std::string const& path, std::uint64_t bytes_max) override;
    Result<Bytes> read_blob(Digest const& digest, std::uint64_t bytes_max) override;
    Result<void> stream_blob(Digest const& digest, std::uint64_t from, std::uint64_t bytes_max,
                             TakeBytes const& take) override;
    [[nodiscard]] std::string describe() const override { return directory_; }

private:
    FileSystem& files_;
    std::string directory_;
};

}  // namespace ggen
