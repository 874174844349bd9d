#include "registry/writer.hpp"

#include <utility>

#include "base/error_id.hpp"
#include "registry/log_writer.hpp"

namespace ggen {
namespace {

constexpr std::int64_t k_root_life_seconds = 3'650LL * 86'400;

/// Version 1: threshold 1, the given key, and the log's cosigner as the only witness, which no quorum
/// demands.
Result<RootFile> make_first_root(WriterOptions const& options, merkle::SignerKey const& root_key,
                                 UnixTime now) {
    RootFile root;
    root.log_key = options.log_key.verifier();
    root.registry = root.log_key.name;
    root.expires = format_utc({now.seconds + k_root_life_seconds}).substr(0, 10);
    root.keys = {root_key.verifier()};
    if (options.cosigner) root.witnesses = {options.cosigner->verifier()};
    root.policy_tail = "quorum none\n";
    merkle::Note note{root.text(), {}};
    note.sign(root_key);
    if (options.log_key_vouches_for_root) note.sign(options.log_key);
    ASSIGN_OR_RETURN(auto parsed, RootFile::parse(note.print()));
    RETURN_IF_ERROR(parsed.verify_signed_by(parsed));
    return parsed;
}

bool exists(FileSystem& files, std::string const& path) { return files.info(path).has_value(); }

/// State directories inside the folder would be restored together with it.
Result<void> check_options(WriterOptions const& options) {
    auto const origin = options.log_key.verifier().name;
    if (!is_valid_origin(origin)) {
        return Error{Errc::invalid, ErrorId::config_invalid,
                     "\"" + origin + "\" cannot be the name of a registry"};
    }
    auto const inside = options.state_directory == options.directory ||
                        options.state_directory.rfind(options.directory + "/", 0) == 0;
    if (inside) {
        return Error{Errc::invalid, ErrorId::config_invalid,
                     "the writer's state directory must not be inside the registry " + options.directory};
    }
    if (options.cosigner && options.cosigner->verifier().key == options.log_key.verifier().key) {
        return Error{Errc::invalid, ErrorId::config_invalid, "the cosigner needs a key of its own"};
    }
    return ok();
}

}  // namespace

Result<void> RegistryWriter::create(FileSystem& files, Clock& clock, WriterOptions const& options,
                                    merkle::SignerKey const& root_key) {
    RETURN_IF_ERROR(check_options(options));
    auto const exists_already = [&] {
        return Error{Errc::conflict, ErrorId::registry_exists, "there is a registry in " + options.directory};
    };
    if (exists(files, join_path(options.directory, detail::k_checkpoint_path))) return exists_already();

    RETURN_IF_ERROR(files.make_directories(options.state_directory, 0700));
    RETURN_IF_ERROR(files.make_directories(join_path(options.directory, ".writer")));
    detail::LogWriter writer{files, clock, options};
    RETURN_IF_ERROR(writer.lock());
    if (exists(files, join_path(options.directory, detail::k_checkpoint_path))) return exists_already();
    if (exists(files, join_path(options.state_directory, "checkpoint"))) {
        // A killed create() had signed already: that checkpoint is completed, never replaced.
        return writer.recover();
    }
    ASSIGN_OR_RETURN(auto const root, make_first_root(options, root_key, clock.wall_now()));
    RETURN_IF_ERROR(files.make_directories(join_path(options.directory, "root")));
    RETURN_IF_ERROR(
        files.write_file_atomic(join_path(options.directory, "root/1"), as_bytes(root.note), Sync::durable));
    return writer.start_empty();
}

Result<std::unique_ptr<RegistryWriter>> RegistryWriter::open(FileSystem& files, Clock& clock,
                                                             WriterOptions options) {
    RETURN_IF_ERROR(check_options(options));
    if (!exists(files, join_path(options.directory, "root/1"))) {
        return Error{Errc::not_found, ErrorId::registry_not_found,
                     "there is no registry in " + options.directory};
    }
    RETURN_IF_ERROR(files.make_directories(options.state_directory, 0700));
    RETURN_IF_ERROR(files.make_directories(join_path(options.directory, ".writer")));
    auto writer = std::make_unique<detail::LogWriter>(files, clock, std::move(options));
    RETURN_IF_ERROR(writer->lock());
    RETURN_IF_ERROR(writer->recover());
    return std::unique_ptr<RegistryWriter>{std::move(writer)};
}

}  // namespace ggen
