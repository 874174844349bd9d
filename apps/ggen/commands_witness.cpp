// Who cosigns the log of a registry.
#include <fmt/format.h>

#include <charconv>

#include "handlers.hpp"
#include "market/witnesses.hpp"
#include "shapes.hpp"

namespace ggen::cli {
namespace {

constexpr std::uint64_t k_quorum_max = 256;

Result<std::size_t> count_of_text(std::string const& text) {
    std::uint64_t value = 0;
    auto const [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code == std::errc{} && end == text.data() + text.size() && value <= k_quorum_max) {
        return static_cast<std::size_t>(value);
    }
    return usage_error("`" + text + "` is no number of witnesses");
}

Result<std::optional<std::size_t>> quorum_flag(Context& context) {
    if (!context.args().has("quorum")) return std::optional<std::size_t>{};
    ASSIGN_OR_RETURN(auto const count, count_of_text(context.args().value("quorum")));
    return std::optional{count};
}

void render(Context& context, std::string_view schema, WitnessReport const& report) {
    auto& out = context.out();
    for (auto const& warning : report.warnings) out.warning("no cosignature from " + warning);
    if (out.wants_json()) {
        auto list = Json::array();
        for (auto const& one : report.witnesses) {
            list.push(Json::object()
                          .set("name", one.key.name)
                          .set("key", one.key.text())
                          .set("place", one.place.empty() ? Json{} : Json{one.place})
                          .set("has_cosigned", one.has_cosigned));
        }
        auto json = Json::object();
        json.set("registry", report.registry);
        json.set("origin", report.origin);
        json.set("log_size", report.log_size);
        json.set("root_version", report.root_version);
        json.set("quorum", std::uint64_t{report.needed});
        json.set("witnesses", std::move(list));
        out.document(schema, std::move(json));
        return;
    }
    Table table{{"WITNESS", "COSIGNED", "PLACE"}, {}};
    for (auto const& one : report.witnesses) {
        table.rows.push_back({one.key.name, one.has_cosigned ? fmt::format("{} entries", report.log_size) : "no",
                              one.place.empty() ? "-" : one.place});
    }
    out.table(table);
    if (report.needed == 0) {
        out.note(report.origin + " demands no witness");
    } else {
        out.note(fmt::format("{} demands {} of {}", report.origin, report.needed,
                             count_of(report.witnesses.size(), "witness", "witnesses")));
    }
}

Result<ExitCode> change(Context& context, WitnessChange const& wanted, std::string_view schema) {
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const report, change_witnesses(*market, wanted));
    render(context, schema, report);
    return ExitCode::ok;
}

}  // namespace

Result<ExitCode> run_witness_list(Context& context) {
    auto registry = context.args().positional(0);
    if (registry.empty()) registry = context.registry();
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const report, list_witnesses(*market, registry));
    render(context, "ggen.witness-list/1", report);
    return ExitCode::ok;
}

Result<ExitCode> run_witness_add(Context& context) {
    auto const& args = context.args();
    WitnessChange wanted{.registry = args.positional(0)};
    ASSIGN_OR_RETURN(auto key, context.argument(merkle::VerifierKey::parse(args.positional(1)), "KEY"));
    wanted.add = WitnessPlace{std::move(key), args.positional(2)};
    ASSIGN_OR_RETURN(wanted.needed, quorum_flag(context));
    return change(context, wanted, "ggen.witness-add/1");
}

Result<ExitCode> run_witness_remove(Context& context) {
    WitnessChange wanted{.registry = context.args().positional(0), .remove = context.args().positional(1)};
    ASSIGN_OR_RETURN(wanted.needed, quorum_flag(context));
    return change(context, wanted, "ggen.witness-remove/1");
}

Result<ExitCode> run_witness_quorum(Context& context) {
    WitnessChange wanted{.registry = context.args().positional(0)};
    ASSIGN_OR_RETURN(auto const needed, count_of_text(context.args().positional(1)));
    wanted.needed = needed;
    return change(context, wanted, "ggen.witness-quorum/1");
}

}  // namespace ggen::cli
