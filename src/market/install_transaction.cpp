#include "market/install_transaction.hpp"

#include <algorithm>

#include "crypto/digest.hpp"

namespace ggen {
namespace {

constexpr std::string_view k_stamp_first_line = "ggen-installed 1\n";
constexpr std::string_view k_journal_first_line = "ggen-transaction 1\n";
constexpr std::string_view k_no_tree = "none";
constexpr std::size_t k_small_file_bytes_max = 16'384;
constexpr std::size_t k_label_digits = 16;

struct Journal {
    std::string target;  ///< k_no_tree: the tree stays, only the files beside it change.
    Digest lockfile;
};

std::string print_journal(Journal const& journal) {
    return std::string{k_journal_first_line} + "lockfile " + journal.lockfile.text() + "\ntarget " +
           journal.target + "\n";
}

/// "key value" lines in a fixed order; nothing when the text is not ours.
std::optional<std::string> take_value(std::string_view& rest, std::string_view key) {
    auto const end = rest.find('\n');
    if (end == std::string_view::npos || !rest.starts_with(key) || rest.size() <= key.size() ||
        rest[key.size()] != ' ') {
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
    auto target = take_value(text, "target");
    if (!lockfile || !target) return std::nullopt;
    auto const digest = Digest::parse(*lockfile);
    if (!digest) return std::nullopt;
    return Journal{std::move(*target), *digest};
}

std::string default_target(std::string const& project) { return join_path(project, "gpacks"); }

/// Kept with the user, not in the project: a project that came from a stranger must not choose a path.
std::string target_note_path(Market& market, std::string const& project) {
    return join_path(market.directories.state, "targets/" + sha256(as_bytes(project)).hex());
}

struct TargetNote {
    std::string current;
    std::string pending;  ///< Where an install that is under way puts its tree.
};

TargetNote read_target_note(Market& market, std::string const& project) {
    auto const bytes = market.files.read_file(target_note_path(market, project), k_small_file_bytes_max);
    TargetNote note{default_target(project), {}};
    if (!bytes) return note;
    auto rest = as_text(*bytes);
    if (auto current = take_value(rest, "target")) note.current = std::move(*current);
    if (auto pending = take_value(rest, "pending")) note.pending = std::move(*pending);
    return note;
}

Result<void> write_target_note(Market& market, TargetNote const& note) {
    auto const path = target_note_path(market, market.project_directory);
    if (note.current == default_target(market.project_directory) && note.pending.empty()) {
        return market.files.info(path) ? market.files.remove_file(path) : ok();
    }
    RETURN_IF_ERROR(market.files.make_directories(parent_path(path)));
    auto const text =
        "target " + note.current + "\n" + (note.pending.empty() ? "" : "pending " + note.pending + "\n");
    return market.files.write_file_atomic(path, as_bytes(text), Sync::durable);
}

/// Beside a target elsewhere, so that the swap stays on its file system. The name is this project's own:
/// nothing else is ever removed.
std::string staging_of(std::string const& project, std::string const& target) {
    if (target == default_target(project) || target == k_no_tree)
        return join_path(ProjectPaths::of(project).private_dir, "staging");
    return join_path(parent_path(target),
                     ".ggen-staging-" + sha256(as_bytes(project)).hex().substr(0, k_label_digits));
}

void ignore(Result<void> const& result) { static_cast<void>(result); }

}  // namespace

ProjectPaths ProjectPaths::of(std::string const& project) {
    auto const own = join_path(project, ".ggen");
    return {join_path(project, "ggen.lock"), join_path(project, "ggen.lock.proofs"), own,
            join_path(own, "lock"), join_path(own, "transaction")};
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
    return read_target_note(market, market.project_directory).current;
}

std::vector<std::string> unfinished_lockfiles(Market& market, std::string const& project) {
    std::vector<std::string> found;
    if (!market.files.info(ProjectPaths::of(project).transaction)) return found;
    auto const note = read_target_note(market, project);
    for (auto const& target : {default_target(project), note.current, note.pending}) {
        if (!target.starts_with('/')) continue;
        auto path = join_path(staging_of(project, target), "ggen.lock");
        if (market.files.info(path) && std::find(found.begin(), found.end(), path) == found.end())
            found.push_back(std::move(path));
    }
    return found;
}

Result<std::unique_ptr<ProjectTransaction>> ProjectTransaction::open(Market& market) {
    std::unique_ptr<ProjectTransaction> transaction{
        new ProjectTransaction{market, ProjectPaths::of(market.project_directory)}};
    auto const& own = transaction->paths_.private_dir;
    RETURN_IF_ERROR(market.files.make_directories(own));
    ASSIGN_OR_RETURN(auto const info, market.files.info(own));
    if (info.kind != FileKind::directory) {
        return Error{Errc::refused, ErrorId::target_occupied,
                     own + " is a link, but ggen keeps private files there", "remove " + own};
    }
    ASSIGN_OR_RETURN(transaction->lock_,
                     market.files.lock(transaction->paths_.lock, LockMode::exclusive, &market.cancel));
    RETURN_IF_ERROR(transaction->recover());
    transaction->target_ = current_target(market);
    return transaction;
}

ProjectTransaction::~ProjectTransaction() {
    if (!staging_.empty()) discard(staging_);
}

std::string ProjectTransaction::staging_of(std::string const& target) const {
    return ggen::staging_of(market_.project_directory, target);
}

Result<void> ProjectTransaction::recover() {
    auto const note = read_target_note(market_, market_.project_directory);
    if (auto const bytes = market_.files.read_file(paths_.transaction, k_small_file_bytes_max)) {
        auto const journal = parse_journal(as_text(*bytes));
        // The journal is written by rename, so what cannot be read was not written by ggen. One that came
        // with a project from elsewhere names no path that this user did not choose.
        bool const is_ours =
            journal && (journal->target == default_target(market_.project_directory) || journal->target == k_no_tree ||
                        journal->target == note.current || journal->target == note.pending);
        if (is_ours) RETURN_IF_ERROR(finish_or_undo(journal->target, journal->lockfile));
    }
    if (has_unfinished_transaction(market_)) RETURN_IF_ERROR(market_.files.remove_file(paths_.transaction));
    for (auto const& target : {note.current, note.pending}) {
        if (target.starts_with('/')) discard(staging_of(target));
    }
    ASSIGN_OR_RETURN(auto const entries, market_.files.list(paths_.private_dir));
    for (auto const& entry : entries) {
        if (entry.name == "staging" || entry.name.starts_with(".tmp-"))
            discard(join_path(paths_.private_dir, entry.name));
    }
    return ok();
}

Result<void> ProjectTransaction::finish_or_undo(std::string const& target, Digest const& lockfile) {
    auto& files = market_.files;
    target_ = target;
    auto const staging = staging_of(target);
    auto const tree = join_path(staging, "tree");
    if (target != k_no_tree) {
        auto const stamp = TreeStamp::of(files, target);
        bool const is_swapped = stamp && stamp->lockfile == lockfile;
        bool const is_between = !files.info(target) && files.info(tree);
        if (!is_swapped && !is_between) return ok();
        if (is_between) RETURN_IF_ERROR(files.rename(tree, target));
    }
    return finish(staging);
}

Result<std::string> ProjectTransaction::make_staging(bool with_tree) {
    auto const staging = staging_of(with_tree ? target_ : std::string{k_no_tree});
    RETURN_IF_ERROR(market_.files.make_directories(parent_path(staging)));
    RETURN_IF_ERROR(market_.files.remove_tree(staging));
    staging_ = staging;
    RETURN_IF_ERROR(market_.files.make_directories(with_tree ? join_path(staging, "tree") : staging));
    return staging;
}

Result<void> ProjectTransaction::stage_files(LockTexts const& texts) {
    auto& files = market_.files;
    RETURN_IF_ERROR(
        files.write_file_atomic(join_path(staging_, "ggen.lock"), as_bytes(texts.lockfile), Sync::none));
    RETURN_IF_ERROR(
        files.write_file_atomic(join_path(staging_, "ggen.lock.proofs"), as_bytes(texts.proofs), Sync::none));
    // One call makes everything in the staging area durable before anything names it.
    return files.sync_file_system(staging_);
}

Result<void> ProjectTransaction::commit_tree(LockTexts const& texts, LinkMode mode) {
    auto& files = market_.files;
    TreeStamp const stamp{texts.lockfile_digest, mode};
    if (mode != LinkMode::generation) {  // A generation has its own.
        RETURN_IF_ERROR(files.write_file_atomic(
            join_path(staging_, std::string{"tree/"} + std::string{TreeStamp::k_file_name}),
            as_bytes(stamp.print()), Sync::none));
    }
    RETURN_IF_ERROR(stage_files(texts));
    if (auto const note = read_target_note(market_, market_.project_directory); note.current != target_) {
        RETURN_IF_ERROR(write_target_note(market_, {note.current, target_}));
    }
    RETURN_IF_ERROR(files.write_file_atomic(
        paths_.transaction, as_bytes(print_journal({target_, stamp.lockfile})), Sync::durable));
    bool const had_tree = files.info(target_).has_value();
    if (auto swapped = swap(staging_); !swapped) {
        bool const is_torn = had_tree && !files.info(target_);
        if (is_torn)
            staging_.clear();  // Both trees are in it: the next command puts one in place.
        else
            ignore(files.remove_file(paths_.transaction));
        return swapped;
    }
    return finish_or_leave();
}

Result<void> ProjectTransaction::stage_link(std::string const& directory) {
    auto const tree = join_path(staging_, "tree");
    RETURN_IF_ERROR(market_.files.remove_tree(tree));
    return market_.files.make_symlink(directory, tree);
}

Result<void> ProjectTransaction::switch_link(std::string const& directory) {
    auto& files = market_.files;
    bool const is_default = target_ == default_target(market_.project_directory);
    auto const link = is_default ? join_path(paths_.private_dir, ".tmp-link") : staging_of(target_);
    RETURN_IF_ERROR(files.make_directories(parent_path(link)));
    auto made = files.make_symlink(directory, link);
    if (made) made = files.rename(link, target_);
    if (!made) ignore(files.remove_tree(link));
    return made;
}

Result<void> ProjectTransaction::swap(std::string const& staging) {
    auto& files = market_.files;
    auto const tree = join_path(staging, "tree");
    auto const standing = files.info(target_);
    if (!standing) {
        RETURN_IF_ERROR(files.make_directories(parent_path(target_)));
        return files.rename(tree, target_);
    }
    auto const coming = files.info(tree);
    if (coming && coming->kind == FileKind::symlink && standing->kind == FileKind::symlink)
        return files.rename(tree, target_);
    if (files.rename_exchange(tree, target_)) return ok();
    // A file system without RENAME_EXCHANGE: two renames, and recover() knows the state between them.
    auto const aside = join_path(staging, "old");
    RETURN_IF_ERROR(files.rename(target_, aside));
    auto moved = files.rename(tree, target_);
    if (!moved) ignore(files.rename(aside, target_));
    return moved;
}

Result<void> ProjectTransaction::finish_or_leave() {
    auto finished = finish(staging_);
    // What could not be moved stays, with the journal that names it: the next command finishes.
    if (!finished) staging_.clear();
    return finished;
}

/// After the swap: the files beside the tree, then the end of the journal. May run again after a kill.
Result<void> ProjectTransaction::finish(std::string const& staging) {
    RETURN_IF_ERROR(move_into_place(join_path(staging, "ggen.lock.proofs"), paths_.proofs));
    RETURN_IF_ERROR(move_into_place(join_path(staging, "ggen.lock"), paths_.lockfile));
    if (target_ != k_no_tree) RETURN_IF_ERROR(write_target_note(market_, {target_, {}}));
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

Result<void> ProjectTransaction::commit_lockfile(LockTexts const& texts) {
    RETURN_IF_ERROR(make_staging(false));
    RETURN_IF_ERROR(stage_files(texts));
    RETURN_IF_ERROR(market_.files.write_file_atomic(
        paths_.transaction, as_bytes(print_journal({std::string{k_no_tree}, texts.lockfile_digest})),
        Sync::durable));
    target_ = k_no_tree;
    return finish_or_leave();
}

void ProjectTransaction::discard(std::string const& staging) { ignore(market_.files.remove_tree(staging)); }

}  // namespace ggen
