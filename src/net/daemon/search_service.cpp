#include "net/daemon/search_service.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

#include "net/daemon/arguments.hpp"
#include "net/daemon/node_thread.hpp"
#include "net/daemon/question_server.hpp"
#include "net/daemon/search_question.hpp"
#include "node/search_shelf.hpp"

namespace ggen::p2p {
namespace {

constexpr std::chrono::milliseconds k_look{100};  ///< while answers are waited for: is the caller still there?
constexpr std::uint64_t k_timeout_ms_default = 2000;
constexpr std::uint64_t k_timeout_ms_max = 60'000;
/// A fifth of those asked are strangers by lot (trust.md 6.2).
constexpr std::size_t k_strangers_asked = k_search_fan_out / 5;

std::uint64_t microseconds(std::chrono::nanoseconds duration) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

Result<PeerSearchRequest> request_of(Json const& arguments) {
    PeerSearchRequest request;
    ASSIGN_OR_RETURN(request.text, text_argument(arguments, "query"));
    if (arguments.find("category") != nullptr) {
        ASSIGN_OR_RETURN(request.category, text_argument(arguments, "category"));
    }
    ASSIGN_OR_RETURN(request.tags, list_argument(arguments, "tags"));
    ASSIGN_OR_RETURN(auto const limit, number_argument(arguments, "limit", k_search_hits_max, UINT32_MAX));
    request.limit = std::clamp<std::size_t>(static_cast<std::size_t>(limit), 1, k_search_hits_max);
    bool const is_long = request.text.size() > k_search_text_bytes_max ||
                         request.category.size() > k_search_word_bytes_max || request.tags.size() > k_search_tags_max ||
                         std::any_of(request.tags.begin(), request.tags.end(),
                                     [](std::string const& tag) { return tag.size() > k_search_word_bytes_max; });
    if (is_long) {
        return Error{Errc::too_large, "peers are asked questions of 512 bytes, 8 tags and words of 64 bytes at most"};
    }
    return request;
}

}  // namespace

class SearchService::Impl : public std::enable_shared_from_this<Impl> {
public:
    explicit Impl(Parts parts) : parts_(parts), shelf_(parts.options.files, parts.options.clock) {}

    void start() {
        QuestionServer::Work work;
        work.read = [this](BytesView bytes) -> QuestionServer::Answering {
            auto request = decode_search_request(bytes);
            if (!request) return {};
            return [this, request = *std::move(request)] { return shelf_.answer(request); };
        };
        work.look = [this] { shelf_.follow(parts_.served.all()); };
        server_ = std::make_shared<QuestionServer>(
            parts_.node,
            QuestionLimits{k_search_protocol, k_search_request_bytes_max, k_search_waiting_max,
                           k_search_streams_per_peer_max, k_search_questions_burst, k_search_questions_per_second,
                           k_search_idle_max},
            std::move(work));
        parts_.served.on_change([server = server_] { server->look_again(); });
        server_->start();
    }
    void stop() {
        stopping_.cancel();
        server_->stop();
    }
    void finish() {
        stop();
        server_->finish();
    }
    Result<Json> search(Json const& arguments, ControlSession const& session);

private:
    /// A peer that was asked by us, and what it says. Of the node's thread until it is taken.
    struct Asked {
        PeerId peer;
        SearchAnswer answer{};
        std::optional<Stream> stream{};
        std::optional<TimePoint> done_at{};
        bool has_failed = false;
        bool is_late = false;
    };
    /// One question of ours; outlived by nothing but streams that are closed.
    struct Question {
        std::vector<Asked> peers;
        TimePoint started = steady_now();
        std::mutex mutex;  // Guards pending.
        std::condition_variable came;
        std::size_t pending = 0;
    };

    // The node's thread.
    [[nodiscard]] std::vector<PeerId> choose();
    void put(std::shared_ptr<Question> const& question, Bytes const& request);
    void done(Question& question, std::size_t index, bool has_failed);
    void judge(Question& question, std::vector<std::size_t> const& liars, std::vector<std::uint64_t> const& useful);

    // Any thread.
    using Check = std::function<Result<void>()>;
    [[nodiscard]] Result<std::shared_ptr<Question>> ask_peers(PeerSearchRequest const& request,
                                                              std::chrono::milliseconds patience, Check const& check);
    [[nodiscard]] Json gather(std::shared_ptr<Question> const& question, SearchGathering& gathering);

