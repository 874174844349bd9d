#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>

#include "base/random.hpp"
#include "base/testing/temp_dir.hpp"
#include "net/p2p/node.hpp"
#include "p2p/kad/message.hpp"
#include "p2p/protocol/message_reader.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr auto k_any_port = "/ip4/127.0.0.1/tcp/0";
constexpr double k_invalid_points = 25;  // of the ledger, each

TimePoint now() { return std::chrono::steady_clock::now(); }

/// Answers as a member of the DHT does, but with a record of its own making whatever value it is asked for.
class Forger final : public Protocol {
public:
    [[nodiscard]] std::vector<std::string> protocols() const override { return {std::string{k_kad_protocol}}; }
    void on_inbound_stream(StreamKey stream, PeerId const& /*peer*/, std::string const& /*protocol*/,
                           TimePoint /*now*/) override {
        readers_.try_emplace(stream, k_kad_message_accept_bytes_max);
    }
    void on_stream_bytes(StreamKey stream, BytesView bytes, TimePoint /*now*/) override {
        auto& reader = readers_.at(stream);
        reader.feed(bytes);
        for (;;) {
            auto const message = reader.next();
            if (!message || !*message) return;
            auto const request = decode_kad_message(**message).value();
            KadMessage answer;
            answer.type = request.type;
            answer.key = request.key;
            if (request.type == KadMessageType::get_value) {
                answer.record = KadRecord{request.key, to_bytes("forged"), "2026-01-01T00:00:00Z", {}, 0};
            }
            put(WriteStream{stream, std::make_shared<Bytes const>(frame_message(encode_kad_message(answer)))});
        }
    }
    void on_stream_finished(StreamKey stream, TimePoint /*now*/) override { put(FinishStream{stream}); }
    void on_stream_reset(StreamKey stream, TimePoint /*now*/) override { readers_.erase(stream); }

private:
    std::map<StreamKey, MessageReader> readers_;
};

class NodeReputationTest : public ::testing::Test {
protected:
    void SetUp() override {
        forger_->add(protocol_);
        ASSERT_TRUE(run([&] { return !forger_->swarm().listen_addresses().empty(); }));
        start();
    }
    void start() {
        NodeOptions options{.identity = key_, .listen = {k_any_port}};
        options.bootstrap = {address(*forger_)};
        options.state_folder = room_.path();
        options.has_kad = true;
        options.has_topics = true;
        node_ = Node::create(options).value();
    }
    template <class Predicate>
    bool run(Predicate is_done) {
        for (int turn = 0; turn < 3000 && !is_done(); ++turn) {
            forger_->run_for(milliseconds{3});
            if (node_) node_->run_for(milliseconds{3});
        }
        return is_done();
    }
    static std::string address(Node& node) {
        return node.swarm().listen_addresses().at(0).text() + "/p2p/" + node.swarm().self().text();
    }
    [[nodiscard]] bool is_connected() { return node_->swarm().is_connected(forger()); }
    [[nodiscard]] PeerId forger() { return forger_->swarm().self(); }
    [[nodiscard]] double score() { return node_->ledger().standing(forger(), now()).score; }
    /// Asks the network for a value; whether somebody was found to have answered with what cannot be one.
    bool ask(int number) {
        auto const before = score();
        (void)node_->kad()->get_value(as_bytes("/v/key-" + std::to_string(number)), now());
        return run([&] { return score() < before - k_invalid_points / 2; });
    }
    /// As if the node had not run for so long.
    void sleep_for(hours duration) {
        node_->shut_down();
        node_.reset();
        std::filesystem::path const file = room_.path() + "/reputation";
        std::filesystem::last_write_time(file, std::filesystem::last_write_time(file) - duration);
        start();
    }

    ggen::testing::TempDir room_;
    SystemRandom random_;
    Ed25519PrivateKey key_ = Ed25519PrivateKey::generate(random_);
    Forger protocol_;
    std::unique_ptr<Node> forger_ = Node::create({.listen = {k_any_port}}).value();
    std::unique_ptr<Node> node_;
};

TEST_F(NodeReputationTest, WhoeverForgesRecordsIsLoweredThenRefusedThenWelcomeWhenItsFaultsHaveDecayed) {
    ASSERT_TRUE(run([&] { return node_->kad()->table().size() == 1; }));
    EXPECT_EQ(score(), 0);
    for (int number = 1; number <= 4; ++number) {
        ASSERT_TRUE(ask(number)) << number;
        EXPECT_NEAR(score(), -k_invalid_points * number, 0.1);
        EXPECT_NEAR(node_->ledger().gossip_score(forger(), now()), score() / 10, 0.1);  // what P5 reads
        ASSERT_TRUE(is_connected()) << number;
    }
    ASSERT_TRUE(ask(5));
    EXPECT_TRUE(run([&] { return !is_connected(); }));
    EXPECT_TRUE(node_->ledger().is_refused(forger(), now()));
    EXPECT_EQ(node_->kad()->table().size(), 0U);

    // Neither does it come in, nor is it dialed.
    bool is_refused = false;
    auto inbound = forger_->open(address(*node_), "/ipfs/ping/1.0.0").value();
    inbound.on_closed([&](std::optional<Error> const& why) { is_refused = why.has_value(); });
    EXPECT_TRUE(run([&] { return is_refused; }));
    std::optional<Error> why;
    auto outbound = node_->open(address(*forger_), "/ipfs/ping/1.0.0").value();
    outbound.on_closed([&](std::optional<Error> const& error) { why = error; });
    EXPECT_TRUE(run([&] { return why.has_value(); }));
    EXPECT_EQ(why.value_or(Error{Errc::internal, ""}).code, Errc::refused);
    EXPECT_FALSE(is_connected());

    sleep_for(hours{1});
    EXPECT_TRUE(node_->ledger().is_refused(forger(), now()));
    sleep_for(hours{24});
    EXPECT_FALSE(node_->ledger().is_refused(forger(), now()));
    EXPECT_LT(score(), -k_invalid_points);
    EXPECT_TRUE(run([&] { return is_connected() && node_->kad()->table().size() == 1; }));
}

}  // namespace
}  // namespace ggen::p2p
