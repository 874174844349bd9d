#include "merkle/lines.hpp"

#include <algorithm>
#include <charconv>

#include "codec/base64.hpp"
#include "merkle/tree.hpp"

namespace ggen::merkle {

std::optional<std::string_view> take_line(std::string_view& rest) {
    auto const end = rest.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    auto const line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return line;
}

std::optional<std::uint64_t> parse_count(std::string_view text) {
    if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
    std::uint64_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value > k_tree_size_max) return std::nullopt;
    return value;
}

std::optional<Digest> parse_hash(std::string_view text) {
    auto const bytes = base64_decode(text);
    if (!bytes || bytes->size() != Digest::k_bytes) return std::nullopt;
    Digest digest;
    std::copy(bytes->begin(), bytes->end(), digest.bytes.begin());
    return digest;
}

}  // namespace ggen::merkle
