#include "net/daemon/blob_bringer.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "net/daemon/node_thread.hpp"
#include "net/daemon/place_reader.hpp"

namespace ggen::p2p {
namespace {

Json json_course(BlobCourse const& course) {
    auto json = Json::object();
    json.set("done", course.done);
    json.set("total", course.total);
    auto shares = Json::array();
    for (auto const& [from, bytes] : course.shares) shares.push(Json::object().set("from", from).set("bytes", bytes));
    json.set("shares", std::move(shares));
    return json;
}

/// What the node's thread and a session share while a blob comes in.
struct Arrival {
    Answer<Result<BlobCourse>> done;
    std::mutex mutex;  // Guards course.
    BlobCourse course;
    std::uint64_t blob = 0;  // Of the node's thread.
};

Error nobody_gave(Digest const& digest, std::string const& why) {
    return Error{Errc::unavailable, ErrorId::p2p_not_held, "no peer gave " + digest.text() + ": " + why,
                 "ggen p2p connect MULTIADDR"};
}

/// Starts on the node's thread; what the network's table knows is added when it comes.
void start(BlobBringer::Parts const& parts, BlobWish wish, std::shared_ptr<Arrival> const& arrival) {
    auto const digest = wish.digest;
    parts.node.post([exchange = &parts.exchange, wish = std::move(wish), arrival]() mutable {
        auto const progress = [arrival](BlobCourse const& course) {
            std::lock_guard const guard{arrival->mutex};
            arrival->course = course;
        };
        auto const done = [arrival](Result<BlobCourse> course) { arrival->done.give(std::move(course)); };
        arrival->blob = exchange->fetch_blob(std::move(wish), steady_now(), progress, done);
    });
    parts.providers.ask(digest, [node = &parts.node, exchange = &parts.exchange, arrival](std::vector<Holder> found) {
        std::erase_if(found, [&](Holder const& one) { return one.peer == node->swarm().self(); });
        exchange->add_holders(arrival->blob, std::move(found), steady_now());
        exchange->close_holders(arrival->blob, steady_now());
    });
}

}  // namespace

Result<Json> BlobBringer::bring(FollowedLog& followed, BlobRef const& blob, std::vector<Holder> holders,
                                PeerSource::Check const& check, ControlSession& session) {
    auto const path = join_path(followed.mirror->directory(), blob_path(blob.digest));
    auto const disk = make_posix_file_system();
    RETURN_IF_ERROR(disk->make_directories(parent_path(path)));
    auto const deadline = steady_now() + k_blob_max;
    auto const arrival = std::make_shared<Arrival>();
    auto const reader = std::make_shared<PlaceReader>(parts_.opener, followed.sources, blob);
    BlobWish wish{blob.digest, blob.bytes, followed.chunk_root(blob.digest), path + ".part", std::move(holders),
                  deadline, reader->places(), {}};
    auto const answer = [node = &parts_.node, exchange = &parts_.exchange](BlobRead const& read, Result<Bytes> bytes) {
        node->post([exchange, read, bytes = std::move(bytes)] { exchange->on_read(read, bytes, steady_now()); });
    };
    // Not the reader itself: it ends with this call.
    wish.read = [weak = std::weak_ptr{reader}, answer](BlobRead const& wanted) {
        if (auto const there = weak.lock()) there->read(wanted, answer);
    };
    auto const end = [&](PlaceReader*) { parts_.ended.add(reader); };
    std::unique_ptr<PlaceReader, decltype(end)> const ending{reader.get(), end};
    start(parts_, std::move(wish), arrival);
    std::uint64_t told = 0;
    auto last_byte = steady_now();
    auto const watch = [&]() -> Result<void> {
        RETURN_IF_ERROR(check());
        BlobCourse course;
        {
            std::lock_guard const guard{arrival->mutex};
            course = arrival->course;
        }
        if (course.done == told) {
            if (steady_now() - last_byte < k_blob_silence_max) return ok();
            return nobody_gave(blob.digest, "nothing came for " + std::to_string(k_blob_silence_max.count()) + " s");
        }
        told = course.done;
        last_byte = steady_now();
        return session.tell(json_course(course));
    };
    auto waited = arrival->done.wait(watch, deadline);
    if (!waited) {
        parts_.node.post([exchange = &parts_.exchange, arrival] { exchange->cancel(arrival->blob, steady_now()); });
        return std::move(waited).error();
    }
    auto course = *std::move(waited);
    if (!course && (course.error().code == Errc::not_found || course.error().code == Errc::unavailable)) {
        return nobody_gave(blob.digest, course.error().context);
    }
    if (!course) return std::move(course).error();
    RETURN_IF_ERROR(disk->rename(path + ".part", path));
    static_cast<void>(disk->remove_file(path + ".part.have"));
    followed.hold(blob.digest);
    auto json = json_course(*course);
    RETURN_IF_ERROR(session.tell(json));
    json.set("path", path);
    return json;
}

}  // namespace ggen::p2p
