#include "parse.hpp"

#include <algorithm>

#include "suggest.hpp"

namespace ggen::cli {
namespace {

bool is_choice(std::string_view choices, std::string_view value) {
    while (!choices.empty()) {
        auto const bar = choices.find('|');
        if (choices.substr(0, bar) == value) return true;
        if (bar == std::string_view::npos) break;
        choices.remove_prefix(bar + 1);
    }
    return false;
}

std::vector<std::string> split_choices(std::string_view choices) {
    std::vector<std::string> words;
    while (!choices.empty()) {
        auto const bar = choices.find('|');
        words.emplace_back(choices.substr(0, bar));
        if (bar == std::string_view::npos) break;
        choices.remove_prefix(bar + 1);
    }
    return words;
}

std::string help_hint(std::string const& path) {
    return path.empty() ? "`ggen help` lists the commands" : "`ggen help " + path + "` shows the flags with examples";
}

}  // namespace

std::size_t Invocation::count(std::string_view flag) const {
    auto const found = flags.find(flag);
    return found == flags.end() ? 0 : found->second.size();
}

std::string Invocation::value(std::string_view flag) const {
    auto const found = flags.find(flag);
    return found == flags.end() ? std::string{} : found->second.back();
}

std::vector<std::string> Invocation::values(std::string_view flag) const {
    auto const found = flags.find(flag);
    return found == flags.end() ? std::vector<std::string>{} : found->second;
}

std::string Invocation::positional(std::size_t index) const {
    return index < positionals.size() ? positionals[index] : std::string{};
}

CommandLine::CommandLine(std::span<std::string const> words) : words_(words.begin(), words.end()) {
    while (next_ < words_.size() && !failure_) read_word(words_[next_++]);
    if (!failure_) finish();
    if (failure_) heed_style_flags();
}

void CommandLine::heed_style_flags() {
    for (std::size_t i = next_; i < words_.size() && words_[i] != "--"; ++i) {
        for (auto const& flag : global_flags()) {
            bool const is_letter = flag.letter != 0 && words_[i] == std::string{"-"} + flag.letter;
            bool const is_name = words_[i] == "--" + std::string{flag.name};
            if (flag.value.empty() && (is_letter || is_name)) invocation_.flags[std::string{flag.name}] = {""};
        }
    }
}

void CommandLine::read_word(std::string const& word) {
    // What follows __complete is somebody else's command line.
    bool const is_verbatim = invocation_.command != nullptr && invocation_.command->hidden;
    if (is_verbatim || flags_ended_ || word.size() < 2 || word[0] != '-') {
        if (invocation_.command != nullptr) invocation_.positionals.push_back(word);
        else name_command(word);
        return;
    }
    if (word == "--") flags_ended_ = true;
    else if (word.starts_with("--")) read_long_flag(std::string_view{word}.substr(2));
    else read_letters(std::string_view{word}.substr(1));
}

void CommandLine::name_command(std::string const& word) {
    if (invocation_.path.empty() && (word == "marketplace" || word == "market")) return;
    auto const path = invocation_.path.empty() ? word : invocation_.path + " " + word;
    if (auto const* const command = find_command(path); command != nullptr) {
        invocation_.command = command;
        invocation_.path = std::string{command->path};
        return;
    }
    if (is_command_group(path)) {
        invocation_.path = path;
        return;
    }
    auto help = did_you_mean(similar_words(word, next_words(invocation_.path)));
    if (help.empty()) help = help_hint(invocation_.path);
    fail("there is no command `" + path + "`", help);
}

FlagSpec const* CommandLine::find_flag(std::string_view name, char letter) const {
    auto const fits = [&](FlagSpec const& flag) {
        return letter != 0 ? flag.letter == letter : flag.name == name;
    };
    if (invocation_.command != nullptr) {
        for (auto const& flag : invocation_.command->flags) {
            if (fits(flag)) return &flag;
        }
    }
    for (auto const& flag : global_flags()) {
        if (fits(flag)) return &flag;
    }
    return nullptr;
}

void CommandLine::unknown_flag(std::string const& shown) {
    std::vector<std::string> known;
    if (invocation_.command != nullptr) {
        for (auto const& flag : invocation_.command->flags) known.push_back("--" + std::string{flag.name});
    }
    for (auto const& flag : global_flags()) known.push_back("--" + std::string{flag.name});
    auto help = shown.size() > 2 ? did_you_mean(similar_words(shown, known)) : std::string{};
    if (help.empty() && invocation_.command == nullptr) help = "flags of a command stand after it";
    if (help.empty()) help = help_hint(invocation_.path);
    fail("there is no flag " + shown + (invocation_.path.empty() ? "" : " for `" + invocation_.path + "`"), help);
}

std::optional<std::string> CommandLine::take_value(FlagSpec const& flag) {
    if (next_ < words_.size()) return words_[next_++];
    fail("--" + std::string{flag.name} + " needs a value: " + std::string{flag.value}, help_hint(invocation_.path));
    return std::nullopt;
}

void CommandLine::read_long_flag(std::string_view text) {
    if (text == "version" && invocation_.command == nullptr) {
        name_command("version");
        return;
    }
    auto const equals = text.find('=');
    auto const name = text.substr(0, equals);
    auto const* const flag = find_flag(name, 0);
    if (flag == nullptr) return unknown_flag("--" + std::string{name});
    if (flag->value.empty()) {
        if (equals != std::string_view::npos) {
            return fail("--" + std::string{name} + " takes no value", help_hint(invocation_.path));
        }
        return store(*flag, "");
    }
    if (equals != std::string_view::npos) return store(*flag, std::string{text.substr(equals + 1)});
    if (auto value = take_value(*flag)) store(*flag, std::move(*value));
}

void CommandLine::read_letters(std::string_view text) {
    while (!text.empty() && !failure_) {
        char const letter = text.front();
        text.remove_prefix(1);
        auto const* const flag = find_flag({}, letter);
        if (flag == nullptr) return unknown_flag(std::string{"-"} + letter);
        if (flag->value.empty()) {
            store(*flag, "");
            continue;
        }
        if (!text.empty()) return store(*flag, std::string{text});
        if (auto value = take_value(*flag)) store(*flag, std::move(*value));
        return;
    }
}

void CommandLine::store(FlagSpec const& flag, std::string value) {
    if (flag.name == "help") invocation_.wants_help = true;
    if (!flag.choices.empty() && !is_choice(flag.choices, value)) {
        auto help = did_you_mean(similar_words(value, split_choices(flag.choices)));
        if (help.empty()) help = "choose one of " + std::string{flag.choices};
        return fail("--" + std::string{flag.name} + " does not know `" + value + "`", help);
    }
    auto& values = invocation_.flags[std::string{flag.name}];
    if (!flag.repeatable) values.clear();
    values.push_back(std::move(value));
}

void CommandLine::finish() {
    if (invocation_.wants_help) return;
    if (invocation_.command == nullptr) {
        if (!invocation_.path.empty()) {
            std::string verbs;
            for (auto const& word : next_words(invocation_.path)) verbs += (verbs.empty() ? "" : ", ") + word;
            fail("`" + invocation_.path + "` needs one of: " + verbs, help_hint(invocation_.path));
        }
        return;
    }
    auto const& wanted = invocation_.command->positionals;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i].required && i >= invocation_.positionals.size()) {
            return fail("`" + invocation_.path + "` needs " + std::string{wanted[i].name},
                        help_hint(invocation_.path));
        }
    }
    bool const takes_more = !wanted.empty() && wanted.back().repeatable;
    if (!takes_more && invocation_.positionals.size() > wanted.size()) {
        fail("`" + invocation_.path + "` does not take `" + invocation_.positionals[wanted.size()] + "`",
             help_hint(invocation_.path));
    }
}

void CommandLine::fail(std::string text, std::string help) {
    failure_ = Error{Errc::invalid, ErrorId::usage, std::move(text), std::move(help)};
}

}  // namespace ggen::cli
