// Answers the differential test against npm's semver (tests/interop/semver/diff.mjs).
//
// Input lines:  RANGE<TAB>VERSION  answered by 1 or 0, E (no range) or V (no version)
//               RANGE              answered by "=" and the canonical text, or E
// Blanks other than spaces, and tabs in a range, are written \t, \n, \v, \f, \r.
#include <cstdio>
#include <string>
#include <string_view>

#include "spec/version.hpp"
#include "spec/version_range.hpp"

namespace {

std::string unescaped(std::string_view text) {
    constexpr std::string_view k_letters = "tnvfr";
    constexpr std::string_view k_blanks = "\t\n\v\f\r";
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const letter = i + 1 < text.size() ? k_letters.find(text[i + 1]) : std::string_view::npos;
        if (text[i] == '\\' && letter != std::string_view::npos) {
            out += k_blanks[letter];
            ++i;
        } else {
            out += text[i];
        }
    }
    return out;
}

std::string answer(std::string_view line) {
    auto const tab = line.find('\t');
    auto const range = ggen::VersionRange::parse(unescaped(line.substr(0, tab)));
    if (!range) return "E";
    if (tab == std::string_view::npos) return "=" + range->canonical_text();
    auto const version = ggen::Version::parse(line.substr(tab + 1));
    if (!version) return "V";
    return range->matches(*version) ? "1" : "0";
}

}  // namespace

int main() {
    std::string line;
    for (int c = std::getchar(); c != EOF; c = std::getchar()) {
        if (c != '\n') {
            line += static_cast<char>(c);
            continue;
        }
        std::puts(answer(line).c_str());
        line.clear();
    }
    return 0;
}
