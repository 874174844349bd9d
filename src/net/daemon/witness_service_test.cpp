#include "net/daemon/witness_service.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <future>
#include <thread>

#include "base/testing/fakes.hpp"
#include "base/testing/temp_dir.hpp"
#include "merkle/tree.hpp"
#include "net/daemon/node_thread.hpp"
#include "node/witness_message.hpp"
#include "p2p/protocol/message_reader.hpp"
#include "registry/testing/registry_fixture.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr char const* k_origin = "log.example/main";
constexpr seconds k_patience{60};

/// A node on a thread of its own.
class Running {
public:
    Running() : node(Node::create({.listen = {"/ip4/127.0.0.1/tcp/0"}}).value()) {}
    ~Running() { stop(); }
    Running(Running const&) = delete;
    Running& operator=(Running const&) = delete;
    void start() {
        std::promise<Multiaddr> listening;
        node->on_listening([&listening](Multiaddr const& where) { listening.set_value(where); });
        thread_ = std::thread{[this] { node->run(); }};
        address = listening.get_future().get();
    }
    void stop() {
        node->stop();
        if (thread_.joinable()) thread_.join();
    }
    [[nodiscard]] double score_of(PeerId const& peer) const {
        auto const look = [raw = node.get(), peer] { return raw->ledger().standing(peer, steady_now()).score; };
        return on_node(*node, look, [] { return ok(); }).value();
    }

    std::unique_ptr<Node> node;
    std::optional<Multiaddr> address;

private:
    std::thread thread_;
};

/// What came on a stream, and that it ended.
struct Heard {
    Bytes bytes;
    Answer<std::optional<Error>> end;
};

/// A witness over libp2p, and a peer that says what it likes.
struct Asked {
    explicit Asked(milliseconds stream_max = k_witness_stream_max) {
        witness.add_log(key.verifier());
        service = WitnessService::start({.node = *node.node, .witness = &witness, .stream_max = stream_max});
        node.start();
        peer.start();
    }
    ~Asked() {
        service->finish();
        node.stop();
        peer.stop();
    }
    Asked(Asked const&) = delete;
    Asked& operator=(Asked const&) = delete;

    [[nodiscard]] std::string checkpoint(std::string_view entry, merkle::SignerKey const& signer) const {
        merkle::Note note{merkle::Checkpoint{k_origin, 1, merkle::leaf_hash(as_bytes(entry))}.text(), {}};
        note.sign(signer);
        return note.print();
    }
    /// A stream on which `said` is said, and no more when it finishes.
    std::shared_ptr<Heard> say(Bytes said, bool finishes = true) {
        auto heard = std::make_shared<Heard>();
        peer.node->post([raw = peer.node.get(), to = *node.address, said = std::move(said), finishes, heard] {
            auto stream = raw->open(to.text(), std::string{k_witness_protocol}).value();
            stream.on_bytes([heard](BytesView bytes) {
                heard->bytes.insert(heard->bytes.end(), bytes.begin(), bytes.end());
            });
            stream.on_closed([heard](std::optional<Error> const& why) { heard->end.give(why); });
            if (!said.empty()) stream.write(said);
            if (finishes) stream.finish();
        });
        return heard;
    }
    /// Nothing: the stream was reset without an answer.
    [[nodiscard]] static std::optional<WitnessAnswer> answer(Heard& heard) {
        auto const end = heard.end.wait([] { return ok(); }, steady_now() + k_patience);
        EXPECT_TRUE(end) << "it never ended";
        MessageReader reader{k_witness_answer_bytes_max};
        reader.feed(heard.bytes);
        auto const message = reader.next();
        if (!message || !*message) return std::nullopt;
        auto decoded = decode_witness_answer(**message);
        EXPECT_TRUE(decoded);
        return decoded ? std::optional{*std::move(decoded)} : std::nullopt;
    }
    [[nodiscard]] int status(std::string_view body) {
        auto const told = answer(*say(frame_message(as_bytes(body))));
        return told ? told->status : 0;
    }

