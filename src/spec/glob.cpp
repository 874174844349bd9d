#include "spec/glob.hpp"

#include <algorithm>

#include "spec/text_checks.hpp"

namespace ggen {
namespace {

std::string_view pattern_problem(std::string_view text) {
    if (text.empty()) return "it is empty";
    if (text.size() > Glob::k_bytes_max) return "it is longer than 256 bytes";
    if (text.front() == '!') return "a leading '!' is not supported; use include and exclude";
    if (text.find('\\') != std::string_view::npos) return "'\\' is not allowed; folders end in '/'";
    if (text == "/") return "it names the package itself";
    for (std::size_t at = 0; at <= text.size();) {
        auto const end = std::min(text.find('/', at), text.size());
        auto const part = text.substr(at, end - at);
        if (part == "." || part == "..") return "\".\" and \"..\" are not allowed";
        bool const is_at_an_end = at == 0 || end == text.size();
        if (part.empty() && !is_at_an_end) return "it has two slashes in a row";
        at = end + 1;
    }
    return {};
}

}  // namespace

Result<Glob> Glob::parse(std::string_view text) {
    if (auto const problem = pattern_problem(text); !problem.empty()) {
        return Error{Errc::invalid, ErrorId::manifest_invalid,
                     "pattern " + quoted(text) + ": " + std::string{problem}};
    }
    Glob glob;
    glob.text_ = text;
    if (text.back() == '/') {
        glob.wants_folder_ = true;
        text.remove_suffix(1);
    }
    bool const is_anchored = text.find('/') != std::string_view::npos;
    if (!is_anchored) glob.items_.push_back({Item::Kind::any_folders});
    if (text.front() == '/') text.remove_prefix(1);
    for (std::size_t at = 0; at < text.size();) {
        bool const starts_part = at == 0 || text[at - 1] == '/';
        if (starts_part && text.substr(at, 3) == "**/") {
            glob.items_.push_back({Item::Kind::any_folders});
            at += 3;
        } else if (starts_part && text.substr(at) == "**") {
            // At the end: everything below, that is, at least one more part.
            glob.items_.push_back({Item::Kind::any_folders});
            glob.items_.push_back({Item::Kind::any_one});
            glob.items_.push_back({Item::Kind::any_in_part});
            at += 2;
        } else if (text[at] == '*') {
            bool const is_repeated =
                !glob.items_.empty() && glob.items_.back().kind == Item::Kind::any_in_part;
            if (!is_repeated) glob.items_.push_back({Item::Kind::any_in_part});
            ++at;
        } else {
            auto const kind = text[at] == '?' ? Item::Kind::any_one : Item::Kind::character;
            glob.items_.push_back({kind, text[at]});
            ++at;
        }
    }
    return glob;
}

// All positions in the pattern that the path so far can have reached, advanced one byte at a time:
// no pattern makes this go back.
bool Glob::matches(std::string_view path) const {
    std::vector<char> reached(items_.size() + 1, 0);
    std::vector<char> next(items_.size() + 1, 0);
    auto const skip_empty = [&](std::vector<char>& states) {
        for (std::size_t i = 0; i < items_.size(); ++i) {
            // 2 marks "inside a folder that `**` skips": what follows starts behind its '/'.
            bool const may_be_empty =
                items_[i].kind == Item::Kind::any_in_part || items_[i].kind == Item::Kind::any_folders;
            if (states[i] == 1 && may_be_empty) states[i + 1] = 1;
        }
    };
    reached[0] = 1;
    skip_empty(reached);
    for (std::size_t at = 0; at < path.size(); ++at) {
        char const c = path[at];
        bool const is_part_end = c == '/';
        if (is_part_end && reached[items_.size()] != 0) return true;  // A folder above matches.
        next.assign(next.size(), 0);
        // `?` is one character, not one byte: bytes that continue one change nothing.
        bool const is_continuation = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
        for (std::size_t i = 0; i < items_.size(); ++i) {
            if (reached[i] == 0) continue;
            switch (items_[i].kind) {
                case Item::Kind::character:
                    if (items_[i].character == c) next[i + 1] = 1;
                    break;
                case Item::Kind::any_one:
                    if (!is_part_end && !is_continuation) next[i + 1] = 1;
                    break;
                case Item::Kind::any_in_part:
                    if (!is_part_end) next[i] = 1;
                    break;
                case Item::Kind::any_folders:
                    next[i] = is_part_end ? 1 : 2;
                    break;
            }
        }
        if (is_continuation) {
            for (std::size_t i = 1; i <= items_.size(); ++i) {
                bool const after_any_one = items_[i - 1].kind == Item::Kind::any_one;
                if (reached[i] != 0 && after_any_one) next[i] = 1;
            }
        }
        skip_empty(next);
        reached.swap(next);
    }
    return reached[items_.size()] != 0 && !wants_folder_;
}

}  // namespace ggen
