#!/usr/bin/env python3
"""Environments that somebody else had a hand in (attack L13).

    hostile_environment.py GGEN

  path      programs in PATH that are called as those a package manager might run are not run
  parents   a configuration in a directory above the project is not read; one in the project that belongs to somebody
            else, or that others may write, is refused
  proxy     a proxy from the environment that answers with its own bytes gets nothing installed
  loader    neither archives nor manifests name a program or library that is loaded: the project of a stranger, with
            files named as libraries that ggen loads, is installed into without touching them

The two-uid checks need root. Prints "N passed, N failed"; exit code 77 where this does not run as root.
"""
import http.server
import os
import pathlib
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from checks import Checks  # noqa: E402
from flaky_installs import must, run  # noqa: E402
from flaky_server import FlakyServer  # noqa: E402
from kill_harness import drop, pack  # noqa: E402

NOBODY = 65534
PROGRAMS = ("sh bash env git curl wget tar gzip zstd unzip python3 node npm ssh gpg openssl ln cp mv rm chmod mount "
            "ldconfig xdg-open less more man which uname id getent").split()
LIBRARIES = "libcurl.so.4 libarchive.so.13 libsimdjson.so.14 libc.so.6 libssl.so.3 libzstd.so.1".split()


class ForeignProxy:
    """Answers every request, whatever its address, with bytes of its own."""

    def __init__(self):
        outer = self
        self.asked = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked += 1
                body = b"example/other\n1\nAAAA\n\n"
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def check_path(checks, ggen, room):
    """Every command with a PATH of traps, which leave a mark when they are run."""
    traps = room / "traps"
    traps.mkdir()
    mark = room / "mark"
    for name in PROGRAMS:
        (traps / name).write_text(f"#!/bin/sh\n: > {mark}\n")
        (traps / name).chmod(0o755)
    project = room / "project-path"
    project.mkdir()
    with FlakyServer(room / "registry") as server:
        must(run(ggen, room / "home", "registry", "add", server.url, "--alias", "web", "--default"))
        for words in (["install", "acme/tool"], ["verify"], ["list"], ["search", "tool"], ["update", "--all"],
                      ["cache", "gc"], ["registry", "rebuild"]):
            named = {"PAGER": str(traps / "less"), "EDITOR": str(traps / "env"), "BROWSER": str(traps / "xdg-open")}
            done = run(ggen, room / "home", "--project", str(project), *words, PATH=str(traps), **named)
            checks.check(done.returncode == 0, f"PATH of traps: {words}", done.stderr[-300:])
    checks.check(not mark.exists(), "no program of PATH was run")


def refuses(checks, what, result, project):
    checks.check(result.returncode != 0 and "error" in result.stderr, f"{what} is refused",
                 f"exit {result.returncode}: {result.stderr[-300:]}")
    checks.check(not (project / "gpacks").exists(), f"{what}: nothing was installed")


def check_parents(checks, ggen, room):
    above = room / "above"
    project = above / "project"
    project.mkdir(parents=True)
    trap = 'link_mode = "no such mode"\n'
    for place in (above / ".ggen", above):
        place.mkdir(exist_ok=True)
        (place / "config.toml").write_text(trap)
        os.chown(place / "config.toml", NOBODY, NOBODY)
    done = run(ggen, room / "home", "--project", str(project), "install", "acme/tool", "--registry", "main")
    checks.check(done.returncode == 0, "a configuration above the project is not read", done.stderr[-300:])

    for what, owner, mode in (("a project's configuration of somebody else", NOBODY, 0o644),
                              ("a project's configuration that all may write", 0, 0o666)):
        project = room / f"project-{owner}-{mode}"
        (project / ".ggen").mkdir(parents=True)
        config = project / ".ggen/config.toml"
        config.write_text('link_mode = "copy"\n')
        os.chown(config, owner, owner)
        config.chmod(mode)
        refuses(checks, what, run(ggen, room / "home", "--project", str(project), "install", "acme/tool", "--registry",
                                  "main"), project)
        os.chown(config, 0, 0)
        config.chmod(0o644)
        done = run(ggen, room / "home", "--project", str(project), "install", "acme/tool", "--registry", "main")
        checks.check(done.returncode == 0, f"{what}: as one's own it is taken", done.stderr[-300:])


def check_proxy(checks, ggen, room):
    """The checkpoint is signed: whoever answers in its place is told apart."""
    proxy = ForeignProxy()
    with FlakyServer(room / "registry") as server:
        must(run(ggen, room / "home", "registry", "add", server.url, "--alias", "far", "--default"))
        for name in ("http_proxy", "ALL_PROXY", "all_proxy"):
            project = room / f"project-{name}"
            project.mkdir()
            before = proxy.asked
            cache = room / f"cache-{name}"
            settings = {"GGEN_CACHE_DIR": str(cache), "no_proxy": "", "NO_PROXY": "", name: proxy.url}
            done = run(ggen, room / "home", "--project", str(project), "install", "acme/tool", **settings)
            if proxy.asked > before:
                refuses(checks, f"a registry behind a lying proxy of {name}", done, project)
            else:
                checks.check(done.returncode == 0, f"{name} is not followed", done.stderr[-300:])
        checks.check(proxy.asked > 0, "the proxy of the environment is used at all")
        project = room / "project-after"
        project.mkdir()
        done = run(ggen, room / "home", "--project", str(project), "install", "acme/tool")
        checks.check(done.returncode == 0, "without the proxy all is as before", done.stderr[-300:])
    proxy.close()


def check_loader(checks, ggen, room):
    project = room / "project-loader"
    project.mkdir()
    for name in LIBRARIES:
        (project / name).write_bytes(b"\x7fELF no library")
    here = os.getcwd()
    os.chdir(project)
    try:
        with FlakyServer(room / "registry") as server:
            must(run(ggen, room / "home", "registry", "add", server.url, "--alias", "loader", "--default"))
            done = run(ggen, room / "home", "install", "acme/tool")
    finally:
        os.chdir(here)
    checks.check(done.returncode == 0, "libraries in the working directory are not loaded", done.stderr[-300:])


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if os.geteuid() != 0:
        print("SKIPPED: two users need root")
        sys.exit(77)
    ggen = str(pathlib.Path(sys.argv[1]).resolve())
    checks = Checks()
    room = pathlib.Path(tempfile.mkdtemp(prefix="ggen-env-"))
    room.chmod(0o755)
    try:
        home = room / "home"
        must(run(ggen, home, "key", "new", "acme/env"))
        must(run(ggen, home, "registry", "create", str(room / "registry"), "--origin", "example/env", "--alias",
                 "main"))
        must(run(ggen, home, "publish", "--registry", "main", pack(room / "packs/tool", "acme/tool", "1.0.0")))
        check_path(checks, ggen, room)
        check_parents(checks, ggen, room)
        check_proxy(checks, ggen, room)
        check_loader(checks, ggen, room)
        return checks.end()
    finally:
        drop(room)


if __name__ == "__main__":
    sys.exit(main())
