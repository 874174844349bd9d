#include "error_document.hpp"

namespace ggen::cli {
namespace {

/// "install a: read b: short file" as its three parts. A part is one step that somebody wrapped.
Json::Array causes_of(std::string_view context) {
    Json::Array causes;
    while (true) {
        auto const end = context.find(": ");
        causes.emplace_back(context.substr(0, end));
        if (end == std::string_view::npos) break;
        context.remove_prefix(end + 2);
    }
    return causes;
}

std::string documented_title(ErrorId id) {
    if (id == ErrorId::none) return {};
    auto const found = find_error_explanation(error_id_text(id));
    return found ? std::string{found->title} : std::string{};
}

}  // namespace

std::string error_title(Error const& error) {
    return error.id == ErrorId::usage ? std::string{} : documented_title(error.id);
}

std::string error_help(Error const& error) {
    if (!error.help.empty() || error.id == ErrorId::none || error.id == ErrorId::usage) return error.help;
    return "`ggen explain " + error_id_text(error.id) + "` says more";
}

Json error_document(Error const& error, ExitCode code) {
    auto document = Json::object();
    document.set("schema", "ggen.error/1");
    document.set("code", error.id == ErrorId::none ? Json{} : Json{error_id_text(error.id)});
    document.set("kind", errc_name(error.code));
    auto const title = documented_title(error.id);
    document.set("title", title.empty() ? std::string{errc_name(error.code)} : title);
    document.set("detail", error.context);
    document.set("help", error_help(error));
    document.set("causes", causes_of(error.context));
    document.set("exit_code", static_cast<int>(code));
    return document;
}

}  // namespace ggen::cli
