#include <xapian.h>

#include <utility>

#include "base/file_system.hpp"
#include "peers/search_engine.hpp"

namespace ggen::bench {
namespace {

constexpr Xapian::doccount k_results = 10;
constexpr Xapian::valueno k_downloads_slot = 0;
constexpr Xapian::valueno k_category_slot = 1;
constexpr Xapian::termcount k_name_weight = 10;
constexpr Xapian::termcount k_prefix_expansions_max = 100;
constexpr std::size_t k_flush_documents = 200'000;
constexpr std::size_t k_term_bytes_max = 200;  // Xapian refuses terms over 245 bytes.

void add_document(Xapian::WritableDatabase& database, SearchDocument const& row) {
    Xapian::Document document;
    Xapian::termpos place = 0;
    for (auto const& word : peer_words(row.name)) {
        if (word.size() > k_term_bytes_max) continue;
        document.add_posting(word, ++place, k_name_weight);
        database.add_spelling(word);
    }
    place += 100;
    for (auto const& word : peer_words(row.description)) {
        if (word.size() > k_term_bytes_max) continue;
        document.add_posting(word, ++place);
        database.add_spelling(word);
    }
    document.add_boolean_term("XC" + row.category);
    document.add_value(k_downloads_slot, Xapian::sortable_serialise(static_cast<double>(row.downloads)));
    document.add_value(k_category_slot, row.category);
    document.set_data(row.name);
    database.add_document(document);
}

/// Document ids in the order of downloads; compacted, as its manual advises for databases that are only read.
void build(std::string const& path, Rows const& rows) {
    auto const rough = path + ".rough";
    {
        Xapian::WritableDatabase database{rough, Xapian::DB_CREATE_OR_OVERWRITE | Xapian::DB_NO_SYNC};
        std::size_t pending = 0;
        for (auto const& row : rows) {
            add_document(database, row);
            if (++pending == k_flush_documents) {
                database.commit();
                pending = 0;
            }
        }
        database.commit();
    }
    Xapian::Database{rough}.compact(path + ".new");
}

class XapianPeer final : public Engine {
public:
    explicit XapianPeer(std::string const& path) : database_{path} {}

    [[nodiscard]] std::string_view name() const override { return "xapian"; }
    [[nodiscard]] bool answers(QueryKind) const override { return true; }
    Result<void> run(LatencyQuery const& query, std::vector<std::string>& names) override {
        names.clear();
        try {
            answer(query, names);
        } catch (Xapian::Error const& error) {
            return Error{Errc::io, "xapian: " + error.get_msg()};
        }
        return ok();
    }

private:
    [[nodiscard]] Xapian::Query parsed(LatencyQuery const& query) const {
        auto words = peer_words(query.text);
        if (words.empty()) return {};
        std::vector<Xapian::Query> parts;
        auto const edits = query.kind == QueryKind::fuzzy1 ? 1U : query.kind == QueryKind::fuzzy2 ? 2U : 0U;
        for (auto& word : words) {
            bool const is_prefix = query.kind == QueryKind::prefix && &word == &words.back();
            if (is_prefix) {
                parts.emplace_back(Xapian::Query::OP_WILDCARD, word, k_prefix_expansions_max,
                                   Xapian::Query::WILDCARD_LIMIT_MOST_FREQUENT);
                continue;
            }
            if (edits > 0) {
                auto const better = database_.get_spelling_suggestion(word, edits);
                if (!better.empty()) word = better;
            }
            parts.emplace_back(word);
        }
        return {Xapian::Query::OP_AND, parts.begin(), parts.end()};
    }

    void answer(LatencyQuery const& query, std::vector<std::string>& names) {
        auto wanted = parsed(query);
        Xapian::Enquire enquire{database_};
        Xapian::ValueCountMatchSpy categories{k_category_slot};
        Xapian::doccount at_least = 0;
        if (query.kind == QueryKind::filtersort) {
            wanted = {Xapian::Query::OP_FILTER, wanted, Xapian::Query{"XC" + query.category}};
            if (query.downloads_min > 0) {
                auto const bound = Xapian::sortable_serialise(static_cast<double>(query.downloads_min));
                wanted = {Xapian::Query::OP_FILTER, wanted,
                          Xapian::Query{Xapian::Query::OP_VALUE_GE, k_downloads_slot, bound}};
            }
            // Without weights the matcher may stop at the tenth document in id order, which is its fastest way.
            enquire.set_weighting_scheme(Xapian::BoolWeight{});
            enquire.set_docid_order(Xapian::Enquire::ASCENDING);
        } else if (query.kind == QueryKind::facet) {
            enquire.add_matchspy(&categories);
            at_least = database_.get_doccount();
        }
        enquire.set_query(wanted);
        auto const found = enquire.get_mset(0, k_results, at_least);
        for (auto hit = found.begin(); hit != found.end(); ++hit) names.push_back(hit.get_document().get_data());
    }

    Xapian::Database database_;
};

}  // namespace

Result<std::optional<std::unique_ptr<Engine>>> open_xapian_peer(std::string const& path, Rows const& rows) {
    auto const files = make_posix_file_system();
    try {
        if (!files->info(path)) {
            RETURN_IF_ERROR(files->remove_tree(path + ".new"));
            build(path, rows);
            RETURN_IF_ERROR(files->rename(path + ".new", path));
            RETURN_IF_ERROR(files->remove_tree(path + ".rough"));
        }
        return std::optional<std::unique_ptr<Engine>>{std::make_unique<XapianPeer>(path)};
    } catch (Xapian::Error const& error) {
        return Error{Errc::io, "xapian: " + error.get_msg()};
    }
}

}  // namespace ggen::bench
