#include <gtest/gtest.h>

#include "base/testing/fakes.hpp"
#include "codec/varint.hpp"
#include "p2p/wire/connection.hpp"
#include "p2p/wire/testing/connection_pair.hpp"

namespace ggen::p2p {
namespace {

using Role = Yamux::Role;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::config_of;
using testing::ConnectionEnd;
using testing::ConnectionPair;
using testing::names;

constexpr TimePoint k_start = ConnectionPair::k_start;

/// A peer that shakes hands properly and then says what it likes: raw yamux frames inside the channel.
class RawPeer {
public:
    explicit RawPeer(Connection& victim)
        : victim_(victim), select_(Multistream::dial({"/noise"}).value()),
          noise_({NoiseXx::Role::initiator, testing::identity_of(1), testing::channel_key_of(3),
                  testing::channel_key_of(4), std::nullopt, {"/yamux/1.0.0"}}) {
        EXPECT_TRUE(victim_.on_bytes(select_.take_output(), k_start).has_value());
        EXPECT_TRUE(victim_.on_bytes(noise_.take_output(), k_start).has_value());
        Bytes const answer = victim_.take_output(SIZE_MAX);
        auto const taken = select_.on_bytes(answer).value();
        EXPECT_TRUE(noise_.on_bytes(BytesView{answer}.subspan(taken)).has_value());
        EXPECT_TRUE(victim_.on_bytes(noise_.take_output(), k_start).has_value());
    }
    Result<void> say(BytesView plain, TimePoint now = k_start) {
        EXPECT_TRUE(noise_.write(plain).has_value());
        return victim_.on_bytes(noise_.take_output(), now);
    }
    Result<void> open(StreamId stream, std::string_view body = "", std::uint16_t flags = k_yamux_syn) {
        return say(frame(YamuxType::data, flags, stream, body));
    }
    static Bytes frame(YamuxType type, std::uint16_t flags, StreamId stream, std::string_view body = "") {
        Bytes out;
        YamuxHeader{type, flags, stream, static_cast<std::uint32_t>(body.size())}.append_to(out);
        out.insert(out.end(), body.begin(), body.end());
        return out;
    }

private:
    Connection& victim_;
    Multistream select_;
    NoiseChannel noise_;
};

std::string line(std::string const& text) {
    Bytes out;
    append_length_prefixed(out, as_bytes(text + "\n"));
    return std::string{as_text(out)};
}

class ConnectionHostileTest : public ::testing::Test {
protected:
    WindowBudget budget_{k_host_window_bytes_max};
    ConnectionEnd listener_{Connection{config_of(Role::listener, names({"/echo/1"})), budget_, k_start}};

