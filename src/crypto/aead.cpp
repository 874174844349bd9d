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
        // The context keeps its key, so that a frame costs no more than its nonce.
        bool const is_known = keyed_for == (is_sealing ? Keyed::seal : Keyed::open);
        GGEN_ASSERT(EVP_CipherInit_ex2(context.get(), is_known ? nullptr : cipher(), is_known ? nullptr : key.data(),
                                       nonce.data(), is_sealing ? 1 : 0, nullptr) == 1);
        keyed_for = is_sealing ? Keyed::seal : Keyed::open;
        if (associated.empty()) return;
        int written = 0;
        GGEN_ASSERT(EVP_CipherUpdate(context.get(), nullptr, &written, associated.data(), size_of(associated)) == 1);
    }

    enum class Keyed : std::uint8_t { no, seal, open };
    Keyed keyed_for = Keyed::no;
};

ChaCha20Poly1305::ChaCha20Poly1305(AeadKey const& key) : impl_(std::make_unique<Impl>()) { impl_->key = key; }
ChaCha20Poly1305::ChaCha20Poly1305(ChaCha20Poly1305&&) noexcept = default;
ChaCha20Poly1305& ChaCha20Poly1305::operator=(ChaCha20Poly1305&&) noexcept = default;
ChaCha20Poly1305::~ChaCha20Poly1305() = default;

void ChaCha20Poly1305::start_sealing(AeadNonce const& nonce, BytesView associated) {
    impl_->start(true, nonce, associated);
}

void ChaCha20Poly1305::seal_part(BytesView part, std::uint8_t* out) {
    if (part.empty()) return;
    int written = 0;
    GGEN_ASSERT(EVP_CipherUpdate(impl_->context.get(), out, &written, part.data(), size_of(part)) == 1);
}

void ChaCha20Poly1305::finish_sealing(std::uint8_t* tag) {
    int written = 0;
    GGEN_ASSERT(EVP_CipherFinal_ex(impl_->context.get(), tag, &written) == 1);
    GGEN_ASSERT(EVP_CIPHER_CTX_ctrl(impl_->context.get(), EVP_CTRL_AEAD_GET_TAG, k_aead_tag_bytes, tag) == 1);
}

void ChaCha20Poly1305::seal(AeadNonce const& nonce, BytesView associated, BytesView plain, Bytes& out) {
    start_sealing(nonce, associated);
    std::size_t const at = out.size();
    out.resize(at + plain.size() + k_aead_tag_bytes);
    seal_part(plain, &out[at]);
    finish_sealing(&out[at + plain.size()]);
}

Result<std::size_t> ChaCha20Poly1305::open_into(AeadNonce const& nonce, BytesView associated, BytesView sealed,
                                                std::span<std::uint8_t> out) {
    Error const bad{Errc::corrupt, "ChaCha20-Poly1305: the tag does not fit"};
    if (sealed.size() < k_aead_tag_bytes) return bad;
    BytesView const text = sealed.first(sealed.size() - k_aead_tag_bytes);
    GGEN_ASSERT(out.size() >= text.size());
    std::array<std::uint8_t, k_aead_tag_bytes> tag{};
    std::copy(sealed.end() - k_aead_tag_bytes, sealed.end(), tag.begin());
    impl_->start(false, nonce, associated);
    int written = 0;
    std::array<std::uint8_t, k_aead_tag_bytes> nothing{};  // what the end of a text adds to it
    auto* const context = impl_->context.get();
    bool const is_open =
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, k_aead_tag_bytes, tag.data()) == 1 &&
        (text.empty() || EVP_CipherUpdate(context, out.data(), &written, text.data(), size_of(text)) == 1) &&
        EVP_CipherFinal_ex(context, nothing.data(), &written) == 1;
    if (is_open) return text.size();
    ERR_clear_error();
    return bad;
}

Result<void> ChaCha20Poly1305::open(AeadNonce const& nonce, BytesView associated, BytesView sealed, Bytes& out) {
    std::size_t const at = out.size();
    out.resize(at + sealed.size());
    auto const size = open_into(nonce, associated, sealed, std::span{out}.subspan(at));
    out.resize(at + (size ? *size : 0));
    if (!size) return size.error();
    return ok();
}

}  // namespace ggen
