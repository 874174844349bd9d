#include <fmt/format.h>

#include <algorithm>

#include "handlers.hpp"
#include "market/install.hpp"
#include "resolve/index_cache.hpp"
#include "resolve/index_provider.hpp"
#include "resolve/resolve.hpp"
#include "shapes.hpp"
#include "spec/version_range.hpp"

namespace ggen::cli {
namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view k_blanks = " \t\n\r\f\v";
    auto const first = text.find_first_not_of(k_blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(k_blanks) - first + 1);
}

/// npm's `valid`: blanks around and one leading "v" or "=" are forgiven; anything else is no version.
std::optional<Version> lenient_version(std::string_view text) {
    text = trimmed(text);
    if (text.starts_with('v')) text.remove_prefix(1);
    auto version = Version::parse(text);
    if (!version) return std::nullopt;
    return std::move(*version);
}

/// Without build metadata, as npm prints it.
std::string text_without_build(Version const& version) {
    auto text = version.text();
    return text.substr(0, text.find('+'));
}

/// Through the index that is kept of the text; one that turns out to be damaged is made again.
Result<Resolution> resolve_over_text(Context& context, std::string const& path, ResolveRequest const& request,
                                     ResolveOptions const& options) {
    auto const directories = Directories::from_environment(context.environment());
    if (!directories) {  // No home, so nothing is kept.
        ASSIGN_OR_RETURN(auto const text, context.read_user_file(path, IndexCache::k_text_bytes_max));
        auto const provider = load_index(as_text(text));
        return provider ? resolve(**provider, request, options) : wrap(provider.error(), path);
    }
    SystemClock clock;
    IndexCache cache{context.files(), clock, join_path(directories->cache, "indexes")};
    for (bool is_last_attempt = false;; is_last_attempt = true) {
        ASSIGN_OR_RETURN(auto const provider, cache.open(path));
        auto resolution = resolve(*provider, request, options);
        if (resolution || resolution.error().code != Errc::corrupt || is_last_attempt) return resolution;
        cache.forget(path);
    }
}

}  // namespace

Result<ExitCode> run_semver(Context& context) {
    auto& out = context.out();
    std::vector<VersionRange> ranges;
    for (auto const& text : context.args().values("range")) {
        // As npm: a range that cannot be read is satisfied by nothing, so this is exit code 1, not 2.
        ASSIGN_OR_RETURN(auto range, VersionRange::parse(text));
        ranges.push_back(std::move(range));
    }
    std::vector<Version> versions;
    for (auto const& text : context.args().positionals) {
        auto version = lenient_version(text);
        if (!version) continue;
        bool const satisfies = std::all_of(ranges.begin(), ranges.end(),
                                           [&](VersionRange const& range) { return range.matches(*version); });
        if (satisfies) versions.push_back(std::move(*version));
    }
    std::stable_sort(versions.begin(), versions.end());
    if (out.wants_json()) {
        auto all = Json::array();
        for (auto const& version : versions) all.push(text_without_build(version));
        out.document("ggen.semver/1", Json::object().set("versions", std::move(all)));
    } else {
        for (auto const& version : versions) out.line(text_without_build(version));
    }
    return versions.empty() ? ExitCode::failed : ExitCode::ok;
}

Result<ExitCode> run_resolve(Context& context) {
    ASSIGN_OR_RETURN(auto const path, context.needed("index"));
    ASSIGN_OR_RETURN(auto specs, parse_specs(context, context.args().positionals));
    ResolveRequest request;
    request.root_label = "the request";
    for (auto& spec : specs) request.roots.push_back({std::move(spec.name), std::move(spec.range), false, {}});
    ResolveOptions options;
    options.cancel = &context.cancel();
    ASSIGN_OR_RETURN(auto const resolution, resolve_over_text(context, path, request, options));
    if (auto const* const conflict = std::get_if<Conflict>(&resolution)) {
        return no_solution_error(*conflict);
    }
    auto packages = Json::object();
    for (auto const& [name, chosen] : std::get<Solution>(resolution).packages) {
        packages.set(name.text(), chosen.version.text());
    }
    context.out().document("ggen.resolve/1", Json::object().set("packages", std::move(packages)));
    return ExitCode::ok;
}

}  // namespace ggen::cli
