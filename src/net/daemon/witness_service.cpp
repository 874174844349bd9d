#include "net/daemon/witness_service.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "net/daemon/arguments.hpp"
#include "net/daemon/node_thread.hpp"
#include "node/witness_message.hpp"
#include "p2p/discovery/bootstrap.hpp"
#include "p2p/protocol/message_reader.hpp"
#include "p2p/protocol/token_bucket.hpp"

namespace ggen::p2p {
namespace {

constexpr std::chrono::seconds k_tick{1};  ///< between two looks at streams that say nothing
constexpr std::size_t k_buckets_max = 4096;
constexpr char const* k_ping_help = "ggen p2p ping says what answers there";

/// An address that ends in a peer, or a peer id alone.
Result<KnownPeer> peer_at(std::string const& place) {
    if (place.starts_with('/')) return parse_known_peer(place);
    ASSIGN_OR_RETURN(auto peer, PeerId::parse(place));
    return KnownPeer{std::move(peer), {}};
}

}  // namespace

class WitnessService::Impl : public std::enable_shared_from_this<Impl> {
public:
    explicit Impl(Parts parts) : parts_(parts) {}

    void start() {
        if (parts_.witness == nullptr) return;
        auto const self = shared_from_this();
        parts_.node.host().handle(std::string{k_witness_protocol},
                                  [self](Stream stream) { self->take(std::move(stream)); });
        thread_ = std::thread{[this] { loop(); }};
    }
    void stop() {
        stopping_.cancel();
        std::lock_guard const guard{mutex_};
        came_.notify_all();
    }
    void finish() {
        stop();
        if (thread_.joinable()) thread_.join();
    }
    [[nodiscard]] Result<Json> ask(Json const& arguments, ControlSession const& session);

private:
    /// A stream on which a peer asks. Of the node's thread.
    struct Asking {
        explicit Asking(Stream stream_in) : stream(std::move(stream_in)) {}
        Stream stream;
        MessageReader reader{k_witness_request_bytes_max};
        TimePoint since = steady_now();
        bool has_asked = false;
    };
    struct Job {
        std::uint64_t asking = 0;
        std::string body;
    };
    /// A question of ours.
    struct Question {
        std::optional<Stream> stream;  // Of the node's thread.
        MessageReader reader{k_witness_answer_bytes_max};
        Answer<Result<WitnessAnswer>> answer;
        void give(Result<WitnessAnswer> value) {
            // Its handlers hold the question: that must not keep each other alive.
            if (auto one = std::exchange(stream, std::nullopt); one && !one->is_closed()) one->reset();
            answer.give(std::move(value));
        }
    };

    // The node's thread.
    void take(Stream stream);
    void on_bytes(std::uint64_t id, BytesView bytes);
    void drop(std::uint64_t id, std::optional<Conduct> conduct);
    void sweep();
    [[nodiscard]] bool has_token(PeerId const& peer);
    static void put(Host& host, KnownPeer const& peer, Bytes const& request, std::shared_ptr<Question> const& asked);

    // The service's thread.
    void loop();

    Parts parts_;
    CancelToken stopping_;
    std::thread thread_;

    std::map<std::uint64_t, Asking> asking_;  // Of the node's thread.
    std::map<PeerId, TokenBucket> buckets_;   // Likewise.
    std::uint64_t next_asking_ = 1;           // Likewise.

