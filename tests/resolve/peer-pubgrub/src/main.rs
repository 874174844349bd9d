//! usage: peer-pubgrub [--answers] [--passes N] KIND ARG...
//!   numbers FILE.ron      packages u16, versions u32: every version of every package as root
//!   indices FILE.ron      the same with packages u32, as `resolve_bench ron` writes it
//!   semver FILE.ron       packages by name, versions major.minor.patch
//!   singletons|disjoint|ranges PACKAGES VERSIONS, tree PACKAGES      generated, one root
//!
//! Prints the CPU time of each pass over all roots in microseconds, one line a pass, and with
//! --answers one line a root instead: package, version, 1 when there is a solution and else 0.
use pubgrub::{OfflineDependencyProvider, Package, Range, SemanticVersion, VersionSet, resolve};
use serde::de::Deserialize;

struct Options {
    answers: bool,
    passes: u32,
}

fn cpu_microseconds() -> i64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a timespec that lives until the call returns.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut now) };
    now.tv_sec * 1_000_000 + now.tv_nsec / 1000
}

fn every_root<P: Package, VS: VersionSet>(options: &Options, provider: &OfflineDependencyProvider<P, VS>) {
    let mut solvable = 0;
    let mut roots = 0;
    for pass in 0..options.passes {
        let start = cpu_microseconds();
        for package in provider.packages() {
            for version in provider.versions(package).expect("listed") {
                let is_solved = resolve(provider, package.clone(), version.clone()).is_ok();
                if pass == 0 {
                    roots += 1;
                    solvable += u32::from(is_solved);
                    if options.answers {
                        println!("{package}\t{version}\t{}", u8::from(is_solved));
                    }
                }
            }
        }
        if !options.answers {
            println!("{} us, {solvable} of {roots} roots", cpu_microseconds() - start);
        }
    }
}

fn from_file<'a, P, VS>(options: &Options, text: &'a str)
where
    P: Package + Deserialize<'a>,
    VS: VersionSet + Deserialize<'a>,
    VS::V: Deserialize<'a>,
{
    let provider: OfflineDependencyProvider<P, VS> = ron::de::from_str(text).expect("a graph");
    every_root(options, &provider);
}

type Numbers = OfflineDependencyProvider<u32, Range<u32>>;

/// The graphs of src/resolve/testing/universe.cpp.
fn generated(kind: &str, packages: u32, versions: u32) -> Numbers {
    let mut out = Numbers::new();
    let last = u32::MAX;
    if kind == "tree" {
        for package in 0..packages {
            let needs = [package * 2 + 1, package * 2 + 2];
            let needs = needs.into_iter().filter(|need| *need < packages);
            out.add_dependencies(package, 0u32, needs.map(|need| (need, Range::singleton(0u32))));
        }
        return out;
    }
    if kind == "disjoint" {
        out.add_dependencies(0u32, 0u32, [(1u32, Range::full()), (last, Range::singleton(0u32))]);
        for v in 0..versions {
            out.add_dependencies(last, v, []);
            if v > 0 {
                out.add_dependencies(packages, v, [(last, Range::singleton(v))]);
            }
        }
    } else {
        out.add_dependencies(0u32, 0u32, [(1u32, Range::full())]);
    }
    out.add_dependencies(1u32, 0u32, []);
    for n in 1..packages {
        for v in 1..versions {
            let range = if kind == "ranges" { Range::higher_than(versions - v) } else { Range::singleton(v) };
            out.add_dependencies(n, v, [(n + 1, range)]);
        }
    }
    out
}

fn one_root(options: &Options, provider: &Numbers) {
    for _ in 0..options.passes {
        let start = cpu_microseconds();
        let is_solved = resolve(provider, 0u32, 0u32).is_ok();
        println!("{} us, {} of 1 roots", cpu_microseconds() - start, u8::from(is_solved));
    }
}

fn main() {
    let mut options = Options { answers: false, passes: 1 };
    let mut words = std::env::args().skip(1).peekable();
    while let Some(word) = words.next_if(|word| word.starts_with("--")) {
        match word.as_str() {
            "--answers" => options.answers = true,
            "--passes" => options.passes = words.next().and_then(|n| n.parse().ok()).expect("--passes N"),
            _ => panic!("unknown option {word}"),
        }
    }
    let words: Vec<String> = words.collect();
    let number = |at: usize| words.get(at).and_then(|n| n.parse().ok()).unwrap_or(0);
    match words.first().map(String::as_str) {
        Some("numbers") => {
            from_file::<u16, Range<u32>>(&options, &std::fs::read_to_string(&words[1]).expect("a file"));
        }
        Some("indices") => {
            from_file::<u32, Range<u32>>(&options, &std::fs::read_to_string(&words[1]).expect("a file"));
        }
        Some("semver") => {
            let text = std::fs::read_to_string(&words[1]).expect("a file");
            from_file::<&str, Range<SemanticVersion>>(&options, &text);
        }
        Some(kind @ ("singletons" | "disjoint" | "ranges" | "tree")) => {
            one_root(&options, &generated(kind, number(1), number(2)));
        }
        _ => {
            eprintln!("usage: peer-pubgrub [--answers] [--passes N] KIND ARG...");
            std::process::exit(2);
        }
    }
}
