// A note that parses prints to the same bytes, and no bytes but the committed note verify.
#include <cstdint>
#include <string_view>

#include "merkle/note.hpp"

namespace ggen::merkle {

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static auto const k_key =
        VerifierKey::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").value();
    constexpr std::string_view k_signed_text =
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    std::string_view const bytes{reinterpret_cast<char const*>(data), size};
    if (auto const key = VerifierKey::parse(bytes)) GGEN_ASSERT(key->text() == bytes);
    if (auto const key = SignerKey::parse(bytes)) GGEN_ASSERT(key->text() == bytes);
    auto const note = Note::parse(bytes);
    if (!note) return 0;
    GGEN_ASSERT(note->print() == bytes && note->signatures.size() <= k_note_signatures_max);
    if (verify_note(*note, {k_key})) GGEN_ASSERT(note->text == k_signed_text);
    return 0;
}

}  // namespace ggen::merkle
