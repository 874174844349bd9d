#include "net/daemon/own_news.hpp"

#include "merkle/note.hpp"
#include "net/daemon/node_thread.hpp"

namespace ggen::p2p {

Result<merkle::Checkpoint> checkpoint_of(BytesView note) {
    ASSIGN_OR_RETURN(auto const parsed, merkle::Note::parse(as_text(note)));
    return merkle::Checkpoint::parse_text(parsed.text);
}

OwnNews::OwnNews(Parts parts) : parts_(std::move(parts)), watch_(join_path(parts_.folder, "checkpoint")) {}

Result<Bytes> OwnNews::checkpoint() const {
    return parts_.files.read_file(join_path(parts_.folder, "checkpoint"), merkle::k_checkpoint_bytes_max);
}

void OwnNews::look(CancelToken const& stop) {
    std::lock_guard const one_at_a_time{mutex_};
    auto const note = checkpoint();
    if (!note || as_text(*note) == told_) return;
    auto const parsed = checkpoint_of(*note);
    if (!parsed) return;
    if (seen_ != as_text(*note)) {
        seen_ = as_text(*note);
        parts_.served.add(parts_.log, parts_.folder);  // It has grown.
    }
    has_more_ = true;
    auto const work = [node = &parts_.node, topic = parts_.topic, log = parts_.log, bytes = *note,
                       size = parsed->size] {
        if (!topic->takes_turn(steady_now())) return false;
        topic->know(size);
        // With nobody there it is kept for a while; who comes later asks.
        static_cast<void>(node->gossip()->publish(checkpoint_topic(log), bytes, steady_now()));
        return true;
    };
    auto const is_told = on_node(parts_.node, work, [&stop] { return stop.check(); });
    if (!is_told || !*is_told) return;
    told_ = seen_;
    has_more_ = false;
}

std::vector<Digest> const& OwnNews::blobs(std::size_t max) {
    auto const note = checkpoint();
    if (!note || *note == blobs_.first) return blobs_.second;
    blobs_ = {*note, {}};
    auto const listed = parts_.files.list(join_path(parts_.folder, "blob/sha256"));
    if (!listed) return blobs_.second;
    for (auto const& entry : *listed) {
        auto const digest = Digest::from_hex(entry.name);
        if (digest && blobs_.second.size() < max) blobs_.second.push_back(*digest);
    }
    return blobs_.second;
}

}  // namespace ggen::p2p
