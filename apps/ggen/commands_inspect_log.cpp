#include <fmt/format.h>

#include "handlers.hpp"
#include "merkle/checkpoint.hpp"
#include "merkle/note.hpp"
#include "merkle/tile.hpp"
#include "registry/records.hpp"
#include "registry/writer.hpp"
#include "shapes.hpp"

namespace ggen::cli {
namespace {

/// One entry of the log in words.
struct EntryLine {
    std::uint64_t index = 0;
    std::string kind;
    std::string subject;
};

struct RecordWords {
    EntryLine& line;
    void operator()(ClaimRecord const& record) const { set("claim", record.subject.text); }
    void operator()(ReleaseRecord const& record) const {
        set("release", record.name.text() + "@" + record.version.text());
    }
    void operator()(StatusRecord const& record) const {
        set(std::string{status_action_name(record.action)}, record.name.text() + "@" + record.version.text());
    }
    void operator()(KeysRecord const& record) const { set("keys", record.subject.text); }
    void operator()(StateLeaf const& leaf) const { set("state", format_utc(leaf.time)); }
    void set(std::string kind, std::string subject) const {
        line.kind = std::move(kind);
        line.subject = std::move(subject);
    }
};

/// The partial bundle, or the full one when the writer has replaced it meanwhile.
Result<Bytes> read_bundle(FileSystem& files, std::string const& directory, merkle::TileId tile) {
    auto bytes = files.read_file(join_path(directory, tile.path()), merkle::k_bundle_bytes_max);
    if (bytes || !tile.is_partial() || bytes.error().code != Errc::not_found) return bytes;
    tile.width = merkle::k_tile_width;
    return files.read_file(join_path(directory, tile.path()), merkle::k_bundle_bytes_max);
}

Result<std::vector<EntryLine>> read_entries(FileSystem& files, std::string const& directory, std::uint64_t size) {
    std::vector<EntryLine> lines;
    for (auto const& tile : merkle::bundles_of(size)) {
        ASSIGN_OR_RETURN(auto const bytes, read_bundle(files, directory, tile));
        ASSIGN_OR_RETURN(auto const entries, merkle::decode_bundle(bytes, tile.width));
        for (auto const& entry : entries) {
            EntryLine line{lines.size(), "unreadable", ""};
            auto const record = parse_record(entry);
            if (record) std::visit(RecordWords{line}, record->record);
            else line.subject = record.error().context;
            lines.push_back(std::move(line));
        }
    }
    return lines;
}

void render_log(Output& out, merkle::SignedCheckpoint const& checkpoint, FsckReport const& report,
                std::vector<EntryLine> const& lines) {
    auto const& tree = checkpoint.checkpoint;
    out.field("origin", tree.origin);
    out.field("size", fmt::format("{}", tree.size));
    out.field("root", tree.root.hex());
    if (checkpoint.cosigned_at.seconds != 0) out.field("cosigned", format_utc(checkpoint.cosigned_at));
    out.field("releases", fmt::format("{}", report.releases));
    out.field("blobs", fmt::format("{} ({})", report.blobs, format_bytes(report.blob_bytes)));
    out.field("state", report.problems.empty() ? "sound: every entry, tile, state object and blob was hashed again"
                                               : count_of(report.problems.size(), "problem"));
    for (auto const& problem : report.problems) out.line("BAD  " + problem);
    if (lines.empty()) return;
    Table table{{"INDEX", "RECORD", "SUBJECT"}, {}};
    for (auto const& line : lines) table.rows.push_back({fmt::format("{}", line.index), line.kind, line.subject});
    out.table(table);
}

Json json_log(merkle::SignedCheckpoint const& checkpoint, FsckReport const& report,
              std::vector<EntryLine> const& lines, bool with_entries) {
    auto const& tree = checkpoint.checkpoint;
    auto json = Json::object();
    json.set("origin", tree.origin);
    json.set("size", tree.size);
    json.set("root", tree.root.hex());
    json.set("cosigned", json_time(checkpoint.cosigned_at));
    json.set("sound", report.problems.empty());
    json.set("entries", report.entries);
    json.set("releases", report.releases);
    json.set("blobs", report.blobs);
    json.set("blob_bytes", report.blob_bytes);
    json.set("problems", json_list(report.problems));
    if (!with_entries) return json;
    auto records = Json::array();
    for (auto const& line : lines) {
        auto record = Json::object();
        record.set("index", line.index);
        record.set("kind", line.kind);
        record.set("subject", line.subject);
        records.push(std::move(record));
    }
    json.set("records", std::move(records));
    return json;
}

}  // namespace

Result<ExitCode> run_inspect_log(Context& context) {
    ASSIGN_OR_RETURN(auto const key_text, context.needed("key"));
    ASSIGN_OR_RETURN(auto const key, context.argument(merkle::VerifierKey::parse(key_text), "--key"));
    auto const directory = context.args().positional(0);
    auto& files = context.files();
    ASSIGN_OR_RETURN(auto const note, files.read_file(join_path(directory, "checkpoint"),
                                                      merkle::k_checkpoint_bytes_max));
    auto const checkpoint = merkle::open_checkpoint(as_text(note), key);
    if (!checkpoint) return distrusted(checkpoint.error(), directory);
    ASSIGN_OR_RETURN(auto const report, fsck_registry(files, directory, key, false));
    std::vector<EntryLine> lines;
    bool const with_entries = context.args().has("entries");
    if (with_entries) {
        ASSIGN_OR_RETURN(lines, read_entries(files, directory, checkpoint->checkpoint.size));
    }
    if (context.out().wants_json()) {
        context.out().document("ggen.inspect-log/1", json_log(*checkpoint, report, lines, with_entries));
    } else {
        render_log(context.out(), *checkpoint, report, lines);
    }
    if (report.problems.empty()) return ExitCode::ok;
    return Error{Errc::corrupt, ErrorId::tile_invalid, directory + ": " + report.problems.front()};
}

}  // namespace ggen::cli
