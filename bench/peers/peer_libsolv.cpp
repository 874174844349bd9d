#include "peers/peer_libsolv.hpp"

#include <cstdio>
#include <memory>

// Its headers are C: a member is called as a keyword of C++20.
#ifdef __clang__
#pragma clang diagnostic ignored "-Wkeyword-macro"
#endif
#define requires solv_requires
extern "C" {
#include <solv/pool.h>
#include <solv/repo.h>
#include <solv/repo_deb.h>
#include <solv/repo_solv.h>
#include <solv/repo_write.h>
#include <solv/solver.h>
#include <solv/transaction.h>
}
#undef requires

namespace ggen::bench {

namespace {

using PoolPointer = std::unique_ptr<Pool, void (*)(Pool*)>;
using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

PoolPointer make_pool() {
    PoolPointer pool{pool_create(), pool_free};
    pool_setdisttype(pool.get(), DISTTYPE_DEB);
    pool_setarch(pool.get(), "amd64");
    return pool;
}

Result<Repo*> load(Pool* pool, std::string const& path, bool is_text) {
    auto* const repo = repo_create(pool, "index");
    File const file{std::fopen(path.c_str(), "rb"), std::fclose};
    if (file == nullptr) return Error{Errc::io, path + " cannot be opened"};
    int const code = is_text ? repo_add_debpackages(repo, file.get(), 0) : repo_add_solv(repo, file.get(), 0);
    if (code != 0) return Error{Errc::io, path + ": " + pool_errstr(pool)};
    return repo;
}

}  // namespace

bool has_libsolv() { return true; }

Result<void> write_solv(std::string const& text, std::string const& out) {
    auto const pool = make_pool();
    ASSIGN_OR_RETURN(auto* const repo, load(pool.get(), text, true));
    File file{std::fopen(out.c_str(), "wb"), std::fclose};
    if (file == nullptr || repo_write(repo, file.get()) != 0 || std::fflush(file.get()) != 0)
        return Error{Errc::io, out + " cannot be written"};
    return ok();
}

Result<void> run_libsolv_child(std::string const& path, bool is_text, std::string const& package) {
    auto const pool = make_pool();
    RETURN_IF_ERROR(load(pool.get(), path, is_text));
    pool_addfileprovides(pool.get());
    pool_createwhatprovides(pool.get());
    Id const name = pool_str2id(pool.get(), package.c_str(), 0);
    if (name == 0) return Error{Errc::not_found, package + " is not in " + path};
    Queue job;
    queue_init(&job);
    queue_push2(&job, SOLVER_INSTALL | SOLVER_SOLVABLE_NAME, name);
    auto* const solver = solver_create(pool.get());
    solver_set_flag(solver, SOLVER_FLAG_IGNORE_RECOMMENDED, 1);
    if (solver_solve(solver, &job) != 0) {
        std::puts("-");
    } else {
        auto* const transaction = solver_create_transaction(solver);
        std::printf("%d\n", transaction->steps.count);
        transaction_free(transaction);
    }
    solver_free(solver);
    queue_free(&job);
    return ok();
}

}  // namespace ggen::bench
