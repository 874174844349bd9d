#!/usr/bin/env python3
"""Makes a registry of N releases with ggen, several checkpoints long, and an install with its proofs.

    make_registry.py GGEN DIRECTORY N

Leaves DIRECTORY/registry, DIRECTORY/vkey (the log's verifier key) and DIRECTORY/project with ggen.lock and
ggen.lock.proofs, for foreign verifiers to judge.
"""
import json
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "recovery"))
from flaky_installs import must, run  # noqa: E402


def write_packs(folder, count):
    """`count` releases: names with up to 10 versions each, every later name may need earlier ones."""
    source = random.Random(7)
    packs = []
    for number in range(count):
        name, version = f"many/pack-{number // 10}", f"1.{number % 10}.0"
        directory = folder / f"{number:05}"
        directory.mkdir(parents=True)
        text = f'[gpack]\nname = "{name}"\nversion = "{version}"\ndescription = "pack {number}"\nlicense = "MIT"\n'
        if number >= 10:
            text += f'\n[dependencies]\n"many/pack-{source.randrange(number // 10)}" = "^1.0.0"\n'
        (directory / "gpack.toml").write_text(text)
        (directory / "data.txt").write_text(f"{number}\n" * 3)
        packs.append(str(directory))
    return packs


def main():
    ggen, directory, count = sys.argv[1], pathlib.Path(sys.argv[2]).resolve(), int(sys.argv[3])
    directory.mkdir(parents=True, exist_ok=True)
    home = directory / "home"
    must(run(ggen, home, "key", "new", "many/device"))
    made = json.loads(must(run(ggen, home, "registry", "create", str(directory / "registry"), "--origin",
                               "example/many", "--alias", "many", "--json")).stdout)
    (directory / "vkey").write_text(made["log_key"] + "\n")
    packs = write_packs(directory / "packs", count)
    step = max(1, count // 7)
    for start in range(0, count, step):
        must(run(ggen, home, "publish", "--registry", "many", *packs[start:start + step]))
    project = directory / "project"
    project.mkdir(exist_ok=True)
    wanted = [f"many/pack-{number}" for number in random.Random(8).sample(range(count // 10), 20)]
    must(run(ggen, home, "--project", str(project), "install", *wanted))
    print(f"{count} releases, {len(list((directory / 'registry/tile').rglob('*')))} files of log")


if __name__ == "__main__":
    main()
