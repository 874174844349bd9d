#include "market/keys.hpp"

#include <fmt/format.h>

#include <utility>

#include "market/config.hpp"
#include "market/labels.hpp"
#include "spec/package_name.hpp"
#include "spec/text_checks.hpp"

namespace ggen {
namespace {

constexpr std::size_t k_key_file_bytes_max = 4096;
constexpr std::uint32_t k_open_to_others = 0077;

std::string publisher_key_path(Market const& market) {
    return market.config.key_file.empty() ? join_path(market.directories.config, "keys/publisher.key")
                                          : market.config.key_file;
}

KeyReport report_of(merkle::SignerKey const& key, std::string path) {
    auto const verifier = key.verifier();
    return {verifier.name, verifier.text(), std::move(path)};
}

}  // namespace

namespace detail {

Result<void> store_key(FileSystem& files, std::string const& path, merkle::SignerKey const& key) {
    RETURN_IF_ERROR(files.make_directories(parent_path(path), 0700));
    return files.write_file_atomic(path, as_bytes(key.text() + '\n'), Sync::durable, 0600);
}

Result<merkle::SignerKey> load_key(FileSystem& files, std::string const& path) {
    auto const checked = check_private_file(files, path, k_open_to_others);
    if (!checked) {
        if (checked.error().code != Errc::not_found) return checked.error();
        return Error{Errc::not_found, ErrorId::key_missing, "there is no key at " + path};
    }
    ASSIGN_OR_RETURN(auto const bytes, files.read_file(path, k_key_file_bytes_max));
    auto text = as_text(bytes);
    if (text.ends_with('\n')) text.remove_suffix(1);
    auto key = merkle::SignerKey::parse(text);
    // Never quotes the content: it may be a damaged secret.
    if (!key) return Error{Errc::invalid, ErrorId::note_malformed, path + " does not hold a signing key"};
    return key;
}

merkle::SignerKey make_key(Random& random, std::string name, merkle::KeyType type) {
    return merkle::SignerKey::create(std::move(name), Ed25519PrivateKey::generate(random), type).value();
}

std::string writer_key_directory(Directories const& directories, merkle::VerifierKey const& log_key) {
    return join_path(directories.config, "keys/" + writer_label(log_key));
}

std::string node_identity_path(Directories const& directories) {
    return join_path(directories.state, "p2p/identity.key");
}

std::string writer_state_directory(Directories const& directories, merkle::VerifierKey const& log_key) {
    return join_path(directories.state, "writers/" + writer_label(log_key));
}

}  // namespace detail

Result<KeyReport> new_key(Market& market, KeyNewRequest const& request) {
    auto const wanted = request.name.empty() ? detail::user_word() + "/" + detail::host_word() : request.name;
    ASSIGN_OR_RETURN(auto const name, PackageName::parse(wanted));
    if (name.scope().empty()) {
        return Error{Errc::invalid, ErrorId::name_invalid,
                     fmt::format("the key name {} has no namespace", quoted(wanted)),
                     fmt::format("write {}/laptop: the first part is the namespace that it will own", name.text())};
    }
    auto const path = publisher_key_path(market);
    if (market.files.info(path)) {
        if (!request.force) {
            return Error{Errc::conflict, ErrorId::none, "there is a key at " + path + " already",
                         "`ggen key show` shows it; --force makes another one"};
        }
        // What it owns can be published with it alone: set aside, never destroyed.
        auto const aside = fmt::format("{}.{}", path, market.clock.wall_now().seconds);
        RETURN_IF_ERROR(market.files.rename_no_replace(path, aside));
    }
    auto const key = detail::make_key(market.random, name.text());
    RETURN_IF_ERROR(detail::store_key(market.files, path, key));
    return report_of(key, path);
}

Result<KeyReport> show_key(Market& market) {
    ASSIGN_OR_RETURN(auto const key, load_publisher_key(market));
    return report_of(key, publisher_key_path(market));
}

Result<merkle::SignerKey> load_publisher_key(Market& market) {
    auto key = detail::load_key(market.files, publisher_key_path(market));
    if (!key) return with_help(std::move(key).error(), "ggen key new NAMESPACE/DEVICE");
    return key;
}

}  // namespace ggen
