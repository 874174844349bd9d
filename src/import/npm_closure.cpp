#include "import/npm_closure.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "import/npm_provider.hpp"

namespace ggen {
namespace {

using Outcome = std::variant<NpmClosure, Conflict>;
/// npm's name -> versions that are wanted.
using Chosen = std::map<std::string, std::set<Version>>;
/// npm's name -> ranges as they were written.
using Asked = std::map<std::string, std::set<std::string>>;

Error missing_root(NpmSource const& source, std::string const& name) {
    auto const problem = source.problems().find(name);
    bool const is_absent = problem == source.problems().end() || problem->second.empty();
    return Error{Errc::not_found, ErrorId::import_package,
                 is_absent ? "npm has no package " + name : name + ": " + problem->second};
}

Result<std::vector<NpmSpec>> parse_roots(ImportNpmRequest const& request) {
    std::vector<NpmSpec> roots;
    for (auto const& text : request.packages) {
        auto root = NpmSpec::split(text);
        if (auto const name = map_npm_name(root.name, request.name_space); !name) {
            return Error{Errc::invalid, ErrorId::usage, "not a package of npm: " + text + ": " + name.error().context};
        }
        roots.push_back(std::move(root));
    }
    return roots;
}

/// The range of a root: as given, a tag as its version, nothing as the latest version.
Result<VersionRange> root_range(NpmPackument const& packument, std::string const& text) {
    auto const tag = packument.dist_tags.find(text.empty() ? "latest" : text);
    if (tag != packument.dist_tags.end()) {
        if (auto const version = Version::parse(tag->second)) return VersionRange::exactly(*version);
    }
    auto range = VersionRange::parse(text);
    if (!range) return wrap(range.error(), packument.name);
    return range;
}

/// Breadth first over names: each round fetches the documents of a whole frontier in parallel.
class Reach {
public:
    Reach(NpmSource& source, ImportNpmRequest const& request, CancelToken const& cancel)
        : source_(source), request_(request), cancel_(cancel) {}

    Result<Chosen> run(std::vector<NpmSpec> const& roots) {
        std::vector<std::string> names;
        names.reserve(roots.size());
        for (auto const& root : roots) names.push_back(root.name);
        RETURN_IF_ERROR(source_.prefetch(names));
        for (auto const& root : roots) {
            ASSIGN_OR_RETURN(auto const* const packument, source_.packument(root.name));
            if (packument == nullptr) return missing_root(source_, root.name);
            ASSIGN_OR_RETURN(auto const range, root_range(*packument, root.range));
            RETURN_IF_ERROR(want(*packument, range));
            if (chosen_[root.name].empty()) {
                return Error{Errc::not_found, ErrorId::import_package,
                             root.name + ": no version matches " + range.text()};
            }
        }
        while (!pending_.empty()) RETURN_IF_ERROR(run_round());
        return std::move(chosen_);
    }

private:
    Result<void> run_round() {
        RETURN_IF_ERROR(cancel_.check());
        auto const round = std::exchange(pending_, {});
        std::vector<std::string> names;
        names.reserve(round.size());
        for (auto const& [name, ranges] : round) names.push_back(name);
        RETURN_IF_ERROR(source_.prefetch(names));
        for (auto const& [name, ranges] : round) {
            ASSIGN_OR_RETURN(auto const* const packument, source_.packument(name));
            if (packument == nullptr) continue;
            for (auto const& text : ranges) {
                auto const mapped = map_npm_dependency({name, text, false}, request_.name_space,
                                                       &packument->dist_tags);
                if (mapped.dependency) RETURN_IF_ERROR(want(*packument, mapped.dependency->range));
            }
        }
        return ok();
    }

    Result<void> want(NpmPackument const& packument, VersionRange const& range) {
        auto& wanted = chosen_[packument.name];
        for (auto const& entry : packument.versions) {
            if (!range.matches(entry.version) || !wanted.insert(entry.version).second) continue;
            if (++count_ > request_.versions_max) {
                return Error{Errc::too_large, ErrorId::import_package,
                             "the closure has more than " + std::to_string(request_.versions_max) + " releases",
                             "narrow the ranges, or take only the chosen versions with --locked"};
            }
            for (auto const& dependency : entry.dependencies) {
                if (!map_npm_dependency(dependency, request_.name_space, nullptr).dependency &&
                    !may_be_tag(dependency.range)) {
                    continue;
                }
                if (asked_[dependency.name].insert(dependency.range).second) {
                    pending_[dependency.name].insert(dependency.range);
                }
            }
        }
        return ok();
    }