    testing::TempDir dir;
    testing::FakeClock clock;
    merkle::SignerKey key = testing::make_key(k_origin, 1);
    Witness witness{dir.files(), clock, dir / "",
                    testing::make_key("witness.example/w", 2, merkle::KeyType::cosignature_ed25519)};
    Running node;
    Running peer;
    std::unique_ptr<WitnessService> service;
};

TEST(WitnessServiceTest, AnswersAsOverHttp) {
    Asked it;
    auto const first = it.answer(*it.say(frame_message(as_bytes("old 0\n\n" + it.checkpoint("a", it.key)))));
    ASSERT_TRUE(first);
    EXPECT_EQ(first->status, 200);
    EXPECT_TRUE(merkle::open_checkpoint(it.checkpoint("a", it.key) + first->body, it.key.verifier(),
                                        {it.witness.verifier()}));
    auto const again = it.answer(*it.say(frame_message(as_bytes("old 0\n\n" + it.checkpoint("a", it.key)))));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->status, 409);
    EXPECT_EQ(again->body, "1\n");
    EXPECT_TRUE(again->is_size);
    // Another history of the same size, a key that is not the log's, no request at all.
    EXPECT_EQ(it.status("old 1\n\n" + it.checkpoint("b", it.key)), 409);
    EXPECT_EQ(it.status("old 1\n\n" + it.checkpoint("a", testing::make_key(k_origin, 9))), 403);
    EXPECT_EQ(it.status("hello"), 400);
    EXPECT_EQ(it.node.score_of(it.peer.node->swarm().self()), 0);
}

TEST(WitnessServiceTest, AMessageOverItsLimitEndsTheStreamAndIsCharged) {
    Asked it;
    EXPECT_EQ(it.status(std::string(k_witness_request_bytes_max, 'x')), 400);
    EXPECT_EQ(it.status(std::string(k_witness_request_bytes_max + 1, 'x')), 0);
    EXPECT_LT(it.node.score_of(it.peer.node->swarm().self()), 0);
    EXPECT_EQ(it.status("old 0\n\n" + it.checkpoint("a", it.key)), 200);
}

TEST(WitnessServiceTest, OnePeerHasTwoStreamsAndARateOfRequests) {
    Asked it;
    Bytes const part{5, 'o'};  // A message of five bytes begins.
    auto const held = std::array{it.say(part, false), it.say(part, false)};
    EXPECT_EQ(it.status("hello"), 0) << "a third stream is answered";
    for (auto const& one : held) EXPECT_TRUE(one->bytes.empty());
    Asked other;
    auto const started = steady_now();
    double answered = 0;
    for (int i = 0; i < 40; ++i) answered += other.status("hello") == 400 ? 1 : 0;
    std::chrono::duration<double> const took = steady_now() - started;
    EXPECT_GE(answered, k_witness_requests_burst);
    EXPECT_LE(answered, k_witness_requests_burst + k_witness_requests_per_second * took.count() + 1);
}

TEST(WitnessServiceTest, WhoSaysNothingOrNeverEndsIsLetGo) {
    Asked it{milliseconds{50}};
    auto const silent = it.say({5, 'o'}, false);
    EXPECT_FALSE(it.answer(*silent));
    auto const endless = it.say(frame_message(as_bytes("hello")), false);
    static_cast<void>(it.answer(*endless));  // Ends, answered or not: the answer does not wait for it.
    // Others are served meanwhile, unless they are so slow themselves.
    bool is_served = false;
    for (int i = 0; i < 20 && !is_served; ++i) is_served = it.status("hello") == 400;
    EXPECT_TRUE(is_served);
}

