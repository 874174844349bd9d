#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "codec/json.hpp"
#include "exit_code.hpp"

namespace ggen::cli {

/// How the user wants to be talked to.
struct OutputStyle {
    bool json = false;
    bool plain = false;
    bool quiet = false;
    bool events = false;  ///< Progress and warnings are JSON lines on stderr.
    int verbosity = 0;
    bool color_out = false;
    bool color_err = false;
    unsigned width = 0;  ///< Columns of the terminal on stdout; 0 = do not cut.
};

/// Bytes [begin, end) of a text.
struct TextRange {
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// Columns of text; the last one takes what room is left.
struct Table {
    std::vector<std::string> headings;
    std::vector<std::vector<std::string>> rows;
    /// Parts of cells that stand out on a terminal with colours; shorter than `rows` where nothing does.
    std::vector<std::vector<std::vector<TextRange>>> marks = {};
};

/// stdout is data, stderr is talk. Every text passes escape_for_terminal here, so callers hand over
/// names and descriptions of strangers as they are.
class Output final : public Logger {
public:
    explicit Output(OutputStyle style);
    ~Output() override;
    Output(Output const&) = delete;
    Output& operator=(Output const&) = delete;

    [[nodiscard]] OutputStyle const& style() const { return style_; }
    [[nodiscard]] bool wants_json() const { return style_.json; }

    // Data, buffered until flush().
    void line(std::string_view text);
    void heading(std::string_view text);          ///< Left out with --plain.
    void field(std::string_view label, std::string_view value);  ///< Nothing when `value` is empty.
    void text(std::string_view lines);            ///< Each line by itself.
    void record(std::vector<std::string> const& cells);  ///< Separated by tabs, as --plain wants it.
    void raw(std::string_view bytes);             ///< Our own scripts and pages, as they are.
    void table(Table const& table);
    /// The one JSON document of this run; `schema` = "ggen.search/1".
    void document(std::string_view schema, Json members);
    /// False when standard output cannot take the data (a closed pipe is fine: the reader has enough).
    [[nodiscard]] bool flush();

    // Talk, at once.
    void note(std::string_view text);
    void warning(std::string_view text);
    void error(Error const& error, ExitCode code);
    void write(LogLevel level, std::string_view message) override;

    /// What stands below the talk and must be wiped before it (the progress lines).
    void set_wiper(void (*wipe)(void*), void* data) {
        wipe_ = wipe;
        wipe_data_ = data;
    }

private:
    void talk(std::string_view label, char const* color, std::string_view text);
    void put(std::string_view bytes);

    OutputStyle style_;
    std::string buffer_;
    bool is_broken_ = false;   // The reader went away.
    bool has_failed_ = false;  // The disk is full or the descriptor is closed.
    void (*wipe_)(void*) = nullptr;
    void* wipe_data_ = nullptr;
};

/// Columns that `text` takes on a terminal.
[[nodiscard]] std::size_t display_width(std::string_view text);
/// At most `width` columns, "…" at the end when cut.
[[nodiscard]] std::string cut_to_width(std::string_view text, std::size_t width);

/// `shown`, which is `text` or begins like it (cut, escaped), with those of the ranges of `text` that are shown in
/// bold. Ranges are ascending and do not overlap.
[[nodiscard]] std::string with_marks(std::string_view shown, std::string_view text,
                                     std::vector<TextRange> const& ranges);

/// "1.2 MiB", "812 B".
[[nodiscard]] std::string format_bytes(std::uint64_t bytes);
/// "0.8 ms", "12.3 s".
[[nodiscard]] std::string format_duration(std::uint64_t microseconds);
/// "1 package", "3 packages".
[[nodiscard]] std::string count_of(std::uint64_t count, std::string_view singular, std::string_view plural = {});

}  // namespace ggen::cli