    Errc feed(BytesView bytes) {
        auto const done = listener_.connection.on_bytes(bytes, k_start);
        return done ? Errc::internal : done.error().code;
    }
};

TEST_F(ConnectionHostileTest, EndsAnUpgradeThatTakesLongerThanItsLimit) {
    EXPECT_EQ(listener_.connection.next_deadline(), k_start + k_upgrade_timeout);
    EXPECT_TRUE(listener_.connection.on_deadline(k_start + k_upgrade_timeout - milliseconds{1}).has_value());
    auto const done = listener_.connection.on_deadline(k_start + k_upgrade_timeout);
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().code, Errc::timed_out);
    EXPECT_EQ(feed(as_bytes("x")), Errc::timed_out);
    EXPECT_TRUE(listener_.connection.take_output(SIZE_MAX).empty());
}

TEST_F(ConnectionHostileTest, EndsAnUpgradeThatTricklesIn) {
    ConnectionEnd dialer{Connection{config_of(Role::dialer, names({})), budget_, k_start}};
    Bytes const hello = dialer.connection.take_output(SIZE_MAX);
    TimePoint now = k_start;
    bool has_ended = false;
    for (auto const byte : hello) {
        now += seconds{1};
        if (now >= listener_.connection.next_deadline() && !listener_.connection.on_deadline(now)) has_ended = true;
        if (has_ended) break;
        ASSERT_TRUE(listener_.connection.on_bytes(BytesView{&byte, 1}, now).has_value());
    }
    EXPECT_TRUE(has_ended);
}

TEST_F(ConnectionHostileTest, SaysNothingToAPeerThatSaysNothing) {
    EXPECT_TRUE(listener_.connection.take_output(SIZE_MAX).empty());
}

TEST_F(ConnectionHostileTest, RefusesOtherProtocols) {
    EXPECT_EQ(feed(as_bytes("GET / HTTP/1.1\r\n\r\n" + std::string(200, 'a'))), Errc::invalid);
    listener_.collect(k_start);
    EXPECT_TRUE(listener_.events.empty());
}

TEST_F(ConnectionHostileTest, RefusesAPeerWithoutNoise) {
    ConnectionEnd dialer{Connection{config_of(Role::dialer, names({})), budget_, k_start}};
    (void)dialer.connection.take_output(SIZE_MAX);
    auto const done = dialer.connection.on_bytes(as_bytes(line("/multistream/1.0.0") + line("na")), k_start);
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().code, Errc::refused);
}

TEST_F(ConnectionHostileTest, RefusesAnotherPeerThanTheDialedOne) {
    auto config = config_of(Role::dialer, names({}));
    config.expected_peer = peer_id_of(testing::identity_of(9).public_key());
    ConnectionPair pair{std::move(config), config_of(Role::listener, names({}))};
    pair.settle();
    ASSERT_TRUE(pair.error.has_value());
    EXPECT_EQ(pair.error->code, Errc::refused);
    EXPECT_EQ(pair.dialer.last<Established>(), nullptr);
    EXPECT_EQ(pair.listener.last<Established>(), nullptr);
}

TEST_F(ConnectionHostileTest, SurvivesAnyChangedByteOfAHandshake) {
    for (std::size_t at = 0; at < 400; ++at) {
        ConnectionPair pair{config_of(Role::dialer, names({})), config_of(Role::listener, names({}))};
        std::size_t seen = 0;
        for (int flight = 0; flight < 4 && !pair.error; ++flight) {
            auto& from = flight % 2 == 0 ? pair.dialer : pair.listener;
            auto& to = flight % 2 == 0 ? pair.listener : pair.dialer;
            Bytes out = from.connection.take_output(SIZE_MAX);
            if (at >= seen && at < seen + out.size()) out[at - seen] ^= 0x20U;
            seen += out.size();
            if (auto const done = to.connection.on_bytes(out, k_start); !done) pair.error = done.error();
            to.collect(k_start);
        }
        bool const is_both = pair.dialer.connection.is_open() && pair.listener.connection.is_open();
        EXPECT_TRUE(pair.error.has_value() || !is_both || at >= seen) << "changed byte " << at;
    }
}

TEST_F(ConnectionHostileTest, EndsAStreamWhoseProtocolIsNotAgreedInTime) {
    ConnectionPair pair{config_of(Role::dialer, names({})), config_of(Role::listener, names({"/echo/1"}))};
    pair.settle();
    auto const stream = pair.dialer.connection.open_stream({"/echo/1"}, pair.now).value();
    auto const due = pair.now + k_stream_negotiation_timeout;
    EXPECT_EQ(pair.dialer.connection.next_deadline(), due);
    EXPECT_TRUE(pair.dialer.connection.on_deadline(due - milliseconds{1}).has_value());
    pair.dialer.collect(pair.now);
    EXPECT_EQ(pair.dialer.last<StreamRefused>(), nullptr);
    EXPECT_TRUE(pair.dialer.connection.on_deadline(due).has_value());
    pair.dialer.collect(pair.now);
    ASSERT_NE(pair.dialer.last<StreamRefused>(), nullptr);
    EXPECT_EQ(pair.dialer.last<StreamRefused>()->stream, stream);
    EXPECT_EQ(pair.dialer.last<StreamRefused>()->error.code, Errc::timed_out);
    EXPECT_EQ(pair.dialer.connection.stream_count(), 0U);
}

