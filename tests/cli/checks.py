"""What a transcript cannot say: descriptors, terminals, signals, JSON, generated pages."""
import base64
import gzip
import hashlib
import http.server
import io
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import tarfile
import threading
import time
import urllib.parse

from run import ACCEPT, HERE, TOP, Room

EXIT_CODES = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 130}


def world(room):
    room.run('. "$SHELL_HELPERS"; world')


def check_documents(room, report):
    """docs/cli.md below its marker is what the program says of itself."""
    path = TOP / "docs/cli.md"
    marker = "<!-- below: ggen help --markdown -->\n"
    text = path.read_text() if path.exists() else marker
    intro = text.split(marker)[0]
    wanted = intro + marker + room.run(["ggen", "help", "--markdown"]).stdout.decode()
    if ACCEPT and text != wanted:
        path.write_text(wanted)
        text = wanted
    report.check(text == wanted, "docs/cli.md equals ggen help --markdown", "GGEN_ACCEPT=1 writes it anew")
    page = room.run(["ggen", "man"]).stdout
    if shutil.which("mandoc"):
        (room.path / "ggen.1").write_bytes(page)
        lint = subprocess.run(["mandoc", "-Tlint", str(room.path / "ggen.1")], capture_output=True,
                              text=True, check=False)
        report.check(lint.returncode == 0 and not lint.stdout, "mandoc -Tlint finds nothing", lint.stdout[:2000])
    else:
        print("SKIPPED mandoc is not installed: the manual page was not linted")
    report.check(b".Sh EXIT STATUS" in page, "the manual page has the exit codes")


def check_completion(room, report):
    for shell in ("bash", "zsh", "fish"):
        script = room.run(["ggen", "completion", shell])
        report.check(script.returncode == 0 and b"__complete" in script.stdout, f"completion {shell}")
        if shutil.which(shell):
            parsed = subprocess.run([shell, "-n"], input=script.stdout, capture_output=True, check=False)
            report.check(parsed.returncode == 0, f"{shell} reads its script", parsed.stderr.decode()[:300])
    world(room)
    room.run(["ggen", "search"])
    started = time.monotonic()
    names = room.run(["ggen", "__complete", "install", "acme/b"]).stdout.decode().split()
    report.check(names == ["acme/base"], "completion knows package names", f"{names}")
    report.check(time.monotonic() - started < 2, "completion is quick")
    interactive = ('source <(ggen completion bash); COMP_WORDS=(ggen registry cr); COMP_CWORD=2; _ggen; '
                   'echo "${COMPREPLY[@]}"')
    words = room.run(["bash", "-c", interactive]).stdout.decode().split()
    report.check(words == ["create"], "bash completes a command", f"{words}")


