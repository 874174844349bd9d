#include "import/npm_source.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/parallel.hpp"

namespace ggen {
namespace {

constexpr std::uint64_t k_tarball_bytes_max = 256 * k_mib;
constexpr char const* k_accept = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8";
constexpr std::string_view k_public_registry = "https://registry.npmjs.org/";

/// Scoped names keep their '/' as %2f; nothing else in npm's names needs escaping in a path.
std::string url_path(std::string_view name) {
    std::string path;
    for (char const c : name) {
        bool const is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                              std::string_view{"@-._~!*'()"}.find(c) != std::string_view::npos;
        if (is_plain) {
            path += c;
        } else {
            constexpr char k_hex[] = "0123456789abcdef";
            auto const byte = static_cast<unsigned char>(c);
            path += {'%', k_hex[byte >> 4U], k_hex[byte & 15U]};
        }
    }
    return path;
}

/// Whether asking again later may help; then the import stops instead of leaving the package out.
bool is_passing(Error const& error) {
    return error.code == Errc::unavailable || error.code == Errc::timed_out || error.code == Errc::cancelled ||
           error.code == Errc::io || error.code == Errc::offline;
}

}  // namespace

NpmSpec NpmSpec::split(std::string_view text) {
    auto const at = text.rfind('@');
    if (at == std::string_view::npos || at == 0) return {std::string{text}, {}};
    return {std::string{text.substr(0, at)}, std::string{text.substr(at + 1)}};
}

NpmSource::NpmSource(HttpGetter& http, std::string base_url, unsigned parallel)
    : http_(http), base_url_(std::move(base_url)), parallel_(std::max(1U, parallel)) {
    while (base_url_.ends_with('/')) base_url_.pop_back();
}

Result<NpmPackument> NpmSource::fetch(std::string const& name) const {
    ASSIGN_OR_RETURN(auto const body, http_.get(base_url_ + "/" + url_path(name), k_packument_bytes_max, k_accept));
    ASSIGN_OR_RETURN(auto packument, NpmPackument::parse(as_text(body)));
    if (packument.name != name) {
        return Error{Errc::invalid, ErrorId::import_package, "the document is that of " + packument.name};
    }
    return packument;
}

Result<void> NpmSource::keep(std::string const& name, Result<NpmPackument> fetched) {
    if (fetched) {
        known_.emplace(name, std::move(*fetched));
        return ok();
    }
    auto error = std::move(fetched).error();
    if (is_passing(error)) {
        if (error.code != Errc::cancelled) error.id = ErrorId::import_source;
        return wrap(std::move(error), "npm's document of " + name);
    }
    problems_[name] = error.code == Errc::not_found ? std::string{} : error.context;
    return ok();
}

Result<NpmPackument const*> NpmSource::packument(std::string const& name) {
    RETURN_IF_ERROR(prefetch({name}));
    auto const found = known_.find(name);
    return found == known_.end() ? nullptr : &found->second;
}

Result<void> NpmSource::prefetch(std::vector<std::string> const& names) {
    std::vector<std::string> wanted;
    for (auto const& name : names) {
        if (!known_.contains(name) && !problems_.contains(name)) wanted.push_back(name);
    }
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    std::vector<std::optional<Result<NpmPackument>>> fetched(wanted.size());
    run_parallel(wanted.size(), parallel_, [&](std::size_t i) { fetched[i] = fetch(wanted[i]); });
    for (std::size_t i = 0; i < wanted.size(); ++i) RETURN_IF_ERROR(keep(wanted[i], std::move(*fetched[i])));
    return ok();
}

Result<Bytes> NpmSource::tarball(std::string const& npm_name, NpmVersion const& version) const {
    auto url = version.tarball_url;
    // Mirrors often hand on the public registry's addresses; like npm, stay with the mirror.
    if (url.starts_with(k_public_registry)) url = base_url_ + "/" + url.substr(k_public_registry.size());
    if (!url.starts_with("http://") && !url.starts_with("https://")) {
        return Error{Errc::refused, ErrorId::import_package, "npm names no address for the archive"};
    }
    auto bytes = http_.get(url, k_tarball_bytes_max, "");
    if (!bytes) return wrap(std::move(bytes).error(), "archive of " + npm_name + "@" + version.version.text());
    RETURN_IF_ERROR(check_npm_integrity(*bytes, version));
    return bytes;
}

}  // namespace ggen
