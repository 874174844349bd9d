#include "p2p/kad/validator.hpp"

#include <algorithm>
#include <array>

#include "p2p/identity/identity.hpp"

namespace ggen::p2p {
namespace {

constexpr std::string_view k_public_key_prefix = "/pk/";

/// "ns" of "/ns/rest"; empty when the key has no such form.
std::string_view namespace_of(BytesView key) {
    auto const text = as_text(key);
    if (text.size() < 3 || text.front() != '/') return {};
    auto const end = text.find('/', 1);
    return end == std::string_view::npos ? std::string_view{} : text.substr(1, end - 1);
}

}  // namespace

Result<void> PublicKeyValidator::validate(BytesView key, BytesView value) const {
    auto const public_key = decode_public_key(value);
    if (!public_key) return Error{Errc::refused, "not a public key: " + public_key.error().context};
    auto const id = peer_id_of(*public_key);
    if (!std::ranges::equal(key.subspan(k_public_key_prefix.size()), id.bytes())) {
        return Error{Errc::refused, "the public key belongs to another peer"};
    }
    return ok();
}

std::size_t PublicKeyValidator::select(BytesView /*key*/, std::span<BytesView const> /*values*/) const {
    return 0;  // there is only one right value
}

void RecordValidators::add(std::string name, std::shared_ptr<RecordValidator const> validator) {
    validators_.insert_or_assign(std::move(name), std::move(validator));
}

RecordValidator const* RecordValidators::find(BytesView key) const {
    auto const at = validators_.find(namespace_of(key));
    return at == validators_.end() ? nullptr : at->second.get();
}

Result<void> RecordValidators::validate(BytesView key, BytesView value) const {
    auto const* const validator = find(key);
    if (validator == nullptr) return Error{Errc::refused, "no validator knows the namespace of this key"};
    return validator->validate(key, value);
}

bool RecordValidators::is_better(BytesView key, BytesView challenger, BytesView holder) const {
    auto const* const validator = find(key);
    if (validator == nullptr) return false;
    std::array const values{holder, challenger};
    return validator->select(key, values) == 1;
}

}  // namespace ggen::p2p