    Parts parts_;
    CancelToken stopping_;
    SearchShelf shelf_;  // Of the server's thread.
    std::shared_ptr<QuestionServer> server_;
};

/// Those who gave most, and a fifth of strangers by lot.
std::vector<PeerId> SearchService::Impl::choose() {
    auto const now = steady_now();
    std::vector<std::pair<double, PeerId>> known;
    std::vector<PeerId> strangers;
    for (auto const& [peer, watched] : parts_.watch.peers()) {
        auto const& names = watched.protocols;
        bool const speaks = std::find(names.begin(), names.end(), k_search_protocol) != names.end();
        if (!speaks || parts_.node.ledger().is_refused(peer, now)) continue;
        auto const standing = parts_.node.ledger().standing(peer, now);
        if (standing.is_stranger) strangers.push_back(peer);
        else known.emplace_back(-standing.score, peer);
    }
    std::sort(known.begin(), known.end());
    SeededRandom lot{parts_.options.random.next_u64()};
    lot.shuffle(strangers);
    auto const left = k_search_fan_out - std::min(known.size(), k_search_fan_out);
    auto const share = std::min(strangers.size(), std::max(k_strangers_asked, left));
    std::vector<PeerId> chosen{strangers.begin(), strangers.begin() + static_cast<std::ptrdiff_t>(share)};
    for (auto const& [score, peer] : known) {
        if (chosen.size() == k_search_fan_out) break;
        chosen.push_back(peer);
    }
    while (chosen.size() > k_search_fan_out) chosen.pop_back();
    return chosen;
}

void SearchService::Impl::put(std::shared_ptr<Question> const& question, Bytes const& request) {
    auto const weak = weak_from_this();
    for (std::size_t i = 0; i < question->peers.size(); ++i) {
        auto& asked = question->peers[i];
        auto stream = parts_.node.host().open(asked.peer, {std::string{k_search_protocol}});
        asked.stream = stream;
        stream.on_bytes([weak, question, i](BytesView bytes) {
            auto const self = weak.lock();
            auto const state = question->peers[i].answer.feed(bytes);
            if (self != nullptr && state != SearchAnswer::State::waiting) {
                self->done(*question, i, state == SearchAnswer::State::malformed);
            }
        });
        stream.on_closed([weak, question, i](std::optional<Error> const&) {
            if (auto const self = weak.lock()) self->done(*question, i, true);
        });
        stream.write(request);
        stream.finish();
    }
}

void SearchService::Impl::done(Question& question, std::size_t index, bool has_failed) {
    auto& asked = question.peers[index];
    if (asked.done_at) return;
    asked.done_at = steady_now();
    asked.has_failed = has_failed;
    // Its handlers hold the question: that must not keep each other alive.
    if (auto stream = std::exchange(asked.stream, std::nullopt); stream && !stream->is_closed()) stream->reset();
    std::lock_guard const guard{question.mutex};
    --question.pending;
    question.came.notify_all();
}

/// `useful`: bytes that were needed and right, by peer; `liars`: who gave what cannot be true.
void SearchService::Impl::judge(Question& question, std::vector<std::size_t> const& liars,
                                std::vector<std::uint64_t> const& useful) {
    auto const now = steady_now();
    auto& ledger = parts_.node.ledger();
    for (std::size_t i = 0; i < question.peers.size(); ++i) {
        auto const& asked = question.peers[i];
        if (useful[i] != 0) ledger.on_useful_bytes(asked.peer, useful[i], *asked.done_at - question.started, now);
        if (asked.answer.state() == SearchAnswer::State::malformed) {
            ledger.on_conduct(asked.peer, Conduct::protocol_error, 1, now);
        }
    }
    for (auto const index : liars) {
        auto const& peer = question.peers[index].peer;
        parts_.options.log.warn(peer.text() + " answered a search with what it cannot prove");
        ledger.on_lie(peer, now);
        parts_.watch.disconnect(peer);
    }
}

Result<Json> SearchService::Impl::search(Json const& arguments, ControlSession const& session) {
    ASSIGN_OR_RETURN(auto request, request_of(arguments));
    ASSIGN_OR_RETURN(auto const timeout_ms,
                     number_argument(arguments, "timeout_ms", k_timeout_ms_default, k_timeout_ms_max));
    for (auto const& [log, folder] : parts_.served.all()) {
        if (request.except.size() < k_search_except_max) request.except.push_back(log);
    }
    auto const check = [&]() -> Result<void> {
        RETURN_IF_ERROR(stopping_.check());
        return session.check();
    };
    ASSIGN_OR_RETURN(auto const question, ask_peers(request, std::chrono::milliseconds{timeout_ms}, check));
    SearchGathering gathering{request};
    auto json = gather(question, gathering);
    json.set("hits", gathering.ordered());
    json.set("elapsed_us", microseconds(steady_now() - question->started));
    return json;
}

/// Returns when all have answered or the time is over; the answers change no more.
Result<std::shared_ptr<SearchService::Impl::Question>> SearchService::Impl::ask_peers(
    PeerSearchRequest const& request, std::chrono::milliseconds patience, Check const& check) {
    auto const self = shared_from_this();
    auto const question = std::make_shared<Question>();
    auto const ask = [self, question, bytes = frame_message(encode_search_request(request))] {
        for (auto const& peer : self->choose()) question->peers.push_back({peer});
        question->pending = question->peers.size();
        self->put(question, bytes);
        return true;
    };
    RETURN_IF_ERROR(on_node(parts_.node, ask, check));
    auto const deadline = question->started + patience;
    {
        std::unique_lock guard{question->mutex};
        while (question->pending != 0 && steady_now() < deadline && check()) {
            question->came.wait_until(guard, std::min(deadline, steady_now() + k_look));
        }
    }
    auto const close = [self, question] {
        for (std::size_t i = 0; i < question->peers.size(); ++i) {
            auto& asked = question->peers[i];
            if (asked.done_at) continue;
            asked.is_late = true;
            self->parts_.node.ledger().on_conduct(asked.peer, Conduct::timeout, 1, steady_now());
            self->done(*question, i, true);
        }
        return true;
    };
    RETURN_IF_ERROR(on_node(parts_.node, close, check));
    return question;
}

/// Proves what came, and lets the ledger know who was of use and who lied.
Json SearchService::Impl::gather(std::shared_ptr<Question> const& question, SearchGathering& gathering) {
    std::vector<std::size_t> liars;
    std::vector<std::uint64_t> useful(question->peers.size(), 0);
    std::map<SearchGathering::Worth, std::uint64_t> worths;
    std::uint64_t answered = 0;
    std::uint64_t late = 0;
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < question->peers.size(); ++i) {
        auto& asked = question->peers[i];
        bytes += asked.answer.bytes();
        if (asked.is_late) ++late;
        if (asked.has_failed) continue;
        ++answered;
        for (auto const& hit : asked.answer.hits()) {
            auto const worth = gathering.add(asked.peer, hit);
            ++worths[worth];
            if (worth == SearchGathering::Worth::fresh) useful[i] += hit.proof.size() + hit.manifest.size();
            if (worth != SearchGathering::Worth::lie) continue;
            liars.push_back(i);
            break;
        }
    }
    auto json = Json::object();
    json.set("asked", std::uint64_t{question->peers.size()});
    json.set("answered", answered);
    json.set("late", late);
    json.set("lied", std::uint64_t{liars.size()});
    json.set("duplicates", worths[SearchGathering::Worth::duplicate]);
    json.set("useless", worths[SearchGathering::Worth::useless]);
    json.set("received_bytes", bytes);
    parts_.node.post([self = shared_from_this(), question, liars = std::move(liars), useful = std::move(useful)] {
        self->judge(*question, liars, useful);
    });
    return json;
}

SearchService::SearchService(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
SearchService::~SearchService() { impl_->finish(); }

std::unique_ptr<SearchService> SearchService::start(Parts parts) {
    auto impl = std::make_shared<Impl>(parts);
    impl->start();
    return std::unique_ptr<SearchService>{new SearchService{std::move(impl)}};
}

void SearchService::stop() { impl_->stop(); }
void SearchService::finish() { impl_->finish(); }
Result<Json> SearchService::search(Json const& arguments, ControlSession const& session) {
    return impl_->search(arguments, session);
}

}  // namespace ggen::p2p
