#include "net/daemon/control_server.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <future>
#include <vector>

#include "base/error_id.hpp"
#include "base/testing/temp_dir.hpp"
#include "net/control_client.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::seconds;

/// A server whose calls a test names: `echo` gives its arguments back, `wait` ends when the session does.
struct Served {
    Served() {
        auto const handler = [this](std::string const& call, Json const& arguments,
                                    ControlSession& session) -> Result<Json> {
            if (call == "echo") return arguments;
            if (call == "tell") {
                for (int i = 0; i < 3; ++i) RETURN_IF_ERROR(session.tell(Json::object().set("step", std::int64_t{i})));
                return Json::object();
            }
            if (call != "wait") {
                return Error{Errc::refused, ErrorId::p2p_control, "no such call: " + call, "see the calls"};
            }
            ++waiting;
            auto goes_on = session.check();
            for (; goes_on; goes_on = session.check()) std::this_thread::sleep_for(std::chrono::milliseconds{5});
            --waiting;
            return goes_on.error();
        };
        GGEN_ASSERT(dir.files().make_directories(parent_path(path), 0700).has_value());
        server = ControlServer::start(path, handler).value();
    }
    [[nodiscard]] LineSocket connect() const { return connect_local(path).value(); }
    /// What the next line says; nothing when the server hung up.
    [[nodiscard]] static std::optional<Json> next(LineSocket& socket) {
        auto const line = socket.read_line(nullptr, seconds{60});
        if (!line || !*line) return std::nullopt;
        return Json::parse(**line).value();
    }
    [[nodiscard]] static std::string error_of(std::optional<Json> const& answer) {
        auto const* const error = answer ? answer->find("error") : nullptr;
        return error == nullptr ? "no error" : parse_control_error(*error).context;
    }
    /// Waits for what other threads do.
    template <class Predicate>
    [[nodiscard]] static bool comes(Predicate const& is_so) {
        for (int i = 0; i < 12'000; ++i) {
            if (is_so()) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds{5});
        }
        return false;
    }

    testing::TempDir dir;
    std::string path = control_socket_path(dir / "state");
    std::atomic<int> waiting{0};
    std::unique_ptr<ControlServer> server;
};

TEST(ControlServerTest, AnswersCallsOfAClientAndTellsWhatHappens) {
    Served it;
    auto client = ControlClient::connect(it.dir / "state").value();
    auto const arguments = Json::object().set("text", "a\nb").set("number", std::int64_t{7});
    EXPECT_EQ(client.call("echo", arguments).value(), arguments);
    std::vector<std::string> steps;
    EXPECT_TRUE(client.call("tell", Json::object(), [&](Json const& event) { steps.push_back(event.dump()); }));
    EXPECT_EQ(steps, (std::vector<std::string>{R"({"step":0})", R"({"step":1})", R"({"step":2})"}));
    auto const refused = client.call("nothing", Json::object());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_EQ(refused.error().id, ErrorId::p2p_control);
    EXPECT_EQ(refused.error().help, "see the calls");
    EXPECT_EQ(client.call("echo", Json::object()).value(), Json::object()) << "an error ended the connection";
}

TEST(ControlServerTest, WhatIsNoRequestIsSaidAndTheConnectionGoesOn) {
    Served it;
    auto socket = it.connect();
    for (auto const* const line : {"", "{", "[]", "7", R"({"call":7})", R"({"arguments":{}})", "\xff\xfe"}) {
        ASSERT_TRUE(socket.write_line(line));
        EXPECT_NE(Served::error_of(Served::next(socket)), "no error") << line;
    }
    ASSERT_TRUE(socket.write_line(R"({"call":"echo"})"));
    EXPECT_EQ(Served::next(socket)->dump(), R"({"result":{}})") << "no arguments are none";
}

TEST(ControlServerTest, ALineOverItsLimitClosesItsConnectionAlone) {
    Served it;
    auto other = it.connect();
    auto longest = it.connect();
    std::string const head = R"({"call":"echo","arguments":{"text":")";
    ASSERT_TRUE(longest.write_line(head + std::string(1'000'000, 'x') + "\"}}"));
    EXPECT_TRUE(Served::next(longest));
    auto too_long = it.connect();
    static_cast<void>(too_long.write_line(std::string(k_local_line_bytes_max + 100'000, 'x')));
    EXPECT_FALSE(Served::next(too_long)) << "a line over its limit was answered";
    ASSERT_TRUE(other.write_line(R"({"call":"echo"})"));
    EXPECT_TRUE(Served::next(other));
}

TEST(ControlServerTest, OneMoreThanItCarriesOutIsToldToComeAgain) {
    Served it;
    std::vector<LineSocket> callers;
    callers.reserve(k_control_sessions_max);
    for (std::size_t i = 0; i < k_control_sessions_max; ++i) {
        callers.push_back(it.connect());
        ASSERT_TRUE(callers.back().write_line(R"({"call":"wait"})"));
    }
    ASSERT_TRUE(Served::comes([&] { return it.waiting == static_cast<int>(k_control_sessions_max); }));
    auto one_more = it.connect();
    EXPECT_NE(Served::error_of(Served::next(one_more)).find("try again"), std::string::npos);
    // When one goes there is room.
    callers.pop_back();
    EXPECT_TRUE(Served::comes([&] {
        auto next = it.connect();
        if (!next.write_line(R"({"call":"echo"})")) return false;
        auto const answer = Served::next(next);
        return answer && answer->find("result") != nullptr;
    }));
}

TEST(ControlServerTest, ACallerWhoHangsUpEndsItsCall) {
    Served it;
    {
        auto socket = it.connect();
        ASSERT_TRUE(socket.write_line(R"({"call":"wait"})"));
        ASSERT_TRUE(Served::comes([&] { return it.waiting == 1; }));
    }
    EXPECT_TRUE(Served::comes([&] { return it.waiting == 0; }));
}

TEST(ControlServerTest, ItsEndEndsWhatIsCarriedOutAndTakesTheSocketAway) {
    Served it;
    auto idle = it.connect();
    auto socket = it.connect();
    ASSERT_TRUE(socket.write_line(R"({"call":"wait"})"));
    ASSERT_TRUE(Served::comes([&] { return it.waiting == 1; }));
    it.server.reset();
    EXPECT_EQ(it.waiting, 0);
    EXPECT_NE(Served::error_of(Served::next(socket)), "no error");
    EXPECT_FALSE(Served::next(idle));
    EXPECT_FALSE(connect_local(it.path));
    EXPECT_EQ(ControlClient::connect(it.dir / "state").error().id, ErrorId::p2p_no_node);
}

TEST(ControlServerTest, APathLongerThanTheKernelTakesIsListenedAt) {
    testing::TempDir const dir;
    auto const folder = dir / (std::string(100, 'a') + "/" + std::string(100, 'b'));
    ASSERT_TRUE(dir.files().make_directories(folder, 0700));
    ControlHandler const handler = [](std::string const& call, Json const&, ControlSession&) -> Result<Json> {
        return Json{call};
    };
    auto const server = ControlServer::start(folder + "/control", handler).value();
    auto socket = connect_local(folder + "/control").value();
    ASSERT_TRUE(socket.write_line(R"({"call":"here"})"));
    EXPECT_EQ(Served::next(socket)->dump(), R"({"result":"here"})");
    auto const info = dir.files().info(folder + "/control");
    ASSERT_TRUE(info);
    EXPECT_FALSE(ControlServer::start(dir / "nowhere/control", handler));
}

}  // namespace
}  // namespace ggen::p2p
