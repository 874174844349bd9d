#include "peers/resolve_wire.hpp"

#include <fmt/format.h>
#include <zdict.h>
#include <zstd.h>

#include <cstdlib>
#include <optional>
#include <vector>

#include "base/file_system.hpp"
#include "measure.hpp"
#include "metadata/index_file.hpp"
#include "peers/programs.hpp"
#include "resolve/index_table.hpp"
#include "table.hpp"

namespace ggen::bench {
namespace {

constexpr int k_level = 19;
constexpr std::size_t k_dictionary_bytes = 112'640;
constexpr std::uint64_t k_text_bytes_max = std::uint64_t{4} << 30U;

using Records = std::vector<Bytes>;

/// The packages of the cache as records, by name.
Result<Records> records_of(std::string const& jsonl, std::string const& work) {
    auto const files = make_posix_file_system();
    ASSIGN_OR_RETURN(auto const text, files->read_file(jsonl, k_text_bytes_max));
    IndexTable table;
    RETURN_IF_ERROR(read_index(as_text(text), table));
    auto const path = join_path(work, "wire.metadata");
    ASSIGN_OR_RETURN(auto const writer, metadata::IndexWriter::create(*files, path, {}));
    RETURN_IF_ERROR(table.write(*writer));
    RETURN_IF_ERROR(writer->finish(Sync::none));
    ASSIGN_OR_RETURN(auto const index, metadata::IndexFile::open(*files, path));
    Records out;
    metadata::IndexFile::Cursor cursor{*index};
    while (true) {
        ASSIGN_OR_RETURN(auto const record, cursor.next());
        if (!record) return out;
        out.emplace_back(record->bytes().begin(), record->bytes().end());
    }
}

std::size_t compressed_bytes(Records const& records, Bytes const& dictionary) {
    auto* const context = ZSTD_createCCtx();
    auto* const prepared =
        dictionary.empty() ? nullptr : ZSTD_createCDict(dictionary.data(), dictionary.size(), k_level);
    std::size_t total = 0;
    Bytes out;
    for (auto const& record : records) {
        out.resize(ZSTD_compressBound(record.size()));
        auto* const to = out.data();
        total += prepared == nullptr
                     ? ZSTD_compressCCtx(context, to, out.size(), record.data(), record.size(), k_level)
                     : ZSTD_compress_usingCDict(context, to, out.size(), record.data(), record.size(), prepared);
    }
    ZSTD_freeCDict(prepared);
    ZSTD_freeCCtx(context);
    return total;
}

Bytes trained_dictionary(Records const& records) {
    Bytes all;
    std::vector<std::size_t> sizes;
    for (auto const& record : records) {
        all.insert(all.end(), record.begin(), record.end());
        sizes.push_back(record.size());
    }
    Bytes out(k_dictionary_bytes);
    auto const made = ZDICT_trainFromBuffer(out.data(), out.size(), all.data(), sizes.data(),
                                            static_cast<unsigned>(sizes.size()));
    out.resize(ZDICT_isError(made) != 0 ? 0 : made);
    return out;
}

}  // namespace

Result<void> report_wire(std::string const& npm_cache, std::string const& work, std::string const& scripts) {
    auto const jsonl = join_path(work, "wire.jsonl");
    ASSIGN_OR_RETURN(auto const run, run_well({"python3", join_path(scripts, "npm_cache_index.py"), "--wire", npm_cache,
                                               jsonl}));
    unsigned long packages = 0;
    unsigned long plain = 0;
    unsigned long zipped = 0;
    auto const line = run.output.find("wire: ");
    constexpr char const* k_form = "wire: %lu packages, %lu bytes, %lu gzip";
    if (line == std::string::npos ||
        std::sscanf(run.output.c_str() + line, k_form, &packages, &plain, &zipped) != 3)
        return Error{Errc::internal, "npm_cache_index.py said: " + run.output};
    ASSIGN_OR_RETURN(auto const records, records_of(jsonl, work));
    std::size_t record_bytes = 0;
    for (auto const& record : records) record_bytes += record.size();
    auto const alone = compressed_bytes(records, {});
    auto const dictionary = trained_dictionary(records);
    auto const trained = compressed_bytes(records, dictionary) + dictionary.size();
    auto const ratio = [&](std::size_t bytes) {
        return bytes == 0 ? "-" : fmt::format("{:.1f}", static_cast<double>(zipped) / static_cast<double>(bytes));
    };
    Table table{{"metadata on the wire", "packages", "plain MB", "sent MB", "npm / this"}};
    table.add({"npm, abbreviated documents, gzip", std::to_string(packages), format_mb(plain), format_mb(zipped),
               "1.0"});
    table.add({"ours, one record a package, zstd 19", std::to_string(records.size()), format_mb(record_bytes),
               format_mb(alone), ratio(alone)});
    table.add({"ours, with a dictionary (included)", std::to_string(records.size()), format_mb(record_bytes),
               format_mb(trained), ratio(trained)});
    table.print();
    return ok();
}

}  // namespace ggen::bench
