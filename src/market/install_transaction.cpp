#include "market/install_transaction.hpp"

#include <unistd.h>

namespace ggen {
namespace {

constexpr std::string_view k_stamp_first_line = "ggen-installed 1\n";
constexpr std::string_view k_journal_first_line = "ggen-transaction 1\n";
constexpr std::size_t k_small_file_bytes_max = 16'384;

struct Journal {
    std::string staging;
    std::string target;
    Digest lockfile;
};

std::string print_journal(Journal const& journal) {
    return std::string{k_journal_first_line} + "lockfile " + journal.lockfile.text() + "\nstaging " + journal.staging +
           "\ntarget " + journal.target + "\n";
}

/// "key value" lines in a fixed order; nothing when the text is not ours.
std::optional<std::string> take_value(std::string_view& rest, std::string_view key) {
    auto const end = rest.find('\n');
    if (end == std::string_view::npos || !rest.starts_with(key) || rest.size() <= key.size() || rest[key.size()] != ' ') {
        return std::nullopt;
    }
    auto value = std::string{rest.substr(key.size() + 1, end - key.size() - 1)};
    rest.remove_prefix(end + 1);
    return value;
}

std::optional<Journal> parse_journal(std::string_view text) {
    if (!text.starts_with(k_journal_first_line)) return std::nullopt;
    text.remove_prefix(k_journal_first_line.size());
    auto const lockfile = take_value(text, "lockfile");
    auto staging = take_value(text, "staging");
    auto target = take_value(text, "target");
    if (!lockfile || !staging || !target) return std::nullopt;
    auto const digest = Digest::parse(*lockfile);
    if (!digest) return std::nullopt;
    return Journal{std::move(*staging), std::move(*target), *digest};
}

void ignore(Result<void> const& result) { static_cast<void>(result); }

}  // namespace

ProjectPaths ProjectPaths::of(std::string const& project) {
    auto const own = join_path(project, ".ggen");
    return {join_path(project, "ggen.lock"), join_path(project, "ggen.lock.proofs"), own,
            join_path(own, "lock"),          join_path(own, "transaction"),         join_path(own, "target")};
}

std::string TreeStamp::print() const {
    return std::string{k_stamp_first_line} + "lockfile " + lockfile.text() + "\nmode " +
           std::string{link_mode_name(mode)} + "\n";
}

std::optional<TreeStamp> TreeStamp::parse(std::string_view text) {
    if (!text.starts_with(k_stamp_first_line)) return std::nullopt;
    text.remove_prefix(k_stamp_first_line.size());
    auto const lockfile = take_value(text, "lockfile");
    auto const mode = take_value(text, "mode");
    if (!lockfile || !mode) return std::nullopt;
    auto const digest = Digest::parse(*lockfile);
    auto const link_mode = parse_link_mode(*mode);
    if (!digest || !link_mode) return std::nullopt;
    return TreeStamp{*digest, *link_mode};
}

std::optional<TreeStamp> TreeStamp::of(FileSystem& files, std::string const& target) {
    auto const bytes = files.read_file(join_path(target, k_file_name), k_small_file_bytes_max);
    return bytes ? parse(as_text(*bytes)) : std::nullopt;
}

bool has_unfinished_transaction(Market& market) {
    return market.files.info(ProjectPaths::of(market.project_directory).transaction).has_value();
}

std::string current_target(Market& market) {
    auto const note = market.files.read_file(ProjectPaths::of(market.project_directory).target_note, k_small_file_bytes_max);
    if (note && !note->empty() && note->back() == '\n') return std::string{as_text(*note).substr(0, note->size() - 1)};
    return join_path(market.project_directory, "gpacks");
}

Result<std::unique_ptr<ProjectTransaction>> ProjectTransaction::open(Market& market) {
    std::unique_ptr<ProjectTransaction> transaction{
        new ProjectTransaction{market, ProjectPaths::of(market.project_directory)}};
    RETURN_IF_ERROR(market.files.make_directories(transaction->paths_.private_dir));
    ASSIGN_OR_RETURN(transaction->lock_,
                     market.files.lock(transaction->paths_.lock, LockMode::exclusive, &market.cancel));
    RETURN_IF_ERROR(transaction->recover());
    transaction->target_ = current_target(market);
    return transaction;
}

ProjectTransaction::~ProjectTransaction() {
    if (!staging_.empty()) discard(staging_);
}

Result<void> ProjectTransaction::recover() {
    auto const bytes = market_.files.read_file(paths_.transaction, k_small_file_bytes_max);
    if (bytes) {
        auto const journal = parse_journal(as_text(*bytes));
        // The journal is written by rename, so only a stranger's file can be unreadable: nothing of ours began.
        if (journal) {
            target_ = journal->target;
            auto const stamp = TreeStamp::of(market_.files, journal->target);
            bool const is_swapped = stamp && stamp->lockfile == journal->lockfile;
            bool const is_between = !market_.files.info(journal->target) &&
                                    market_.files.info(join_path(journal->staging, "tree"));
            if (is_between) RETURN_IF_ERROR(market_.files.rename(join_path(journal->staging, "tree"), journal->target));
            if (is_swapped || is_between) {
                RETURN_IF_ERROR(finish(journal->staging));
            } else {
                RETURN_IF_ERROR(market_.files.remove_file(paths_.transaction));
            }
            discard(journal->staging);
        } else {
            RETURN_IF_ERROR(market_.files.remove_file(paths_.transaction));
        }
    }
    ASSIGN_OR_RETURN(auto const entries, market_.files.list(paths_.private_dir));
    for (auto const& entry : entries) {
        if (entry.name.starts_with("staging-") || entry.name.starts_with(".tmp-")) {
            discard(join_path(paths_.private_dir, entry.name));
        }
    }
    return ok();
}

Result<std::string> ProjectTransaction::make_staging() {
    // Beside a target elsewhere, so that the swap stays on its file system.
    auto const inside = target_ == join_path(market_.project_directory, "gpacks");
    auto const parent = inside ? paths_.private_dir : parent_path(target_);
    RETURN_IF_ERROR(market_.files.make_directories(parent));
    auto const name = std::string{inside ? "" : ".ggen-"} + "staging-" + std::to_string(::getpid());
    staging_ = join_path(parent, name);
    RETURN_IF_ERROR(market_.files.remove_tree(staging_));
    RETURN_IF_ERROR(market_.files.make_directories(join_path(staging_, "tree")));
    return staging_;
}

Result<void> ProjectTransaction::commit_tree(Lockfile const& lockfile, LockProofs const& proofs, LinkMode mode) {
    auto& files = market_.files;
    auto const text = lockfile.print();
    TreeStamp const stamp{sha256(as_bytes(text)), mode};
    RETURN_IF_ERROR(files.write_file_atomic(join_path(staging_, std::string{"tree/"} + std::string{TreeStamp::k_file_name}),
                                            as_bytes(stamp.print()), Sync::none));
    RETURN_IF_ERROR(files.write_file_atomic(join_path(staging_, "ggen.lock"), as_bytes(text), Sync::none));
    RETURN_IF_ERROR(files.write_file_atomic(join_path(staging_, "ggen.lock.proofs"), as_bytes(proofs.print()), Sync::none));
    // One call makes the whole new tree durable before anything names it.
    RETURN_IF_ERROR(files.sync_file_system(staging_));
    Journal const journal{staging_, target_, stamp.lockfile};
    RETURN_IF_ERROR(files.write_file_atomic(paths_.transaction, as_bytes(print_journal(journal)), Sync::durable));
    auto swapped = swap(staging_);
    if (!swapped) {
        ignore(files.remove_file(paths_.transaction));
        return swapped;
    }
    return finish(staging_);
}

Result<void> ProjectTransaction::swap(std::string const& staging) {
    auto& files = market_.files;
    auto const tree = join_path(staging, "tree");
    if (!files.info(target_)) {
        RETURN_IF_ERROR(files.make_directories(parent_path(target_)));
        return files.rename(tree, target_);
    }
    if (files.rename_exchange(tree, target_)) return ok();
    // A file system without RENAME_EXCHANGE: two renames, and recover() knows the state between them.
    auto const aside = join_path(staging, "old");
    RETURN_IF_ERROR(files.rename(target_, aside));
    auto moved = files.rename(tree, target_);
    if (!moved) ignore(files.rename(aside, target_));
    return moved;
}

/// After the swap: the files beside the tree, then the end of the journal. May run again after a kill.
Result<void> ProjectTransaction::finish(std::string const& staging) {
    RETURN_IF_ERROR(move_into_place(join_path(staging, "ggen.lock.proofs"), paths_.proofs));
    RETURN_IF_ERROR(move_into_place(join_path(staging, "ggen.lock"), paths_.lockfile));
    RETURN_IF_ERROR(write_target_note());
    RETURN_IF_ERROR(market_.files.sync_directory(market_.project_directory));
    return market_.files.remove_file(paths_.transaction);
}

/// A rename, which needs no space; a copy when the staging area is on another file system.
Result<void> ProjectTransaction::move_into_place(std::string const& from, std::string const& to) {
    auto& files = market_.files;
    if (!files.info(from)) return ok();  // Moved before the kill.
    if (files.rename(from, to)) return ok();
    ASSIGN_OR_RETURN(auto const content, files.read_file(from, LockProofs::k_bytes_max));
    return files.write_file_atomic(to, content, Sync::durable);
}

Result<void> ProjectTransaction::write_target_note() {
    if (target_ == join_path(market_.project_directory, "gpacks")) {
        if (market_.files.info(paths_.target_note)) return market_.files.remove_file(paths_.target_note);
        return ok();
    }
    return market_.files.write_file_atomic(paths_.target_note, as_bytes(target_ + "\n"), Sync::durable);
}

Result<void> ProjectTransaction::commit_lockfile(Lockfile const& lockfile, LockProofs const& proofs) {
    RETURN_IF_ERROR(market_.files.write_file_atomic(paths_.proofs, as_bytes(proofs.print()), Sync::durable));
    return market_.files.write_file_atomic(paths_.lockfile, as_bytes(lockfile.print()), Sync::durable);
}

void ProjectTransaction::discard(std::string const& staging) { ignore(market_.files.remove_tree(staging)); }

}  // namespace ggen