    std::mutex mutex_;  // Guards jobs_.
    std::condition_variable came_;
    std::deque<Job> jobs_;
};

void WitnessService::Impl::take(Stream stream) {
    auto const& peer = stream.peer();
    auto const of_peer = std::count_if(asking_.begin(), asking_.end(),
                                       [&](auto const& row) { return row.second.stream.peer() == peer; });
    bool const is_full = static_cast<std::size_t>(of_peer) >= k_witness_streams_per_peer_max ||
                         asking_.size() >= k_witness_streams_max;
    if (is_full) {
        stream.reset();
        parts_.node.ledger().on_conduct(peer, Conduct::overload, 1, steady_now());
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
    asking_.emplace(id, Asking{std::move(stream)});
}

bool WitnessService::Impl::has_token(PeerId const& peer) {
    if (buckets_.size() >= k_buckets_max) buckets_.clear();
    TokenBucket const full{k_witness_requests_burst, k_witness_requests_per_second, steady_now()};
    return buckets_.try_emplace(peer, full).first->second.take(steady_now());
}

void WitnessService::Impl::on_bytes(std::uint64_t id, BytesView bytes) {
    auto const at = asking_.find(id);
    if (at == asking_.end()) return;
    auto& asking = at->second;
    if (asking.has_asked) return drop(id, Conduct::protocol_error);
    asking.reader.feed(bytes);
    auto const message = asking.reader.next();
    if (!message) return drop(id, Conduct::protocol_error);
    if (!*message) return;
    if (!has_token(asking.stream.peer())) return drop(id, Conduct::overload);
    asking.has_asked = true;
    std::lock_guard const guard{mutex_};
    jobs_.push_back({id, std::string{as_text(**message)}});
    came_.notify_one();
}

void WitnessService::Impl::drop(std::uint64_t id, std::optional<Conduct> conduct) {
    auto const at = asking_.find(id);
    if (at == asking_.end()) return;
    auto stream = at->second.stream;
    asking_.erase(at);
    if (conduct) parts_.node.ledger().on_conduct(stream.peer(), *conduct, 1, steady_now());
    stream.reset();
}

void WitnessService::Impl::sweep() {
    std::vector<std::uint64_t> idle;
    for (auto const& [id, asking] : asking_) {
        if (steady_now() - asking.since >= parts_.stream_max) idle.push_back(id);
    }
    for (auto const id : idle) drop(id, std::nullopt);
}

void WitnessService::Impl::loop() {
    auto const self = shared_from_this();
    auto sweep_at = steady_now() + k_tick;
    while (!stopping_.is_cancelled()) {
        // However much there is to answer: who is asked without end lets go of silent streams too.
        if (steady_now() >= sweep_at) {
            parts_.node.post([self] { self->sweep(); });
            sweep_at = steady_now() + k_tick;
        }
        std::optional<Job> job;
        {
            std::unique_lock guard{mutex_};
            came_.wait_for(guard, k_tick, [&] { return !jobs_.empty() || stopping_.is_cancelled(); });
            if (stopping_.is_cancelled()) return;
            if (!jobs_.empty()) {
                job = std::move(jobs_.front());
                jobs_.pop_front();
            }
        }
        if (!job) continue;
        auto answer = frame_message(encode_witness_answer(parts_.witness->add_checkpoint(job->body)));
        parts_.node.post([self, id = job->asking, answer = std::move(answer)] {
            auto const at = self->asking_.find(id);
            if (at == self->asking_.end()) return;
            auto stream = at->second.stream;
            stream.write(answer);
            stream.finish();
        });
    }
}

void WitnessService::Impl::put(Host& host, KnownPeer const& peer, Bytes const& request,
                               std::shared_ptr<Question> const& asked) {
    auto stream = host.open(peer.peer, {std::string{k_witness_protocol}}, peer.addresses);
    asked->stream = stream;
    // Giving the answer ends the stream, and with it the handler that runs.
    stream.on_bytes([held = asked](BytesView bytes) {
        auto const question = held;  // NOLINT(performance-unnecessary-copy-initialization): outlives the handler
        question->reader.feed(bytes);
        auto const message = question->reader.next();
        if (!message) question->give(message.error());
        else if (*message) question->give(decode_witness_answer(**message));
    });
    stream.on_closed([held = asked](std::optional<Error> const& why) {
        auto const question = held;  // NOLINT(performance-unnecessary-copy-initialization): outlives the handler
        question->give(why ? *why : Error{Errc::unavailable, "it ended without an answer"});
    });
    stream.write(request);
    stream.finish();
}

Result<Json> WitnessService::Impl::ask(Json const& arguments, ControlSession const& session) {
    ASSIGN_OR_RETURN(auto const place, text_argument(arguments, "place"));
    ASSIGN_OR_RETURN(auto const body, text_argument(arguments, "body"));
    if (body.size() > k_witness_request_bytes_max) return Error{Errc::too_large, "a request to a witness over 64 KiB"};
    ASSIGN_OR_RETURN(auto const peer, peer_at(place));
    auto const question = std::make_shared<Question>();
    auto& node = parts_.node;
    node.post([&node, peer, question, request = frame_message(as_bytes(body))] {
        put(node.host(), peer, request, question);
    });
    auto const check = [&]() -> Result<void> {
        RETURN_IF_ERROR(stopping_.check());
        return session.check();
    };
    auto answer = question->answer.wait(check, steady_now() + parts_.answer_max);
    if (!answer) {
        node.post([question] { question->give(Error{Errc::cancelled, "given up"}); });
        if (answer.error().code != Errc::timed_out) return answer.error();
        return Error{Errc::timed_out, ErrorId::p2p_peer_unreachable, place + " did not answer in time", k_ping_help};
    }
    if (!*answer) {
        auto const& why = answer->error();
        bool const is_none = why.code == Errc::refused;
        return Error{Errc::unavailable, ErrorId::p2p_peer_unreachable,
                     place + (is_none ? " is no witness: " : " did not answer: ") + why.context,
                     is_none ? "its node has to run with --witness" : k_ping_help};
    }
    auto json = Json::object();
    json.set("status", (*answer)->status).set("body", (*answer)->body).set("is_size", (*answer)->is_size);
    return json;
}

WitnessService::WitnessService(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
WitnessService::~WitnessService() { impl_->finish(); }

std::unique_ptr<WitnessService> WitnessService::start(Parts parts) {
    auto impl = std::make_shared<Impl>(parts);
    impl->start();
    return std::unique_ptr<WitnessService>{new WitnessService{std::move(impl)}};
}

void WitnessService::stop() { impl_->stop(); }
void WitnessService::finish() { impl_->finish(); }
Result<Json> WitnessService::ask(Json const& arguments, ControlSession const& session) {
    return impl_->ask(arguments, session);
}

}  // namespace ggen::p2p
