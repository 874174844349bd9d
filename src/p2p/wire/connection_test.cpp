#include "p2p/wire/connection.hpp"

#include <gtest/gtest.h>

#include "p2p/wire/testing/connection_pair.hpp"

namespace ggen::p2p {
namespace {

using Role = Yamux::Role;
using testing::config_of;
using testing::ConnectionEnd;
using testing::ConnectionPair;
using testing::names;

ConnectionPair pair_of(bool dialer_names_muxer = true, bool listener_names_muxer = true) {
    auto dialer = config_of(Role::dialer, names({"/d/1"}));
    auto listener = config_of(Role::listener, names({"/echo/1", "/other/1"}));
    dialer.has_early_muxer = dialer_names_muxer;
    listener.has_early_muxer = listener_names_muxer;
    return ConnectionPair{std::move(dialer), std::move(listener)};
}

/// What an end saw, with data of one stream joined.
std::string trace(ConnectionEnd const& end) {
    std::string out;
    std::optional<StreamId> data;
    for (auto const& event : end.events) {
        if (auto const* bytes = std::get_if<StreamBytes>(&event)) {
            if (data != bytes->stream) out += "|data " + std::to_string(bytes->stream) + " ";
            data = bytes->stream;
            out += as_text(bytes->bytes);
            continue;
        }
        if (std::holds_alternative<StreamSent>(event)) continue;
        data.reset();
        out += "|" + std::to_string(event.index());
        if (auto const* open = std::get_if<StreamNegotiated>(&event)) out += open->protocol;
        if (auto const* open = std::get_if<StreamRequested>(&event)) out += open->protocol;
    }
    return out;
}

class ConnectionTest : public ::testing::Test {
protected:
    ConnectionPair pair_ = pair_of();
    ConnectionEnd& dialer_ = pair_.dialer;
    ConnectionEnd& listener_ = pair_.listener;

