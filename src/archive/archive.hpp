#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/digest.hpp"

namespace ggen {

/// Limits of an archive, checked before anything is allocated (docs/formats/archive.md).
struct ArchiveLimits {
    static constexpr std::uint64_t k_packed_bytes_max = 2 * k_gib;
    static constexpr std::uint64_t k_unpacked_floor_bytes = 512 * k_mib;  ///< Always allowed.
    static constexpr std::uint64_t k_unpacked_ratio_max = 20;             ///< Beyond the floor.
    static constexpr std::size_t k_files_max = 100'000;
    static constexpr std::size_t k_path_bytes_max = 200;
    static constexpr std::size_t k_component_bytes_max = 100;
    static constexpr int k_zstd_window_log_max = 23;  ///< 8 MiB.
};

/// One regular file of a package. `path` is relative to the package's top directory.
struct ArchiveFile {
    std::string path;
    bool executable = false;  ///< 0755, else 0644.
    Bytes content;
};

/// A file inside decoded canonical bytes; `content` points into them.
struct ArchiveEntry {
    std::string path;
    bool executable = false;
    BytesView content;
};

/// A package archive in its one canonical spelling: ustar, regular files only, byte-sorted, one top
/// directory, uid 0, mtime 0, exact padding (trust.md 4.1; docs/formats/archive.md).
struct EncodedArchive {
    Bytes packed;                    ///< One zstd frame: what is served and named by `archive`.
    std::uint64_t tree_bytes = 0;    ///< Size of the canonical ustar bytes.
    Digest archive;                  ///< SHA-256 of `packed`.
    Digest tree;                     ///< SHA-256 of the canonical ustar bytes.
};

/// Checks paths, sorts, encodes and compresses. `top_directory` is "name-version" with '/' of the
/// scope as '-' .
/// Errors: refused (archive_path_unsafe, archive_collision), too_large, conflict (duplicate path).
[[nodiscard]] Result<EncodedArchive> encode_archive(std::string_view top_directory,
                                                    std::vector<ArchiveFile> files);

/// The canonical ustar bytes alone (what `tree` is the digest of).
[[nodiscard]] Result<Bytes> encode_tree(std::string_view top_directory,
                                        std::vector<ArchiveEntry> const& sorted_files);

/// A file of an archive whose content comes when it is asked for.
struct ArchiveMember {
    std::string path;
    bool executable = false;
    std::uint64_t size_bytes = 0;
};

/// Gets bytes as they come, each once and in order.
using TakePiece = std::function<Result<void>(BytesView)>;
/// Gives the content of a member to `take`: `size_bytes` in all.
using GiveContent = std::function<Result<void>(ArchiveMember const& member, TakePiece const& take)>;

struct WrittenArchive {
    Digest archive;
    std::uint64_t packed_bytes = 0;
    Digest tree;
    std::uint64_t tree_bytes = 0;
};

/// encode_archive for a package that is larger than memory should hold: sorts the members, asks `give` for one
/// content after the other and gives what is packed to `packed`. The same `tree` as encode_archive's; the packed
/// bytes may differ. Memory: zstd's working memory (some 20 MiB), one path a file. When it fails, what `packed` got is
/// worth nothing. Errors: as encode_archive; those of the callbacks; corrupt (a content has another size).
[[nodiscard]] Result<WrittenArchive> write_archive(std::string_view top_directory, std::vector<ArchiveMember> members,
                                                   GiveContent const& give, TakePiece const& packed);

/// `tree` alone, of files of any size. Memory: one path a file. Errors: as write_archive.
[[nodiscard]] Result<Digest> digest_tree(std::string_view top_directory, std::vector<ArchiveMember> members,
                                         GiveContent const& give);

/// A decoded archive; owns the canonical bytes that the entries point into. Move-only.
struct DecodedArchive {
    Bytes tree_bytes;
    std::string top_directory;
    std::vector<ArchiveEntry> files;  ///< Byte-sorted by path.
    Digest tree;