TEST_F(ConnectionHostileTest, EndsASilentStreamOfThePeerInTime) {
    RawPeer peer{listener_.connection};
    ASSERT_TRUE(peer.open(1).has_value());
    listener_.collect(k_start);
    EXPECT_EQ(listener_.connection.stream_count(), 1U);
    EXPECT_TRUE(listener_.connection.on_deadline(k_start + k_stream_negotiation_timeout).has_value());
    listener_.collect(k_start);
    EXPECT_EQ(listener_.connection.stream_count(), 0U);
    EXPECT_EQ(listener_.count<StreamRequested>() + listener_.count<StreamReset>(), 0U);
}

TEST_F(ConnectionHostileTest, EndsAConnectionWhosePeerAnswersNoPing) {
    RawPeer peer{listener_.connection};
    TimePoint now = k_start;
    Result<void> done = ok();
    for (int i = 0; i < 100 && done; ++i) {
        ASSERT_GT(listener_.connection.next_deadline(), now);
        now = listener_.connection.next_deadline();
        done = listener_.connection.on_deadline(now);
    }
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().code, Errc::timed_out);
    EXPECT_EQ(now - k_start, k_yamux_pong_timeout);
}

TEST_F(ConnectionHostileTest, KeepsAConnectionWhosePeerAnswersPings) {
    ConnectionPair pair{config_of(Role::dialer, names({})), config_of(Role::listener, names({}))};
    pair.settle();
    for (int i = 0; i < 50; ++i) {
        pair.now = std::min(pair.dialer.connection.next_deadline(), pair.listener.connection.next_deadline());
        ASSERT_TRUE(pair.dialer.connection.on_deadline(pair.now).has_value());
        ASSERT_TRUE(pair.listener.connection.on_deadline(pair.now).has_value());
        pair.settle();
        ASSERT_FALSE(pair.error.has_value());
    }
}

TEST_F(ConnectionHostileTest, TakesAsManyStreamsAsAllowedAndRefusesOneMore) {
    RawPeer peer{listener_.connection};
    auto const proposal = line("/multistream/1.0.0") + line("/echo/1");
    for (StreamId i = 0; i < k_yamux_inbound_streams_max; ++i) {
        ASSERT_TRUE(peer.open(2 * i + 1, proposal).has_value());
        listener_.collect(k_start);
    }
    EXPECT_EQ(listener_.count<StreamRequested>(), k_yamux_inbound_streams_max);
    ASSERT_TRUE(peer.open(2 * k_yamux_inbound_streams_max + 1, proposal).has_value());
    listener_.collect(k_start);
    EXPECT_EQ(listener_.count<StreamRequested>(), k_yamux_inbound_streams_max);
    EXPECT_EQ(listener_.connection.stream_count(), k_yamux_inbound_streams_max);
}

TEST_F(ConnectionHostileTest, OpensAsManyStreamsAsMayWaitForTheirAnswer) {
    ConnectionPair pair{config_of(Role::dialer, names({})), config_of(Role::listener, names({"/echo/1"}))};
    pair.settle();
    for (std::size_t i = 0; i < k_yamux_unacked_emit_max; ++i) {
        ASSERT_TRUE(pair.dialer.connection.open_stream({"/echo/1"}, pair.now).has_value());
    }
    EXPECT_EQ(pair.dialer.connection.open_stream({"/echo/1"}, pair.now).error().code, Errc::unavailable);
    pair.settle();
    EXPECT_TRUE(pair.dialer.connection.open_stream({"/echo/1"}, pair.now).has_value());
}

