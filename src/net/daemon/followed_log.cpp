#include "net/daemon/followed_log.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <utility>

#include "market/registry_set.hpp"
#include "net/daemon/arguments.hpp"
#include "net/daemon/market_service.hpp"
#include "node/own_registry.hpp"
#include "p2p/discovery/state_file.hpp"
#include "p2p/exchange/message.hpp"

namespace ggen::p2p {
namespace {

constexpr std::uint64_t k_follows_bytes_max = 8 * k_mib;
constexpr std::size_t k_held_max = 4'096;  ///< archives of one mirror that others are told of
constexpr char const* k_format = "ggen/follows/v1";

KnownRegistry known_of(RootFile const& root) {
    KnownRegistry known;
    known.origin = root.registry;
    known.root_fingerprint = root.fingerprint();
    return known;
}

Result<std::shared_ptr<FollowedLog>> load_one(FileSystem& files, Clock& clock, Profile const& profile,
                                              Json const& entry) {
    auto const* const label = entry.find("peer");
    auto const* const note = entry.find("root");
    if (label == nullptr || label->if_string() == nullptr || note == nullptr || note->if_string() == nullptr) {
        return Error{Errc::corrupt, "an entry without peer or root"};
    }
    ASSIGN_OR_RETURN(auto root, RootFile::parse(*note->if_string()));
    ASSIGN_OR_RETURN(auto sources, list_argument(entry, "sources"));
    auto const log = log_id(root.log_key);
    std::optional<PeerId> peer;
    if (*label->if_string() != log.hex()) {
        ASSIGN_OR_RETURN(peer, PeerId::parse(*label->if_string()));
    }
    return open_followed(files, clock, profile,
                         {peer ? peer->text() : log.hex(), log, peer, std::move(root), std::move(sources)});
}

/// A record that nobody owned says nothing.
bool counts(RegistryState const& state, std::uint64_t index, ReleaseRecord const& record) {
    auto const* const name = state.find(record.name);
    return name != nullptr && std::any_of(name->versions.begin(), name->versions.end(),
                                          [&](VersionState const& version) { return version.index == index; });
}

}  // namespace

/// `files`: also looks which archives are there.
void FollowedLog::look(FileSystem* files) {
    std::set<std::string> scopes;
    for (auto const& [name, state] : mirror->state().names()) {
        if (!name.scope().empty() && !state.versions.empty()) scopes.insert(std::string{name.scope()});
    }
    auto const evidence = mirror->evidence();
    std::lock_guard const guard{told_mutex_};
    size_ = mirror->size();
    releases_ = mirror->releases().size();
    namespaces_.assign(scopes.begin(), scopes.end());
    evidence_ = evidence.value_or("");
    if (looked_at_ > releases_) {  // Begun anew.
        looked_at_ = 0;
        chunk_roots_.clear();
    }
    for (; looked_at_ < mirror->releases().size(); ++looked_at_) {
        auto const& [index, record] = mirror->releases()[looked_at_];
        if (record.chunks && counts(mirror->state(), index, record)) {
            auto const [at, is_first] = chunk_roots_.try_emplace(record.archive.digest, record.chunks);
            // Publishers who contradict each other: the digest alone decides.
            if (!is_first && at->second != record.chunks) at->second.reset();
        }
        bool const is_here = files != nullptr && looked_at_ < k_held_max &&
                             files->info(join_path(mirror->directory(), blob_path(record.archive.digest))).has_value();
        if (is_here) held_.insert(record.archive.digest);
    }
}

void FollowedLog::note(Result<MirrorReport> const& report) {
    if (report) is_whole = mirror->checkpoint().has_value();
    look();
    std::lock_guard const guard{told_mutex_};
    problem_ = report ? std::string{} : report.error().context;
}

std::optional<Digest> FollowedLog::chunk_root(Digest const& archive) const {
    std::lock_guard const guard{told_mutex_};
    auto const at = chunk_roots_.find(archive);
    return at == chunk_roots_.end() ? std::nullopt : at->second;
}

std::vector<Digest> FollowedLog::held() const {
    std::lock_guard const guard{told_mutex_};
    return {held_.begin(), held_.end()};
}

void FollowedLog::hold(Digest const& archive) {
    std::lock_guard const guard{told_mutex_};
    if (held_.size() < k_held_max) held_.insert(archive);
}

Json FollowedLog::describe() const {
    std::lock_guard const guard{told_mutex_};
    auto json = Json::object();
    json.set("peer", label);
    json.set("origin", root.registry);
    json.set("log", log.hex());
    json.set("fingerprint", root.fingerprint().text());
    json.set("size", size_);
    json.set("releases", releases_);
    auto namespaces = Json::array();
    for (auto const& one : namespaces_) namespaces.push(one);
    json.set("namespaces", std::move(namespaces));
    json.set("archives", std::uint64_t{held_.size()});
    auto places = Json::array();
    for (auto const& source : sources) places.push(source);
    json.set("sources", std::move(places));
    json.set("problem", problem_);
    json.set("evidence", evidence_);
    return json;
}

Result<std::shared_ptr<FollowedLog>> open_followed(FileSystem& files, Clock& clock, Profile const& profile,
                                                   FollowedLog::Place const& place) {
    auto followed = std::make_shared<FollowedLog>();
    followed->label = place.label;
    followed->log = place.log;
    followed->peer = place.peer;
    followed->root = place.root;
    followed->sources = place.sources;
    MirrorOptions options;
    options.directory = join_path(profile.mirrors_folder(), place.label);
    // The same memory as that of commands: what one of them has seen, no other forgets.
    options.memory_directory = registry_memory_directory(profile.directories(), known_of(place.root));
    ASSIGN_OR_RETURN(followed->mirror, LogMirror::open(files, clock, place.root, std::move(options)));
    followed->look(&files);
    return followed;
}

std::vector<std::shared_ptr<FollowedLog>> load_follows(FileSystem& files, Clock& clock, Profile const& profile,
                                                       Logger& log) {
    std::vector<std::shared_ptr<FollowedLog>> out;
    auto const read = [&](BytesView image) -> Result<void> {
        ASSIGN_OR_RETURN(auto const document, Json::parse(as_text(image)));
        auto const* const format = document.find("format");
        auto const* const list = document.find("follows");
        if (format == nullptr || *format != Json{k_format} || list == nullptr || list->if_array() == nullptr) {
            return Error{Errc::invalid, "no list of followed registries"};
        }
        for (auto const& entry : *list->if_array()) {
            auto one = load_one(files, clock, profile, entry);
            if (one && out.size() < k_follows_max) out.push_back(*std::move(one));
            else if (!one) log.warn("a followed registry is left out: " + one.error().context);
        }
        return ok();
    };
    auto const loaded = load_state_file(files, profile.follows_path(), k_follows_bytes_max, read);
    if (!loaded) log.warn("followed registries: " + loaded.error().context);
    return out;
}

Result<void> save_follows(FileSystem& files, Profile const& profile,
                          std::vector<std::shared_ptr<FollowedLog>> const& follows) {
    auto list = Json::array();
    for (auto const& followed : follows) {
        auto sources = Json::array();
        for (auto const& source : followed->sources) sources.push(source);
        auto entry = Json::object().set("peer", followed->label).set("root", followed->root.note);
        if (!followed->sources.empty()) entry.set("sources", std::move(sources));
        list.push(std::move(entry));
    }
    auto document = Json::object();
    document.set("format", k_format);
    document.set("follows", std::move(list));
    return save_state_file(files, profile.follows_path(), as_bytes(document.dump(2) + "\n"));
}

bool may_try_next(Error const& error) {
    return error.code != Errc::cancelled && error.code != Errc::io && error.id != ErrorId::log_fork &&
           error.id != ErrorId::p2p_follow_refused;
}

}  // namespace ggen::p2p
