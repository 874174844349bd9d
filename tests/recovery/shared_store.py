#!/usr/bin/env python3
"""One store for all users of a machine, and stores that must be refused.

    shared_store.py GGEN

root fills a store; another user (nobody) has his own project and settings but may only read the store. What is in it he
installs, as often as he likes, and nothing in it changes; what is missing, or damaged, is an error that leaves his project
as it was. A store of a third user, or one that others may write, is refused. Prints "N passed, N failed"; exit code 77
where this does not run as root.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from checks import Checks  # noqa: E402
from flaky_installs import environment, must, run  # noqa: E402
from kill_harness import drop, pack  # noqa: E402

NOBODY = 65534


def as_nobody(ggen, room, cache, *arguments):
    env = environment(room / "nobody")
    env["GGEN_CACHE_DIR"] = str(cache)

    def become():
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)

    # Not from here: a checkout below a closed home is no place that another user can look into.
    return subprocess.run([ggen, *arguments], env=env, cwd=room, capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL, check=False, preexec_fn=become)


def content_of(folder):
    """Every file below it that is not ggen's own, by path; links are followed, modes do not count."""
    return {os.path.relpath(os.path.join(place, name), folder): pathlib.Path(place, name).read_bytes()
            for place, _, files in os.walk(folder, followlinks=True) for name in files if not name.startswith(".ggen")}


def snapshot(folder):
    """Every path below it with what would change if somebody wrote."""
    found = []
    for place, folders, files in os.walk(folder):
        for name in sorted(folders + files):
            status = os.lstat(os.path.join(place, name))
            found.append((os.path.join(place, name), status.st_mode, status.st_size, status.st_ino))
    return sorted(found)


def main():
    if os.geteuid() != 0:
        print("SKIPPED: only root can become another user")
        return 77
    room = pathlib.Path(tempfile.mkdtemp(prefix="ggen-shared-"))
    room.chmod(0o755)
    ggen = str(room / "ggen")
    shutil.copy(sys.argv[1], ggen)
    report = Checks()
    try:
        root = room / "root"
        must(run(ggen, root, "key", "new", "acme/device"))
        must(run(ggen, root, "registry", "create", str(room / "registry"), "--origin", "example/shared", "--alias", "main"))
        must(run(ggen, root, "publish", pack(room / "packs/base", "acme/base", "1.0.0"),
                 pack(room / "packs/app", "acme/app", "1.0.0", {"acme/base": "^1.0.0"}),
                 pack(room / "packs/rare", "acme/rare", "1.0.0")))
        (room / "first").mkdir()
        must(run(ggen, root, "--project", str(room / "first"), "install", "acme/app"))
        wanted = content_of(room / "first/gpacks")
        cache = root / "cache"
        for folder in (root, cache, cache / "store/pkg", cache / "store/locks"):
            folder.chmod(0o755)  # What docs/install.md tells the owner to do.
        own = room / "nobody"
        own.mkdir()
        for name in ("project", "copied"):
            (own / name).mkdir()
            for part in ("ggen.lock", "ggen.lock.proofs"):
                shutil.copy(room / "first" / part, own / name / part)
        for folder in (own, *own.rglob("*")):
            os.chown(folder, NOBODY, NOBODY)
        added = as_nobody(ggen, room, cache, "registry", "add", str(room / "registry"), "--alias", "main")
        report.check(added.returncode == 0, "another user adds the registry", added.stderr)
        before = snapshot(cache / "store")

        for title, words, project in (
                ("links to what is built already", ["install", "--frozen"], "project"),
                ("again", ["install", "--frozen"], "project"),
                ("copies", ["install", "--frozen", "--link", "copy"], "copied"),
        ):
            done = as_nobody(ggen, room, cache, "--project", str(own / project), *words)
            report.check(done.returncode == 0 and content_of(own / project / "gpacks") == wanted, title,
                         f"exit {done.returncode}: {done.stderr}")
        report.check(snapshot(cache / "store") == before, "nothing in the store was written")
        verified = as_nobody(ggen, room, cache, "--project", str(own / "project"), "verify", "--offline")
        report.check(verified.returncode == 0, "it verifies", verified.stderr)

        missing = as_nobody(ggen, room, cache, "--project", str(own / "project"), "install", "acme/rare")
        report.check(missing.returncode not in (0, 139, 134) and "error" in missing.stderr, "what is missing is an error",
                     f"exit {missing.returncode}: {missing.stderr}")
        report.check(content_of(own / "project/gpacks") == wanted, "and leaves the project as it was")

        os.chown(cache / "store", 1234, 1234)
        foreign = as_nobody(ggen, room, cache, "--project", str(own / "copied"), "install", "acme/app", "--force")
        report.check(foreign.returncode == 6 and "GM0604" in foreign.stderr, "the store of a third user is refused",
                     f"exit {foreign.returncode}: {foreign.stderr}")
        os.chown(cache / "store", 0, 0)
        (cache / "store").chmod(0o777)
        open_store = as_nobody(ggen, room, cache, "--project", str(own / "copied"), "install", "acme/app", "--force")
        report.check(open_store.returncode == 6 and "GM0604" in open_store.stderr, "a store that all may write is refused",
                     f"exit {open_store.returncode}: {open_store.stderr}")
        return report.end()
    finally:
        drop(room)


if __name__ == "__main__":
    sys.exit(main())
