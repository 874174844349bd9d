#include "codec/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

namespace ggen {
namespace {

/// Below this many members a scan beats an index.
constexpr std::size_t k_scanned_members_max = 16;

/// Tells how far the parser has read, for messages: its events carry no position.
struct CountingIterator {
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = char const*;
    using reference = char const&;

    char const* at;
    char const** furthest;

    reference operator*() const { return *at; }
    CountingIterator& operator++() {
        *furthest = ++at;
        return *this;
    }
    CountingIterator operator++(int) {
        CountingIterator const before = *this;
        ++*this;
        return before;
    }
    bool operator==(CountingIterator const& other) const { return at == other.at; }
};

/// Builds a Json from the parser's events. A callback that returns false ends the parse.
class Builder {
public:
    using number_integer_t = nlohmann::json::number_integer_t;
    using number_unsigned_t = nlohmann::json::number_unsigned_t;
    using number_float_t = nlohmann::json::number_float_t;
    using string_t = nlohmann::json::string_t;
    using binary_t = nlohmann::json::binary_t;

    Builder(bool refuse_duplicates, int depth_max)
        : refuse_duplicates_(refuse_duplicates), depth_max_(static_cast<std::size_t>(std::max(depth_max, 0))) {}

    // NOLINTBEGIN(readability-identifier-naming): the names are the parser's.
    bool null() { return add(Json{}); }
    bool boolean(bool value) { return add(Json{value}); }
    bool number_integer(number_integer_t value) { return add(Json{std::int64_t{value}}); }
    bool number_unsigned(number_unsigned_t value) {
        if (value <= static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max())) {
            return add(Json{static_cast<std::int64_t>(value)});
        }
        return add(Json{static_cast<double>(value)});
    }
    bool number_float(number_float_t value, string_t const&) { return add(Json{value}); }
    bool string(string_t& value) { return add(Json{std::move(value)}); }
    bool binary(binary_t&) { return fail("binary values do not exist in JSON"); }
    bool start_object(std::size_t) { return open(true); }
    bool end_object() { return close(); }
    bool start_array(std::size_t) { return open(false); }
    bool end_array() { return close(); }
    bool key(string_t& name);
    bool parse_error(std::size_t position, std::string const&, nlohmann::detail::exception const& error) {
        position_ = position;
        std::string_view const what = error.what();
        auto const from = what.find("] ");  // Cuts "[json.exception.parse_error.101] ".
        return fail(std::string{from == std::string_view::npos ? what : what.substr(from + 2)});
    }
    // NOLINTEND(readability-identifier-naming)

    [[nodiscard]] std::string const& problem() const { return problem_; }
    /// Where the parser reported its error; 0 when the problem is ours.
    [[nodiscard]] std::size_t position() const { return position_; }
    [[nodiscard]] Json take() { return std::move(result_); }

private:
    struct Frame {
        bool is_object = false;
        Json::Array items;
        Json::Object members;
        std::map<std::string, std::size_t, std::less<>> index;  // Empty while a scan is cheaper.
        std::size_t slot = 0;  // The member that waits for its value.
    };

    bool fail(std::string problem) {
        problem_ = std::move(problem);
        return false;
    }
    bool open(bool is_object) {
        if (frames_.size() == depth_max_) return fail(fmt::format("nested deeper than {} levels", depth_max_));
        frames_.emplace_back().is_object = is_object;
        return true;
    }
    bool close() {
        Frame frame = std::move(frames_.back());
        frames_.pop_back();
        return add(frame.is_object ? Json{std::move(frame.members)} : Json{std::move(frame.items)});
    }
    bool add(Json value) {
        if (frames_.empty()) {
            result_ = std::move(value);
        } else if (frames_.back().is_object) {
            frames_.back().members[frames_.back().slot].second = std::move(value);
        } else {
            frames_.back().items.push_back(std::move(value));
        }
        return true;
    }
    static std::size_t find_member(Frame& frame, std::string const& name);

