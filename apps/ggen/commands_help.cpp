#include <fmt/format.h>

#include "base/error_id.hpp"
#include "complete.hpp"
#include "context.hpp"
#include "handlers.hpp"
#include "help.hpp"
#include "market/find.hpp"
#include "market/project.hpp"
#include "suggest.hpp"

namespace ggen::cli {
namespace {

constexpr std::size_t k_completions_max = 100;

std::vector<std::string> known_words(Context& context, Complete source, std::string const& prefix) {
    std::vector<std::string> words;
    if (source == Complete::error_code) {
        for (auto const& row : error_explanations()) words.push_back(error_id_text(row.id));
        return words;
    }
    auto market = context.market();
    if (!market) return words;
    (*market)->config.offline = true;  // Completion never waits for a network.
    switch (source) {
        case Complete::package: return complete_package_names(**market, prefix, k_completions_max);
        case Complete::installed:
            if (auto const lockfile = read_project_lockfile(**market); lockfile && *lockfile) {
                for (auto const& [name, locked] : (*lockfile)->packages) words.push_back(name.text());
            }
            break;
        case Complete::registry:
            for (auto const& known : (*market)->config.registries) words.push_back(known.alias);
            break;
        case Complete::config_key:
            for (auto const& setting : (*market)->config.settings) words.push_back(setting.key);
            break;
        default: break;
    }
    return words;
}

Json explanation_json(ErrorExplanation const& row) {
    auto json = Json::object();
    json.set("code", error_id_text(row.id));
    json.set("title", row.title);
    json.set("text", row.text);
    return json;
}

}  // namespace

Result<ExitCode> run_help(Context& context) {
    if (context.args().has("markdown")) {
        context.out().raw(markdown_reference());
        return ExitCode::ok;
    }
    std::string path;
    for (auto const& word : context.args().positionals) {
        if (path.empty() && (word == "marketplace" || word == "market")) continue;
        path += (path.empty() ? "" : " ") + word;
    }
    if (path.empty()) {
        context.out().raw(overview_page());
    } else if (auto const* const command = find_command(path); command != nullptr) {
        context.out().raw(command_page(*command));
    } else if (is_command_group(path)) {
        context.out().raw(group_page(path));
    } else {
        auto const help = did_you_mean(similar_words(path, next_words("")));
        return usage_error("there is no command `" + path + "`", help.empty() ? "`ggen help` lists them" : help);
    }
    return ExitCode::ok;
}

Result<ExitCode> run_explain(Context& context) {
    auto& out = context.out();
    auto const wanted = context.args().positional(0);
    if (wanted.empty()) {
        Table table{{"CODE", "MEANING"}, {}};
        auto all = Json::array();
        for (auto const& row : error_explanations()) {
            table.rows.push_back({error_id_text(row.id), std::string{row.title}});
            all.push(explanation_json(row));
        }
        if (out.wants_json()) out.document("ggen.explain/1", Json::object().set("errors", std::move(all)));
        else out.table(table);
        return ExitCode::ok;
    }
    auto const found = find_error_explanation(wanted);
    if (!found) {
        std::vector<std::string> codes;
        for (auto const& row : error_explanations()) codes.push_back(error_id_text(row.id));
        auto const help = did_you_mean(similar_words(wanted, codes));
        return Error{Errc::not_found, ErrorId::none, "there is no error code `" + wanted + "`",
                     help.empty() ? "`ggen explain` lists them" : help};
    }
    if (out.wants_json()) {
        out.document("ggen.explain/1", explanation_json(*found));
        return ExitCode::ok;
    }
    out.heading(error_id_text(found->id) + ": " + std::string{found->title});
    out.text(found->text);
    return ExitCode::ok;
}

Result<ExitCode> run_completion(Context& context) {
    auto const shell = context.args().positional(0);
    auto const script = completion_script(shell);
    if (script.empty()) {
        return usage_error("there is no completion for `" + shell + "`", "bash, zsh and fish are known");
    }
    context.out().raw(script);
    return ExitCode::ok;
}

Result<ExitCode> run_man(Context& context) {
    context.out().raw(manual_page());
    return ExitCode::ok;
}

Result<ExitCode> run_version(Context& context) {
    if (context.out().wants_json()) {
        context.out().document("ggen.version/1", Json::object().set("version", GGEN_VERSION));
    } else {
        context.out().line("ggen " GGEN_VERSION);
    }
    return ExitCode::ok;
}

Result<ExitCode> run_complete(Context& context) {
    auto const completion = complete_words(context.args().positionals);
    auto& out = context.out();
    if (completion.source == Complete::file) out.line(":file");
    if (completion.source == Complete::directory) out.line(":directory");
    for (auto const& candidate : completion.candidates) out.raw(candidate + "\n");
    if (completion.source == Complete::nothing || completion.source == Complete::file ||
        completion.source == Complete::directory) {
        return ExitCode::ok;
    }
    for (auto const& word : known_words(context, completion.source, completion.prefix)) {
        if (word.starts_with(completion.prefix)) out.line(word);
    }
    return ExitCode::ok;
}

}  // namespace ggen::cli
