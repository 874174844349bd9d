#include "net/daemon/witness_service.hpp"

#include <utility>

#include "net/daemon/arguments.hpp"
#include "net/daemon/node_thread.hpp"
#include "net/daemon/question_server.hpp"
#include "node/witness_message.hpp"
#include "p2p/discovery/bootstrap.hpp"
#include "p2p/protocol/message_reader.hpp"

namespace ggen::p2p {
namespace {

constexpr char const* k_ping_help = "ggen p2p ping says what answers there";

/// An address that ends in a peer, or a peer id alone.
Result<KnownPeer> peer_at(std::string const& place) {
    if (place.starts_with('/')) return parse_known_peer(place);
    ASSIGN_OR_RETURN(auto peer, PeerId::parse(place));
    return KnownPeer{std::move(peer), {}};
}

}  // namespace

class WitnessService::Impl {
public:
    explicit Impl(Parts parts) : parts_(parts) {
        if (parts_.witness == nullptr) return;
        QuestionServer::Work work;
        work.read = [witness = parts_.witness](BytesView request) -> QuestionServer::Answering {
            return [witness, body = std::string{as_text(request)}] {
                return frame_message(encode_witness_answer(witness->add_checkpoint(body)));
            };
        };
        server_ = std::make_shared<QuestionServer>(
            parts_.node,
            QuestionLimits{k_witness_protocol, k_witness_request_bytes_max, k_witness_streams_max,
                           k_witness_streams_per_peer_max, k_witness_requests_burst, k_witness_requests_per_second,
                           parts_.stream_max},
            std::move(work));
        server_->start();
    }
    void stop() {
        stopping_.cancel();
        if (server_) server_->stop();
    }
    void finish() {
        stop();
        if (server_) server_->finish();
    }
    [[nodiscard]] Result<Json> ask(Json const& arguments, ControlSession const& session);

private:
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
    static void put(Host& host, KnownPeer const& peer, Bytes const& request, std::shared_ptr<Question> const& asked);

    Parts parts_;
    CancelToken stopping_;
    std::shared_ptr<QuestionServer> server_;  // Null: this node is no witness.
};

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
    return std::unique_ptr<WitnessService>{new WitnessService{std::make_shared<Impl>(parts)}};
}

void WitnessService::stop() { impl_->stop(); }
void WitnessService::finish() { impl_->finish(); }
Result<Json> WitnessService::ask(Json const& arguments, ControlSession const& session) {
    return impl_->ask(arguments, session);
}

}  // namespace ggen::p2p
