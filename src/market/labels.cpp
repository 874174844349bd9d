#include "market/labels.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace ggen::detail {
namespace {

constexpr std::size_t k_word_bytes_max = 60;
constexpr std::size_t k_name_word_bytes_max = 30;

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

}  // namespace

std::string path_word(std::string_view text) {
    std::string out{text.substr(0, k_word_bytes_max)};
    for (char& c : out) {
        bool const is_plain = is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-';
        if (!is_plain) c = '_';
    }
    // No hidden file, no "..".
    if (out.empty() || out.front() == '.') out.insert(0, "_");
    return out;
}

std::string registry_label(std::string_view origin, Digest const& root_fingerprint) {
    auto const both = sha256_joined(as_bytes(std::string{origin} + '\n'), root_fingerprint.view());
    return path_word(origin) + "-" + both.hex().substr(0, 12);
}

std::string writer_label(merkle::VerifierKey const& log_key) {
    return path_word(log_key.name) + "-" + sha256(log_key.key.bytes).hex().substr(0, 12);
}

bool is_peer_location(std::string_view location) { return location.starts_with("p2p:"); }

std::string folder_of(std::string_view location) {
    if (is_peer_location(location)) return {};
    if (location.starts_with("file://")) return std::string{location.substr(7)};
    return location.find("://") == std::string_view::npos ? std::string{location} : std::string{};
}

std::string name_word(std::string_view text, std::string_view fallback) {
    std::string out;
    for (char c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (is_lower_or_digit(c)) out += c;
        else if (!out.empty() && out.back() != '-') out += '-';
        if (out.size() == k_name_word_bytes_max) break;
    }
    while (!out.empty() && out.back() == '-') out.pop_back();
    return out.empty() ? std::string{fallback} : out;
}

std::string user_word() {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> buffer{};
    bool const is_known = ::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0;
    return name_word(is_known && found != nullptr ? found->pw_name : "", "local");
}

std::string host_word() {
    std::array<char, 256> buffer{};
    if (::gethostname(buffer.data(), buffer.size() - 1) != 0) return "host";
    return name_word(buffer.data(), "host");
}

}  // namespace ggen::detail
