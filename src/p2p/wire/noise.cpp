#include "p2p/wire/noise.hpp"

#include <algorithm>
#include <utility>

#include "codec/protobuf.hpp"
#include "p2p/identity/identity.hpp"
#include "p2p/wire/limits.hpp"

namespace ggen::p2p {
namespace {

constexpr std::string_view k_signature_prefix = "noise-libp2p-static-key:";
constexpr std::size_t k_length_bytes = 2;
constexpr std::size_t k_payload_fields_max = 64;
constexpr std::size_t k_muxer_name_bytes_max = 256;

Error bad(Errc code, char const* why) { return Error{code, std::string{"Noise: "} + why}; }

Bytes signed_bytes(X25519PublicKey const& static_key) {
    Bytes out;
    out.reserve(k_signature_prefix.size() + static_key.size());
    out.insert(out.end(), k_signature_prefix.begin(), k_signature_prefix.end());
    out.insert(out.end(), static_key.begin(), static_key.end());
    return out;
}

struct HandshakePayload {
    BytesView identity_key;
    BytesView identity_sig;
    std::vector<std::string> muxers;
};

/// `NoiseExtensions { repeated bytes webtransport_certhashes = 1; repeated string stream_muxers = 2 }`
Result<std::vector<std::string>> read_muxers(BytesView extensions) {
    std::vector<std::string> muxers;
    ProtoReader reader{extensions, k_payload_fields_max};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) return muxers;
        if (field->number != 2) continue;
        ASSIGN_OR_RETURN(BytesView const name, proto_bytes(*field));
        if (muxers.size() == k_noise_muxers_max || name.size() > k_muxer_name_bytes_max) {
            return bad(Errc::too_large, "more than 16 muxers, or a name of more than 256 bytes");
        }
        muxers.emplace_back(as_text(name));
    }
}

Result<HandshakePayload> read_payload(BytesView message) {
    HandshakePayload payload;
    ProtoReader reader{message, k_payload_fields_max};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) return payload;
        if (field->number == 1) {
            ASSIGN_OR_RETURN(payload.identity_key, proto_bytes(*field));
        } else if (field->number == 2) {
            ASSIGN_OR_RETURN(payload.identity_sig, proto_bytes(*field));
        } else if (field->number == 4) {
            ASSIGN_OR_RETURN(BytesView const extensions, proto_bytes(*field));
            ASSIGN_OR_RETURN(payload.muxers, read_muxers(extensions));
        }
    }
}

void append_length(Bytes& out, std::size_t size) {
    out.push_back(static_cast<std::uint8_t>(size >> 8U));
    out.push_back(static_cast<std::uint8_t>(size & 0xFFU));
}

}  // namespace

Ed25519Signature sign_static_key(Ed25519PrivateKey const& identity, X25519PublicKey const& static_key) {
    return identity.sign(signed_bytes(static_key));
}

NoiseChannel::NoiseChannel(NoiseConfig config)
    : config_(std::move(config)), handshake_(config_.role, config_.static_key, config_.ephemeral_key, {}) {
    config_.ephemeral_key = config_.static_key;  // the handshake alone keeps it
    if (config_.role != NoiseXx::Role::initiator) return;
    // The first message has no key yet, so it carries no payload and cannot fail.
    if (auto const sent = send_handshake(); !sent) failed_ = sent.error();
}

Result<void> NoiseChannel::on_bytes(BytesView bytes) {
    if (failed_) return *failed_;
    Bytes buffer(k_noise_frame_bytes_max);
    while (!bytes.empty()) {
        ASSIGN_OR_RETURN(Frame const frame, next_frame(bytes, buffer));
        plain_.insert(plain_.end(), frame.plain.begin(), frame.plain.end());
        bytes = bytes.subspan(frame.taken);
    }
    return ok();
}

