#include "net/opener.hpp"

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

}  // namespace ggen
