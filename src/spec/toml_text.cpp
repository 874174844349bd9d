#include "spec/toml_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ggen {

std::string toml_string(std::string_view text) {
    std::string out = "\"";
    for (char const c : text) {
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
    return out + '"';
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
