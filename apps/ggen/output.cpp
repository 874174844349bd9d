#include "output.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "archive/archive.hpp"
#include "error_document.hpp"

namespace ggen::cli {
namespace {

constexpr std::size_t k_buffer_bytes_max = std::size_t{64} * 1024;
constexpr char const* k_red = "\x1b[31;1m";
constexpr char const* k_yellow = "\x1b[33;1m";
constexpr char const* k_bold = "\x1b[1m";
constexpr char const* k_reset = "\x1b[0m";

/// 0, or the errno that stopped the write.
int write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        auto const n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return 0;
}

std::vector<std::string> escaped_lines(std::string_view text) {
    std::vector<std::string> lines;
    while (true) {
        auto const end = text.find('\n');
        lines.push_back(escape_for_terminal(text.substr(0, end)));
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
        if (text.empty()) break;
    }
    return lines;
}

}  // namespace

Output::Output(OutputStyle style) : style_(style) {}

Output::~Output() { put({}); }

void Output::put(std::string_view bytes) {
    buffer_ += bytes;
    if (bytes.empty() || buffer_.size() >= k_buffer_bytes_max) {
        int const code = is_broken_ || has_failed_ ? 0 : write_all(STDOUT_FILENO, buffer_);
        if (code == EPIPE) is_broken_ = true;
        else if (code != 0) has_failed_ = true;
        buffer_.clear();
    }
}

bool Output::flush() {
    if (!buffer_.empty()) put({});
    return !has_failed_;
}

void Output::raw(std::string_view bytes) {
    if (!bytes.empty()) put(bytes);
}

void Output::line(std::string_view text) { raw(escape_for_terminal(text) + "\n"); }

void Output::heading(std::string_view text) {
    if (style_.plain) return;
    auto const safe = escape_for_terminal(text);
    raw(style_.color_out ? k_bold + safe + k_reset + "\n" : safe + "\n");
}

void Output::field(std::string_view label, std::string_view value) {
    if (value.empty()) return;
    if (style_.plain) raw(fmt::format("{}\t{}\n", label, escape_for_terminal(value)));
    else raw(fmt::format("{:<14} {}\n", label, escape_for_terminal(value)));
}

void Output::text(std::string_view lines) {
    for (auto const& line : escaped_lines(lines)) raw(line + "\n");
}

void Output::record(std::vector<std::string> const& cells) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) line += (i == 0 ? "" : "\t") + escape_for_terminal(cells[i]);
    raw(line + "\n");
}

void Output::document(std::string_view schema, Json members) {
    auto document = Json::object();
    document.set("schema", schema);
    if (auto const* const object = members.if_object()) {
        for (auto const& [key, value] : *object) document.set(key, value);
    }
    raw(document.dump(2) + "\n");
}

void Output::table(Table const& table) {
    std::vector<std::vector<std::string>> rows;
    if (!style_.plain && !table.rows.empty()) rows.push_back(table.headings);
    std::size_t const first_data = rows.size();
    for (auto const& row : table.rows) {
        auto& copy = rows.emplace_back();
        for (auto const& cell : row) copy.push_back(escape_for_terminal(cell));
    }
    std::vector<std::size_t> widths(table.headings.size(), 0);
    for (auto const& row : rows) {
        for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
            widths[i] = std::max(widths[i], display_width(row[i]));
        }
    }
    // What of cell (r, i) stands out; display widths do not change.
    auto const marked = [&](std::size_t r, std::size_t i, std::string const& shown) {
        auto const row = r - first_data;
        bool const has_marks = style_.color_out && r >= first_data && row < table.marks.size() &&
                               i < table.marks[row].size();
        return has_marks ? with_marks(shown, table.rows[row][i], table.marks[row][i]) : shown;
    };
    for (std::size_t r = 0; r < rows.size(); ++r) {
        std::string line;
        std::size_t used = 0;
        for (std::size_t i = 0; i < rows[r].size(); ++i) {
            auto const& cell = rows[r][i];
            bool const is_last = i + 1 == rows[r].size();
            if (style_.plain) line += cell + (is_last ? "" : "\t");
            else if (!is_last) line += marked(r, i, cell) + std::string(widths[i] - display_width(cell) + 2, ' ');
            else if (style_.width > used + 8) line += marked(r, i, cut_to_width(cell, style_.width - used));
            else line += marked(r, i, cell);
            used += widths[std::min(i, widths.size() - 1)] + 2;
        }
        line.erase(line.find_last_not_of(' ') + 1);
        bool const is_heading = r < first_data;
        raw(is_heading && style_.color_out ? k_bold + line + k_reset + "\n" : line + "\n");
    }
}

std::string with_marks(std::string_view shown, std::string_view text, std::vector<TextRange> const& ranges) {
    std::size_t common = 0;  // Behind it the text was cut or escaped, and ranges mean nothing.
    while (common < shown.size() && common < text.size() && shown[common] == text[common]) ++common;
    std::string out;
    std::size_t done = 0;
    for (auto const& range : ranges) {
        if (range.begin < done || range.begin >= range.end || range.end > common) continue;
        out.append(shown.substr(done, range.begin - done)).append(k_bold);
        out.append(shown.substr(range.begin, range.end - range.begin)).append(k_reset);
        done = range.end;
    }
    return out.append(shown.substr(done));
}

void Output::talk(std::string_view label, char const* color, std::string_view text) {
    if (wipe_ != nullptr) wipe_(wipe_data_);
    std::string message;
    bool is_first = true;
    for (auto const& line : escaped_lines(text)) {
        if (!is_first) message += "  ";
        else if (!label.empty() && style_.color_err) message += fmt::format("{}{}{}: ", color, label, k_reset);
        else if (!label.empty()) message += fmt::format("{}: ", label);
        message += line + "\n";
        is_first = false;
    }
    write_all(STDERR_FILENO, message);  // Nobody to tell when this fails.
}

void Output::note(std::string_view text) {
    if (!style_.quiet) talk({}, "", text);
}

void Output::warning(std::string_view text) {
    if (!style_.quiet) talk("warning", k_yellow, text);
}

void Output::error(Error const& error, ExitCode code) {
    if (style_.json) {
        if (wipe_ != nullptr) wipe_(wipe_data_);
        write_all(STDERR_FILENO, error_document(error, code).dump(2) + "\n");
        return;
    }
    talk(error.id == ErrorId::none ? "error" : "error[" + error_id_text(error.id) + "]", k_red, error.context);
    if (auto const title = error_title(error); !title.empty()) talk("  cause", k_bold, title);
    if (auto const help = error_help(error); !help.empty()) talk("  help", k_bold, help);
}

void Output::write(LogLevel level, std::string_view message) {
    switch (level) {
        case LogLevel::error: return talk("error", k_red, message);
        case LogLevel::warning: return warning(message);
        case LogLevel::info:
            if (style_.verbosity >= 1) talk("info", "", message);
            return;
        case LogLevel::debug:
            if (style_.verbosity >= 2) talk("debug", "", message);
            return;
    }
}

}  // namespace ggen::cli
