#include "spec/toml_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ggen {

namespace {

bool needs_escape(char c) {
    auto const byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F || c == '"' || c == '\\';
}

}  // namespace

std::string toml_string(std::string_view text) {
    auto const plain_end = std::find_if(text.begin(), text.end(), needs_escape);
    auto const plain = static_cast<std::size_t>(plain_end - text.begin());
    std::string out;
    out.reserve(text.size() + 2);
    out += '"';
    out += text.substr(0, plain);
    for (char const c : text.substr(plain)) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\t':
                out += "\\t";
                break;
            case '\r':
                out += "\\r";
                break;
            default: {
                auto const byte = static_cast<unsigned char>(c);
                if (byte < 0x20 || byte == 0x7F) {
                    out += fmt::format("\\u{:04X}", byte);
                } else {
                    out += c;
                }
            }
        }
    }
    out += '"';
    return out;
}

std::string toml_key(std::string_view text) {
    auto const is_bare = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_';
    };
    if (!text.empty() && std::all_of(text.begin(), text.end(), is_bare)) return std::string{text};
    return toml_string(text);
}

}  // namespace ggen
