#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ggen {

/// A pattern of `include` and `exclude`, as in a .gitignore file:
///
///   `*` any characters but '/', `?` one character but '/', `**` between slashes any folders;
///   a pattern with a '/' before its end counts from the top, another one matches at any depth;
///   a trailing '/' wants a folder; whatever matches a folder matches everything in it.
///
/// All other characters stand for themselves, '[' too; bytes compare as they are.
class Glob {
public:
    static constexpr std::size_t k_bytes_max = 256;

    /// Errors: invalid (manifest_invalid): empty, too long, '\\', '!' first, "." or ".." as a part.
    [[nodiscard]] static Result<Glob> parse(std::string_view text);

    /// `path` is relative to the top, with '/' between its parts, and names a file.
    /// Takes time in proportion to the length of the path, times the (bounded) pattern.
    [[nodiscard]] bool matches(std::string_view path) const;
    [[nodiscard]] std::string const& text() const { return text_; }

private:
    struct Item {
        enum class Kind : unsigned char { character, any_one, any_in_part, any_folders };
        Kind kind;
        char character = '\0';
    };
    std::string text_;
    std::vector<Item> items_;
    bool wants_folder_ = false;
};

}  // namespace ggen
