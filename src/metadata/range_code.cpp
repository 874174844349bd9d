#include "metadata/range_code.hpp"

namespace ggen::metadata {
namespace {

constexpr unsigned k_operators = 5;
constexpr std::uint8_t k_has_prerelease = 8;  // Beside the operator's number.
constexpr std::uint64_t k_continues = 0x80;

void append_number(Bytes& out, std::uint64_t value) {
    for (; value >= k_continues; value >>= 7U) out.push_back(static_cast<std::uint8_t>(value | k_continues));
    out.push_back(static_cast<std::uint8_t>(value));
}

/// A number of at most nine bytes, as varints of 63 bits have.
bool read_number(BytesView& code, std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 63 && !code.empty(); shift += 7) {
        auto const byte = code.front();
        code = code.subspan(1);
        value |= std::uint64_t{byte & 0x7fU} << shift;
        if (byte < k_continues) return true;
    }
    return false;
}

bool read_comparator(BytesView& code, KeyComparator& out) {
    if (code.empty()) return false;
    auto const head = code.front();
    code = code.subspan(1);
    auto const op = static_cast<unsigned>(head & (k_has_prerelease - 1U));
    if (op >= k_operators || head > (k_has_prerelease | (k_operators - 1U))) return false;
    out.op = static_cast<VersionRange::Operator>(op);
    out.version.prerelease = {};
    if (!read_number(code, out.version.major) || !read_number(code, out.version.minor) ||
        !read_number(code, out.version.patch))
        return false;
    if ((head & k_has_prerelease) == 0) return true;
    std::uint64_t length = 0;
    if (!read_number(code, length) || length == 0 || length > code.size()) return false;
    out.version.prerelease = as_text(code.first(length));
    code = code.subspan(length);
    return true;
}

}  // namespace

void append_range_code(Bytes& out, VersionRange const& range) {
    append_number(out, range.sets().size());
    for (auto const& set : range.sets()) {
        append_number(out, set.size());
        for (auto const& [op, version] : set) {
            auto const prerelease = prerelease_text(version);
            out.push_back(static_cast<std::uint8_t>(static_cast<unsigned>(op) |
                                                    (prerelease.empty() ? 0U : unsigned{k_has_prerelease})));
            append_number(out, version.major());
            append_number(out, version.minor());
            append_number(out, version.patch());
            if (prerelease.empty()) continue;
            append_number(out, prerelease.size());
            out.insert(out.end(), prerelease.begin(), prerelease.end());
        }
    }
}

bool read_range_code(BytesView code, std::vector<KeyComparatorSet>& sets) {
    std::uint64_t set_count = 0;
    if (!read_number(code, set_count) || set_count > code.size()) return false;
    sets.assign(set_count, {});
    for (auto& set : sets) {
        std::uint64_t comparators = 0;
        if (!read_number(code, comparators) || comparators > code.size()) return false;
        set.resize(comparators);
        for (auto& comparator : set) {
            if (!read_comparator(code, comparator)) return false;
        }
    }
    return code.empty();
}

}  // namespace ggen::metadata