    NpmSource& source_;
    ImportNpmRequest const& request_;
    CancelToken const& cancel_;
    std::size_t count_ = 0;
    Chosen chosen_;
    Asked asked_;
    Asked pending_;
};

Result<std::variant<Chosen, Conflict>> lock(NpmSource& source, std::vector<NpmSpec> const& roots,
                                            ImportNpmRequest const& request, CancelToken const& cancel) {
    using Locked = std::variant<Chosen, Conflict>;
    RETURN_IF_ERROR(warm_up(source, roots, request.name_space, cancel));
    NpmProvider provider{source, request.name_space};
    ResolveRequest question;
    question.root_label = "the import";
    for (auto const& root : roots) {
        ASSIGN_OR_RETURN(auto const* const packument, source.packument(root.name));
        if (packument == nullptr) return missing_root(source, root.name);
        ASSIGN_OR_RETURN(auto name, map_npm_name(root.name, request.name_space));
        provider.learn(name, root.name);
        // Without a range any release will do, the highest first: a root may step back for the others.
        auto range = root.range.empty() ? VersionRange::parse("latest") : root_range(*packument, root.range);
        if (!range) return std::move(range).error();
        question.roots.push_back({std::move(name), std::move(*range), false, {}});
    }
    ResolveOptions options;
    options.cancel = &cancel;
    ASSIGN_OR_RETURN(auto const resolution, resolve(provider, question, options));
    if (auto const* const conflict = std::get_if<Conflict>(&resolution)) return Locked{*conflict};
    Chosen chosen;
    for (auto const& [name, choice] : std::get<Solution>(resolution).packages) {
        chosen[provider.npm_name(name)].insert(choice.version);
    }
    return Locked{std::move(chosen)};
}

/// Fills in names and dependencies, and reports what has no place in our terms.
Result<NpmClosure> describe(NpmSource& source, ImportNpmRequest const& request, Chosen const& chosen) {
    NpmClosure closure;
    std::map<PackageName, std::string> owners;
    for (auto const& [npm_name, versions] : chosen) {
        ASSIGN_OR_RETURN(auto const* const packument, source.packument(npm_name));
        ASSIGN_OR_RETURN(auto const name, map_npm_name(npm_name, request.name_space));
        auto const [owner, is_new] = owners.emplace(name, npm_name);
        if (!is_new) {
            closure.skipped.push_back(npm_name + ": " + owner->second + " takes the name " + name.text());
            continue;
        }
        for (auto const& version : versions) {
            auto const* const entry = packument->find(version);
            std::vector<std::string> dropped;
            ASSIGN_OR_RETURN(auto dependencies, map_dependencies(source, *entry, request.name_space, &dropped));
            auto const label = npm_name + "@" + version.text() + ": ";
            for (auto& reason : dropped) closure.skipped.push_back(reason.insert(0, label));
            closure.releases.push_back({npm_name, name, entry, std::move(dependencies)});
        }
    }
    for (auto const& [npm_name, problem] : source.problems()) {
        closure.skipped.push_back(npm_name + ": " + (problem.empty() ? "npm has no such package" : problem));
    }
    std::sort(closure.releases.begin(), closure.releases.end(), [](auto const& a, auto const& b) {
        return a.name != b.name ? a.name < b.name : a.version->version < b.version->version;
    });
    return closure;
}

}  // namespace

Result<Outcome> find_npm_closure(NpmSource& source, ImportNpmRequest const& request, CancelToken const& cancel) {
    ASSIGN_OR_RETURN(auto const roots, parse_roots(request));
    Chosen chosen;
    if (request.locked) {
        ASSIGN_OR_RETURN(auto locked, lock(source, roots, request, cancel));
        if (auto* const conflict = std::get_if<Conflict>(&locked)) return Outcome{std::move(*conflict)};
        chosen = std::move(std::get<Chosen>(locked));
    } else {
        Reach reach{source, request, cancel};
        ASSIGN_OR_RETURN(chosen, reach.run(roots));
    }
    ASSIGN_OR_RETURN(auto closure, describe(source, request, chosen));
    return Outcome{std::move(closure)};
}

}  // namespace ggen