def shape(value):
    if isinstance(value, dict):
        return {key: shape(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return {bool: "bool", int: "int", float: "number", str: "text", type(None): "null"}[type(value)]


JSON_COMMANDS = [
    "registry list", "key show", "search", "search app --detailed", "info acme/app", "install acme/app",
    "install acme/app --dry-run", "list", "tree", "why acme/base", "verify --offline", "outdated", "lock",
    "update --all", "remove acme/app", "rollback", "cache list", "cache verify", "cache gc --dry-run", "config list",
    "config get link_mode", "config set link_mode copy", "registry fsck", "registry rebuild", "doctor", "version", "explain",
    "explain GM0101", "semver 1.0.0", "pack packs/acme-base-1.0.0 -o x.gpack", "inspect archive x.gpack",
    "publish packs/acme-base-1.0.0", "publish packs/acme-base-1.0.0 --dry-run", "init new --name acme/new",
    "yank acme/base@1.0.0 --reason broken", "unyank acme/base@1.0.0", "deprecate acme/base@1.0.0",
    "import tree packs --into main", "registry add $ROOM/registry --alias again", "registry remove again",
    "registry create $ROOM/second --origin example/second",
]


def check_json(room, report):
    """Every command prints exactly one document with its schema; the shapes are golden."""
    world(room)
    lines = []
    for command in JSON_COMMANDS:
        done = room.run(f"ggen {command} --json")
        try:
            document = json.loads(done.stdout)
        except ValueError:
            report.check(False, f"{command} --json prints one document",
                         f"exit {done.returncode}\n{done.stdout[:500]!r}\n{done.stderr[:500]!r}")
            continue
        report.check(re.fullmatch(r"ggen\.[a-z-]+/1", document.get("schema", "")) is not None, f"{command}: schema")
        lines.append(f"{command}\n{json.dumps(shape(document), indent=1)}\n")
    golden = HERE / "golden/json_shapes.txt"
    text = "\n".join(lines)
    if ACCEPT:
        golden.write_text(text)
    same = golden.exists() and golden.read_text() == text
    report.check(same, "the shapes of JSON documents are those of golden/json_shapes.txt")
    for command, code in (("info acme/nothing", 3), ("instal", 2), ("install acme/base@^9", None)):
        done = room.run(f"ggen {command} --json")
        document = json.loads(done.stderr.splitlines()[-1] if done.stderr.count(b"\n{") else done.stderr)
        good = done.stdout == b"" and document["exit_code"] == done.returncode and code in (None, done.returncode)
        good = good and {"code", "title", "detail", "help", "causes"} <= document.keys()
        report.check(good, f"{command} --json: the error is a document on standard error", f"{document}")


def check_events(room, report):
    """--events: every line of standard error is an event, in the order of the phases; --json stays one document."""
    world(room)
    done = room.run("ggen install acme/app --json --events")
    report.check(done.returncode == 0 and json.loads(done.stdout)["schema"] == "ggen.install/1", "events beside a document",
                 f"{done.stderr[:500]!r}")
    events = [json.loads(line) for line in done.stderr.splitlines()]
    report.check(all(event["schema"] == "ggen.event/1" for event in events), "every line is an event", f"{events[:3]}")
    phases = [event["text"] for event in events if event["kind"] == "phase"]
    report.check(phases == ["resolve", "verify", "fetch", "install"], "the phases in their order", f"{phases}")
    started = {event["text"] for event in events if event["kind"] == "fetch_started" and event.get("source")}
    ended = [event for event in events if event["kind"] == "fetch_done"]
    report.check(started == {event["text"] for event in ended} and len(ended) == 3, "each fetch begins and ends",
                 f"{started} {ended}")
    report.check([event["done"] for event in ended] == [1, 2, 3] and all(event["total"] == 3 for event in ended),
                 "fetches are counted", f"{ended}")
    times = [event["at_us"] for event in events]
    report.check(times == sorted(times), "time goes on", f"{times}")


def check_descriptors(room, report):
    """Closed descriptors, readers that leave, full disks."""
    world(room)
    closed = room.run("ggen list <&-")
    report.check(closed.returncode == 0, "standard input may be closed", closed.stderr.decode())
    for command in ("ggen explain >&-", "ggen explain >/dev/full"):
        done = room.run(command)
        report.check(done.returncode == 1 and b"standard output" in done.stderr, f"{command}: said", f"{done}")
    silent = room.run("ggen explain 2>&- | wc -l")
    report.check(int(silent.stdout) > 10, "standard error may be closed")
    piped = room.run("{ ggen explain; echo $? >code; } | head -1; cat code")
    report.check(piped.stdout.endswith(b"\n0\n"), "a reader that leaves is no failure", f"{piped}")
    everything = room.run("ggen install acme/app <&- >&- 2>&-; ls gpacks/acme")
    report.check(everything.stdout.split() == [b"app", b"base", b"tool"], "all three closed: files are not hurt",
                 f"{everything}")


def check_terminal(room, report):
    """Colours and progress on a terminal only; NO_COLOR and --color decide."""
    world(room)
    plain = room.run(["ggen", "instal"])
    report.check(b"\x1b" not in plain.stderr + plain.stdout, "no escapes off a terminal")
    forced = room.run(["ggen", "--color", "always", "instal"])
    report.check(b"\x1b[31" in forced.stderr, "--color always")

    def on_terminal(command, **extra):
        main, other = pty.openpty()
        child = subprocess.Popen(command, cwd=room.path / "work", env={**room.environment, "TERM": "xterm", **extra},
                                 stdin=other, stdout=other, stderr=other, close_fds=True)
        os.close(other)
        text, first, started = b"", None, time.monotonic()
        while True:
            if not select.select([main], [], [], 60)[0]:
                break
            try:
                piece = os.read(main, 65536)
            except OSError:
                break
            if not piece:
                break
            first = first or time.monotonic() - started
            text += piece
        os.close(main)
        child.wait()
        return text, first

    coloured, _ = on_terminal(["ggen", "instal"])
    report.check(b"\x1b[31" in coloured, "colours on a terminal")
    for extra in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        calm, _ = on_terminal(["ggen", "instal"], **extra)
        report.check(b"\x1b" not in calm, f"no colours with {extra}", f"{calm!r}")
    progress, first = on_terminal(["ggen", "install", "acme/app"])
    report.check(b"\x1b[J" in progress, "progress lines are drawn and taken away", f"{progress!r}")
    print(f"first output of install on a terminal after {first * 1000:.0f} ms")
    found, _ = on_terminal(["ggen", "search", "tool"])
    report.check(b"acme/\x1b[1mtool\x1b[0m" in found, "what a search matched stands out", f"{found!r}")
    found, _ = on_terminal(["ggen", "search", "tool"], NO_COLOR="1")
    report.check(b"acme/tool" in found and b"\x1b[1m" not in found, "not with NO_COLOR", f"{found!r}")
    quiet, _ = on_terminal(["ggen", "-q", "install", "--force"])
    report.check(quiet == b"", "-q says nothing", f"{quiet!r}")


def check_search(room, report):
    """The index that stands is mapped and nothing else is opened; ranges and cursors hold together."""
    world(room)
    first = json.loads(room.run("ggen search tool --json").stdout)
    for hit in first["hits"]:
        for field, ranges in hit["highlights"].items():
            text = hit[field].encode()
            words = [text[begin:end].decode().lower() for begin, end in ranges]
            report.check(all(word == "tool" for word in words), "ranges are bytes of what matched", f"{hit}")
    shutil.rmtree(room.path / "cache/catalogue")
    if shutil.which("strace") and "ASAN" not in room.run("ggen version --json; nm -D $(command -v ggen) | grep -c asan_init || true").stdout.decode():
        traced = room.run("strace -f -e trace=openat,open,mmap ggen search tool --json")
        opened = traced.stderr.decode("utf-8", "replace")
        report.check(b"acme/tool" in traced.stdout and "sqlite" not in opened.replace("libsqlite3", ""),
                     "a current index is searched without a database", opened[-2000:])
    again = json.loads(room.run("ggen search tool --json").stdout)
    report.check(again["hits"] == first["hits"], "the same answer without the catalogue")
    report.check(not (room.path / "cache/catalogue").exists(), "no catalogue was made for it")
    names, cursor = [], []
    while True:
        page = json.loads(room.run(["ggen", "search", "--json", "-l", "1", *cursor]).stdout)
        names += [hit["name"] for hit in page["hits"]]
        if page["next"] is None or len(names) > 5:
            break
        cursor = ["--after", page["next"]]
    whole = json.loads(room.run(["ggen", "search", "--json"]).stdout)
    report.check(names == [hit["name"] for hit in whole["hits"]], "pages by cursor are the whole list", f"{names}")
    wrong = room.run(["ggen", "search", "--after", "no cursor"])
    report.check(wrong.returncode == 2, "a cursor that is none: exit 2", f"{wrong}")
    facets = json.loads(room.run(["ggen", "search", "--facets", "--json"]).stdout)["facets"]
    report.check(facets["category"] == [{"value": "tools", "count": 3}], "facets count all results", f"{facets}")
    report.check(facets["origin"] == [{"value": "example/main", "count": 3}], "by registry too", f"{facets}")


def check_directories(room, report):
    """XDG directories, and GGEN_* before them; nothing anywhere else."""
    home = room.path / "xdg"
    home.mkdir()
    environment = {key: value for key, value in room.environment.items() if not key.startswith("GGEN_")}
    environment.update(HOME=str(home), GGEN_FAKE_TIME="1800000000")
    run = lambda *words, **extra: subprocess.run(words, cwd=room.path / "work", env={**environment, **extra},
                                                 capture_output=True, check=False)
    run("ggen", "key", "new", "a/b")
    report.check((home / ".config/ggen/keys").is_dir(), "without variables: ~/.config/ggen")
    report.check(sorted(p.name for p in home.iterdir()) == [".config"], "and nothing else in the home directory",
                 f"{list(home.iterdir())}")
    run("ggen", "key", "new", "a/b", XDG_CONFIG_HOME=str(home / "x"))
    report.check((home / "x/ggen/keys").is_dir(), "XDG_CONFIG_HOME")
    run("ggen", "key", "new", "a/b", XDG_CONFIG_HOME=str(home / "y"), GGEN_CONFIG_DIR=str(home / "z"))
    report.check((home / "z/keys").is_dir() and not (home / "y").exists(), "GGEN_CONFIG_DIR before XDG_CONFIG_HOME")
    mode = (home / "z/keys").stat().st_mode & 0o777
    report.check(mode & 0o077 == 0, "the key directory is private", oct(mode))


def check_interrupt(room, report):
    """Ctrl-C once stops cleanly, twice at once; both exit 130."""
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    accepted, stop = threading.Event(), threading.Event()

    def serve():
        held = []
        listener.settimeout(0.2)
        while not stop.is_set():
            try:
                held.append(listener.accept()[0])
                accepted.set()
            except TimeoutError:
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        for presses in (1, 2):
            accepted.clear()
            child = subprocess.Popen(["ggen", "registry", "add", address], cwd=room.path / "work",
                                     env=room.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            if not report.check(accepted.wait(30), "the program waits for the server"):
                child.kill()
            for _ in range(presses):
                child.send_signal(signal.SIGINT)
                time.sleep(0.05)
            try:
                _, talk = child.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                child.kill()
                _, talk = child.communicate()
            report.check(child.returncode == 130, f"Ctrl-C x {presses}: exit 130", f"{child.returncode} {talk!r}")
            report.check(b"stopping" in talk, f"Ctrl-C x {presses} says that it stops", f"{talk!r}")
            report.exit_codes.add(child.returncode)
    finally:
        stop.set()
        thread.join()
        listener.close()


def check_escapes(room, report):
    """Text of strangers cannot drive the terminal."""
    world(room)
    evil = room.path / "work/packs/evil"
    evil.mkdir(parents=True)
    (evil / "gpack.toml").write_text('[gpack]\nname = "acme/evil"\nversion = "1.0.0"\n'
                                     'description = "red \\u001b[31m \\u202e reversed"\n')
    room.run(["ggen", "publish", "packs/evil"])
    for command in (["ggen", "search", "evil"], ["ggen", "info", "acme/evil"],
                    ["ggen", "search", "evil", "--detailed"], ["ggen", "info", "acme/\x1b[31m"]):
        done = room.run(command)
        raw = done.stdout + done.stderr
        report.check(b"\x1b" not in raw and "\u202e".encode() not in raw, f"{command}: escaped", f"{raw!r}")


SCRIPT = "#!/bin/sh\ntouch \"$ROOM/sentinel\"\n"


def check_no_code_runs(room, report):
    """Install, update, verify and remove start no program, whatever a package brings along."""
    world(room)
    for version in ("1.0.0", "1.1.0"):
        folder = room.path / f"work/packs/scripts-{version}"
        room.run(f'. "$SHELL_HELPERS"; pack acme/scripts {version}')
        (room.path / f"work/packs/acme-scripts-{version}").rename(folder)
        scripts = {name: "touch $ROOM/sentinel" for name in ("preinstall", "install", "postinstall", "prepare")}
        (folder / "package.json").write_text(json.dumps({"name": "scripts", "scripts": scripts}))
        (folder / "gpack.toml").write_text((folder / "gpack.toml").read_text() +
                                           '\n[scripts]\ninstall = "./install.sh"\npostinstall = "./install.sh"\n')
        for name in ("install.sh", "configure", "hooks/post-install", "post-checkout", ".envrc", "Makefile"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(SCRIPT)
            (folder / name).chmod(0o755)
    trace = shutil.which("strace")
    for number, command in enumerate(("publish packs/scripts-1.0.0", "install acme/scripts@1.0.0",
                                      "publish packs/scripts-1.1.0", "install acme/scripts@^1", "update --all",
                                      "install --frozen --force", "verify", "remove acme/scripts")):
        log = room.path / f"exec-{number}"
        done = room.run((f"strace -f -qq -e trace=execve -o {log} " if trace else "") + f"ggen {command}")
        report.check(done.returncode == 0, f"ggen {command}", f"{done}")
        started = [line for line in log.read_text().splitlines() if "execve(" in line] if log.exists() else ["ggen"]
        report.check(len(started) == 1, f"ggen {command} starts no program", f"{started}")
    report.check(not (room.path / "sentinel").exists(), "no script of a package ran")


def check_large_graphs(room, report):
    """A chain of 10,000 packages, one that breaks at its end, and too many dependencies: decided, never a crash."""
    def index(name, count, last):
        lines = []
        for number in range(count):
            needs = {f"p{number + 1}": "^1" if number + 2 < count else last} if number + 1 < count else {}
            lines.append(json.dumps({"name": f"p{number}", "version": "1.0.0", "dependencies": needs}))
        (room.path / "work" / name).write_text("\n".join(lines) + "\n")

    index("chain.jsonl", 10_000, "^1")
    index("broken.jsonl", 10_000, "^2")
    wide = {f"p{number}": "^1" for number in range(100_000)}
    (room.path / "work/wide.jsonl").write_text(json.dumps({"name": "p0", "version": "1.0.0", "dependencies": wide}))
    for name, code in (("chain", 0), ("broken", 8), ("wide", 1)):
        done = room.run(f"ulimit -s 8192; ggen resolve --index {name}.jsonl p0")
        report.check(done.returncode == code, f"{name}: exit {code}", f"{done.returncode} {done.stderr[:300]!r}")
        report.check(code == 0 or (b"error" in done.stderr and len(done.stderr) < 2000), f"{name}: one short error",
                     f"{done.stderr[:300]!r}")
    solved = room.run("ggen resolve --index chain.jsonl p0").stdout
    report.check(solved.count(b"1.0.0") == 10_000, "the whole chain is in the answer")


def check_umask(room, report):
    """Files of a copied tree get 0644 or 0755 less the umask, directories 0755 less it; nothing else."""
    world(room)
    folder = room.path / "work/packs/acme-tool-1.1.0"
    room.run('. "$SHELL_HELPERS"; pack acme/tool 1.1.0')
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o775)
    room.run("ggen publish packs/acme-tool-1.1.0")
    for mask in (0o077, 0o000, 0o022, 0o027):
        (room.path / f"work/p{mask:o}").mkdir()
        done = room.run(f"ggen install acme/tool --link copy --project p{mask:o}", umask=mask)
        report.check(done.returncode == 0, f"umask {mask:03o}", f"{done}")
        top = room.path / f"work/p{mask:o}/gpacks"
        for path in top.rglob("*"):
            wanted = (0o755 if path.is_dir() or path.name == "run.sh" else 0o644) & ~mask
            report.check(path.stat().st_mode & 0o7777 == wanted, f"umask {mask:03o}: {path.relative_to(top)}",
                         f"{path.stat().st_mode:o}, not {wanted:o}")


class FakeNpm:
    """An npm registry on loopback: three packages, one of which needs a tag and one an address."""

    def __init__(self):
        self.requests = []
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802
                owner.requests.append(self.path)
                body = owner.answer(urllib.parse.unquote(self.path))
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.packages = {
            "app": {"1.0.0": {"dependencies": {"@s/lib": "^1.0.0", "tagged": "next"}}},
            "@s/lib": {"1.0.0": {}, "1.1.0": {"optionalDependencies": {"odd": "github:x/odd"}}, "2.0.0": {}},
            "tagged": {"1.0.0": {}, "2.0.0-rc.1": {}},
            "broken": {"1.0.0": {}},
        }
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def tarball(self, name, version):
        package = json.dumps({"name": name, "version": version, "description": f"{name} of npm", "license": "MIT"})
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as archive:
            for path, text in (("package/package.json", package), ("package/lib/index.js", f"// {name} {version}\n"),
                               ("package/../../evil", "no")):
                entry = tarfile.TarInfo(path)
                entry.size = len(text)
                archive.addfile(entry, io.BytesIO(text.encode()))
        return gzip.compress(gzip.decompress(out.getvalue()), mtime=0)

    def answer(self, path):
        if "/-/" in path:
            name, version = path[1:].split("/-/")
            return self.tarball(name, version)
        name = path[1:]
        if name not in self.packages:
            return None
        versions = {}
        for version, members in self.packages[name].items():
            digest = hashlib.sha512(self.tarball(name, version)).digest()
            if name == "broken":
                digest = bytes(64)
            versions[version] = {**members, "dist": {"tarball": f"{self.url}/{name}/-/{version}", "integrity":
                                                     "sha512-" + base64.b64encode(digest).decode()}}
        tags = {"latest": "1.0.0", "next": "2.0.0-rc.1"} if name == "tagged" else {"latest": "1.0.0"}
        return json.dumps({"name": name, "dist-tags": tags, "versions": versions}).encode()


def check_import(room, report):
    """npm packages become signed releases: the closure, the checksums, what is left out, and going on."""
    npm = FakeNpm()
    try:
        room.run("ggen key new npm/import; ggen registry create $ROOM/registry --origin example/npm --alias main")
        words = f"ggen import npm app broken --into main --namespace npm --from {npm.url} --json"
        done = room.run(words)
        report.check(done.returncode == 0, "import npm", done.stderr.decode())
        result = json.loads(done.stdout)
        report.check((result["published"], result["versions"], result["already_there"]) == (4, 5, 0),
                     "every version that the ranges reach, but not the broken one", f"{result}")
        skipped = "\n".join(result["skipped"])
        for reason in ("broken@1.0.0: the archive does not match its sha512", "evil", "github:x/odd"):
            report.check(reason in skipped, f"left out and said: {reason}", skipped)
        before = len([path for path in npm.requests if "/-/" in path])
        again = json.loads(room.run(words).stdout)
        after = len([path for path in npm.requests if "/-/" in path])
        report.check((again["published"], again["already_there"]) == (0, 4), "again: nothing new", f"{again}")
        report.check(after - before == 1, "again: no archive is fetched twice but the broken one")
        room.run("ggen install npm/app")
        listed = json.loads(room.run("ggen list --json").stdout)["packages"]
        names = [(package["name"], package["version"]) for package in listed]
        report.check(names == [("npm/app", "1.0.0"), ("npm/tagged", "2.0.0-rc.1"), ("s/lib", "1.1.0")],
                     "the import installs with its dependencies", f"{names}")
        text = (room.path / "work/gpacks/s/lib/lib/index.js").read_text()
        report.check(text == "// @s/lib 1.1.0\n", "its files are npm's", text)
        report.check(not list(room.path.rglob("evil")), "nothing outside the package")
        locked = json.loads(room.run(words.replace("app broken", "@s/lib@1.x --locked")).stdout)
        report.check((locked["versions"], locked["already_there"]) == (1, 1), "--locked: one version", f"{locked}")
        gone = room.run(words.replace("app broken", "no-such-package"))
        report.check(gone.returncode == 3, "a package that npm does not have: exit 3", f"{gone}")
        cut = room.run(words.replace("--json", "--max-releases 2"))
        report.check(cut.returncode == 1 and b"more than 2 releases" in cut.stderr, "the limit is said", f"{cut}")
    finally:
        npm.server.shutdown()
        npm.server.server_close()


def run_all(program, report, is_whole):
    for check in (check_documents, check_completion, check_json, check_events, check_descriptors, check_terminal,
                  check_search, check_directories, check_interrupt, check_escapes, check_no_code_runs,
                  check_large_graphs, check_umask, check_import):
        room = Room(pathlib.Path(program))
        path = os.environ["PATH"]
        os.environ["PATH"] = f"{room.path}/bin:{path}"  # For the children that are started without a shell.
        try:
            check(room, report)
        except Exception as error:  # noqa: BLE001: one broken check must not hide the others
            report.check(False, check.__name__, repr(error))
        finally:
            os.environ["PATH"] = path
            room.close()
    if is_whole and not ACCEPT:
        missing = EXIT_CODES - report.exit_codes
        report.check(not missing, "every exit code was met", f"never seen: {sorted(missing)}")