    StreamId open(std::string protocol = "/echo/1") {
        return dialer_.connection.open_stream({std::move(protocol)}, pair_.now).value();
    }
    std::size_t write(ConnectionEnd& end, StreamId stream, std::string_view text) {
        return end.connection.write(stream, as_bytes(text)).value();
    }
};

TEST_F(ConnectionTest, HasTheFirstAnsweredByteAfterTwoRoundTrips) {
    pair_.fly(dialer_, listener_);
    pair_.fly(listener_, dialer_);
    ASSERT_NE(dialer_.last<Established>(), nullptr);
    auto const stream = dialer_.connection.open_stream_lazily("/echo/1", pair_.now).value();
    write(dialer_, stream, "question");

    pair_.fly(dialer_, listener_);
    ASSERT_EQ(listener_.text(stream), "question");
    write(listener_, stream, "answer");
    pair_.fly(listener_, dialer_);

    EXPECT_EQ(dialer_.text(stream), "answer");
    ASSERT_NE(dialer_.last<StreamNegotiated>(), nullptr);
    EXPECT_EQ(dialer_.last<StreamNegotiated>()->protocol, "/echo/1");
}

TEST_F(ConnectionTest, NeedsNoMoreFlightsWhenTheMuxerIsNegotiatedInside) {
    for (auto const& [first, second] : {std::pair{false, true}, {true, false}, {false, false}}) {
        auto pair = pair_of(first, second);
        pair.fly(pair.dialer, pair.listener);
        pair.fly(pair.listener, pair.dialer);
        auto const stream = pair.dialer.connection.open_stream_lazily("/echo/1", pair.now).value();
        write(pair.dialer, stream, "question");
        pair.fly(pair.dialer, pair.listener);
        write(pair.listener, stream, "answer");
        pair.fly(pair.listener, pair.dialer);
        EXPECT_EQ(pair.dialer.text(stream), "answer");
        EXPECT_TRUE(pair.dialer.connection.is_open() && pair.listener.connection.is_open());
    }
}

TEST_F(ConnectionTest, TellsEachEndWhoTheOtherIs) {
    pair_.settle();

    EXPECT_EQ(dialer_.last<Established>()->peer, peer_id_of(testing::identity_of(2).public_key()));
    EXPECT_EQ(listener_.last<Established>()->peer, peer_id_of(testing::identity_of(1).public_key()));
    EXPECT_TRUE(dialer_.connection.is_confirmed() && listener_.connection.is_confirmed());
    EXPECT_TRUE(dialer_.connection.round_trip().has_value());
}

TEST_F(ConnectionTest, IsNotConfirmedBeforeTheListenerSpeaksInside) {
    pair_.fly(dialer_, listener_);
    pair_.fly(listener_, dialer_);
    EXPECT_FALSE(dialer_.connection.is_confirmed());
    pair_.fly(dialer_, listener_);
    EXPECT_TRUE(listener_.connection.is_confirmed());
    pair_.fly(listener_, dialer_);
    EXPECT_TRUE(dialer_.connection.is_confirmed());
}

TEST_F(ConnectionTest, GivesTheSameEventsForAnyCut) {
    auto const run = [](std::size_t step, bool has_early_muxer) {
        auto pair = pair_of(has_early_muxer);
        pair.settle(step);
        auto const a = pair.dialer.connection.open_stream({"/none/1", "/other/1"}, pair.now).value();
        auto const b = pair.dialer.connection.open_stream_lazily("/echo/1", pair.now).value();
        auto const c = pair.dialer.connection.open_stream({"/none/1"}, pair.now).value();
        for (auto const stream : {a, b, c}) {
            EXPECT_TRUE(pair.dialer.connection.write(stream, as_bytes("hello " + std::to_string(stream))));
        }
        pair.dialer.connection.finish(b);
        pair.settle(step);
        EXPECT_TRUE(pair.listener.connection.write(a, as_bytes("back")).has_value());
        pair.dialer.connection.reset(a);
        pair.listener.connection.finish(b);
        pair.settle(step);
        EXPECT_FALSE(pair.error.has_value());
        EXPECT_EQ(pair.listener.text(a), "hello 1");
        EXPECT_EQ(pair.listener.text(b), "hello 3");
        EXPECT_EQ(pair.dialer.count<StreamRefused>(), 1U);
        EXPECT_EQ(pair.dialer.connection.stream_count() + pair.listener.connection.stream_count(), 0U);
        return std::pair{trace(pair.dialer), trace(pair.listener)};
    };
    for (bool const has_early_muxer : {true, false}) {
        auto const whole = run(SIZE_MAX, has_early_muxer);
        for (std::size_t step = 1; step < 64; step += step < 8 ? 1 : 11) EXPECT_EQ(run(step, has_early_muxer), whole);
    }
}

TEST_F(ConnectionTest, HoldsBackWhatIsWrittenBeforeTheAnswer) {
    pair_.settle();
    auto const stream = open();
    EXPECT_EQ(write(dialer_, stream, std::string(k_stream_held_bytes_max, 'x')), k_stream_held_bytes_max);
    EXPECT_EQ(write(dialer_, stream, "x"), 0U);
    EXPECT_LT(pair_.fly(dialer_, listener_), 200U);
    EXPECT_EQ(listener_.received_bytes, 0U);

    pair_.settle();

    EXPECT_EQ(listener_.received_bytes, k_stream_held_bytes_max);
    EXPECT_NE(dialer_.last<StreamWritable>(), nullptr);
}

TEST_F(ConnectionTest, CountsOnlyWhatTheApplicationWrote) {
    pair_.settle();
    auto const eager = dialer_.connection.open_stream_lazily("/echo/1", pair_.now).value();
    auto const patient = open();
    write(dialer_, eager, std::string(300'000, 'x'));
    write(dialer_, patient, "12345");
    pair_.settle();
    write(listener_, eager, "1234567");
    pair_.settle();

    std::size_t sent = 0;
    for (auto const& event : dialer_.events) {
        if (auto const* part = std::get_if<StreamSent>(&event)) sent += part->bytes;
    }
    EXPECT_EQ(sent, 300'005U);
    ASSERT_EQ(listener_.count<StreamSent>(), 1U);
    EXPECT_EQ(listener_.last<StreamSent>()->bytes, 7U);
}

TEST_F(ConnectionTest, ResetsALazyStreamThatIsDeclined) {
    pair_.settle();
    auto const stream = dialer_.connection.open_stream_lazily("/unknown/1", pair_.now).value();
    // Text that a listener which goes on reading takes for a proposal of a protocol that it has.
    write(dialer_, stream, "\x08/echo/1\n");

    pair_.settle();

    ASSERT_NE(dialer_.last<StreamRefused>(), nullptr);
    EXPECT_EQ(dialer_.last<StreamRefused>()->error.code, Errc::refused);
    EXPECT_EQ(dialer_.last<StreamNegotiated>(), nullptr);
    EXPECT_EQ(dialer_.connection.stream_count() + listener_.connection.stream_count(), 0U);
    auto const again = open();
    write(dialer_, again, "question");
    pair_.settle();
    EXPECT_EQ(listener_.text(again), "question");
}

TEST_F(ConnectionTest, FinishesAStreamThatIsNotAgreedYet) {
    pair_.settle();
    auto const stream = open();
    write(dialer_, stream, "all");
    dialer_.connection.finish(stream);
    EXPECT_FALSE(dialer_.connection.write(stream, as_bytes("more")).has_value());
    pair_.settle();
    EXPECT_EQ(listener_.text(stream), "all");
    EXPECT_NE(listener_.last<StreamFinished>(), nullptr);
}

TEST_F(ConnectionTest, SaysNothingOfAStreamThatItResetItself) {
    pair_.settle();
    auto const stream = open();
    pair_.settle();
    dialer_.connection.reset(stream);
    pair_.settle();
    EXPECT_EQ(dialer_.last<StreamReset>(), nullptr);
    EXPECT_NE(listener_.last<StreamReset>(), nullptr);
}

TEST_F(ConnectionTest, ListensForTheProtocolsOfTheMoment) {
    pair_.settle();
    listener_.connection.set_protocols(names({"/late/1"}));
    auto const late = open("/late/1");
    open("/echo/1");
    pair_.settle();
    EXPECT_EQ(listener_.last<StreamRequested>()->stream, late);
    EXPECT_EQ(dialer_.count<StreamNegotiated>(), 1U);
    EXPECT_EQ(dialer_.count<StreamRefused>(), 1U);
}

TEST_F(ConnectionTest, LetsTheListenerOpenStreams) {
    pair_.settle();
    auto const stream = listener_.connection.open_stream({"/d/1"}, pair_.now).value();
    write(listener_, stream, "up");
    pair_.settle();
    EXPECT_EQ(dialer_.text(stream), "up");
}

TEST_F(ConnectionTest, GoesAwayInOrder) {
    pair_.settle();
    auto const stream = open();
    pair_.settle();
    listener_.connection.go_away();
    pair_.settle();
    EXPECT_NE(dialer_.last<GoneAway>(), nullptr);
    EXPECT_EQ(dialer_.connection.open_stream({"/echo/1"}, pair_.now).error().code, Errc::refused);
    write(dialer_, stream, "last words");
    pair_.settle();
    EXPECT_EQ(listener_.text(stream), "last words");
}

TEST_F(ConnectionTest, ProgressesWhenBothEndsAreSaturated) {
    pair_.settle();
    std::vector<StreamId> streams;
    streams.reserve(16);
    for (int i = 0; i < 16; ++i) streams.push_back(open());
    pair_.settle();
    dialer_.events.clear();
    listener_.events.clear();
    std::size_t written = 0;
    Bytes const block(k_yamux_send_queue_bytes_max, 7);
    for (int round = 0; round < 12; ++round) {
        for (auto const stream : streams) {
            written += dialer_.connection.write(stream, block).value();
            written += listener_.connection.write(stream, block).value();
        }
        // Neither end takes all that it could, so replies wait behind data on both sides.
        for (int turn = 0; turn < 40; ++turn) {
            for (auto* const from : {&dialer_, &listener_}) {
                auto& to = from == &dialer_ ? listener_ : dialer_;
                Bytes const out = from->connection.take_output(40'000);
                ASSERT_TRUE(to.connection.on_bytes(out, pair_.now).has_value());
                from->collect(pair_.now);
                to.collect(pair_.now);
            }
        }
        dialer_.events.clear();
        listener_.events.clear();
    }
    pair_.settle(10'000);
    EXPECT_EQ(dialer_.received_bytes + listener_.received_bytes, written);
    EXPECT_GT(written, 48U * k_mib);
    EXPECT_EQ(pair_.budget.taken_bytes(), 0U);
}

TEST_F(ConnectionTest, HoldsAtMostAWindowOfAStreamThatNobodyReads) {
    pair_.settle();
    auto const stream = open();
    pair_.settle();
    listener_.is_consuming = false;
    std::size_t taken = 0;
    for (int i = 0; i < 8; ++i) {
        taken += dialer_.connection.write(stream, Bytes(k_yamux_send_queue_bytes_max)).value();
        pair_.settle();
    }
    std::size_t const negotiation_bytes = 20 + 9;
    EXPECT_EQ(listener_.received_bytes, k_yamux_window_bytes_min - negotiation_bytes);
    EXPECT_LE(taken, k_yamux_window_bytes_min + k_yamux_send_queue_bytes_max);
    EXPECT_EQ(listener_.connection.held_bytes(), listener_.received_bytes);
}

}  // namespace
}  // namespace ggen::p2p
