#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "codec/peer_id.hpp"
#include "crypto/ed25519.hpp"
#include "p2p/wire/byte_sink.hpp"
#include "p2p/wire/noise_state.hpp"

namespace ggen::p2p {

/// What binds a channel key to its owner; the same for all connections of one pair of keys.
[[nodiscard]] Ed25519Signature sign_static_key(Ed25519PrivateKey const& identity, X25519PublicKey const& static_key);

/// What one side brings to the handshake. Fresh keys are the caller's randomness; the static key may serve
/// many connections of one process.
struct NoiseConfig {
    NoiseXx::Role role = NoiseXx::Role::initiator;
    Ed25519PrivateKey identity;
    X25519PrivateKey static_key;
    X25519PrivateKey ephemeral_key;
    std::optional<PeerId> expected_peer;  ///< a dialer knows whom it dials
    std::vector<std::string> muxers;      ///< early negotiation, best first; empty = not offered
    std::optional<Ed25519Signature> static_key_signature = std::nullopt;  ///< nullopt = made when it is needed
};

/// libp2p's secure channel (libp2p/specs noise/README.md): XX with 16-bit lengths, the identity payload and
/// the `stream_muxers` extension; afterwards encrypted frames. A pure state machine.
///
/// Order: feed `on_bytes`, send `take_output`; once `is_complete`, `take_plain` has what the peer says and
/// `write` seals. Nothing of the peer is believed before its identity signature was checked. After an error
/// the object only repeats it; close the connection.
class NoiseChannel {
public:
    explicit NoiseChannel(NoiseConfig config);

    /// Takes all of `bytes`; holds at most one frame that is not whole yet, so a caller bounds memory by
    /// how much it feeds before it takes the plaintext.
    /// Errors: invalid (frame or payload grammar, payload in the first message), corrupt (not authentic),
    /// refused (identity signature, another peer than expected, kind of key, no muxer in common),
    /// too_large (handshake payload over 4 KiB).
    [[nodiscard]] Result<void> on_bytes(BytesView bytes);
    struct Frame {
        std::size_t taken = 0;  ///< of the bytes that were given
        BytesView plain{};      ///< what a whole frame says, in the buffer; empty in the handshake
    };
    /// Takes bytes up to the end of one frame: `on_bytes` for an owner that has a buffer of k_noise_frame_bytes_max, so
    /// that the frame is opened where it lies. Precondition: `take_plain` has nothing. Errors: as `on_bytes`.
    [[nodiscard]] Result<Frame> next_frame(BytesView bytes, std::span<std::uint8_t> buffer);
    /// Seals `plain` in as many frames as it takes. Precondition: is_complete().
    /// Errors: refused (nonces used up).
    [[nodiscard]] Result<void> write(BytesView plain);
    /// The same, appended to `out` instead of the output. Precondition: the output was taken.
    [[nodiscard]] Result<void> seal(BytesView plain, Bytes& out);
    /// The same for plaintext that comes in pieces, which share frames. `finish` after the last one.
    class Sealer final : public ByteSink {
    public:
        Sealer(NoiseChannel& channel, Bytes& out) : channel_(channel), out_(out) {}
        void put(BytesView plain) override;
        /// Errors: as `seal`, of any `put`.
        [[nodiscard]] Result<void> finish();

    private:
        /// Whole units of the cipher keep it on its fast path, so what is less waits for more.
        static constexpr std::size_t k_unit_bytes = 64;

        void begin_frame();
        void seal_part(BytesView part);
        void end_frame();

        NoiseChannel& channel_;
        Bytes& out_;
        std::optional<std::size_t> frame_at_;  // of the length of the frame that is open
        std::size_t plain_bytes_ = 0;          // in it, and in the unit
        std::array<std::uint8_t, k_unit_bytes> unit_{};
        std::size_t unit_bytes_ = 0;
    };

    [[nodiscard]] Bytes take_output();
    [[nodiscard]] Bytes take_plain();

    [[nodiscard]] bool is_complete() const { return ciphers_.has_value(); }
    /// Precondition: is_complete().
    [[nodiscard]] PeerId const& remote_peer() const;
    /// The muxer that both sides offered, the dialer's best first; nullopt when either offered none and
    /// multistream-select decides inside the channel. Precondition: is_complete().
    [[nodiscard]] std::optional<std::string> const& muxer() const { return muxer_; }

    /// Bytes of a frame that is not whole yet, and what was not taken.
    [[nodiscard]] std::size_t held_bytes() const { return partial_.size() + output_.size() + plain_.size(); }

private:
    [[nodiscard]] Result<Frame> on_frame(Frame taken, BytesView sealed, std::span<std::uint8_t> buffer);
    [[nodiscard]] Result<void> on_handshake(BytesView message);
    [[nodiscard]] Result<void> on_payload(BytesView payload);
    [[nodiscard]] Result<void> choose_muxer(std::vector<std::string> const& theirs);
    [[nodiscard]] Result<void> send_handshake();
    [[nodiscard]] Bytes own_payload() const;

    NoiseConfig config_;
    NoiseXx handshake_;
    std::optional<NoiseXx::Ciphers> ciphers_;
    std::optional<PeerId> remote_peer_;
    std::optional<std::string> muxer_;
    Bytes partial_;
    Bytes output_;
    Bytes plain_;
    std::optional<Error> failed_;
};

}  // namespace ggen::p2p
