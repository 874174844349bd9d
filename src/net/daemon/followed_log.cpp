#include "net/daemon/followed_log.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <utility>

#include "market/registry_set.hpp"
#include "net/daemon/market_service.hpp"
#include "net/daemon/node_thread.hpp"
#include "node/own_registry.hpp"
#include "p2p/discovery/state_file.hpp"
#include "p2p/exchange/message.hpp"

namespace ggen::p2p {
namespace {

constexpr std::uint64_t k_follows_bytes_max = 8 * k_mib;
constexpr char const* k_format = "ggen/follows/v1";

KnownRegistry known_of(RootFile const& root) {
    KnownRegistry known;
    known.origin = root.registry;
    known.root_fingerprint = root.fingerprint();
    return known;
}

Json json_course(BlobCourse const& course) {
    auto json = Json::object();
    json.set("done", course.done);
    json.set("total", course.total);
    auto shares = Json::array();
    for (auto const& [peer, bytes] : course.shares) shares.push(Json::object().set("peer", peer).set("bytes", bytes));
    json.set("shares", std::move(shares));
    return json;
}

Result<std::shared_ptr<FollowedLog>> load_one(FileSystem& files, Clock& clock, Profile const& profile,
                                              Json const& entry) {
    auto const* const label = entry.find("peer");
    auto const* const note = entry.find("root");
    if (label == nullptr || label->if_string() == nullptr || note == nullptr || note->if_string() == nullptr) {
        return Error{Errc::corrupt, "an entry without peer or root"};
    }
    ASSIGN_OR_RETURN(auto const peer, PeerId::parse(*label->if_string()));
    ASSIGN_OR_RETURN(auto root, RootFile::parse(*note->if_string()));
    auto const log = log_id(root.log_key);
    return open_followed(files, clock, profile, {peer.text(), log, peer, std::move(root)});
}

/// What the node's thread and a session share while a blob comes in.
struct Arrival {
    Answer<Result<BlobCourse>> done;
    std::mutex mutex;  // Guards course.
    BlobCourse course;
    std::uint64_t blob = 0;  // Of the node's thread.
};

}  // namespace

void FollowedLog::look() {
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
}

void FollowedLog::note(Result<MirrorReport> const& report) {
    if (report) is_whole = mirror->checkpoint().has_value();
    look();
    std::lock_guard const guard{told_mutex_};
    problem_ = report ? std::string{} : report.error().context;
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
    MirrorOptions options;
    options.directory = join_path(profile.mirrors_folder(), place.label);
    // The same memory as that of commands: what one of them has seen, no other forgets.
    options.memory_directory = registry_memory_directory(profile.directories(), known_of(place.root));
    ASSIGN_OR_RETURN(followed->mirror, LogMirror::open(files, clock, place.root, std::move(options)));
    followed->look();
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
        list.push(Json::object().set("peer", followed->label).set("root", followed->root.note));
    }
    auto document = Json::object();
    document.set("format", k_format);
    document.set("follows", std::move(list));
    return save_state_file(files, profile.follows_path(), as_bytes(document.dump(2) + "\n"));
}

Result<Json> fetch_followed_blob(Node& node, PeerExchange& exchange, FollowedLog const& followed, BlobRef const& blob,
                                 std::vector<Holder> holders, PeerSource::Check const& check,
                                 ControlSession& session) {
    if (holders.empty()) {
        return Error{Errc::not_found, ErrorId::p2p_not_held, "no peer that can be reached has " + blob.digest.text(),
                     "ggen p2p connect MULTIADDR"};
    }
    auto const path = join_path(followed.mirror->directory(), blob_path(blob.digest));
    auto const disk = make_posix_file_system();
    RETURN_IF_ERROR(disk->make_directories(parent_path(path)));
    auto const deadline = std::chrono::steady_clock::now() + k_blob_max;
    auto const asked = holders.size();
    BlobWish wish{blob.digest, blob.bytes, std::nullopt, path + ".part", std::move(holders), deadline};
    auto const arrival = std::make_shared<Arrival>();
    node.post([exchange = &exchange, wish = std::move(wish), arrival]() mutable {
        auto const progress = [arrival](BlobCourse const& course) {
            std::lock_guard const guard{arrival->mutex};
            arrival->course = course;
        };
        auto const done = [arrival](Result<BlobCourse> course) { arrival->done.give(std::move(course)); };
        arrival->blob = exchange->fetch_blob(std::move(wish), std::chrono::steady_clock::now(), progress, done);
    });
    std::uint64_t told = 0;
    auto last_byte = std::chrono::steady_clock::now();
    auto const watch = [&]() -> Result<void> {
        RETURN_IF_ERROR(check());
        BlobCourse course;
        {
            std::lock_guard const guard{arrival->mutex};
            course = arrival->course;
        }
        auto const now = std::chrono::steady_clock::now();
        if (course.done == told) {
            if (now - last_byte < k_blob_silence_max) return ok();
            return Error{Errc::unavailable, ErrorId::p2p_not_held,
                         "none of " + std::to_string(asked) + " peers gave " + blob.digest.text(),
                         "ggen p2p connect MULTIADDR"};
        }
        told = course.done;
        last_byte = now;
        return session.tell(json_course(course));
    };
    auto waited = arrival->done.wait(watch, deadline);
    if (!waited) {
        node.post([exchange = &exchange, arrival] {
            exchange->cancel(arrival->blob, std::chrono::steady_clock::now());
        });
        return std::move(waited).error();
    }
    auto course = *std::move(waited);
    if (!course) return std::move(course).error();
    RETURN_IF_ERROR(disk->rename(path + ".part", path));
    static_cast<void>(disk->remove_file(path + ".part.have"));
    auto json = json_course(*course);
    json.set("path", path);
    return json;
}

}  // namespace ggen::p2p