    bool refuse_duplicates_;
    std::size_t depth_max_;
    std::vector<Frame> frames_;
    Json result_;
    std::string problem_;
    std::size_t position_ = 0;
};

bool Builder::key(string_t& name) {
    Frame& frame = frames_.back();
    frame.slot = find_member(frame, name);
    if (frame.slot < frame.members.size()) {
        if (refuse_duplicates_) return fail(fmt::format("the key \"{}\" stands twice in one object", name));
        return true;
    }
    if (frame.members.size() > k_scanned_members_max) frame.index.emplace(name, frame.slot);
    frame.members.emplace_back(std::move(name), Json{});
    return true;
}

/// The place of `name`, or the number of members. Hostile objects with many keys stay n log n.
std::size_t Builder::find_member(Frame& frame, std::string const& name) {
    auto const& members = frame.members;
    if (members.size() <= k_scanned_members_max) {
        auto const found = std::find_if(members.begin(), members.end(),
                                        [&](Json::Member const& member) { return member.first == name; });
        return static_cast<std::size_t>(found - members.begin());
    }
    if (frame.index.empty()) {
        for (std::size_t i = 0; i < members.size(); ++i) frame.index.emplace(members[i].first, i);
    }
    auto const found = frame.index.find(name);
    return found == frame.index.end() ? members.size() : found->second;
}

Result<Json> parse_with(std::string_view text, bool refuse_duplicates, int depth_max) {
    // The parser takes a NUL for the end of its input and skips a byte order mark; we do neither.
    if (auto const nul = text.find('\0'); nul != std::string_view::npos) {
        return Error{Errc::invalid, fmt::format("JSON, byte {}: a NUL byte", nul)};
    }
    if (refuse_duplicates && text.starts_with("\xEF\xBB\xBF")) {
        return Error{Errc::invalid, "JSON, byte 0: a byte order mark"};
    }
    Builder builder{refuse_duplicates, depth_max};
    char const* furthest = text.data();
    CountingIterator const begin{std::to_address(text.begin()), &furthest};
    CountingIterator const end{std::to_address(text.end()), &furthest};
    if (nlohmann::json::sax_parse(begin, end, &builder)) return builder.take();
    auto const position = builder.position() != 0 ? builder.position()
                                                  : static_cast<std::size_t>(furthest - text.data());
    return Error{Errc::invalid, fmt::format("JSON, byte {}: {}", position, builder.problem())};
}

void print_string(std::string& out, std::string const& text) {
    bool const is_plain = std::all_of(text.begin(), text.end(), [](char c) {
        auto const byte = static_cast<unsigned char>(c);
        return byte >= 0x20 && byte < 0x7F && c != '"' && c != '\\';
    });
    if (is_plain) {
        out += '"';
        out += text;
        out += '"';
    } else {
        out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
}

void new_line(std::string& out, int indent, int depth) {
    if (indent <= 0) return;
    out += '\n';
    out.append(static_cast<std::size_t>(indent) * static_cast<std::size_t>(depth), ' ');
}

void print(std::string& out, Json const& value, int indent, int depth);

void print_array(std::string& out, Json::Array const& items, int indent, int depth) {
    out += '[';
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i != 0) out += ',';
        new_line(out, indent, depth + 1);
        print(out, items[i], indent, depth + 1);
    }
    if (!items.empty()) new_line(out, indent, depth);
    out += ']';
}

void print_object(std::string& out, Json::Object const& members, int indent, int depth) {
    out += '{';
    for (std::size_t i = 0; i < members.size(); ++i) {
        if (i != 0) out += ',';
        new_line(out, indent, depth + 1);
        print_string(out, members[i].first);
        out += indent > 0 ? ": " : ":";
        print(out, members[i].second, indent, depth + 1);
    }
    if (!members.empty()) new_line(out, indent, depth);
    out += '}';
}

void print(std::string& out, Json const& value, int indent, int depth) {
    if (auto const* const object = value.if_object()) return print_object(out, *object, indent, depth);
    if (auto const* const array = value.if_array()) return print_array(out, *array, indent, depth);
    if (auto const* const text = value.if_string()) return print_string(out, *text);
    if (auto const* const truth = value.if_bool()) {
        out += *truth ? "true" : "false";
    } else if (auto const* const integer = value.if_integer()) {
        out += fmt::format("{}", *integer);
    } else if (auto const* const number = value.if_double()) {
        out += std::isfinite(*number) ? nlohmann::json(*number).dump() : "null";
    } else {
        out += "null";
    }
}

}  // namespace

Result<Json> Json::parse(std::string_view text, int depth_max) { return parse_with(text, true, depth_max); }

Result<Json> Json::parse_lenient(std::string_view text, int depth_max) {
    return parse_with(text, false, depth_max);
}

std::string Json::dump(int indent) const {
    std::string out;
    print(out, *this, indent, 0);
    return out;
}

Json const* Json::find(std::string_view key) const {
    auto const* const members = if_object();
    if (members == nullptr) return nullptr;
    for (auto const& [name, value] : *members) {
        if (name == key) return &value;
    }
    return nullptr;
}

Json& Json::set(std::string key, Json value) {
    if (is_null()) value_ = Object{};
    auto* const members = std::get_if<Object>(&value_);
    GGEN_ASSERT(members != nullptr);
    for (auto& [name, old] : *members) {
        if (name == key) {
            old = std::move(value);
            return *this;
        }
    }
    members->emplace_back(std::move(key), std::move(value));
    return *this;
}

Json& Json::merge(Json other) {
    if (auto* const members = std::get_if<Object>(&other.value_)) {
        for (auto& [name, value] : *members) set(std::move(name), std::move(value));
    }
    return *this;
}

Json& Json::push(Json value) {
    if (is_null()) value_ = Array{};
    auto* const items = std::get_if<Array>(&value_);
    GGEN_ASSERT(items != nullptr);
    items->push_back(std::move(value));
    return *this;
}

}  // namespace ggen
