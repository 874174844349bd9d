#include "p2p/wire/yamux.hpp"

#include <gtest/gtest.h>

namespace ggen::p2p {
namespace {

using Role = Yamux::Role;
using std::chrono::milliseconds;

constexpr TimePoint k_start{std::chrono::seconds{1000}};
constexpr std::size_t k_all = SIZE_MAX;

Bytes frame(YamuxType type, std::uint16_t flags, StreamId stream, std::uint32_t length, std::size_t body_bytes = 0) {
    Bytes out;
    YamuxHeader{type, flags, stream, length}.append_to(out);
    out.insert(out.end(), body_bytes, 0x61);
    return out;
}

Bytes data_frame(std::uint16_t flags, StreamId stream, std::size_t bytes) {
    return frame(YamuxType::data, flags, stream, static_cast<std::uint32_t>(bytes), bytes);
}

std::vector<YamuxEvent> events_of(Yamux& session) {
    std::vector<YamuxEvent> events;
    while (auto event = session.poll_event()) events.push_back(std::move(*event));
    return events;
}

template <class Event>
std::size_t count_of(std::vector<YamuxEvent> const& events) {
    std::size_t count = 0;
    for (auto const& event : events) count += std::holds_alternative<Event>(event) ? 1 : 0;
    return count;
}

class YamuxTest : public testing::Test {
protected:
    Result<void> feed(Bytes const& bytes) { return listener_.on_bytes(bytes, k_start); }
    Errc error_of(Bytes const& bytes) {
        auto const done = feed(bytes);
        return done ? Errc::internal : done.error().code;
    }
    /// Carries everything both ways until nobody says anything; data is consumed as it comes.
    std::size_t settle(std::size_t step, TimePoint now = k_start) {
        std::size_t received = 0;
        for (bool is_quiet = false; !is_quiet;) {
            is_quiet = true;
            for (auto* const from : {&dialer_, &listener_}) {
                auto& to = from == &dialer_ ? listener_ : dialer_;
                Bytes const out = from->take_output(std::size_t{64} * 1024);
                is_quiet = is_quiet && out.empty();
                for (std::size_t at = 0; at < out.size(); at += step) {
                    EXPECT_TRUE(to.on_bytes(BytesView{out}.subspan(at, std::min(step, out.size() - at)), now));
                }
                for (auto const& event : events_of(to)) {
                    if (auto const* opened = std::get_if<StreamOpened>(&event)) to.accept(opened->stream);
                    auto const* data = std::get_if<StreamData>(&event);
                    if (data == nullptr) continue;
                    received += data->bytes.size();
                    to.consume(data->stream, data->bytes.size(), now);
                }
            }
        }
        return received;
    }

