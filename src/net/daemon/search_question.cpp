#include "net/daemon/search_question.hpp"

#include <algorithm>
#include <utility>

#include "node/profile.hpp"
#include "search/delta.hpp"
#include "search/hit_json.hpp"
#include "search/index.hpp"

namespace ggen::p2p {
namespace {

/// Of a hit as it was given: the same package in another tree is another hit.
Digest name_of(PeerSearchHit const& hit) {
    Sha256 hasher;
    for (auto const& part : {as_bytes(hit.log_key), as_bytes(hit.proof), BytesView{hit.manifest}}) {
        hasher.update(sha256(part).view());
    }
    return hasher.finish();
}

}  // namespace

SearchAnswer::State SearchAnswer::feed(BytesView bytes) {
    if (state_ != State::waiting) return state_;
    bytes_ += bytes.size();
    if (bytes_ > k_search_answer_bytes_max) return state_ = State::malformed;
    reader_.feed(bytes);
    while (state_ == State::waiting) {
        auto const message = reader_.next();
        if (!message) return state_ = State::malformed;
        if (!*message) break;
        state_ = take(**message);
    }
    return state_;
}

SearchAnswer::State SearchAnswer::take(BytesView message) {
    if (!summary_) {
        auto summary = decode_search_summary(message);
        if (!summary) return State::malformed;
        summary_ = *summary;
    } else {
        auto hit = decode_search_hit(message);
        if (!hit) return State::malformed;
        hits_.push_back(*std::move(hit));
    }
    return hits_.size() == summary_->hits ? State::whole : State::waiting;
}

SearchGathering::Worth SearchGathering::add(PeerId const& from, PeerSearchHit const& hit) {
    auto const name = name_of(hit);
    if (auto const known = known_.find(name); known != known_.end()) {
        add_teller(found_.at(known->second.key), known->second.index, from);
        return Worth::duplicate;
    }
    auto proven = prove_search_hit(hit);
    if (!proven) return proven.error().code == Errc::refused ? Worth::lie : Worth::useless;
    auto const& except = request_.except;
    if (std::find(except.begin(), except.end(), proven->log) != except.end()) return Worth::useless;
    Key const key{proven->log, proven->record.name.text()};
    known_.emplace(name, Known{key, proven->index});
    auto const at = found_.find(key);
    if (at == found_.end()) {
        found_.emplace(key, Found{*std::move(proven), {from}});
        return Worth::fresh;
    }
    auto const& before = at->second.hit;
    if (before.record.version < proven->record.version) {
        at->second = Found{*std::move(proven), {from}};
        return Worth::fresh;
    }
    add_teller(at->second, proven->index, from);
    return Worth::duplicate;
}

/// Who told of an older release did not tell of this one.
void SearchGathering::add_teller(Found& found, std::uint64_t index, PeerId const& from) {
    bool const is_known = std::find(found.from.begin(), found.from.end(), from) != found.from.end();
    if (found.hit.index == index && !is_known) found.from.push_back(from);
}

Json SearchGathering::ordered() const {
    auto list = Json::array();
    std::vector<IndexChange> changes;
    changes.reserve(found_.size());
    for (auto const& [key, found] : found_) {
        changes.push_back({IndexChange::Kind::upsert, search_document(found.hit.manifest, found.hit.log)});
    }
    auto const index = search_index::Delta::empty(nullptr)->with(changes);
    if (!index) return list;
    SearchQuery query;
    query.text = request_.text;
    query.category = request_.category;
    query.tags = request_.tags;
    query.limit = request_.limit;
    auto const page = search_index::make_parts_index((*index)->parts())->search(query);
    if (!page) return list;
    for (auto const& hit : page->hits) {
        auto const& document = hit.document;
        auto const& found = found_.at({*Digest::from_hex(document.origin), document.name});
        auto const& key = found.hit.log_key;
        auto json = json_package(document);
        json.set("origin", key.name);
        json.set("log", document.origin);
        json.set("log_key", key.text());
        auto const peer = peer_of_origin(key.name);
        json.set("publisher", peer ? Json{peer->text()} : Json{});
        json.set("index", found.hit.index);
        json.set("log_size", found.hit.log_size);
        json.set("score", hit.score);
        json.set("highlights", json_highlights(hit));
        auto from = Json::array();
        for (auto const& one : found.from) from.push(one.text());
        json.set("from", std::move(from));
        list.push(std::move(json));
    }
    return list;
}

}  // namespace ggen::p2p
