// make_test_log DIR N: writes a log of N entries made by grow_log, for other people's verifiers.
//
//   DIR/registry/   checkpoint, tiles and bundles, grown in uneven steps as a real log grows
//   DIR/vkey        the verifier key of the log; DIR/cosigner that of its cosigner
//   DIR/proofs/     tlog-proofs of the first and last entries and of those at tile borders
//
// The keys come from fixed seeds: the bytes are the same on every machine, and sign nothing real.
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>

#include "base/file_system.hpp"
#include "merkle/checkpoint.hpp"
#include "merkle/testing/memory_log.hpp"
#include "merkle/tile_store.hpp"

namespace ggen::merkle {
namespace {

Result<void> write(FileSystem& files, std::string const& path, std::string_view bytes) {
    RETURN_IF_ERROR(files.make_directories(parent_path(path)));
    return files.write_file_atomic(path, as_bytes(bytes), Sync::none);
}

SignerKey log_signer() { return testing::test_signer("log.example/test", 1); }
SignerKey cosigner() { return testing::test_signer("witness.example/test", 2, KeyType::cosignature_ed25519); }

std::string sign(Checkpoint const& checkpoint) {
    Note note{checkpoint.text(), {}};
    note.sign(log_signer());
    note.sign(cosigner(), UnixTime{1'800'000'000});
    return note.print();
}

Result<void> write_proofs(FileSystem& files, std::string const& folder, testing::MemoryLog& log,
                          std::string const& note) {
    auto const size = log.size();
    std::set<std::uint64_t> wanted;
    for (std::uint64_t const index : {std::uint64_t{0}, std::uint64_t{255}, std::uint64_t{256}, size / 2, size - 1}) {
        if (index < size) wanted.insert(index);
    }
    TileReader reader{log.checkpoint(), log.source()};
    for (auto const index : wanted) {
        ASSIGN_OR_RETURN(auto hashes, reader.prove_inclusion(index));
        LogProof const proof{testing::test_entry(index), index, std::move(hashes), note};
        RETURN_IF_ERROR(write(files, folder + "/" + std::to_string(index) + ".tlog-proof", proof.print()));
    }
    return ok();
}

Result<void> make_test_log(std::string const& folder, std::uint64_t size) {
    auto const files = make_posix_file_system();
    testing::MemoryLog log;
    for (std::uint64_t step = 1; log.size() < size; step = step * 3 + 1) log.grow_to(std::min(size, log.size() + step));
    auto const registry = folder + "/registry/";
    for (auto const& [path, bytes] : log.files) {
        RETURN_IF_ERROR(write(*files, join_path(registry, path), as_text(bytes)));
    }
    auto const note = sign(log.checkpoint());
    RETURN_IF_ERROR(write(*files, folder + "/registry/checkpoint", note));
    RETURN_IF_ERROR(write(*files, folder + "/vkey", log_signer().verifier().text() + "\n"));
    RETURN_IF_ERROR(write(*files, folder + "/cosigner", cosigner().verifier().text() + "\n"));
    return write_proofs(*files, folder + "/proofs", log, note);
}

}  // namespace
}  // namespace ggen::merkle

int main(int argc, char** argv) {
    std::uint64_t const size = argc == 3 ? std::strtoull(argv[2], nullptr, 10) : 0;
    if (size == 0) {
        std::fputs("usage: make_test_log DIR N   (N >= 1)\n", stderr);
        return 2;
    }
    auto const made = ggen::merkle::make_test_log(argv[1], size);
    if (!made) {
        std::fprintf(stderr, "make_test_log: %s\n", made.error().context.c_str());
        return 1;
    }
    return 0;
}
