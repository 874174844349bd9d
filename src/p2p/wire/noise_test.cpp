#include "p2p/wire/noise.hpp"

#include <gtest/gtest.h>

#include "codec/protobuf.hpp"
#include "p2p/identity/identity.hpp"
#include "p2p/wire/limits.hpp"

namespace ggen::p2p {
namespace {

using Role = NoiseXx::Role;

Ed25519PrivateKey identity_of(std::uint8_t byte) { return Ed25519PrivateKey::from_seed(Bytes(32, byte)).value(); }
X25519PrivateKey key_of(std::uint8_t byte) { return X25519PrivateKey::from_bytes(Bytes(32, byte)).value(); }

NoiseConfig config_of(Role role, std::vector<std::string> muxers = {}) {
    auto const byte = static_cast<std::uint8_t>(role == Role::initiator ? 1 : 2);
    return {role, identity_of(byte), key_of(static_cast<std::uint8_t>(byte + 10)),
            key_of(static_cast<std::uint8_t>(byte + 20)), std::nullopt, std::move(muxers)};
}

Result<void> feed(NoiseChannel& channel, BytesView bytes, std::size_t step) {
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        RETURN_IF_ERROR(channel.on_bytes(bytes.subspan(at, std::min(step, bytes.size() - at))));
    }
    return ok();
}

Result<void> shake_hands(NoiseChannel& initiator, NoiseChannel& responder, std::size_t step) {
    for (int i = 0; i < 2; ++i) {
        RETURN_IF_ERROR(feed(responder, initiator.take_output(), step));
        RETURN_IF_ERROR(feed(initiator, responder.take_output(), step));
    }
    return ok();
}

TEST(NoiseChannelTest, ShakesHandsAndTalksForEveryReadSize) {
    for (std::size_t step = 1; step < 300; step += step < 8 ? 1 : 37) {
        NoiseChannel initiator{config_of(Role::initiator)};
        NoiseChannel responder{config_of(Role::responder)};
        ASSERT_TRUE(shake_hands(initiator, responder, step).has_value());
        ASSERT_TRUE(initiator.is_complete() && responder.is_complete());
        EXPECT_EQ(initiator.remote_peer(), peer_id_of(identity_of(2).public_key()));
        EXPECT_EQ(responder.remote_peer(), peer_id_of(identity_of(1).public_key()));
        EXPECT_FALSE(initiator.muxer().has_value());

        ASSERT_TRUE(initiator.write(as_bytes("hello")).has_value());
        ASSERT_TRUE(initiator.write(as_bytes(" there")).has_value());
        ASSERT_TRUE(feed(responder, initiator.take_output(), step).has_value());
        EXPECT_EQ(as_text(responder.take_plain()), "hello there");
        ASSERT_TRUE(responder.write(Bytes(40'000, 7)).has_value());
        ASSERT_TRUE(feed(initiator, responder.take_output(), 997).has_value());
        EXPECT_EQ(initiator.take_plain(), Bytes(40'000, 7));
    }
}

TEST(NoiseChannelTest, SendsThirtyTwoBytesFirst) {
    NoiseChannel initiator{config_of(Role::initiator)};
    auto const first = initiator.take_output();
    ASSERT_EQ(first.size(), 34U);
    EXPECT_EQ(first[0], 0);
    EXPECT_EQ(first[1], 32);
}

TEST(NoiseChannelTest, ChoosesTheMuxerThatTheDialerLikesBest) {
    NoiseChannel initiator{config_of(Role::initiator, {"/a", "/yamux/1.0.0", "/mplex"})};
    NoiseChannel responder{config_of(Role::responder, {"/mplex", "/yamux/1.0.0"})};
    ASSERT_TRUE(shake_hands(initiator, responder, 1000).has_value());
    EXPECT_EQ(initiator.muxer(), "/yamux/1.0.0");
    EXPECT_EQ(responder.muxer(), "/yamux/1.0.0");
}

TEST(NoiseChannelTest, LeavesTheMuxerOpenWhenOneSideOffersNone) {
    NoiseChannel initiator{config_of(Role::initiator, {"/yamux/1.0.0"})};
    NoiseChannel responder{config_of(Role::responder)};
    ASSERT_TRUE(shake_hands(initiator, responder, 1000).has_value());
    EXPECT_FALSE(initiator.muxer().has_value());
    EXPECT_FALSE(responder.muxer().has_value());
}

TEST(NoiseChannelTest, RefusesWhenNoMuxerIsInCommon) {
    NoiseChannel initiator{config_of(Role::initiator, {"/a"})};
    NoiseChannel responder{config_of(Role::responder, {"/b"})};
    EXPECT_EQ(shake_hands(initiator, responder, 1000).error().code, Errc::refused);
}

TEST(NoiseChannelTest, RefusesAnotherPeerThanTheDialedOne) {
    auto config = config_of(Role::initiator);
    config.expected_peer = peer_id_of(identity_of(9).public_key());
    NoiseChannel initiator{config};
    NoiseChannel responder{config_of(Role::responder)};
    EXPECT_EQ(shake_hands(initiator, responder, 1000).error().code, Errc::refused);
    EXPECT_FALSE(initiator.is_complete());
}

TEST(NoiseChannelTest, RefusesAFirstMessageWithAPayload) {
    NoiseChannel responder{config_of(Role::responder)};
    Bytes message{0, 33};
    message.insert(message.end(), 33, 5);
    EXPECT_EQ(responder.on_bytes(message).error().code, Errc::invalid);
}

TEST(NoiseChannelTest, RefusesKeysOfSmallOrderAndShortMessages) {
    NoiseChannel small{config_of(Role::responder)};
    Bytes zeros{0, 32};
    zeros.insert(zeros.end(), 32, 0);
    EXPECT_EQ(small.on_bytes(zeros).error().code, Errc::refused);
    NoiseChannel empty{config_of(Role::responder)};
    EXPECT_EQ(empty.on_bytes(Bytes{0, 0}).error().code, Errc::invalid);
}

/// A responder that sends `payload` as its identity.
Result<void> answer_with(BytesView payload) {
    NoiseChannel initiator{config_of(Role::initiator)};
    NoiseXx liar{Role::responder, key_of(12), key_of(22), {}};
    auto const first = initiator.take_output();
    EXPECT_TRUE(liar.read_message(BytesView{first}.subspan(2)).has_value());
    Bytes message;
    EXPECT_TRUE(liar.write_message(payload, message).has_value());
    Bytes frame{static_cast<std::uint8_t>(message.size() >> 8U), static_cast<std::uint8_t>(message.size() & 0xFFU)};
    frame.insert(frame.end(), message.begin(), message.end());
    return initiator.on_bytes(frame);
}

Bytes payload_of(std::uint8_t signer, std::uint8_t static_key, std::size_t extra = 0, std::size_t muxers = 0) {
    Bytes text = to_bytes("noise-libp2p-static-key:");
    auto const key = key_of(static_key).public_key();
    text.insert(text.end(), key.begin(), key.end());
    ProtoWriter writer;
    writer.bytes(1, encode_public_key(PublicKey::from_ed25519(identity_of(2).public_key())));
    writer.bytes(2, identity_of(signer).sign(text));
    if (extra > 0) writer.bytes(3, Bytes(extra, 0));
    ProtoWriter extensions;
    for (std::size_t i = 0; i < muxers; ++i) extensions.bytes(2, as_bytes("/m"));
    if (muxers > 0) writer.bytes(4, extensions.message());
    return std::move(writer).take();
}

TEST(NoiseChannelTest, BelievesOnlyAnIdentityThatSignedTheChannelKey) {
    EXPECT_TRUE(answer_with(payload_of(2, 12)).has_value());
    EXPECT_EQ(answer_with(payload_of(3, 12)).error().code, Errc::refused);  // signed by another
    EXPECT_EQ(answer_with(payload_of(2, 13)).error().code, Errc::refused);  // for another channel
    EXPECT_FALSE(answer_with({}).has_value());
    EXPECT_FALSE(answer_with(Bytes{0x0a, 0xff}).has_value());
}

TEST(NoiseChannelTest, TakesAPayloadOfTheLimitAndRefusesOneByteMore) {
    std::size_t const bare = payload_of(2, 12).size();
    std::size_t const extra = k_noise_payload_accept_bytes_max - bare - 3;
    ASSERT_EQ(payload_of(2, 12, extra).size(), k_noise_payload_accept_bytes_max);
    EXPECT_TRUE(answer_with(payload_of(2, 12, extra)).has_value());
    EXPECT_EQ(answer_with(payload_of(2, 12, extra + 1)).error().code, Errc::too_large);
}

TEST(NoiseChannelTest, TakesSixteenMuxersAndRefusesOneMore) {
    EXPECT_TRUE(answer_with(payload_of(2, 12, 0, k_noise_muxers_max)).has_value());
    EXPECT_EQ(answer_with(payload_of(2, 12, 0, k_noise_muxers_max + 1)).error().code, Errc::too_large);
}

TEST(NoiseChannelTest, RefusesChangedReplayedAndEmptyFrames) {
    for (int kind = 0; kind < 3; ++kind) {
        NoiseChannel initiator{config_of(Role::initiator)};
        NoiseChannel responder{config_of(Role::responder)};
        ASSERT_TRUE(shake_hands(initiator, responder, 1000).has_value());
        ASSERT_TRUE(initiator.write(as_bytes("once")).has_value());
        auto frame = initiator.take_output();
        if (kind == 0) frame.back() = static_cast<std::uint8_t>(frame.back() ^ 1U);
        if (kind == 1) {
            ASSERT_TRUE(responder.on_bytes(frame).has_value());
        }
        if (kind == 2) frame = {0, 0};
        (void)responder.take_plain();
        EXPECT_EQ(responder.on_bytes(frame).error().code, Errc::corrupt) << kind;
        EXPECT_TRUE(responder.take_plain().empty());
        EXPECT_FALSE(responder.write(as_bytes("x")).has_value());
    }
}

TEST(NoiseChannelTest, TakesFramesOfTheGreatestLength) {
    // Raw states stand for a peer that fills its frames, as go-libp2p does.
    NoiseChannel responder{config_of(Role::responder)};
    NoiseXx peer{Role::initiator, key_of(11), key_of(21), {}};
    auto const frame_of = [](Bytes const& message) {
        Bytes frame{static_cast<std::uint8_t>(message.size() >> 8U), static_cast<std::uint8_t>(message.size() & 0xFFU)};
        frame.insert(frame.end(), message.begin(), message.end());
        return frame;
    };
    Bytes first;
    ASSERT_TRUE(peer.write_message({}, first).has_value());
    ASSERT_TRUE(responder.on_bytes(frame_of(first)).has_value());
    auto const answer = responder.take_output();
    ASSERT_TRUE(peer.read_message(BytesView{answer}.subspan(2)).has_value());
    Bytes third;
    Bytes text = to_bytes("noise-libp2p-static-key:");
    auto const static_key = key_of(11).public_key();
    text.insert(text.end(), static_key.begin(), static_key.end());
    ProtoWriter payload;
    payload.bytes(1, encode_public_key(PublicKey::from_ed25519(identity_of(1).public_key())));
    payload.bytes(2, identity_of(1).sign(text));
    ASSERT_TRUE(peer.write_message(payload.message(), third).has_value());
    ASSERT_TRUE(responder.on_bytes(frame_of(third)).has_value());
    auto ciphers = peer.split();
    Bytes sealed;
    ASSERT_TRUE(ciphers.send.seal({}, Bytes(k_noise_plain_accept_bytes_max, 1), sealed).has_value());
    ASSERT_EQ(sealed.size(), k_noise_frame_bytes_max);
    ASSERT_TRUE(responder.on_bytes(frame_of(sealed)).has_value());
    EXPECT_EQ(responder.take_plain().size(), k_noise_plain_accept_bytes_max);
}

TEST(NoiseChannelTest, CutsItsOwnFramesAtSixteenKibibytes) {
    NoiseChannel initiator{config_of(Role::initiator)};
    NoiseChannel responder{config_of(Role::responder)};
    ASSERT_TRUE(shake_hands(initiator, responder, 1000).has_value());
    ASSERT_TRUE(initiator.write(Bytes(k_noise_plain_emit_bytes_max, 1)).has_value());
    EXPECT_EQ(initiator.take_output().size(), 2 + k_noise_plain_emit_bytes_max + 16);
    ASSERT_TRUE(initiator.write(Bytes(k_noise_plain_emit_bytes_max + 1, 1)).has_value());
    EXPECT_EQ(initiator.take_output().size(), std::size_t{2} * (2 + 16) + k_noise_plain_emit_bytes_max + 1);
}

}  // namespace
}  // namespace ggen::p2p