/// The asking half: a command of this machine asks a peer that answers as a test wants.
struct Asker {
    using Handler = std::function<void(Stream)>;
    explicit Asker(Handler handler, milliseconds answer_max = k_patience) {
        if (handler) peer.node->host().handle(std::string{k_witness_protocol}, std::move(handler));
        service = WitnessService::start({.node = *node.node, .answer_max = answer_max});
        node.start();
        peer.start();
        std::array<int, 2> pair{};
        GGEN_ASSERT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) == 0);
        ours.emplace(posix::Fd{pair[0]});
        theirs.emplace(posix::Fd{pair[1]});
    }
    ~Asker() {
        service->finish();
        node.stop();
        peer.stop();
    }
    Asker(Asker const&) = delete;
    Asker& operator=(Asker const&) = delete;
    [[nodiscard]] Result<Json> ask(std::string const& place, std::string const& body = "hello") {
        ControlSession const session{*ours, cancel};
        return service->ask(Json::object().set("place", place).set("body", body), session);
    }

    Running node;
    Running peer;
    CancelToken cancel;
    std::optional<LineSocket> ours;
    std::optional<LineSocket> theirs;
    std::unique_ptr<WitnessService> service;
};

/// Answers when the request is whole.
Asker::Handler answering(Bytes const& answer) {
    return [answer](Stream stream) {
        stream.on_finished([stream, answer]() mutable {
            stream.write(answer);
            stream.finish();
        });
    };
}

TEST(WitnessServiceTest, AskingGivesTheAnswerWhereverThePeerIs) {
    Asker it{answering(frame_message(encode_witness_answer({409, "7\n", true})))};
    for (int i = 0; i < 2; ++i) {
        // By an address, then by the name of a peer that is connected.
        auto const place = i == 0 ? it.peer.address->text() : it.peer.node->swarm().self().text();
        auto const answer = it.ask(place);
        ASSERT_TRUE(answer) << answer.error().context;
        EXPECT_EQ(answer->dump(), R"({"status":409,"body":"7\n","is_size":true})");
    }
    EXPECT_EQ(it.ask("nonsense").error().code, Errc::invalid);
    EXPECT_EQ(it.ask(it.peer.address->text(), std::string(k_witness_request_bytes_max + 1, 'x')).error().code,
              Errc::too_large);
}

TEST(WitnessServiceTest, AskingSaysWhatIsWrongWithAPeer) {
    {
        Asker it{{}};
        auto const none = it.ask(it.peer.address->text());
        ASSERT_FALSE(none);
        EXPECT_EQ(none.error().id, ErrorId::p2p_peer_unreachable);
        EXPECT_NE(none.error().context.find(" is no witness"), std::string::npos) << none.error().context;
    }
    {
        Asker it{[](Stream stream) { stream.reset(); }};
        EXPECT_EQ(it.ask(it.peer.address->text()).error().id, ErrorId::p2p_peer_unreachable);
    }
    for (Bytes const& bad : {Bytes{}, frame_message(as_bytes("nonsense")), frame_message(Bytes{}),
                             frame_message(Bytes(k_witness_answer_bytes_max + 1, 1)), Bytes{5, 1}}) {
        Asker it{answering(bad)};
        auto const answer = it.ask(it.peer.address->text());
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().id, ErrorId::p2p_peer_unreachable) << bad.size();
    }
}

TEST(WitnessServiceTest, AWitnessThatNeverAnswersIsWaitedForOnlySoLong) {
    // Keeps the stream open and says nothing.
    std::vector<Stream> kept;
    Asker it{[&kept](Stream stream) { kept.push_back(std::move(stream)); }, milliseconds{300}};
    auto const answer = it.ask(it.peer.address->text());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::timed_out);
    EXPECT_NE(answer.error().context.find("did not answer"), std::string::npos) << answer.error().context;
    // Who asked has gone, or the node ends: neither waits.
    it.theirs.reset();
    EXPECT_EQ(it.ask(it.peer.address->text()).error().code, Errc::cancelled);
    it.service->stop();
    EXPECT_EQ(it.ask(it.peer.address->text()).error().code, Errc::cancelled);
}

}  // namespace
}  // namespace ggen::p2p
