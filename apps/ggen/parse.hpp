#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "table.hpp"

namespace ggen::cli {

/// A command line that was understood.
struct Invocation {
    CommandSpec const* command = nullptr;  ///< Null: no command was named.
    std::string path;                      ///< Words of the command so far ("registry" when incomplete).
    bool wants_help = false;
    std::vector<std::string> positionals;
    /// By long name, one value per occurrence; "" for switches.
    std::map<std::string, std::vector<std::string>, std::less<>> flags;

    [[nodiscard]] bool has(std::string_view flag) const { return flags.find(flag) != flags.end(); }
    [[nodiscard]] std::size_t count(std::string_view flag) const;
    /// The last one, "" when absent.
    [[nodiscard]] std::string value(std::string_view flag) const;
    [[nodiscard]] std::vector<std::string> values(std::string_view flag) const;
    /// The `index`th positional, "" when absent.
    [[nodiscard]] std::string positional(std::size_t index) const;
};

/// Reads the words after the program's name by the tables. `marketplace` and `market` in front mean
/// nothing. Flags may stand anywhere after their command, global ones anywhere; `--` ends them;
/// `--flag=value`, `--flag value`, `-fvalue`, `-f value` and joined switches (`-dj`) are understood.
class CommandLine {
public:
    /// Never fails by itself: a mistake is kept in `failure()`.
    explicit CommandLine(std::span<std::string const> words);
    [[nodiscard]] Invocation const& invocation() const { return invocation_; }
    /// Errors: invalid (usage), with a hint.
    [[nodiscard]] std::optional<Error> const& failure() const { return failure_; }

private:
    void read_word(std::string const& word);
    void read_long_flag(std::string_view text);
    void read_letters(std::string_view text);
    void store(FlagSpec const& flag, std::string value);
    void name_command(std::string const& word);
    void finish();
    /// What stands behind a mistake still says how to talk about it (--json, --quiet).
    void heed_style_flags();
    void fail(std::string text, std::string help);
    /// The word after the present one as a value; fails when there is none.
    [[nodiscard]] std::optional<std::string> take_value(FlagSpec const& flag);
    [[nodiscard]] FlagSpec const* find_flag(std::string_view name, char letter) const;
    void unknown_flag(std::string const& shown);

    std::vector<std::string> words_;
    std::size_t next_ = 0;
    bool flags_ended_ = false;
    Invocation invocation_;
    std::optional<Error> failure_;
};

}  // namespace ggen::cli
