#include "complete.hpp"

#include <span>

namespace ggen::cli {
namespace {

FlagSpec const* find_flag(CommandSpec const* command, std::string_view word) {
    auto const fits = [&](FlagSpec const& flag) {
        if (word.starts_with("--")) return word.substr(2) == flag.name;
        return word.size() == 2 && word[1] == flag.letter;
    };
    if (command != nullptr) {
        for (auto const& flag : command->flags) {
            if (fits(flag)) return &flag;
        }
    }
    for (auto const& flag : global_flags()) {
        if (fits(flag)) return &flag;
    }
    return nullptr;
}

void add_if_fits(Completion& completion, std::string const& word, std::string_view doc) {
    if (word.starts_with(completion.prefix)) completion.candidates.push_back(word + "\t" + std::string{doc});
}

void add_flags(Completion& completion, std::vector<FlagSpec> const& flags) {
    for (auto const& flag : flags) add_if_fits(completion, "--" + std::string{flag.name}, flag.doc);
}

Completion complete_value(FlagSpec const& flag, std::string_view start, std::string_view before) {
    Completion completion{.source = flag.complete, .prefix = std::string{start}, .candidates = {}};
    auto choices = flag.choices;
    while (!choices.empty()) {
        auto const bar = choices.find('|');
        auto const choice = choices.substr(0, bar);
        auto candidate = std::string{before} + std::string{choice} + "\t";
        if (choice.starts_with(start)) completion.candidates.push_back(std::move(candidate));
        choices = bar == std::string_view::npos ? std::string_view{} : choices.substr(bar + 1);
    }
    return completion;
}

Completion complete_commands(std::string const& path, std::string const& last) {
    Completion completion{.source = Complete::nothing, .prefix = last, .candidates = {}};
    for (auto const& word : next_words(path)) {
        auto full = path;
        if (!full.empty()) full += ' ';
        full += word;
        auto const* const command = find_command(full);
        add_if_fits(completion, word, command != nullptr ? command->summary : "commands");
    }
    return completion;
}

}  // namespace

Completion complete_words(std::vector<std::string> const& words) {
    if (words.empty()) return complete_commands({}, {});
    auto const& last = words.back();
    CommandLine const line{std::span{words}.first(words.size() - 1)};
    auto const& seen = line.invocation();

    if (words.size() >= 2) {
        auto const& previous = words[words.size() - 2];
        auto const* const flag = previous.starts_with('-') ? find_flag(seen.command, previous) : nullptr;
        if (flag != nullptr && !flag->value.empty()) return complete_value(*flag, last, "");
    }
    if (last.starts_with("--") && last.find('=') != std::string::npos) {
        auto const equals = last.find('=');
        auto const* const flag = find_flag(seen.command, last.substr(0, equals));
        if (flag != nullptr) return complete_value(*flag, last.substr(equals + 1), last.substr(0, equals + 1));
    }
    if (last.starts_with('-')) {
        Completion completion{.source = Complete::nothing, .prefix = last, .candidates = {}};
        if (seen.command != nullptr) add_flags(completion, seen.command->flags);
        add_flags(completion, global_flags());
        return completion;
    }
    if (seen.command == nullptr) return complete_commands(seen.path, last);

    Completion completion{.source = Complete::nothing, .prefix = last, .candidates = {}};
    auto const& wanted = seen.command->positionals;
    auto const at = seen.positionals.size();
    if (at < wanted.size()) completion.source = wanted[at].complete;
    else if (!wanted.empty() && wanted.back().repeatable) completion.source = wanted.back().complete;
    if (seen.command->path == "completion") {
        for (auto const* shell : {"bash", "zsh", "fish"}) add_if_fits(completion, shell, "");
    }
    if (completion.source == Complete::command) {
        std::string path;
        for (auto const& word : seen.positionals) path += (path.empty() ? "" : " ") + word;
        return complete_commands(path, last);
    }
    return completion;
}

}  // namespace ggen::cli
