#include "net/opener.hpp"

#include "codec/json.hpp"
#include "net/control_client.hpp"
#include "net/http_source.hpp"

namespace ggen {

Result<std::unique_ptr<RegistrySource>> LocationOpener::open(std::string const& location) {
    using Source = std::unique_ptr<RegistrySource>;
    if (location.starts_with("http://") || location.starts_with("https://")) {
        ASSIGN_OR_RETURN(auto base, check_base_url(location));
        return Source{std::make_unique<HttpSource>(client_, std::move(base))};
    }
    if (location.starts_with("file://")) {
        std::string path = location.substr(7);
        if (!path.starts_with('/')) {
            return Error{Errc::invalid, ErrorId::url_invalid,
                         "address " + location + ": file:// needs an absolute path"};
        }
        return Source{std::make_unique<FolderSource>(files_, std::move(path))};
    }
    if (location.starts_with("p2p:")) {
        ASSIGN_OR_RETURN(auto source, MirrorSource::open(files_, state_directory_, location.substr(4), cancel_));
        source->set_progress(progress_);
        return Source{std::move(source)};
    }
    if (location.find("://") != std::string::npos) {
        return Error{Errc::invalid, ErrorId::url_invalid,
                     "address " + location + ": unknown kind of address"};
    }
    if (location.empty()) return Error{Errc::invalid, ErrorId::url_invalid, "the address is empty"};
    return Source{std::make_unique<FolderSource>(files_, location)};
}

Result<WitnessAnswer> LocationOpener::ask_witness(std::string const& place, std::string const& body) {
    constexpr std::uint64_t k_answer_bytes_max = 16 * k_kib;
    constexpr std::chrono::seconds k_patience{15};
    if (place.starts_with("http://") || place.starts_with("https://")) {
        ASSIGN_OR_RETURN(auto const base, check_base_url(place));
        ASSIGN_OR_RETURN(auto const answer,
                         client_.post(base + "/add-checkpoint", as_bytes(body), k_answer_bytes_max, k_patience));
        return WitnessAnswer{answer.status, std::string{as_text(answer.body)},
                             answer.content_type.starts_with("text/x.tlog.size")};
    }
    if (state_directory_.empty()) return SourceOpener::ask_witness(place, body);
    ASSIGN_OR_RETURN(auto node, ControlClient::connect(state_directory_));
    auto const arguments = Json::object().set("place", place).set("body", body);
    ASSIGN_OR_RETURN(auto const answer, node.call("witness", arguments, {}, &cancel_));
    auto const* const status = answer.find("status");
    auto const* const text = answer.find("body");
    auto const* const is_size = answer.find("is_size");
    bool const is_whole = status != nullptr && status->is_integer() && text != nullptr && text->is_string();
    if (!is_whole) return Error{Errc::invalid, ErrorId::p2p_control, "the node answered something else"};
    return WitnessAnswer{static_cast<int>(*status->if_integer()), *text->if_string(),
                         is_size != nullptr && *is_size == Json{true}};
}

}  // namespace ggen