Result<NoiseChannel::Frame> NoiseChannel::next_frame(BytesView bytes, std::span<std::uint8_t> buffer) {
    if (failed_) return *failed_;
    if (partial_.empty() && bytes.size() >= k_length_bytes) {
        std::size_t const whole = k_length_bytes + std::size_t{bytes[0]} * 256 + bytes[1];
        if (bytes.size() >= whole) {
            return on_frame({whole}, bytes.subspan(k_length_bytes, whole - k_length_bytes), buffer);
        }
    }
    Frame frame;
    while (!bytes.empty()) {
        std::size_t const have = partial_.size();
        std::size_t const whole =
            have < k_length_bytes ? k_length_bytes : k_length_bytes + std::size_t{partial_[0]} * 256 + partial_[1];
        std::size_t const more = std::min(whole - have, bytes.size());
        partial_.insert(partial_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(more));
        bytes = bytes.subspan(more);
        frame.taken += more;
        bool const has_length = partial_.size() >= k_length_bytes;
        if (!has_length || partial_.size() < k_length_bytes + std::size_t{partial_[0]} * 256 + partial_[1]) continue;
        Bytes const cut = std::exchange(partial_, {});  // an idle channel holds no buffer
        return on_frame(frame, BytesView{cut}.subspan(k_length_bytes), buffer);
    }
    return frame;
}

Result<NoiseChannel::Frame> NoiseChannel::on_frame(Frame taken, BytesView sealed, std::span<std::uint8_t> buffer) {
    if (!ciphers_) {
        if (auto done = on_handshake(sealed); !done) failed_ = done.error();
    } else if (auto const size = ciphers_->receive.open_into(sealed, buffer)) {
        taken.plain = buffer.first(*size);
    } else {
        failed_ = size.error();
    }
    if (failed_) return *failed_;
    return taken;
}

Result<void> NoiseChannel::on_handshake(BytesView message) {
    GGEN_ASSERT(!handshake_.is_our_turn());
    bool const is_first = handshake_.messages() == 0;
    ASSIGN_OR_RETURN(Bytes const payload, handshake_.read_message(message));
    if (is_first) {
        // Anybody can write here and nobody can check it.
        if (!payload.empty()) return bad(Errc::invalid, "a payload in the first message");
    } else {
        RETURN_IF_ERROR(on_payload(payload));
    }
    if (handshake_.is_our_turn()) RETURN_IF_ERROR(send_handshake());
    if (!handshake_.is_complete()) return ok();
    ciphers_.emplace(handshake_.split());
    handshake_.forget_ephemeral_key();
    return ok();
}

Result<void> NoiseChannel::on_payload(BytesView message) {
    if (message.size() > k_noise_payload_accept_bytes_max) {
        return bad(Errc::too_large, "a handshake payload of more than 4 KiB");
    }
    ASSIGN_OR_RETURN(HandshakePayload const payload, read_payload(message));
    ASSIGN_OR_RETURN(PublicKey const key, decode_public_key(payload.identity_key));
    if (!key.verify(signed_bytes(handshake_.remote_static()), payload.identity_sig)) {
        return bad(Errc::refused, "the peer's identity did not sign its channel key");
    }
    PeerId peer = peer_id_of(key);
    if (config_.expected_peer && *config_.expected_peer != peer) {
        return Error{Errc::refused,
                     "Noise: expected " + config_.expected_peer->text() + ", but " + peer.text() + " answered"};
    }
    RETURN_IF_ERROR(choose_muxer(payload.muxers));
    remote_peer_ = std::move(peer);
    return ok();
}

Result<void> NoiseChannel::choose_muxer(std::vector<std::string> const& theirs) {
    if (theirs.empty() || config_.muxers.empty()) return ok();
    bool const is_initiator = config_.role == NoiseXx::Role::initiator;
    auto const& first = is_initiator ? config_.muxers : theirs;
    auto const& second = is_initiator ? theirs : config_.muxers;
    auto const at = std::find_if(first.begin(), first.end(), [&](auto const& name) {
        return std::find(second.begin(), second.end(), name) != second.end();
    });
    if (at == first.end()) return bad(Errc::refused, "no muxer in common");
    muxer_ = *at;
    return ok();
}

