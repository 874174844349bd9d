#include "spec/lockfile_reader.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

#include "spec/text_checks.hpp"
#include "spec/version_grammar.hpp"

namespace ggen {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// Ends a run of characters that stand for themselves in a string.
bool ends_run(char c) {
    auto const byte = static_cast<unsigned char>(c);
    return c == '"' || c == '\\' || byte < 0x20 || byte == 0x7F;
}

/// A cursor over one line.
class Line {
public:
    Line(std::string_view text, std::size_t number) : text_(text), number_(number) {}

    [[nodiscard]] Error error(std::string_view problem) const {
        return lockfile_error(number_, position_at(text_, at_).column, problem);
    }
    /// `problem` at the value that was read last.
    [[nodiscard]] Error value_error(Error cause) const {
        auto error = lockfile_error(number_, position_at(text_, value_at_).column, cause.context);
        error.help = std::move(cause.help);
        return error;
    }

    void skip_blanks() {
        while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    }
    [[nodiscard]] bool is_at_end() {
        skip_blanks();
        return at_ == text_.size() || text_[at_] == '#';
    }
    [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    bool accept(std::string_view expected) {
        skip_blanks();
        if (!text_.substr(at_).starts_with(expected)) return false;
        at_ += expected.size();
        return true;
    }
    [[nodiscard]] Result<void> expect(std::string_view expected) {
        if (accept(expected)) return ok();
        return error("expected " + std::string{expected});
    }
    [[nodiscard]] Result<void> expect_end() {
        if (is_at_end()) return ok();
        return error("nothing more is expected on this line");
    }

    /// Lower-case letters.
    std::string_view read_bare_key() {
        skip_blanks();
        auto const begin = at_;
        while (at_ < text_.size() && text_[at_] >= 'a' && text_[at_] <= 'z') ++at_;
        return text_.substr(begin, at_ - begin);
    }

    [[nodiscard]] Result<std::string> read_string() {
        skip_blanks();
        value_at_ = at_;
        if (peek() != '"') return error("expected a string in double quotes");
        ++at_;
        std::string out;
        while (true) {
            // Nearly every string is one run of plain characters.
            auto const rest = text_.substr(at_);
            auto const run_end = std::find_if(rest.begin(), rest.end(), ends_run);
            out.append(rest.begin(), run_end);
            at_ += static_cast<std::size_t>(run_end - rest.begin());
            if (at_ == text_.size()) return error("the string does not end");
            if (peek() == '"') break;
            if (peek() != '\\') return error("a control character is not allowed");
            RETURN_IF_ERROR(read_escape(&out));
        }
        ++at_;
        return out;
    }

    [[nodiscard]] Result<std::uint64_t> read_number() {
        skip_blanks();
        value_at_ = at_;
        auto const end = version_grammar::scan_number(text_, at_);
        auto const value = version_grammar::number_value(text_.substr(at_, end - at_));
        if (end == at_ || !value) return error("expected a whole number below 2^63");
        at_ = end;
        return *value;
    }

private:
    Result<void> read_escape(std::string* out) {
        constexpr std::string_view k_letters = "\"\\ntr";
        constexpr std::string_view k_meanings = "\"\\\n\t\r";
        char const letter = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
        if (auto const found = k_letters.find(letter); found != std::string_view::npos) {
            *out += k_meanings[found];
            at_ += 2;
            return ok();
        }
        if (letter != 'u') return error("this escape is not one that ggen writes");
        unsigned value = 0;
        for (std::size_t i = at_ + 2; i < at_ + 6; ++i) {
            constexpr std::string_view k_digits = "0123456789ABCDEF";
            auto const digit = i < text_.size() ? k_digits.find(text_[i]) : std::string_view::npos;
            if (digit == std::string_view::npos) return error("\\u wants four hexadecimal digits");
            value = value * 16 + static_cast<unsigned>(digit);
        }
        if (value == 0 || value > 0x7F) return error("this escape is not one that ggen writes");
        *out += static_cast<char>(value);
        at_ += 6;
        return ok();
    }

    std::string_view text_;
    std::size_t number_;
    std::size_t at_ = 0;
    std::size_t value_at_ = 0;
};

/// The keys of a [[package]] block.
enum class Field : std::uint8_t { name, version, origin, archive, tree, leaf, index, size, dependencies };
constexpr std::array<std::string_view, 9> k_field_names{"name", "version", "origin", "archive",     "tree",
                                                        "leaf", "index",   "size",   "dependencies"};

/// A block whose keys are still coming in.
struct OpenPackage {
    std::size_t line = 0;
    std::array<bool, k_field_names.size()> seen{};
    std::optional<PackageName> name;
    Version version;
    std::string origin;
    Digest archive;
    Digest tree;
    Digest leaf;
    std::uint64_t index = 0;
    std::uint64_t size = 0;
    std::map<PackageName, std::string> dependencies;
};

class Reader {
public:
    [[nodiscard]] Result<Lockfile> read(std::string_view text) {
        std::size_t number = 0;
        while (!text.empty()) {
            auto const end = std::min(text.find('\n'), text.size());
            auto content = text.substr(0, end);
            if (!content.empty() && content.back() == '\r') content.remove_suffix(1);
            Line line{content, ++number};
            if (!line.is_at_end()) RETURN_IF_ERROR(on_line(line, number));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
        if (section_ == Section::dependencies) {
            return lockfile_error(number, 1, "the list of dependencies does not end");
        }
        RETURN_IF_ERROR(close_package());
        if (!has_format_) return lockfile_error(1, 1, "version = 1 is missing");
        return std::move(lockfile_);
    }

private:
    enum class Section : std::uint8_t { head, requirements, package, dependencies };

    Result<void> on_line(Line& line, std::size_t number) {
        if (section_ == Section::dependencies) return on_dependency(line);
        if (line.peek() == '[') return on_header(line, number);
        switch (section_) {
            case Section::head:
                return on_head_key(line);
            case Section::requirements:
                return on_requirement(line);
            default:
                return on_package_key(line);
        }
    }

    Result<void> on_header(Line& line, std::size_t number) {
        if (!has_format_) return line.error("version = 1 must come first");
        RETURN_IF_ERROR(close_package());
        if (line.accept("[[package]]")) {
            section_ = Section::package;
            package_.emplace();
            package_->line = number;
        } else if (line.accept("[requirements]")) {
            if (std::exchange(has_requirements_, true)) return line.error("a second [requirements]");
            section_ = Section::requirements;
        } else {
            return line.error("expected [requirements] or [[package]]");
        }
        return line.expect_end();
    }

    Result<void> on_head_key(Line& line) {
        auto const key = line.read_bare_key();
        if (key != "version" || std::exchange(has_format_, true)) {
            return line.error("expected one version = 1, then [requirements]");
        }
        RETURN_IF_ERROR(line.expect("="));
        ASSIGN_OR_RETURN(auto const version, line.read_number());
        if (version != static_cast<std::uint64_t>(Lockfile::k_format_version)) {
            return with_help(
                line.error("format version " + std::to_string(version) + " is not one this ggen reads"),
                "use a newer ggen, or run `ggen lock` to write the file again");
        }
        return line.expect_end();
    }

    Result<void> on_requirement(Line& line) {
        ASSIGN_OR_RETURN(auto const key, line.read_string());
        auto name = PackageName::parse(key);
        if (!name) return line.value_error(std::move(name).error());
        RETURN_IF_ERROR(line.expect("="));
        ASSIGN_OR_RETURN(auto range, line.read_string());
        if (auto const parsed = VersionRange::parse(range); !parsed) {
            return line.value_error(parsed.error());
        }
        if (!lockfile_.requirements.emplace(*std::move(name), std::move(range)).second) {
            return line.error("requirement " + quoted(key) + " stands here twice");
        }
        return line.expect_end();
    }

    Result<void> on_package_key(Line& line) {
        auto const key = line.read_bare_key();
        auto const found = std::find(k_field_names.begin(), k_field_names.end(), key);
        if (found == k_field_names.end()) return line.error("expected a key of [[package]]");
        auto const at = static_cast<std::size_t>(found - k_field_names.begin());
        if (std::exchange(package_->seen[at], true)) {
            return line.error(std::string{key} + " stands here twice");
        }
        RETURN_IF_ERROR(line.expect("="));
        RETURN_IF_ERROR(read_field(static_cast<Field>(at), line));
        return line.expect_end();
    }

    Result<void> read_field(Field field, Line& line) {
        switch (field) {
            case Field::name:
                return read_name(line);
            case Field::version:
                return read_version(line);
            case Field::origin:
                return read_origin(line);
            case Field::archive:
                return read_digest(line, &package_->archive);
            case Field::tree:
                return read_digest(line, &package_->tree);
            case Field::leaf:
                return read_digest(line, &package_->leaf);
            case Field::index:
                return read_number(line, &package_->index);
            case Field::size:
                return read_number(line, &package_->size);
            case Field::dependencies:
                section_ = Section::dependencies;
                return line.expect("[");
        }
        return ok();
    }

    Result<void> read_name(Line& line) {
        ASSIGN_OR_RETURN(auto const text, line.read_string());
        auto name = PackageName::parse(text);
        if (!name) return line.value_error(std::move(name).error());
        package_->name = *std::move(name);
        return ok();
    }

    Result<void> read_version(Line& line) {
        ASSIGN_OR_RETURN(auto const text, line.read_string());
        auto version = Version::parse(text);
        if (!version) return line.value_error(std::move(version).error());
        package_->version = *std::move(version);
        return ok();
    }

    Result<void> read_origin(Line& line) {
        ASSIGN_OR_RETURN(package_->origin, line.read_string());
        if (package_->origin.empty()) return line.error("the origin is empty");
        return ok();
    }

    static Result<void> read_digest(Line& line, Digest* out) {
        ASSIGN_OR_RETURN(auto const text, line.read_string());
        auto digest = Digest::parse(text);
        if (!digest) return line.value_error(std::move(digest).error());
        *out = *digest;
        return ok();
    }

    static Result<void> read_number(Line& line, std::uint64_t* out) {
        ASSIGN_OR_RETURN(*out, line.read_number());
        return ok();
    }

    Result<void> on_dependency(Line& line) {
        if (line.accept("]")) {
            section_ = Section::package;
            return line.expect_end();
        }
        ASSIGN_OR_RETURN(auto const text, line.read_string());
        auto const blank = std::min(text.find(' '), text.size());
        auto name = PackageName::parse(std::string_view{text}.substr(0, blank));
        if (!name) return line.value_error(std::move(name).error());
        auto range = text.substr(std::min(blank + 1, text.size()));
        if (!ranges_.contains(range)) {
            if (auto const parsed = VersionRange::parse(range); !parsed) return line.value_error(parsed.error());
            ranges_.insert(range);
        }
        if (!package_->dependencies.emplace(*std::move(name), std::move(range)).second) {
            return line.error("dependency " + quoted(text) + " stands here twice");
        }
        RETURN_IF_ERROR(line.expect(","));
        return line.expect_end();
    }

    Result<void> close_package() {
        if (!package_) return ok();
        for (std::size_t i = 0; i < k_field_names.size(); ++i) {
            bool const is_required = static_cast<Field>(i) != Field::dependencies;
            if (!is_required || package_->seen[i]) continue;
            return lockfile_error(package_->line, 1, "this package has no " + std::string{k_field_names[i]});
        }
        auto const name = *package_->name;
        LockedPackage locked{.name = name,
                             .version = std::move(package_->version),
                             .origin = std::move(package_->origin),
                             .archive = package_->archive,
                             .tree = package_->tree,
                             .leaf = package_->leaf,
                             .index = package_->index,
                             .archive_bytes = package_->size,
                             .dependencies = std::move(package_->dependencies)};
        if (!lockfile_.packages.emplace(name, std::move(locked)).second) {
            return lockfile_error(package_->line, 1, "package " + quoted(name.text()) + " stands here twice");
        }
        package_.reset();
        return ok();
    }

    Lockfile lockfile_;
    Section section_ = Section::head;
    bool has_format_ = false;
    bool has_requirements_ = false;
    std::optional<OpenPackage> package_;
    std::unordered_set<std::string> ranges_;  // That parse: few are written again and again.
};

}  // namespace

Error lockfile_error(std::size_t line, std::size_t column, std::string_view problem) {
    return {Errc::invalid, ErrorId::lockfile_invalid,
            place_text("ggen.lock", {line, column}) + std::string{problem}};
}

Result<Lockfile> read_lockfile(std::string_view text) { return Reader{}.read(text); }

}  // namespace ggen
