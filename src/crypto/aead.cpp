#include "crypto/aead.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "crypto/openssl_handles.hpp"

namespace ggen {
namespace {

int size_of(BytesView bytes) {
    GGEN_ASSERT(bytes.size() <= 0x7FFFFFFF);
    return static_cast<int>(bytes.size());
}

EVP_CIPHER const* cipher() {
    static EVP_CIPHER* const fetched = EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr);
    GGEN_ASSERT(fetched != nullptr);
    return fetched;
}

}  // namespace

struct ChaCha20Poly1305::Impl {
    AeadKey key;
    detail::CipherContext context{EVP_CIPHER_CTX_new()};

    ~Impl() { OPENSSL_cleanse(key.data(), key.size()); }

    void start(bool is_sealing, AeadNonce const& nonce, BytesView associated) {
        GGEN_ASSERT(context != nullptr);
        GGEN_ASSERT(EVP_CipherInit_ex2(context.get(), cipher(), key.data(), nonce.data(), is_sealing ? 1 : 0,
                                       nullptr) == 1);
        if (associated.empty()) return;
        int written = 0;
        GGEN_ASSERT(EVP_CipherUpdate(context.get(), nullptr, &written, associated.data(), size_of(associated)) == 1);
    }
};

ChaCha20Poly1305::ChaCha20Poly1305(AeadKey const& key) : impl_(std::make_unique<Impl>()) { impl_->key = key; }
ChaCha20Poly1305::ChaCha20Poly1305(ChaCha20Poly1305&&) noexcept = default;
ChaCha20Poly1305& ChaCha20Poly1305::operator=(ChaCha20Poly1305&&) noexcept = default;
ChaCha20Poly1305::~ChaCha20Poly1305() = default;

void ChaCha20Poly1305::seal(AeadNonce const& nonce, BytesView associated, BytesView plain, Bytes& out) {
    impl_->start(true, nonce, associated);
    std::size_t const at = out.size();
    out.resize(at + plain.size() + k_aead_tag_bytes);
    int written = 0;
    if (!plain.empty()) {
        GGEN_ASSERT(EVP_CipherUpdate(impl_->context.get(), &out[at], &written, plain.data(), size_of(plain)) == 1);
    }
    GGEN_ASSERT(EVP_CipherFinal_ex(impl_->context.get(), &out[at + plain.size()], &written) == 1);
    GGEN_ASSERT(EVP_CIPHER_CTX_ctrl(impl_->context.get(), EVP_CTRL_AEAD_GET_TAG, k_aead_tag_bytes,
                                    &out[at + plain.size()]) == 1);
}

Result<void> ChaCha20Poly1305::open(AeadNonce const& nonce, BytesView associated, BytesView sealed, Bytes& out) {
    Error const bad{Errc::corrupt, "ChaCha20-Poly1305: the tag does not fit"};
    if (sealed.size() < k_aead_tag_bytes) return bad;
    BytesView const text = sealed.first(sealed.size() - k_aead_tag_bytes);
    std::array<std::uint8_t, k_aead_tag_bytes> tag{};
    std::copy(sealed.end() - k_aead_tag_bytes, sealed.end(), tag.begin());
    impl_->start(false, nonce, associated);
    std::size_t const at = out.size();
    // One byte more than needed, so that the pointers below are valid for an empty text.
    out.resize(at + text.size() + 1);
    int written = 0;
    auto* const context = impl_->context.get();
    bool const is_open =
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, k_aead_tag_bytes, tag.data()) == 1 &&
        (text.empty() || EVP_CipherUpdate(context, &out[at], &written, text.data(), size_of(text)) == 1) &&
        EVP_CipherFinal_ex(context, &out[at + text.size()], &written) == 1;
    out.resize(is_open ? at + text.size() : at);
    if (is_open) return ok();
    ERR_clear_error();
    return bad;
}

}  // namespace ggen
