#include "net/daemon/question_server.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace ggen::p2p {
namespace {

constexpr std::chrono::seconds k_tick{1};  ///< between two looks at streams that say nothing
constexpr std::size_t k_buckets_max = 4096;

}  // namespace

void QuestionServer::start() {
    auto const self = shared_from_this();
    node_.host().handle(std::string{limits_.protocol}, [self](Stream stream) { self->take(std::move(stream)); });
    thread_ = std::thread{[this] { loop(); }};
}

void QuestionServer::stop() {
    stopping_.cancel();
    std::lock_guard const guard{mutex_};
    came_.notify_all();
}

void QuestionServer::look_again() {
    std::lock_guard const guard{mutex_};
    looks_ = true;
    came_.notify_all();
}

void QuestionServer::finish() {
    stop();
    if (thread_.joinable()) thread_.join();
}

void QuestionServer::take(Stream stream) {
    auto const& peer = stream.peer();
    auto const of_peer = std::count_if(asking_.begin(), asking_.end(),
                                       [&](auto const& row) { return row.second.stream.peer() == peer; });
    if (static_cast<std::size_t>(of_peer) >= limits_.streams_per_peer_max || asking_.size() >= limits_.streams_max) {
        stream.reset();
        node_.ledger().on_conduct(peer, Conduct::overload, 1, steady_now());
        return;
    }
    auto const id = next_asking_++;
    auto const weak = weak_from_this();
    stream.on_bytes([weak, id](BytesView bytes) {
        if (auto const self = weak.lock()) self->on_bytes(id, bytes);
    });
    stream.on_closed([weak, id](std::optional<Error> const&) {
        if (auto const self = weak.lock()) self->asking_.erase(id);
    });
    asking_.emplace(id, Asking{std::move(stream), limits_.request_bytes_max});
    std::lock_guard const guard{mutex_};
    if (!std::exchange(has_streams_, true)) came_.notify_one();
}

bool QuestionServer::has_token(PeerId const& peer) {
    if (buckets_.size() >= k_buckets_max) buckets_.clear();
    auto const at = buckets_.try_emplace(peer, limits_.burst, limits_.per_second, steady_now()).first;
    return at->second.take(steady_now());
}

void QuestionServer::on_bytes(std::uint64_t id, BytesView bytes) {
    auto const at = asking_.find(id);
    if (at == asking_.end()) return;
    auto& asking = at->second;
    if (asking.has_asked) return drop(id, Conduct::protocol_error);
    asking.reader.feed(bytes);
    auto const message = asking.reader.next();
    if (!message) return drop(id, Conduct::protocol_error);
    if (!*message) return;
    auto answer = work_.read(**message);
    if (!answer) return drop(id, Conduct::protocol_error);
    if (!has_token(asking.stream.peer())) return drop(id, Conduct::overload);
    asking.has_asked = true;
    std::lock_guard const guard{mutex_};
    jobs_.push_back({id, std::move(answer)});
    came_.notify_one();
}

void QuestionServer::drop(std::uint64_t id, std::optional<Conduct> conduct) {
    auto const at = asking_.find(id);
    if (at == asking_.end()) return;
    auto stream = at->second.stream;
    asking_.erase(at);
    if (conduct) node_.ledger().on_conduct(stream.peer(), *conduct, 1, steady_now());
    stream.reset();
}

void QuestionServer::sweep() {
    std::vector<std::uint64_t> idle;
    for (auto const& [id, asking] : asking_) {
        if (steady_now() - asking.since >= limits_.stream_max) idle.push_back(id);
    }
    for (auto const id : idle) drop(id, std::nullopt);
    std::lock_guard const guard{mutex_};
    has_streams_ = !asking_.empty();
}

void QuestionServer::loop() {
    auto const self = shared_from_this();
    auto sweep_at = TimePoint::max();  // No streams, no sweeps.
    for (;;) {
        std::optional<Job> job;
        bool looks = false;
        {
            std::unique_lock guard{mutex_};
            auto const is_due = [&] {
                bool const is_first = has_streams_ && sweep_at == TimePoint::max();
                return !jobs_.empty() || looks_ || is_first || stopping_.is_cancelled();
            };
            if (sweep_at == TimePoint::max()) came_.wait(guard, is_due);
            else came_.wait_until(guard, sweep_at, is_due);
            if (stopping_.is_cancelled()) return;
            if (!has_streams_) sweep_at = TimePoint::max();
            else if (sweep_at == TimePoint::max()) sweep_at = steady_now() + k_tick;
            looks = std::exchange(looks_, false) || !jobs_.empty();
            if (!jobs_.empty()) {
                job = std::move(jobs_.front());
                jobs_.pop_front();
            }
        }
        // However much there is to answer: who is asked without end lets go of silent streams too.
        if (steady_now() >= sweep_at) {
            node_.post([self] { self->sweep(); });
            sweep_at = steady_now() + k_tick;
        }
        if (looks && work_.look) work_.look();
        if (!job) continue;
        node_.post([self, id = job->asking, answer = job->answer()] {
            auto const at = self->asking_.find(id);
            if (at == self->asking_.end()) return;
            auto stream = at->second.stream;
            stream.write(answer);
            stream.finish();
        });
    }
}

}  // namespace ggen::p2p