    DecodedArchive() = default;
    DecodedArchive(DecodedArchive&&) = default;
    DecodedArchive& operator=(DecodedArchive&&) = default;
    DecodedArchive(DecodedArchive const&) = delete;
    DecodedArchive& operator=(DecodedArchive const&) = delete;
};

/// Decompresses within limits, decodes, checks every path, encodes again and compares.
/// Memory: at most the unpacked size, twice the packed one.
/// Errors: corrupt (archive_not_canonical, archive_truncated, archive_compression), refused
/// (archive_path_unsafe, archive_collision), too_large (archive_too_large).
[[nodiscard]] Result<DecodedArchive> decode_archive(BytesView packed);
/// The same on uncompressed canonical bytes.
[[nodiscard]] Result<DecodedArchive> decode_tree(Bytes tree_bytes);

/// Where an archive that comes in pieces goes. What it was given is only right once ArchiveStream::finish says so.
class ArchiveSink {
public:
    virtual ~ArchiveSink() = default;
    /// The next file, byte-sorted by `path`, which is below the top directory and passes check_archive_path.
    virtual Result<void> begin_file(std::string const& path, bool executable, std::uint64_t size_bytes) = 0;
    /// The next bytes of it; `size_bytes` in all, in no call when that is 0.
    virtual Result<void> add_content(BytesView piece) = 0;
};

/// decode_archive for an archive that is larger than memory should hold: unpacks, checks and digests it while it
/// comes. Memory: zstd's window (8 MiB), one path a file. One thread.
class ArchiveStream {
public:
    struct Summary {
        Digest archive;
        Digest tree;
        std::string top_directory;
        std::uint64_t tree_bytes = 0;
        std::size_t files = 0;
    };

    /// `packed_bytes` is how many bytes will be fed in all. `sink` outlives the stream.
    ArchiveStream(std::uint64_t packed_bytes, ArchiveSink& sink);
    ~ArchiveStream();
    ArchiveStream(ArchiveStream const&) = delete;
    ArchiveStream& operator=(ArchiveStream const&) = delete;

    /// Errors: as decode_archive, and the sink's. Nothing may be fed after one.
    Result<void> feed(BytesView packed);
    /// After the last byte.
    Result<Summary> finish();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// encode_archive and decode_archive with zstd's working memory kept between calls, for work on many
/// archives (publish, import, install, verify). One thread.
class ArchiveCodec {
public:
    ArchiveCodec();
    ArchiveCodec(ArchiveCodec&&) noexcept;
    ArchiveCodec& operator=(ArchiveCodec&&) noexcept;
    ~ArchiveCodec();

    [[nodiscard]] Result<EncodedArchive> encode(std::string_view top_directory, std::vector<ArchiveFile> files);
    /// When the unpacked size is known from elsewhere, another one is refused before anything is
    /// allocated. Errors: as decode_archive; corrupt (archive_compression) for the wrong size.
    [[nodiscard]] Result<DecodedArchive> decode(BytesView packed,
                                                std::optional<std::uint64_t> tree_bytes_expected = {});
    /// Gives the memory of an archive that is not needed any more to the next decode().
    void recycle(DecodedArchive archive);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The top directory of a release: `name` with '/' as '-', '-', `version`.
[[nodiscard]] std::string archive_top_directory(std::string_view name, std::string_view version);

/// Why `path` may not stand in a package, or success. The rules of trust.md 4.1 A1 to A3: relative,
/// no "..", no control or invisible characters, no name that some system reserves, limits.
[[nodiscard]] Result<void> check_archive_path(std::string_view path);

/// Whether `top_directory`/`path` finds room in an archive's header; both pass check_archive_path for
/// themselves. Errors: refused (archive_path_unsafe), too_large (archive_too_large).
[[nodiscard]] Result<void> check_archive_room(std::string_view top_directory, std::string_view path);

/// Full case fold + NFKC: equal keys are one file on some system.
[[nodiscard]] std::string collision_key(std::string_view path);

/// `text` with control, bidi and invisible characters as \x.. or \u{....}: safe for a terminal.
[[nodiscard]] std::string escape_for_terminal(std::string_view text);

}  // namespace ggen
