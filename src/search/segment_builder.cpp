#include "search/segment_builder.hpp"

#include <algorithm>
#include <utility>

#include "search/document_codec.hpp"
#include "search/document_spool.hpp"
#include "search/popularity.hpp"
#include "search/segment_assembler.hpp"
#include "search/segment_store.hpp"
#include "search/segment_writer.hpp"

namespace ggen::search_index {
namespace {

constexpr std::size_t k_slots = 16;

Result<void> remove_if_there(FileSystem& files, std::string const& path) {
    auto removed = files.remove_file(path);
    if (!removed && removed.error().code == Errc::not_found) return ok();
    return removed;
}

}  // namespace

struct SegmentBuilder::Impl {
    Impl(FileSystem& files_in, std::string path_in, Analyser analyser_in, std::string prefix_in,
         std::unique_ptr<FileLock> lock_in)
        : files(files_in),
          path(std::move(path_in)),
          analyser(std::move(analyser_in)),
          prefix(std::move(prefix_in)),
          lock(std::move(lock_in)),
          spool(std::make_unique<DocumentSpool>(files_in, prefix)) {}

    Result<void> write_documents(SegmentWriter& writer, SegmentAssembler& assembler, CancelToken const* cancel);
    Result<SegmentSummary> write_segment(std::string const& temporary, CancelToken const* cancel);

    FileSystem& files;
    std::string path;
    Analyser analyser;
    std::string prefix;
    std::unique_ptr<FileLock> lock;
    PopularityOrder order;
    std::unique_ptr<DocumentSpool> spool;
    Bytes record;
};

SegmentBuilder::SegmentBuilder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SegmentBuilder::~SegmentBuilder() = default;

Result<std::unique_ptr<SegmentBuilder>> SegmentBuilder::create(FileSystem& files, std::string path,
                                                               Analyser analyser) {
    for (std::size_t slot = 0; slot < k_slots; ++slot) {
        std::string prefix = path + ".build-" + std::to_string(slot) + ".";
        ASSIGN_OR_RETURN(auto lock, files.try_lock(prefix + "lock", LockMode::exclusive));
        if (!lock) continue;
        auto impl = std::make_unique<Impl>(files, std::move(path), std::move(analyser), std::move(prefix),
                                           std::move(*lock));
        return std::unique_ptr<SegmentBuilder>{new SegmentBuilder{std::move(impl)}};
    }
    return Error{Errc::conflict, "build " + path + ": too many builds at the same time"};
}

Result<void> SegmentBuilder::add(SearchDocument const& document) {
    auto& self = *impl_;
    if (self.order.size() == k_documents_max) {
        return Error{Errc::too_large, "search index: over " + std::to_string(k_documents_max) + " packages"};
    }
    self.record.clear();
    encode_document(document, self.record);
    if (self.record.size() > k_document_bytes_max) {
        return Error{Errc::too_large, "search index: the texts of " + document.name.substr(0, k_term_bytes_max) +
                                          " are over " + std::to_string(k_document_bytes_max) + " bytes"};
    }
    RETURN_IF_ERROR(self.spool->append(self.record));
    self.order.add(document, self.record);
    return ok();
}

Result<SegmentSummary> SegmentBuilder::finish(CancelToken const* cancel) {
    auto& self = *impl_;
    std::string const temporary = self.prefix + "segment";
    RETURN_IF_ERROR(remove_if_there(self.files, temporary));
    auto summary = self.write_segment(temporary, cancel);
    if (summary) {
        if (auto const renamed = self.files.rename(temporary, self.path); !renamed) summary = renamed.error();
    }
    if (!summary) {
        // The slot's next build removes what cannot be removed now.
        static_cast<void>(self.files.remove_file(temporary).has_value());
        return wrap(summary.error(), "build " + self.path);
    }
    RETURN_IF_ERROR(self.files.sync_directory(parent_path(self.path)));
    return summary;
}

Result<SegmentSummary> SegmentBuilder::Impl::write_segment(std::string const& temporary,
                                                           CancelToken const* cancel) {
    SegmentSummary summary;
    summary.doc_count = order.size();
    RETURN_IF_ERROR(spool->split(order.take_ids()));
    ASSIGN_OR_RETURN(auto file, files.open_append(temporary));
    ASSIGN_OR_RETURN(auto writer, SegmentWriter::create(std::move(file)));
    SegmentAssembler assembler;
    RETURN_IF_ERROR(write_documents(writer, assembler, cancel));
    spool.reset();
    RETURN_IF_ERROR(assembler.write(writer));
    summary.term_count = assembler.term_count();
    ASSIGN_OR_RETURN(summary.file_bytes, writer.finish(summary.doc_count, summary.term_count));
    return summary;
}


Result<void> SegmentBuilder::Impl::write_documents(SegmentWriter& writer, SegmentAssembler& assembler,
                                                   CancelToken const* cancel) {
    SearchDocument document;
    std::vector<IndexedString> strings;
    SegmentStoreWriter store{[&](BytesView bytes) { return writer.write(bytes); }};
    for (auto const& sample : spool->samples()) {
        if (sample.empty()) continue;
        RETURN_IF_ERROR(decode_document(sample, document));
        store.add_sample(encode_stored(document, record));
    }
    store.train();
    RETURN_IF_ERROR(writer.begin(Section::store_blocks));
    for (std::size_t part = 0; part < spool->part_count(); ++part) {
        if (cancel != nullptr) RETURN_IF_ERROR(cancel->check());
        ASSIGN_OR_RETURN(auto const documents, spool->read_part(part));
        for (auto const bytes : documents.records) {
            RETURN_IF_ERROR(decode_document(bytes, document));
            analyser(document, strings);
            assembler.add(document, strings);
            RETURN_IF_ERROR(store.add(encode_stored(document, record)));
        }
    }
    RETURN_IF_ERROR(store.finish());
    RETURN_IF_ERROR(writer.end());
    RETURN_IF_ERROR(writer.add(Section::store_dictionary, store.dictionary()));
    return writer.add_numbers<std::uint64_t>(Section::store_index, store.index());
}

}  // namespace ggen::search_index
