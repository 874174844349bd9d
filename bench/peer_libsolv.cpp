#include "peer_libsolv.hpp"

#include <cstdio>
#include <memory>

// Its headers are C: a member is called as a keyword of C++20.
#define requires solv_requires
extern "C" {
#include <solv/pool.h>
#include <solv/repo.h>
#include <solv/repo_deb.h>
#include <solv/repo_solv.h>
#include <solv/solver.h>
#include <solv/transaction.h>
}
#undef requires

namespace ggen::bench {

bool has_libsolv() { return true; }

Result<void> run_libsolv_child(std::string const& path, bool is_text, std::string const& package) {
    std::unique_ptr<Pool, void (*)(Pool*)> const pool{pool_create(), pool_free};
    pool_setdisttype(pool.get(), DISTTYPE_DEB);
    pool_setarch(pool.get(), "amd64");
    auto* const repo = repo_create(pool.get(), "index");
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> const file{std::fopen(path.c_str(), "rb"), std::fclose};
    if (file == nullptr) return Error{Errc::io, path + " cannot be opened"};
    int const code = is_text ? repo_add_debpackages(repo, file.get(), 0) : repo_add_solv(repo, file.get(), 0);
    if (code != 0) return Error{Errc::io, path + ": " + pool_errstr(pool.get())};
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
