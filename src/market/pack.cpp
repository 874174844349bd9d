// pack_package and pack_to_file: from a directory to the archive that publish signs.
#include <fmt/format.h>

#include <utility>

#include "base/file_pieces.hpp"
#include "market/package_files.hpp"
#include "market/publish.hpp"
#include "market/publish_core.hpp"

namespace ggen {
namespace {

constexpr char const* k_manifest_name = "gpack.toml";

Result<Manifest> read_manifest(Market& market, PackRequest const& request) {
    auto const path = join_path(request.directory, k_manifest_name);
    auto const bytes = market.files.read_file(path, Manifest::k_bytes_max);
    if (!bytes) {
        if (bytes.error().code != Errc::not_found) return wrap(bytes.error(), path);
        return Error{Errc::not_found, ErrorId::manifest_missing, "there is no gpack.toml in " + request.directory,
                     "ggen init " + request.directory};
    }
    ASSIGN_OR_RETURN(auto manifest, Manifest::parse(as_text(*bytes), path));
    if (request.version.empty()) return manifest;
    ASSIGN_OR_RETURN(auto const version, Version::parse(request.version));
    return manifest.with_version(version);
}

std::string top_of(Manifest const& manifest) {
    return archive_top_directory(manifest.name.text(), manifest.version.text());
}

Error not_packed(Error error, Manifest const& manifest) {
    return wrap(std::move(error), manifest.name.text() + "@" + manifest.version.text());
}

PackedPackage start(Manifest manifest) {
    PackedPackage out{.manifest = std::move(manifest),
                      .manifest_text = {},
                      .archive = {},
                      .files = {},
                      .unpacked_bytes = 0,
                      .warnings = {}};
    out.manifest_text = out.manifest.source_text;
    return out;
}

Result<std::unique_ptr<ScratchFile>> make_scratch(Market& market) {
    return ScratchFile::create(market.files, market.random, join_path(market.directories.cache, "packing"));
}

/// Gives the files of the package in `directory`. With another version it is not the gpack.toml on the disk that is
/// published.
GiveContent reader_of(Market& market, std::string const& directory, std::string const& manifest_text) {
    return [&](ArchiveMember const& member, TakePiece const& take) -> Result<void> {
        RETURN_IF_ERROR(market.cancel.check());
        if (member.path == k_manifest_name) return take(as_bytes(manifest_text));
        return each_piece(market.files, join_path(directory, member.path), member.size_bytes, [&](BytesView piece) {
            auto cancelled = market.cancel.check();
            return cancelled ? take(piece) : cancelled;
        });
    };
}

Result<std::vector<ArchiveFile>> read_all(std::vector<ArchiveMember> const& members, GiveContent const& give) {
    std::vector<ArchiveFile> files;
    files.reserve(members.size());
    for (auto const& member : members) {
        ArchiveFile file{member.path, member.executable, {}};
        RETURN_IF_ERROR(give(member, [&](BytesView piece) {
            file.content.insert(file.content.end(), piece.begin(), piece.end());
            return ok();
        }));
        files.push_back(std::move(file));
    }
    return files;
}

/// A package that is larger than memory should hold: read once, packed into a scratch file on the way.
Result<PackedPackage> write_package(Market& market, Manifest manifest, std::vector<ArchiveMember> members,
                                    GiveContent const& give) {
    auto out = start(std::move(manifest));
    for (auto const& member : members) {
        out.files.push_back(member.path);
        out.unpacked_bytes += member.size_bytes;
    }
    detail::PackageLint lint{out.manifest};
    auto const give_and_look = [&](ArchiveMember const& member, TakePiece const& take) {
        bool is_first = true;
        return give(member, [&](BytesView piece) {
            if (std::exchange(is_first, false)) lint.look_at(member.path, member.size_bytes, piece);
            return take(piece);
        });
    };
    ASSIGN_OR_RETURN(out.archive.file, make_scratch(market));
    auto const written = write_archive(top_of(out.manifest), std::move(members), give_and_look,
                                       [&](BytesView piece) { return out.archive.file->append(piece); });
    if (!written) return not_packed(written.error(), out.manifest);
    out.archive.blob = {written->archive, written->packed_bytes};
    out.archive.tree = written->tree;
    out.warnings = std::move(lint).finish();
    return out;
}

}  // namespace

namespace detail {

Result<PackedPackage> encode_package(Manifest manifest, std::vector<ArchiveFile> files) {
    auto out = start(std::move(manifest));
    PackageLint lint{out.manifest};
    for (auto const& file : files) {
        lint.look_at(file.path, file.content.size(), file.content);
        out.files.push_back(file.path);
        out.unpacked_bytes += file.content.size();
    }
    out.warnings = std::move(lint).finish();
    auto archive = encode_archive(top_of(out.manifest), std::move(files));
    if (!archive) return not_packed(std::move(archive).error(), out.manifest);
    out.archive.blob = {archive->archive, archive->packed.size()};
    out.archive.tree = archive->tree;
    out.archive.bytes = std::move(archive->packed);
    return out;
}

Result<void> move_to_disk(Market& market, PackedArchive& archive) {
    ASSIGN_OR_RETURN(archive.file, make_scratch(market));
    RETURN_IF_ERROR(archive.file->append(archive.bytes));
    archive.bytes = {};
    return ok();
}

}  // namespace detail

Result<PackedPackage> pack_package(Market& market, PackRequest const& request) {
    constexpr std::uint64_t k_in_memory_bytes_max = 8 * k_mib;
    ASSIGN_OR_RETURN(auto manifest, read_manifest(market, request));
    auto members = detail::list_package_files(market.files, market.cancel, request.directory, manifest);
    if (!members) return wrap(std::move(members).error(), "pack " + manifest.name.text());
    std::uint64_t bytes = 0;
    for (auto& member : *members) {
        if (member.path == k_manifest_name) member.size_bytes = manifest.source_text.size();
        bytes += member.size_bytes;
    }
    auto const manifest_text = manifest.source_text;
    auto const give = reader_of(market, request.directory, manifest_text);
    if (bytes > k_in_memory_bytes_max) return write_package(market, std::move(manifest), *std::move(members), give);
    auto files = read_all(*members, give);
    if (!files) return wrap(std::move(files).error(), "pack " + manifest.name.text());
    return detail::encode_package(std::move(manifest), *std::move(files));
}

Result<std::pair<PackedPackage, std::string>> pack_to_file(Market& market, PackRequest const& request) {
    ASSIGN_OR_RETURN(auto package, pack_package(market, request));
    auto path = request.output;
    if (path.empty()) path = top_of(package.manifest) + ".gpack";
    auto const& archive = package.archive;
    auto const written = archive.file ? move_file(market.files, archive.file->path(), archive.blob.bytes, path)
                                      : market.files.write_file_atomic(path, archive.bytes, Sync::none);
    if (!written) return wrap(written.error(), "cannot write " + path);
    return std::pair{std::move(package), std::move(path)};
}

}  // namespace ggen
