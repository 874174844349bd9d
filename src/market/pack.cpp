// pack_package and pack_to_file: from a directory to the archive that publish signs.
#include <fmt/format.h>

#include <utility>

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

}  // namespace

namespace detail {

Result<PackedPackage> encode_package(Manifest manifest, std::vector<ArchiveFile> files) {
    PackedPackage out{.manifest = std::move(manifest),
                      .manifest_text = {},
                      .archive = {},
                      .files = {},
                      .unpacked_bytes = 0,
                      .warnings = {}};
    out.manifest_text = out.manifest.source_text;
    out.warnings = lint_package(out.manifest, files);
    for (auto const& file : files) {
        out.files.push_back(file.path);
        out.unpacked_bytes += file.content.size();
    }
    auto const label = out.manifest.name.text() + "@" + out.manifest.version.text();
    auto archive = encode_archive(archive_top_directory(out.manifest.name.text(), out.manifest.version.text()),
                                  std::move(files));
    if (!archive) return wrap(std::move(archive).error(), label);
    out.archive = *std::move(archive);
    return out;
}

}  // namespace detail

Result<PackedPackage> pack_package(Market& market, PackRequest const& request) {
    ASSIGN_OR_RETURN(auto manifest, read_manifest(market, request));
    auto files = detail::read_package_files(market.files, market.cancel, request.directory, manifest);
    if (!files) return wrap(std::move(files).error(), "pack " + manifest.name.text());
    for (auto& file : *files) {
        // With another version it is not the file on the disk that is published.
        if (file.path == k_manifest_name) file.content = to_bytes(manifest.source_text);
    }
    return detail::encode_package(std::move(manifest), *std::move(files));
}

Result<std::pair<PackedPackage, std::string>> pack_to_file(Market& market, PackRequest const& request) {
    ASSIGN_OR_RETURN(auto package, pack_package(market, request));
    auto path = request.output;
    if (path.empty()) {
        path = archive_top_directory(package.manifest.name.text(), package.manifest.version.text()) + ".gpack";
    }
    auto const written = market.files.write_file_atomic(path, package.archive.packed, Sync::none);
    if (!written) return wrap(written.error(), "cannot write " + path);
    return std::pair{std::move(package), std::move(path)};
}

}  // namespace ggen