Result<void> NoiseChannel::send_handshake() {
    Bytes message;
    Bytes const payload = handshake_.messages() == 0 ? Bytes{} : own_payload();
    RETURN_IF_ERROR(handshake_.write_message(payload, message));
    append_length(output_, message.size());
    output_.insert(output_.end(), message.begin(), message.end());
    return ok();
}

Bytes NoiseChannel::own_payload() const {
    auto const signature = config_.static_key_signature
                               ? *config_.static_key_signature
                               : sign_static_key(config_.identity, config_.static_key.public_key());
    ProtoWriter writer;
    writer.bytes(1, encode_public_key(PublicKey::from_ed25519(config_.identity.public_key()))).bytes(2, signature);
    if (!config_.muxers.empty()) {
        ProtoWriter extensions;
        for (auto const& muxer : config_.muxers) extensions.bytes(2, as_bytes(muxer));
        writer.bytes(4, extensions.message());
    }
    return std::move(writer).take();
}

Result<void> NoiseChannel::write(BytesView plain) { return seal(plain, output_); }

Result<void> NoiseChannel::seal(BytesView plain, Bytes& out) {
    Sealer sealer{*this, out};
    sealer.put(plain);
    return sealer.finish();
}

void NoiseChannel::Sealer::put(BytesView plain) {
    GGEN_ASSERT(channel_.is_complete());
    while (!plain.empty()) {
        if (!frame_at_) begin_frame();
        if (channel_.failed_) return;
        BytesView part = plain.first(std::min(plain.size(), k_noise_plain_emit_bytes_max - plain_bytes_));
        if (unit_bytes_ > 0 || part.size() < k_unit_bytes) {
            part = part.first(std::min(part.size(), k_unit_bytes - unit_bytes_));
            std::copy(part.begin(), part.end(), unit_.begin() + static_cast<std::ptrdiff_t>(unit_bytes_));
            unit_bytes_ += part.size();
            if (unit_bytes_ == k_unit_bytes) seal_part(BytesView{unit_}.first(std::exchange(unit_bytes_, 0)));
        } else {
            part = part.first(part.size() - part.size() % k_unit_bytes);
            seal_part(part);
        }
        plain_bytes_ += part.size();
        plain = plain.subspan(part.size());
        if (plain_bytes_ == k_noise_plain_emit_bytes_max) end_frame();
    }
}

void NoiseChannel::Sealer::begin_frame() {
    if (channel_.failed_) return;
    if (auto const started = channel_.ciphers_->send.start_sealing(); !started) {
        channel_.failed_ = started.error();
        return;
    }
    frame_at_ = out_.size();
    out_.resize(out_.size() + k_length_bytes);
}

void NoiseChannel::Sealer::seal_part(BytesView part) {
    std::size_t const at = out_.size();
    out_.resize(at + part.size());
    channel_.ciphers_->send.seal_part(part, &out_[at]);
}

void NoiseChannel::Sealer::end_frame() {
    if (unit_bytes_ > 0) seal_part(BytesView{unit_}.first(std::exchange(unit_bytes_, 0)));
    std::size_t const at = out_.size();
    out_.resize(at + k_aead_tag_bytes);
    channel_.ciphers_->send.finish_sealing(&out_[at]);
    std::size_t const sealed = std::exchange(plain_bytes_, 0) + k_aead_tag_bytes;
    out_[*frame_at_] = static_cast<std::uint8_t>(sealed >> 8U);
    out_[*frame_at_ + 1] = static_cast<std::uint8_t>(sealed & 0xFFU);
    frame_at_.reset();
}

Result<void> NoiseChannel::Sealer::finish() {
    if (frame_at_) end_frame();
    if (channel_.failed_) return *channel_.failed_;
    return ok();
}

Bytes NoiseChannel::take_output() { return std::exchange(output_, {}); }
Bytes NoiseChannel::take_plain() { return std::exchange(plain_, {}); }

PeerId const& NoiseChannel::remote_peer() const {
    GGEN_ASSERT(is_complete() && remote_peer_);
    return *remote_peer_;
}

}  // namespace ggen::p2p
