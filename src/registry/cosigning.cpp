#include "registry/cosigning.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/parallel.hpp"
#include "codec/base64.hpp"
#include "merkle/lines.hpp"

namespace ggen {
namespace {

constexpr unsigned k_asked_at_once = 16;
constexpr int k_tries_max = 3;  ///< Somebody else may have its checkpoint cosigned between two of ours.
constexpr int k_ok = 200;
constexpr int k_conflict = 409;
constexpr int k_unprocessable = 422;

/// Asks one witness: which signatures of it came, or why none did.
class Asking {
public:
    Asking(Cosigning const& cosigning, merkle::SignedCheckpoint const& checkpoint, ProveFrom prove)
        : cosigning_(cosigning), checkpoint_(checkpoint), prove_(std::move(prove)) {}

    Result<merkle::NoteSignature> ask(WitnessPlace const& witness, std::uint64_t old_size) {
        for (int tried = 0; tried < k_tries_max; ++tried) {
            ASSIGN_OR_RETURN(auto const body, request(old_size));
            ASSIGN_OR_RETURN(auto const answer, cosigning_.ask(witness.place, body));
            if (answer.status == k_ok) return signature_of(witness, answer.body);
            auto text = std::string_view{answer.body};
            auto const line = merkle::take_line(text).value_or(std::string_view{answer.body});
            auto const size = answer.is_size ? merkle::parse_count(line) : std::nullopt;
            if (has_another_history(answer.status, size, old_size)) {
                return Error{Errc::conflict, "it has cosigned " + std::to_string(old_size) +
                                                 " entries that are not those which are here"};
            }
            bool const is_other = answer.status == k_conflict && size && *size != old_size;
            if (!is_other) {
                return Error{Errc::refused, "it answered " + std::to_string(answer.status) + ": " +
                                                std::string{line.substr(0, 200)}};
            }
            if (*size > checkpoint_.checkpoint.size) {
                return Error{Errc::conflict, "it has cosigned " + std::to_string(*size) + " entries, and " +
                                                 std::to_string(checkpoint_.checkpoint.size) + " are here"};
            }
            old_size = *size;
        }
        return Error{Errc::unavailable, "its latest checkpoint changed each time"};
    }

private:
    /// It holds a checkpoint of the size that it named to another root than ours.
    [[nodiscard]] bool has_another_history(int status, std::optional<std::uint64_t> size,
                                           std::uint64_t old_size) const {
        if (status == k_unprocessable) return old_size != 0;
        return status == k_conflict && size == old_size && old_size == checkpoint_.checkpoint.size;
    }
    Result<std::string> request(std::uint64_t old_size) {
        auto body = "old " + std::to_string(old_size) + "\n";
        if (old_size != 0 && old_size != checkpoint_.checkpoint.size) {
            std::lock_guard const guard{mutex_};  // The proof comes from files through one reader.
            ASSIGN_OR_RETURN(auto const proof, prove_(old_size));
            for (auto const& hash : proof) body += base64_encode(hash.view()) + "\n";
        }
        return body + "\n" + checkpoint_.note;
    }
    /// A line that holds for our checkpoint; whatever else came is passed over.
    [[nodiscard]] Result<merkle::NoteSignature> signature_of(WitnessPlace const& witness,
                                                             std::string_view lines) const {
        auto const note = merkle::Note::parse(checkpoint_.note);
        auto const given = merkle::Note::parse(note->text + "\n" + std::string{lines});
        if (!given) return Error{Errc::refused, "it answered with no cosignature: " + given.error().context};
        for (auto const& signature : given->signatures) {
            bool const is_its = signature.name == witness.key.name && signature.key_id == witness.key.key_id();
            if (!is_its) continue;
            if (merkle::verify_note({note->text, {signature}}, {witness.key})) return signature;
        }
        return Error{Errc::refused, "it did not sign with the key " + witness.key.text()};
    }

    Cosigning const& cosigning_;
    merkle::SignedCheckpoint const& checkpoint_;
    ProveFrom prove_;
    std::mutex mutex_;
};

}  // namespace

CosignedNote gather_cosignatures(Cosigning const& cosigning, merkle::SignedCheckpoint const& checkpoint,
                                 std::optional<merkle::SignedCheckpoint> const& previous, ProveFrom const& prove) {
    auto note = merkle::Note::parse(checkpoint.note);
    GGEN_ASSERT(note);
    auto const before = previous ? merkle::Note::parse(previous->note) : Result<merkle::Note>{Error{Errc::invalid, ""}};
    auto const known_size = [&](WitnessPlace const& witness) -> std::uint64_t {
        return before && merkle::verify_note(*before, {witness.key}) ? previous->checkpoint.size : 0;
    };
    Asking asking{cosigning, checkpoint, prove};
    std::vector<Result<merkle::NoteSignature>> answers(cosigning.witnesses.size(), Error{Errc::cancelled, "not asked"});
    run_parallel(answers.size(), k_asked_at_once, [&](std::size_t i) {
        auto const& witness = cosigning.witnesses[i];
        answers[i] = asking.ask(witness, known_size(witness));
    });
    CosignedNote out;
    for (std::size_t i = 0; i < answers.size(); ++i) {
        auto const& witness = cosigning.witnesses[i];
        if (answers[i]) {
            bool const is_there = std::find(note->signatures.begin(), note->signatures.end(), *answers[i]) !=
                                  note->signatures.end();
            if (!is_there) note->signatures.push_back(*answers[i]);
            continue;
        }
        auto text = witness.key.name + " at " + witness.place + ": " + answers[i].error().context;
        if (answers[i].error().code == Errc::conflict) out.contradiction = text;
        out.failures.push_back(std::move(text));
    }
    out.note = note->print();
    return out;
}

}  // namespace ggen
