#include <fmt/format.h>

#include "merkle/checkpoint.hpp"
#include "merkle/note.hpp"
#include "merkle/tile.hpp"
#include "merkle/tree.hpp"
#include "suites/seeded.hpp"
#include "suites/suites.hpp"

namespace ggen::bench {
namespace {

using merkle::Checkpoint;
using merkle::consistency_proof;
using merkle::inclusion_proof;
using merkle::leaf_hash;
using merkle::node_hash;
using merkle::Note;
using merkle::open_checkpoint;
using merkle::root_of;
using merkle::SignerKey;
using merkle::SubtreeHash;
using merkle::TreeBuilder;

Error wrong(std::string text) { return Error{Errc::internal, std::move(text)}; }

std::vector<Digest> leaves(std::size_t count) {
    std::vector<Digest> out;
    out.reserve(count);
    for (std::size_t i = 0; i < count; ++i) out.push_back(leaf_hash(as_bytes(fmt::format("entry {}", i))));
    return out;
}

/// Subtree hashes as a log has them: only complete power-of-two subtrees are ever asked for whole.
class Subtrees {
public:
    explicit Subtrees(std::vector<Digest> leaves) {
        levels_.push_back(std::move(leaves));
        while (levels_.back().size() > 1) {
            std::vector<Digest> next;
            auto const& below = levels_.back();
            for (std::size_t i = 0; i + 1 < below.size(); i += 2)
                next.push_back(node_hash(below[i], below[i + 1]));
            if (next.empty()) break;
            levels_.push_back(std::move(next));
        }
    }
    [[nodiscard]] Result<Digest> hash(std::uint64_t begin, std::uint64_t end) const {
        auto const size = end - begin;
        for (std::size_t level = 0; level < levels_.size(); ++level) {
            if (size == std::uint64_t{1} << level && begin % size == 0) return levels_[level][begin / size];
        }
        return root_of(std::span{levels_[0]}.subspan(begin, size));
    }
    [[nodiscard]] std::vector<Digest> const& leaves() const { return levels_[0]; }

private:
    std::vector<std::vector<Digest>> levels_;
};

class AppendWork final : public Work {
public:
    explicit AppendWork(std::size_t count) : count_(count) {}
    Result<void> prepare(std::string const& /*directory*/) override {
        leaves_ = leaves(count_);
        return ok();
    }
    Result<void> run() override {
        TreeBuilder tree;
        for (auto const& leaf : leaves_) tree.append(leaf);
        root_ = tree.root();
        return ok();
    }
    Result<void> check() override {
        return root_ == root_of(leaves_) ? ok() : Result<void>{wrong("another root")};
    }

private:
    std::size_t count_;
    std::vector<Digest> leaves_;
    Digest root_;
};

enum class ProofJob : std::uint8_t { prove_inclusion, check_inclusion, prove_consistency, check_consistency };

class ProofWork final : public Work {
public:
    ProofWork(ProofJob job, std::size_t count) : job_(job), count_(count) {}
    Result<void> prepare(std::string const& /*directory*/) override {
        trees_ = std::make_unique<Subtrees>(leaves(count_));
        root_ = root_of(trees_->leaves());
        old_root_ = root_of(std::span{trees_->leaves()}.first(count_ / 3));
        hash_ = [this](std::uint64_t begin, std::uint64_t end) { return trees_->hash(begin, end); };
        ASSIGN_OR_RETURN(inclusion_, inclusion_proof(count_ / 2, count_, hash_));
        ASSIGN_OR_RETURN(consistency_, consistency_proof(count_ / 3, count_, hash_));
        return ok();
    }
    Result<void> run() override {
        switch (job_) {
            case ProofJob::prove_inclusion: {
                ASSIGN_OR_RETURN(inclusion_, inclusion_proof(count_ / 2, count_, hash_));
                return ok();
            }
            case ProofJob::check_inclusion:
                return merkle::check_inclusion(trees_->leaves()[count_ / 2], count_ / 2, count_, inclusion_,
                                               root_);
            case ProofJob::prove_consistency: {
                ASSIGN_OR_RETURN(consistency_, consistency_proof(count_ / 3, count_, hash_));
                return ok();
            }
            case ProofJob::check_consistency:
                return merkle::check_consistency(count_ / 3, old_root_, count_, root_, consistency_);
        }
        return ok();
    }
    Result<void> check() override {
        RETURN_IF_ERROR(
            merkle::check_inclusion(trees_->leaves()[count_ / 2], count_ / 2, count_, inclusion_, root_));
        RETURN_IF_ERROR(merkle::check_consistency(count_ / 3, old_root_, count_, root_, consistency_));
        // A proof of another leaf must not pass.
        if (merkle::check_inclusion(trees_->leaves()[0], count_ / 2, count_, inclusion_, root_)) {
            return wrong("a wrong leaf was accepted");
        }
        return ok();
    }

private:
    ProofJob job_;
    std::size_t count_;
    std::unique_ptr<Subtrees> trees_;
    SubtreeHash hash_;
    Digest root_;
    Digest old_root_;
    std::vector<Digest> inclusion_;
    std::vector<Digest> consistency_;
};

class CheckpointWork final : public Work {
public:
    explicit CheckpointWork(bool is_sign) : is_sign_(is_sign) {}
    Result<void> prepare(std::string const& /*directory*/) override {
        SeededBytes random{23};
        ASSIGN_OR_RETURN(auto signer, SignerKey::create("example/main", Ed25519PrivateKey::generate(random)));
        signer_ = std::make_unique<SignerKey>(std::move(signer));
        checkpoint_ = {"example/main", 1'000, leaf_hash(as_bytes("root"))};
        return sign();
    }
    Result<void> run() override {
        if (is_sign_) return sign();
        RETURN_IF_ERROR(open_checkpoint(text_, signer_->verifier()));
        return ok();
    }
    Result<void> check() override {
        ASSIGN_OR_RETURN(auto const opened, open_checkpoint(text_, signer_->verifier()));
        if (!(opened.checkpoint == checkpoint_)) return wrong("another checkpoint");
        auto changed = text_;
        changed[changed.find("1000")] = '2';
        return open_checkpoint(changed, signer_->verifier())
                   ? Result<void>{wrong("a changed one was accepted")}
                   : ok();
    }

private:
    Result<void> sign() {
        Note note;
        note.text = checkpoint_.text();
        note.sign(*signer_);
        text_ = note.print();
        return ok();
    }
    bool is_sign_;
    std::unique_ptr<SignerKey> signer_;
    Checkpoint checkpoint_;
    std::string text_;
};

}  // namespace

void add_log_suite(Catalogue& catalogue) {
    for (std::size_t const n : {100UL, 1'000UL, 10'000UL}) {
        catalogue.add({"log_append", fmt::format("leaves_n{}", n), TestClass::micro,
                       "n leaves; the root of a plain recursion",
                       [n] { return std::make_unique<AppendWork>(n); }});
        catalogue.add({"log_prove", fmt::format("inclusion_n{}", n), TestClass::micro,
                       "an inclusion proof in a log of n",
                       [n] { return std::make_unique<ProofWork>(ProofJob::prove_inclusion, n); }});
        catalogue.add({"log_verify", fmt::format("inclusion_n{}", n), TestClass::micro,
                       "a check of an inclusion proof",
                       [n] { return std::make_unique<ProofWork>(ProofJob::check_inclusion, n); }});
    }
    catalogue.add({"log_prove", "consistency_from_third", TestClass::micro,
                   "a consistency proof in a log of 10,000",
                   [] { return std::make_unique<ProofWork>(ProofJob::prove_consistency, 10'000); }});
    catalogue.add({"log_verify", "consistency_from_third", TestClass::micro, "a check of a consistency proof",
                   [] { return std::make_unique<ProofWork>(ProofJob::check_consistency, 10'000); }});
    catalogue.add({"log_checkpoint", "sign", TestClass::micro, "a signed checkpoint",
                   [] { return std::make_unique<CheckpointWork>(true); }});
    catalogue.add({"log_checkpoint", "open", TestClass::micro,
                   "a checkpoint opened and its signature checked",
                   [] { return std::make_unique<CheckpointWork>(false); }});
}

}  // namespace ggen::bench