TEST_F(ConnectionHostileTest, ResetsAStreamThatProposesForEver) {
    RawPeer peer{listener_.connection};
    std::string text = line("/multistream/1.0.0");
    for (int i = 0; i < 40; ++i) text += line("/none/1");
    ASSERT_TRUE(peer.open(1, text).has_value());
    listener_.collect(k_start);
    EXPECT_EQ(listener_.connection.stream_count(), 0U);
    ASSERT_TRUE(peer.open(3, line("/multistream/1.0.0") + std::string(12, '\xff')).has_value());
    listener_.collect(k_start);
    EXPECT_EQ(listener_.connection.stream_count(), 0U);
}

TEST_F(ConnectionHostileTest, ForgetsAStreamThatEndsBeforeItsProtocol) {
    RawPeer peer{listener_.connection};
    ASSERT_TRUE(peer.open(1, line("/multistream/1.0.0"), k_yamux_syn | k_yamux_fin).has_value());
    ASSERT_TRUE(peer.open(3).has_value());
    ASSERT_TRUE(peer.say(RawPeer::frame(YamuxType::window_update, k_yamux_rst, 3)).has_value());
    listener_.collect(k_start);
    EXPECT_EQ(listener_.connection.stream_count(), 0U);
    EXPECT_EQ(listener_.events.size(), 1U);
}

TEST_F(ConnectionHostileTest, EndsAPeerThatOpensAndResetsTooFast) {
    RawPeer peer{listener_.connection};
    Result<void> done = ok();
    std::size_t resets = 0;
    for (StreamId id = 1; done && id < 10'000; id += 2) {
        done = peer.open(id);
        if (done) done = peer.say(RawPeer::frame(YamuxType::window_update, k_yamux_rst, id));
        resets += done ? 1U : 0U;
        listener_.collect(k_start);
    }
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().code, Errc::too_large);
    EXPECT_EQ(resets, k_yamux_resets_per_second_max);
    EXPECT_LT(listener_.connection.held_bytes(), 64 * k_kib);
}

TEST_F(ConnectionHostileTest, SendsAGoAwayAfterABrokenFrame) {
    RawPeer peer{listener_.connection};
    (void)listener_.connection.take_output(SIZE_MAX);
    EXPECT_FALSE(peer.say(Bytes(12, 0xff)).has_value());
    EXPECT_FALSE(listener_.connection.take_output(SIZE_MAX).empty());
    EXPECT_EQ(listener_.connection.open_stream({"/echo/1"}, k_start).error().code, Errc::invalid);
    listener_.collect(k_start);
}

TEST_F(ConnectionHostileTest, SurvivesNoiseOfAnyKindInsideTheChannel) {
    ggen::testing::SeededRandom random{7};
    for (int round = 0; round < 300; ++round) {
        ConnectionEnd victim{Connection{config_of(Role::listener, names({"/echo/1"})), budget_, k_start}};
        RawPeer peer{victim.connection};
        Result<void> done = ok();
        for (int i = 0; i < 30 && done; ++i) {
            Bytes frame(12 + random.next_u64() % 40);
            random.fill(frame);
            auto const kind = random.next_u64();
            frame[0] = 0;
            frame[1] = static_cast<std::uint8_t>(kind % 4);
            frame[2] = 0;
            frame[3] = static_cast<std::uint8_t>((kind >> 8U) % 16);
            std::fill(frame.begin() + 4, frame.begin() + 11, std::uint8_t{0});
            frame[7] = static_cast<std::uint8_t>((kind >> 16U) % 8);
            frame[11] = static_cast<std::uint8_t>(frame.size() - 12);
            done = peer.say(frame);
            victim.collect(k_start);
            EXPECT_LT(victim.connection.held_bytes(), k_mib);
        }
    }
    EXPECT_EQ(budget_.taken_bytes(), 0U);
}

}  // namespace
}  // namespace ggen::p2p