    WindowBudget budget_{k_host_window_bytes_max};
    Yamux dialer_{Role::dialer, budget_};
    Yamux listener_{Role::listener, budget_};
};

TEST_F(YamuxTest, CarriesAStreamForEveryReadSize) {
    for (std::size_t step = 1; step < 40; ++step) {
        auto const id = dialer_.open_stream().value();
        EXPECT_EQ(id % 2, 1U);
        EXPECT_EQ(dialer_.write(id, Bytes(1000, 1)).value(), 1000U);
        dialer_.finish(id);
        EXPECT_EQ(settle(step), 1000U);
        EXPECT_EQ(listener_.write(id, Bytes(500, 2)).value(), 500U);
        listener_.finish(id);
        EXPECT_EQ(settle(step), 500U);
        EXPECT_EQ(dialer_.stream_count(), 0U);
        EXPECT_EQ(listener_.stream_count(), 0U);
    }
    EXPECT_EQ(budget_.taken_bytes(), 0U);
}

TEST_F(YamuxTest, MovesMoreThanAWindow) {
    auto const id = dialer_.open_stream().value();
    std::size_t sent = 0;
    std::size_t received = 0;
    while (sent < 3'000'000) {
        sent += dialer_.write(id, Bytes(std::min<std::size_t>(900'000, 3'000'000 - sent), 1)).value();
        received += settle(4096);
    }
    EXPECT_EQ(received, sent);
}

TEST_F(YamuxTest, StopsAtTheWindowOfThePeer) {
    auto const id = dialer_.open_stream().value();
    EXPECT_EQ(dialer_.write(id, Bytes(k_yamux_send_queue_bytes_max + 1)).value(), k_yamux_send_queue_bytes_max);
    EXPECT_EQ(dialer_.write(id, Bytes(1)).value(), 0U);
    std::size_t const frames = k_yamux_window_bytes_min / k_yamux_frame_emit_bytes_max;
    EXPECT_EQ(dialer_.take_output(k_all).size(), k_yamux_window_bytes_min + frames * k_yamux_header_bytes);
    EXPECT_TRUE(dialer_.take_output(k_all).empty());
}

TEST_F(YamuxTest, ProgressesWhenBothEndsAreSaturated) {
    std::vector<StreamId> streams;
    streams.reserve(8);
    for (int i = 0; i < 8; ++i) streams.push_back(dialer_.open_stream().value());
    settle(1000);
    std::size_t sent = 0;
    std::size_t received = 0;
    for (int round = 0; round < 10; ++round) {
        for (auto const id : streams) {
            sent += dialer_.write(id, Bytes(300'000)).value() + listener_.write(id, Bytes(300'000)).value();
        }
        received += settle(5000);
    }
    EXPECT_EQ(received, sent);
}

TEST_F(YamuxTest, SharesTheLineBetweenStreams) {
    auto const a = dialer_.open_stream().value();
    auto const b = dialer_.open_stream().value();
    (void)dialer_.write(a, Bytes(100'000));
    (void)dialer_.write(b, Bytes(100));
    auto const first = dialer_.take_output(k_yamux_frame_emit_bytes_max + 100);
    ASSERT_TRUE(listener_.on_bytes(first, k_start).has_value());
    EXPECT_EQ(count_of<StreamData>(events_of(listener_)), 2U);
}

TEST_F(YamuxTest, GrowsAWindowThatIsTooSmallForThePath) {
    auto const id = dialer_.open_stream().value();
    settle(1000);
    listener_.ping(k_start);
    ASSERT_TRUE(dialer_.on_bytes(listener_.take_output(k_all), k_start).has_value());
    ASSERT_TRUE(listener_.on_bytes(dialer_.take_output(k_all), k_start + milliseconds{100}).has_value());
    auto now = k_start + milliseconds{100};
    for (int i = 0; i < 40; ++i) {
        (void)dialer_.write(id, Bytes(k_yamux_send_queue_bytes_max));
        now += milliseconds{10};
        settle(65536, now);
    }
    EXPECT_EQ(listener_.window_bytes(id), k_yamux_window_bytes_max);
    EXPECT_GE(budget_.taken_bytes(), k_yamux_window_bytes_max - k_yamux_window_bytes_min);
    dialer_.reset(id);
    settle(1000, now);
    EXPECT_EQ(budget_.taken_bytes(), 0U);
}

TEST_F(YamuxTest, KeepsTheWindowOfASlowStream) {
    auto const id = dialer_.open_stream().value();
    settle(1000);
    listener_.ping(k_start);
    ASSERT_TRUE(dialer_.on_bytes(listener_.take_output(k_all), k_start).has_value());
    ASSERT_TRUE(listener_.on_bytes(dialer_.take_output(k_all), k_start + milliseconds{1}).has_value());
    for (int i = 1; i < 10; ++i) {
        (void)dialer_.write(id, Bytes(k_yamux_window_bytes_min / 2));
        settle(65536, k_start + i * milliseconds{100});
    }
    EXPECT_EQ(listener_.window_bytes(id), k_yamux_window_bytes_min);
}

TEST(YamuxBudgetTest, GivesUpAStreamWhenTheHostHasNoMemory) {
    for (std::uint64_t const budget_bytes : {std::uint64_t{1000}, std::uint64_t{999}}) {
        WindowBudget budget{budget_bytes};
        Yamux listener{Role::listener, budget};
        ASSERT_TRUE(listener.on_bytes(data_frame(k_yamux_syn, 1, 1000), k_start).has_value());
        EXPECT_EQ(listener.stream_count(), budget_bytes == 1000 ? 1U : 0U);
        EXPECT_EQ(count_of<StreamReset>(events_of(listener)), budget_bytes == 1000 ? 0U : 1U);
        EXPECT_LE(budget.taken_bytes(), budget_bytes);
    }
}

TEST(WindowBudgetTest, TakesWhatAllAroundItHaveRoomForAndNotOneByteMore) {
    WindowBudget host{100};
    WindowBudget peer{60, &host};
    WindowBudget other{60, &host};
    EXPECT_TRUE(peer.try_take(60));
    EXPECT_FALSE(peer.try_take(1));
    EXPECT_TRUE(other.try_take(40));
    EXPECT_FALSE(other.try_take(1));
    peer.give_back(1);
    EXPECT_TRUE(other.try_take(1));
    EXPECT_EQ(host.taken_bytes(), 100U);
    peer.set_bytes_max(10);
    peer.give_back(20);
    EXPECT_FALSE(peer.try_take(1));
}

TEST(WindowBudgetTest, PromisesLeaveAQuarterToBytesThatCome) {
    WindowBudget budget{100};
    EXPECT_FALSE(budget.try_promise(76));
    EXPECT_TRUE(budget.try_promise(75));
    EXPECT_FALSE(budget.try_promise(1));
    EXPECT_TRUE(budget.try_take(25));
    EXPECT_FALSE(budget.try_take(1));
}

TEST(WindowBudgetTest, MovesAndGivesBackWhatItHolds) {
    WindowBudget host{100};
    WindowBudget peer{10, &host};
    {
        WindowBudget connection{50, &host};
        EXPECT_TRUE(connection.try_take(20));
        connection.move_into(peer);
        EXPECT_EQ(peer.taken_bytes(), 20U);
        EXPECT_EQ(host.taken_bytes(), 20U);
        EXPECT_FALSE(connection.try_take(1));
    }
    EXPECT_EQ(peer.taken_bytes() + host.taken_bytes(), 0U);
}

TEST(YamuxBudgetTest, HoldsAConnectionToSixtyFourMebibytes) {
    WindowBudget host{k_gib};
    WindowBudget budget{k_yamux_connection_window_bytes_max, &host};
    Yamux listener{Role::listener, budget};
    std::size_t const fitting = k_yamux_connection_window_bytes_max / k_yamux_window_bytes_min;
    for (StreamId i = 0; i <= fitting; ++i) {
        listener.accept(2 * i - 1);
        ASSERT_TRUE(listener.on_bytes(data_frame(k_yamux_syn, 2 * i + 1, k_yamux_window_bytes_min), k_start));
        if (i < fitting) {
            EXPECT_EQ(count_of<StreamReset>(events_of(listener)), 0U);
        }
    }
    EXPECT_EQ(count_of<StreamReset>(events_of(listener)), 1U);
    EXPECT_EQ(budget.taken_bytes(), k_yamux_connection_window_bytes_max);
    EXPECT_EQ(host.taken_bytes(), k_yamux_connection_window_bytes_max);
}

TEST_F(YamuxTest, TakesTheWholeWindowAndRefusesOneByteMore) {
    EXPECT_TRUE(feed(data_frame(k_yamux_syn, 1, k_yamux_window_bytes_min)).has_value());
    EXPECT_EQ(error_of(data_frame(0, 1, 1)), Errc::too_large);
    EXPECT_EQ(listener_.take_output(k_all), frame(YamuxType::go_away, 0, 0, 1));
}

TEST_F(YamuxTest, RefusesAFirstFrameOfMoreThanTheWindow) {
    EXPECT_EQ(error_of(frame(YamuxType::data, k_yamux_syn, 1, k_yamux_window_bytes_min + 1)), Errc::too_large);
}

TEST_F(YamuxTest, TakesAFrameOfTheLimitForNoStreamAndRefusesOneByteMore) {
    EXPECT_TRUE(feed(data_frame(0, 1, k_yamux_frame_accept_bytes_max)).has_value());
    EXPECT_EQ(error_of(frame(YamuxType::data, 0, 1, k_yamux_frame_accept_bytes_max + 1)), Errc::too_large);
}

TEST_F(YamuxTest, AddsCreditUpToTheLargestWindowOnly) {
    EXPECT_TRUE(feed(frame(YamuxType::window_update, k_yamux_syn, 1, UINT32_MAX - k_yamux_window_bytes_min)));
    EXPECT_EQ(error_of(frame(YamuxType::window_update, 0, 1, 1)), Errc::too_large);
}

TEST_F(YamuxTest, DoesNotTakeAnErrorCodeForCredit) {
    auto const id = dialer_.open_stream().value();
    settle(1000);
    ASSERT_TRUE(feed(frame(YamuxType::window_update, k_yamux_rst, id, UINT32_MAX)).has_value());
    auto const events = events_of(listener_);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(std::get<StreamReset>(events[0]).code, UINT32_MAX);
    EXPECT_EQ(listener_.stream_count(), 0U);
}

TEST_F(YamuxTest, IgnoresDataForUnknownStreams) {
    EXPECT_TRUE(feed(data_frame(0, 7, 5000)).has_value());
    EXPECT_TRUE(feed(frame(YamuxType::window_update, 0, 7, 5000)).has_value());
    EXPECT_TRUE(events_of(listener_).empty());
}

TEST_F(YamuxTest, RefusesBrokenFrames) {
    auto version = frame(YamuxType::ping, k_yamux_syn, 0, 1);
    version[0] = 1;
    for (auto const& bytes : {version, frame(static_cast<YamuxType>(4), 0, 0, 0), frame(YamuxType::data, 16, 1, 0),
                              frame(YamuxType::data, k_yamux_syn, 0, 0), frame(YamuxType::data, k_yamux_syn, 2, 0),
                              frame(YamuxType::ping, 0, 0, 1), frame(YamuxType::ping, k_yamux_syn, 1, 1),
                              frame(YamuxType::ping, k_yamux_ack, 0, 1), frame(YamuxType::go_away, 0, 1, 0)}) {
        Yamux listener{Role::listener, budget_};
        EXPECT_EQ(listener.on_bytes(bytes, k_start).error().code, Errc::invalid);
        EXPECT_FALSE(listener.on_bytes({}, k_start).has_value());
        EXPECT_FALSE(listener.open_stream().has_value());
    }
}

TEST_F(YamuxTest, RefusesAStreamOpenedTwiceAndDataAfterItsEnd) {
    ASSERT_TRUE(feed(frame(YamuxType::data, k_yamux_syn, 1, 0)).has_value());
    EXPECT_EQ(error_of(frame(YamuxType::data, k_yamux_syn, 1, 0)), Errc::invalid);
    Yamux other{Role::listener, budget_};
    ASSERT_TRUE(other.on_bytes(frame(YamuxType::data, k_yamux_syn | k_yamux_fin, 1, 0), k_start).has_value());
    EXPECT_EQ(other.on_bytes(data_frame(0, 1, 1), k_start).error().code, Errc::invalid);
}

TEST_F(YamuxTest, EndsAStreamInAFrameBehindItsData) {
    auto const stream = dialer_.open_stream().value();
    ASSERT_EQ(dialer_.write(stream, Bytes(3, 0x61)).value(), 3U);
    dialer_.finish(stream);
    auto wanted = data_frame(k_yamux_syn, stream, 3);
    auto const end = frame(YamuxType::window_update, k_yamux_fin, stream, 0);
    wanted.insert(wanted.end(), end.begin(), end.end());
    EXPECT_EQ(dialer_.take_output(k_all), wanted);
}

TEST_F(YamuxTest, EchoesPingsUpToTheLimitAndEndsOnePast) {
    for (std::uint32_t i = 0; i < k_yamux_queued_controls_max; ++i) {
        EXPECT_TRUE(feed(frame(YamuxType::ping, k_yamux_syn, 0, i)).has_value());
    }
    EXPECT_EQ(error_of(frame(YamuxType::ping, k_yamux_syn, 0, 9)), Errc::too_large);
    Yamux other{Role::listener, budget_};
    ASSERT_TRUE(other.on_bytes(frame(YamuxType::ping, k_yamux_syn, 0, 77), k_start).has_value());
    EXPECT_EQ(other.take_output(k_all), frame(YamuxType::ping, k_yamux_ack, 0, 77));
}

TEST_F(YamuxTest, EndsAtMoreThanTwoHundredResetsASecond) {
    Bytes const pair = frame(YamuxType::window_update, k_yamux_syn, 1, 0);
    Bytes const reset = frame(YamuxType::window_update, k_yamux_rst, 1, 0);
    for (int second = 0; second < 3; ++second) {
        auto const now = k_start + std::chrono::seconds{second};
        for (std::size_t i = 0; i < k_yamux_resets_per_second_max; ++i) {
            ASSERT_TRUE(listener_.on_bytes(pair, now).has_value());
            ASSERT_TRUE(listener_.on_bytes(reset, now).has_value());
        }
        (void)events_of(listener_);
    }
    ASSERT_TRUE(listener_.on_bytes(pair, k_start + std::chrono::seconds{2}).has_value());
    EXPECT_EQ(listener_.on_bytes(reset, k_start + std::chrono::seconds{2}).error().code, Errc::too_large);
}

TEST_F(YamuxTest, HoldsInboundStreamsToTheBacklogAndTheTotal) {
    StreamId id = 1;
    for (std::size_t i = 0; i <= k_yamux_unacked_accept_max; ++i, id += 2) {
        ASSERT_TRUE(feed(frame(YamuxType::window_update, k_yamux_syn, id, 0)).has_value());
    }
    EXPECT_EQ(listener_.stream_count(), k_yamux_unacked_accept_max);
    EXPECT_EQ(listener_.take_output(k_all), frame(YamuxType::window_update, k_yamux_rst, id - 2, 0));
    for (; listener_.stream_count() < k_yamux_inbound_streams_max; id += 2) {
        for (auto const& event : events_of(listener_)) listener_.accept(std::get<StreamOpened>(event).stream);
        ASSERT_TRUE(feed(frame(YamuxType::window_update, k_yamux_syn, id, 0)).has_value());
    }
    for (auto const& event : events_of(listener_)) listener_.accept(std::get<StreamOpened>(event).stream);
    ASSERT_TRUE(feed(frame(YamuxType::window_update, k_yamux_syn, id, 0)).has_value());
    EXPECT_EQ(listener_.stream_count(), k_yamux_inbound_streams_max);
}

TEST_F(YamuxTest, HoldsOutboundStreamsToTheBacklogAndTheTotal) {
    for (std::size_t i = 0; i < k_yamux_unacked_emit_max; ++i) ASSERT_TRUE(dialer_.open_stream().has_value());
    EXPECT_EQ(dialer_.open_stream().error().code, Errc::unavailable);
    settle(4096);
    for (std::size_t i = k_yamux_unacked_emit_max; i < k_yamux_outbound_streams_max; ++i) {
        ASSERT_TRUE(dialer_.open_stream().has_value());
    }
    settle(4096);
    EXPECT_EQ(dialer_.open_stream().error().code, Errc::unavailable);
}

TEST_F(YamuxTest, FinishesOpenStreamsAfterGoAway) {
    auto const id = dialer_.open_stream().value();
    settle(1000);
    listener_.go_away();
    settle(1000);
    EXPECT_EQ(dialer_.open_stream().error().code, Errc::refused);
    EXPECT_EQ(dialer_.write(id, Bytes(100)).value(), 100U);
    EXPECT_EQ(settle(1000), 100U);
}

TEST_F(YamuxTest, TellsAWriterThatItMayGoOn) {
    auto const id = dialer_.open_stream().value();
    ASSERT_EQ(dialer_.write(id, Bytes(2 * k_yamux_send_queue_bytes_max)).value(), k_yamux_send_queue_bytes_max);
    std::size_t writable = 0;
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(listener_.on_bytes(dialer_.take_output(60'000), k_start).has_value());
        for (auto const& event : events_of(listener_)) {
            auto const* data = std::get_if<StreamData>(&event);
            if (data != nullptr) listener_.consume(id, data->bytes.size(), k_start);
        }
        ASSERT_TRUE(dialer_.on_bytes(listener_.take_output(k_all), k_start).has_value());
        writable += count_of<StreamWritable>(events_of(dialer_));
    }
    EXPECT_EQ(writable, 1U);
}

TEST_F(YamuxTest, GrantsNoCreditForBytesThatAreStillArriving) {
    auto bytes = data_frame(k_yamux_syn, 1, k_yamux_window_bytes_min);
    Bytes const first{bytes.begin(), bytes.begin() + k_yamux_header_bytes + 1000};
    ASSERT_TRUE(feed(first).has_value());
    listener_.consume(1, 1000, k_start);
    EXPECT_TRUE(listener_.take_output(k_all).empty());
    Bytes const rest{bytes.begin() + k_yamux_header_bytes + 1000, bytes.end()};
    ASSERT_TRUE(feed(rest).has_value());
    listener_.consume(1, k_yamux_window_bytes_min, k_start);
    EXPECT_EQ(listener_.take_output(k_all), frame(YamuxType::window_update, 0, 1, k_yamux_window_bytes_min));
}

}  // namespace
}  // namespace ggen::p2p
