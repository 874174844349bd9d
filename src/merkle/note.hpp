#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/ed25519.hpp"

/// C2SP signed-note, Ed25519 (type 0x01) and timestamped cosignatures (type 0x04, tlog-cosignature).
namespace ggen::merkle {

inline constexpr std::size_t k_note_bytes_max = std::size_t{64} * 1024;
inline constexpr std::size_t k_note_signatures_max = 100;

enum class KeyType : std::uint8_t { note_ed25519 = 0x01, cosignature_ed25519 = 0x04 };

/// A verifier key: `name+hex(keyid)+base64(type || pubkey)`.
struct VerifierKey {
    std::string name;  ///< Not empty, no white space, no '+'.
    KeyType type = KeyType::note_ed25519;
    Ed25519PublicKey key;

    /// SHA-256(name || 0A || type || pubkey)[0:4], big-endian.
    [[nodiscard]] std::uint32_t key_id() const;
    [[nodiscard]] std::string text() const;
    /// Errors: invalid (note_malformed): grammar, unknown type, key id that does not match.
    [[nodiscard]] static Result<VerifierKey> parse(std::string_view text);
    friend bool operator==(VerifierKey const&, VerifierKey const&) = default;
};

/// A private key with its name: what signs notes. File form `PRIVATE+KEY+name+id+base64(type||seed)`.
class SignerKey {
public:
    /// Errors: invalid (bad name).
    [[nodiscard]] static Result<SignerKey> create(std::string name, Ed25519PrivateKey const& key,
                                                  KeyType type = KeyType::note_ed25519);
    [[nodiscard]] static Result<SignerKey> parse(std::string_view text);
    [[nodiscard]] std::string text() const;
    [[nodiscard]] VerifierKey verifier() const;
    /// For what else the owner of the key signs (a node's identity); handle with care.
    [[nodiscard]] Ed25519PrivateKey const& private_key() const { return key_; }
    /// The signature bytes for `note_text` (64 bytes; for cosignatures time || 64 bytes).
    [[nodiscard]] Bytes sign(std::string_view note_text, UnixTime time = {}) const;

private:
    SignerKey(std::string name, KeyType type, Ed25519PrivateKey const& key);
    std::string name_;
    KeyType type_;
    Ed25519PrivateKey key_;
};

struct NoteSignature {
    std::string name;
    std::uint32_t key_id = 0;
    Bytes signature;  ///< Without the key id.
    friend bool operator==(NoteSignature const&, NoteSignature const&) = default;
};

/// A parsed note; nothing is verified yet.
struct Note {
    std::string text;  ///< Ends in LF; what the signatures are over.
    std::vector<NoteSignature> signatures;

    /// Errors: invalid (note_malformed), too_large.
    [[nodiscard]] static Result<Note> parse(std::string_view bytes);
    [[nodiscard]] std::string print() const;
    /// Adds the signature of `key`.
    void sign(SignerKey const& key, UnixTime time = {});
};

/// A signature by a known key that was checked.
struct VerifiedSignature {
    VerifierKey key;
    UnixTime time;  ///< 0 for plain note signatures.
};

/// The known keys that signed; at least one. Unknown keys are skipped; a known key with a bad signature
/// rejects the whole note, and so do two known keys of one name and id. Equal key bytes of one type count
/// once, under whatever names. Errors: refused (signature_invalid), also when no known key signed.
[[nodiscard]] Result<std::vector<VerifiedSignature>> verify_note(Note const& note,
                                                                 std::vector<VerifierKey> const& known);

}  // namespace ggen::merkle
