#include "market/witnesses.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "codec/json.hpp"
#include "market/keys.hpp"
#include "market/registries.hpp"
#include "market/registry_set.hpp"
#include "registry/witness_policy.hpp"

namespace ggen {
namespace {

constexpr char const* k_format = "ggen/witnesses/v1";
constexpr std::size_t k_places_bytes_max = std::size_t{64} * 1024;

std::string places_path(Market const& market, merkle::VerifierKey const& log_key) {
    return join_path(detail::writer_key_directory(market.directories, log_key), "witnesses.json");
}

/// The log dates itself with a key of its own, which no quorum counts.
bool is_own_cosigner(RootFile const& root, merkle::VerifierKey const& key) {
    return key.name == root.registry + "/cosigner";
}

Result<void> store_places(Market& market, merkle::VerifierKey const& log_key, std::vector<WitnessPlace> const& places) {
    auto list = Json::array();
    for (auto const& one : places) list.push(Json::object().set("key", one.key.text()).set("place", one.place));
    auto const document = Json::object().set("format", k_format).set("witnesses", std::move(list));
    return market.files.write_file_atomic(places_path(market, log_key), as_bytes(document.dump(2) + "\n"),
                                          Sync::durable);
}

Result<std::vector<WitnessPlace>> changed_places(std::vector<WitnessPlace> places, WitnessChange const& change) {
    if (change.add) {
        if (change.add->key.type != merkle::KeyType::cosignature_ed25519) {
            return Error{Errc::invalid, ErrorId::root_file_invalid,
                         change.add->key.name + " is no cosignature key",
                         "a witness prints its key when it starts: ggen p2p start --witness …"};
        }
        std::erase_if(places, [&](WitnessPlace const& one) { return one.key.key == change.add->key.key; });
        places.push_back(*change.add);
    }
    if (change.remove.empty()) return places;
    auto const gone = std::erase_if(places, [&](WitnessPlace const& one) { return one.key.name == change.remove; });
    if (gone != 0) return places;
    return Error{Errc::not_found, ErrorId::none, "there is no witness " + change.remove,
                 "`ggen witness list` shows them"};
}

/// The next root file, signed with the root key of this machine.
Result<std::string> next_root(Market& market, RootFile const& present, std::vector<WitnessPlace> const& places,
                              std::size_t needed) {
    auto const key_path = join_path(detail::writer_key_directory(market.directories, present.log_key), "root.key");
    ASSIGN_OR_RETURN(auto const root_key, detail::load_key(market.files, key_path));
    bool const is_alone = present.threshold == 1 && std::find(present.keys.begin(), present.keys.end(),
                                                              root_key.verifier()) != present.keys.end();
    if (!is_alone) {
        return Error{Errc::refused, ErrorId::root_file_invalid,
                     fmt::format("the root file of {} needs {} signatures of its keys", present.registry,
                                 present.threshold)};
    }
    auto next = present;
    ++next.version;
    std::erase_if(next.witnesses, [&](merkle::VerifierKey const& key) { return !is_own_cosigner(present, key); });
    auto const own = next.witnesses.size();
    for (auto const& one : places) next.witnesses.push_back(one.key);
    next.policy_tail = print_witness_policy(next.witnesses.size(), own, needed);
    merkle::Note note{next.text(), {}};
    note.sign(root_key);
    return note.print();
}

WitnessReport report_of(RootFile const& root, std::string_view note, std::vector<WitnessPlace> const& places) {
    WitnessReport report;
    report.origin = root.registry;
    report.root_version = root.version;
    report.needed = quorum_of(root).needed;
    auto const cosigned = cosigners_of(root, note);
    for (auto const& key : root.witnesses) {
        if (is_own_cosigner(root, key)) continue;
        auto const place = std::find_if(places.begin(), places.end(), [&](auto const& one) { return one.key == key; });
        report.witnesses.push_back({key, place == places.end() ? std::string{} : place->place,
                                    std::find(cosigned.begin(), cosigned.end(), key.name) != cosigned.end()});
    }
    return report;
}

}  // namespace

namespace detail {

Result<std::vector<WitnessPlace>> load_witness_places(Market& market, merkle::VerifierKey const& log_key) {
    std::vector<WitnessPlace> places;
    auto const path = places_path(market, log_key);
    auto const bytes = market.files.read_file(path, k_places_bytes_max);
    if (!bytes && bytes.error().code == Errc::not_found) return places;
    if (!bytes) return bytes.error();
    auto const damaged = [&](std::string const& why) {
        return Error{Errc::invalid, ErrorId::config_invalid, path + ": " + why,
                     "remove the file, then name the witnesses again: ggen witness add"};
    };
    auto const document = Json::parse(as_text(*bytes));
    auto const* const list = document ? document->find("witnesses") : nullptr;
    if (list == nullptr || !list->is_array()) return damaged("it holds no list of witnesses");
    for (auto const& one : *list->if_array()) {
        auto const* const key_text = one.find("key");
        auto const* const place = one.find("place");
        bool const is_whole = key_text != nullptr && key_text->is_string() && place != nullptr && place->is_string();
        if (!is_whole) return damaged("a witness needs key and place");
        auto key = merkle::VerifierKey::parse(*key_text->if_string());
        if (!key) return damaged(key.error().context);
        places.push_back({*std::move(key), *place->if_string()});
    }
    return places;
}

std::vector<std::string> witnesses_of(RootFile const& root, std::string_view checkpoint_note) {
    auto others = root;
    std::erase_if(others.witnesses, [&](merkle::VerifierKey const& key) { return is_own_cosigner(root, key); });
    // Most registries have no other, and to verify a signature costs more than the rest of a lookup.
    return others.witnesses.empty() ? std::vector<std::string>{} : cosigners_of(others, checkpoint_note);
}

}  // namespace detail

Result<WitnessAnswer> SourceOpener::ask_witness(std::string const& place, std::string const& /*body*/) {
    return Error{Errc::unavailable, "there is no way to ask the witness at " + place};
}

Result<WitnessReport> list_witnesses(Market& market, std::string const& registry) {
    RegistrySet registries{market};
    ASSIGN_OR_RETURN(auto* const open, registries.by_name(registry));
    auto const& root = open->reader->root();
    ASSIGN_OR_RETURN(auto const places, detail::load_witness_places(market, root.log_key));
    auto report = report_of(root, open->reader->checkpoint().note, places);
    report.registry = open->known.alias;
    report.log_size = open->refresh.size;
    return report;
}

Result<WitnessReport> change_witnesses(Market& market, WitnessChange const& change) {
    ASSIGN_OR_RETURN(auto const log_key, written_log(market, change.registry));
    ASSIGN_OR_RETURN(auto const old_places, detail::load_witness_places(market, log_key));
    ASSIGN_OR_RETURN(auto const places, changed_places(old_places, change));
    ASSIGN_OR_RETURN(auto const writer, open_writer(market, change.registry, &places));
    auto const needed = change.needed.value_or(std::min(quorum_of(writer->root()).needed, places.size()));
    if (needed > places.size()) {
        return Error{Errc::invalid, ErrorId::root_file_invalid,
                     fmt::format("{} witnesses cannot be demanded of {}", needed, places.size()),
                     "ggen witness add brings another one"};
    }
    ASSIGN_OR_RETURN(auto const note, next_root(market, writer->root(), places, needed));
    // Before: a root file that demands witnesses whom nobody asks would stop the registry.
    RETURN_IF_ERROR(store_places(market, log_key, places));
    if (auto const changed = writer->change_root(note); !changed) {
        RETURN_IF_ERROR(store_places(market, log_key, old_places));
        return changed.error();
    }
    auto report = report_of(writer->root(), writer->public_checkpoint().note, places);
    report.registry = change.registry;
    report.log_size = writer->checkpoint().checkpoint.size;
    report.warnings = writer->cosigning_failures();
    return report;
}

}  // namespace ggen
