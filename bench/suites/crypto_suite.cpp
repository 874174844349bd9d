#include <fmt/format.h>

#include "crypto/aead.hpp"
#include "crypto/digest.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/x25519.hpp"
#include "suites/seeded.hpp"
#include "suites/suites.hpp"

namespace ggen::bench {
namespace {

Error wrong(std::string_view what) { return Error{Errc::internal, std::string{what}}; }

class HashWork final : public Work {
public:
    explicit HashWork(std::size_t bytes) : block_(bytes, 'a') {}
    Result<void> prepare(std::string const& /*directory*/) override { return ok(); }
    Result<void> run() override {
        digest_ = sha256(block_);
        return ok();
    }
    Result<void> check() override {
        // FIPS 180-2: a million times "a" is the third published vector.
        auto const known = sha256(Bytes(1'000'000, 'a')).hex();
        if (known != "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
            return wrong("SHA-256 is wrong");
        return digest_ == sha256(block_) ? ok() : Result<void>{wrong("the digest changed")};
    }

private:
    Bytes block_;
    Digest digest_{};
};

class SignWork final : public Work {
public:
    explicit SignWork(bool is_verify) : is_verify_(is_verify) {}
    Result<void> prepare(std::string const& /*directory*/) override {
        SeededBytes random{7};
        key_ = Ed25519PrivateKey::generate(random);
        signature_ = key_->sign(message_);
        return ok();
    }
    Result<void> run() override {
        if (is_verify_) {
            is_good_ = key_->public_key().verify(message_, signature_);
        } else {
            signature_ = key_->sign(message_);
        }
        return ok();
    }
    Result<void> check() override {
        if (is_verify_ && !is_good_) return wrong("a good signature was refused");
        auto changed = message_;
        changed[0] = static_cast<std::uint8_t>(changed[0] ^ 1U);
        if (!key_->public_key().verify(message_, signature_)) return wrong("a good signature was refused");
        if (key_->public_key().verify(changed, signature_)) return wrong("a changed message was accepted");
        return ok();
    }

private:
    bool is_verify_;
    Bytes message_ = Bytes(256, 0x42);
    std::optional<Ed25519PrivateKey> key_;
    Ed25519Signature signature_{};
    bool is_good_ = false;
};

class AgreeWork final : public Work {
public:
    Result<void> prepare(std::string const& /*directory*/) override {
        SeededBytes random{9};
        ours_ = X25519PrivateKey::generate(random);
        theirs_ = X25519PrivateKey::generate(random);
        return ok();
    }
    Result<void> run() override {
        ASSIGN_OR_RETURN(shared_, ours_->agree(theirs_->public_key()));
        return ok();
    }
    Result<void> check() override {
        ASSIGN_OR_RETURN(auto const other, theirs_->agree(ours_->public_key()));
        return other == shared_ ? ok() : Result<void>{wrong("both sides must agree on one secret")};
    }

private:
    std::optional<X25519PrivateKey> ours_;
    std::optional<X25519PrivateKey> theirs_;
    X25519Shared shared_{};
};

}  // namespace

void add_crypto_suite(Catalogue& catalogue) {
    for (std::size_t const bytes : {1'024UL, 65'536UL, 1'048'576UL}) {
        catalogue.add({"crypto_digest", fmt::format("sha256_n{}", bytes), TestClass::micro,
                       "SHA-256 of n bytes; the published vector",
                       [bytes] { return std::make_unique<HashWork>(bytes); }});
    }
    catalogue.add({"crypto_signature", "ed25519_sign", TestClass::micro,
                   "a signature over 256 bytes; verifies, a change does not",
                   [] { return std::make_unique<SignWork>(false); }});
    catalogue.add({"crypto_signature", "ed25519_verify", TestClass::micro,
                   "a check of a signature over 256 bytes", [] { return std::make_unique<SignWork>(true); }});
    catalogue.add({"crypto_exchange", "x25519_agree", TestClass::micro,
                   "one key agreement; both sides have the same secret",
                   [] { return std::make_unique<AgreeWork>(); }});
}

}  // namespace ggen::bench
