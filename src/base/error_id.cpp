#include "base/error_id.hpp"

#include <array>
#include <cstdio>

namespace ggen {
namespace {

constexpr std::array k_explanations = {
#include "base/error_explanations.inc"
};

}  // namespace

std::string error_id_text(ErrorId id) {
    char text[16];
    std::snprintf(text, sizeof text, "GM%04u", static_cast<unsigned>(id));
    return text;
}

std::span<ErrorExplanation const> error_explanations() { return k_explanations; }

std::optional<ErrorExplanation> find_error_explanation(std::string_view text) {
    if (text.size() >= 2 && (text[0] == 'G' || text[0] == 'g') && (text[1] == 'M' || text[1] == 'm')) {
        text.remove_prefix(2);
    }
    unsigned number = 0;
    if (text.empty() || text.size() > 4) return std::nullopt;
    for (char const c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        number = number * 10 + static_cast<unsigned>(c - '0');
    }
    for (auto const& explanation : k_explanations) {
        if (static_cast<unsigned>(explanation.id) == number) return explanation;
    }
    return std::nullopt;
}

}  // namespace ggen
