#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "metadata/version_key.hpp"
#include "spec/version_range.hpp"

/// Ranges as the comparators that they stand for, so that no text is parsed when a package's versions are asked which
/// of them match (docs/formats/metadata-index.md, "range code").
namespace ggen::metadata {

struct KeyComparator {
    VersionRange::Operator op = VersionRange::Operator::equal;
    VersionKey version;
};
using KeyComparatorSet = std::vector<KeyComparator>;

/// Appends the code of `range`. Equal sets of comparators give equal bytes.
void append_range_code(Bytes& out, VersionRange const& range);

/// Replaces `sets` by what `code` says; the keys point into it. False, and `sets` of no meaning, for bytes that
/// append_range_code cannot have written.
[[nodiscard]] bool read_range_code(BytesView code, std::vector<KeyComparatorSet>& sets);

}  // namespace ggen::metadata
