// Compares ggen's versions and ranges with npm's semver package on generated input.
//
// node diff.mjs PEER [PAIRS] [SEED]     PEER is the built semver_peer
//
// Prints the counts and every difference that differences.md does not explain; exit 1 when there
// is one. One seed gives one run.
import { spawnSync } from 'node:child_process';
import { writeFileSync, openSync, mkdtempSync, rmSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const semver = require('semver');

const [peer, pairsText = '120000', seedText = '1'] = process.argv.slice(2);
if (!peer) {
  console.error('usage: node diff.mjs PEER [PAIRS] [SEED]');
  process.exit(2);
}
const pairCount = Number(pairsText);

// --- a seeded generator (mulberry32) ---
let state = Number(seedText) >>> 0;
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];
const chance = (p) => random() < p;

// --- versions ---
const smallNumbers = ['0', '0', '0', '1', '1', '2', '3', '4', '9', '10', '99'];
const largeNumbers = ['2147483648', '9007199254740990', '9007199254740991', '9007199254740992',
  '9007199254740993', '9223372036854775806', '9223372036854775807', '9223372036854775808',
  '18446744073709551615', '18446744073709551616', '99999999999999999999'];
const oddNumbers = ['00', '01', '-1', '1e3', '0x1', ''];
const identifiers = ['0', '1', '2', '10', '11', 'a', 'b', 'alpha', 'beta', 'rc', 'rc1', '1a', '-', '--', 'x',
  'X', 'v', 'A', '0a', '-1', 'a-b'];
const oddIdentifiers = ['01', '', '*', '9007199254740991', '9007199254740993', '9223372036854775807',
  '99999999999999999999'];

function number() {
  if (chance(0.006)) return pick(largeNumbers);
  if (chance(0.004)) return pick(oddNumbers);
  return pick(smallNumbers);
}
function identifierList() {
  const list = [];
  do list.push(chance(0.01) ? pick(oddIdentifiers) : pick(identifiers)); while (chance(0.4));
  return list.join('.');
}
const prerelease = () => '-' + identifierList();
const build = () => '+' + identifierList();
function version() {
  let text = `${number()}.${number()}.${number()}`;
  if (chance(0.35)) text += prerelease();
  if (chance(0.1)) text += build();
  if (chance(0.01)) text = mutate(text);
  return text;
}

// --- ranges ---
const wildcard = () => pick(['x', 'X', '*']);
const lead = () => (chance(0.08) ? pick(['v', '=', 'v', 'vv', '==', '=v', ' ', 'v ', '= ']) : '');
function partial() {
  const parts = [];
  const length = pick([1, 2, 3, 3, 3]);
  for (let i = 0; i < length; ++i) parts.push(chance(0.15) ? wildcard() : number());
  let text = parts.join('.');
  if ((length === 3 || chance(0.02)) && chance(0.3)) text += prerelease();
  if (chance(0.06)) text += build();
  return text;
}
const blanks = () => (chance(0.15) ? pick([' ', '  ', '\t', ' \n ', '\r\n', '\v', '\f']) : '');
const gap = () => (chance(0.9) ? ' ' : pick(['  ', '\t', ' \n', '', ',']));
const sign = () => pick(['', '', '', '^', '^', '^', '~', '~', '~>', '>', '<', '>=', '>=', '<=', '=', '=']);
const oddWord = () => pick(['+b', '+b.1', '-', 'v', '=', '>', '<', '~', '^', '*', '', '||', '|', '1.2.3*',
  '>*1.2.3', '1.2.3+*b', 'latest', '!1', '<>1', '=>1', '==1', '1.2.3.4', '1.2.3beta', '1.x.3', '^1.x.3', '~x.1', '&&', '.',
  '>=0.0.0', '<0.0.0-0', '>=0.0.0-0', '>=v0.0.0', '01.2.3', '1.2.3-v', '1.2.3++b', '^+b1.2.3']);
function word() {
  if (chance(0.03)) return oddWord();
  return sign() + blanks() + lead() + partial();
}
function side() {
  const kind = random();
  if (kind < 0.02) return '';
  if (kind < 0.17) return lead() + partial() + gap() + '-' + gap() + lead() + partial();
  const words = [];
  do words.push(word()); while (chance(0.35));
  return words.join(gap());
}
function range() {
  const sides = [];
  do sides.push(side()); while (chance(0.2));
  let text = sides.join(pick(['||', ' || ', ' ||', '|| ', ' ||  ']));
  if (chance(0.04)) text = mutate(text);
  if (chance(0.03)) text = pick([' ', '\t', '\n']) + text + ' ';
  return text;
}

const alphabet = '0123456789.xX*vV^~<>=|-+ abz';
function mutate(text) {
  const at = below(text.length + 1);
  switch (below(3)) {
    case 0: return text.slice(0, at) + pick([...alphabet]) + text.slice(at);
    case 1: return text.slice(0, at) + text.slice(at + 1);
    default: return text.slice(0, at) + pick([...alphabet]) + text.slice(at + 1);
  }
}

// A version near one that the range names, so that bounds are met exactly.
function nearby(rangeText) {
  const found = rangeText.match(/\d+(\.\d+){0,2}(-[0-9A-Za-z.-]+)?/g);
  if (!found || chance(0.3)) return version();
  const [core, ...rest] = pick(found).split('-');
  const parts = core.split('.').concat(['0', '0']).slice(0, 3);
  if (chance(0.5)) {
    const at = below(3);
    const value = BigInt(parts[at]) + BigInt(pick([-1, 1, 1, 2]));
    parts[at] = String(value < 0n ? 0n : value);
    if (chance(0.5)) for (let i = at + 1; i < 3; ++i) parts[i] = pick(['0', parts[i]]);
  }
  let text = parts.join('.');
  if (rest.length && chance(0.6)) text += '-' + rest.join('-');
  else if (chance(0.25)) text += chance(0.3) ? '-0' : prerelease();
  return text;
}

// --- what differences.md explains ---
const maxOurs = 9223372036854775807n;
const numbersIn = (text) => (text.match(/\d+/g) ?? []).map(BigInt);
const classes = { 'large-number': 0, 'at-limit': 0, 'over-limit': 0, 'latest-tag': 0, 'v-version': 0 };

// Large numbers moved to where npm counts exactly, their order and short distances kept: what
// ggen says about the large ones, npm must say about the moved ones.
function mover(text) {
  const large = [...new Set(numbersIn(text).filter((n) => n >= 1000000000000n))].sort((a, b) => (a < b ? -1 : 1));
  const steps = [];
  let target = 1000000000000n;
  large.forEach((n, i) => {
    const distance = i === 0 ? 10n : n - large[i - 1];
    target += distance < 10n ? distance : 10n;
    steps.push({ from: n, target });
  });
  const replace = (key, other) => (input) => input.replace(/\d+/g, (digits) => {
    if (digits[0] === '0') return digits;
    const n = BigInt(digits);
    const step = steps.findLast((s) => n >= s[key] && n < s[key] + 4n);
    return step ? String(n - step[key] + step[other]) : digits;
  });
  return { moved: replace('from', 'target'), movedBack: replace('target', 'from') };
}

function explained(rangeText, versionText, expected, got) {
  if (rangeText.trim() === 'latest') return 'latest-tag';
  if (got.answer === 'V' && /^v|^\s|\s$/.test(versionText) && expected.canonical === got.canonical) return 'v-version';
  const numbers = numbersIn(`${rangeText} ${versionText}`);
  if (!numbers.some((n) => n >= BigInt(Number.MAX_SAFE_INTEGER))) return '';
  const { moved, movedBack } = mover(`${rangeText} ${versionText}`);
  const shifted = theirs(moved(rangeText), moved(versionText));
  const isSameRange = movedBack(shifted.canonical) === got.canonical;
  if (isSameRange && shifted.answer === got.answer) return 'large-number';
  const isRefused = got.answer === 'E' || (got.answer === 'V' && isSameRange);
  if (numbers.some((n) => n > maxOurs) && isRefused) return 'over-limit';
  const isVersionRefused = got.answer === 'V' && numbersIn(versionText).some((n) => n > maxOurs);
  if (numbers.some((n) => n === maxOurs) && (shifted.answer === got.answer || isVersionRefused)) return 'at-limit';
  return '';
}

// --- the two sides ---
function theirs(rangeText, versionText) {
  let parsed;
  try { parsed = new semver.Range(rangeText); } catch { return { canonical: 'E', answer: 'E' }; }
  const known = semver.parse(versionText);
  if (known === null) return { canonical: '=' + parsed.range, answer: 'V' };
  return { canonical: '=' + parsed.range, answer: parsed.test(known) ? '1' : '0' };
}
const escapes = { '\t': '\\t', '\n': '\\n', '\v': '\\v', '\f': '\\f', '\r': '\\r' };
const escaped = (text) => text.replace(/[\t\n\v\f\r]/g, (c) => escapes[c]);

function ours(pairs) {
  const folder = mkdtempSync(join(tmpdir(), 'ggen-semver-'));
  try {
    const lines = pairs.map(([r, v]) => `${escaped(r)}\n${escaped(r)}\t${v}\n`).join('');
    writeFileSync(join(folder, 'in'), lines);
    const result = spawnSync(peer, { stdio: [openSync(join(folder, 'in')), openSync(join(folder, 'out'), 'w'), 'inherit'] });
    if (result.status !== 0) throw new Error(`${peer} ended with ${result.status ?? result.error}`);
    const answers = readFileSync(join(folder, 'out'), 'utf8').split('\n');
    return pairs.map((_, i) => ({ canonical: answers[2 * i], answer: answers[2 * i + 1] }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const fixedRanges = ['', ' ', '*', 'x', '||', '|| ||', '1||', '||1', '>x', '<*', '>=*', '<=x', '^', '~', '~>', '> 1',
  '>  1', '~ > 1.2.3', '~> = 1.2.3', '~> =1.2.3', '^ = 1.2.3', '~  1', '^  1', '~ +b 1', '> +b 1', '1.2.3-v = 1',
  '1.2.3< *', '1.2.3-*v = 1', '1 - 2', '1.0.0 - = 2.0.0', 'v1 - v2', '= 1.2.3 - 2', 'v 1 - 2', 'x - 1', '1 - x',
  'x.1.2 - 2', '1.x.3 - 2', '+a +b 1 - 2', '1 - 2 +b', '1 - 2 +b +c', '>=0.0.0', '>=v0.0.0', '0 - 1', '<0.0.0-0 || 1',
  '<0.0.0-0 || <0.0.0-0', '>x || <x', '1 || *', '1 || >=0.0.0', '1.2.3 1.2.3', '=1.2.3 1.2.3', '>1 >1', '* 1', '1 *'];

const pairs = [];
for (const text of fixedRanges) for (const v of ['0.0.0', '1.2.3', '1.2.3-v', '2.0.0', '2.0.0-0']) pairs.push([text, v]);
while (pairs.length < pairCount) {
  const text = range();
  const count = 1 + below(4);
  for (let i = 0; i < count && pairs.length < pairCount; ++i) pairs.push([text, nearby(text)]);
}

const answers = ours(pairs);
const tally = { '1': 0, '0': 0, E: 0, V: 0 };
let unexplained = 0;
pairs.forEach(([text, versionText], i) => {
  const expected = theirs(text, versionText);
  const got = answers[i];
  tally[expected.answer] += 1;
  if (expected.canonical === got.canonical && expected.answer === got.answer) return;
  const reason = explained(text, versionText, expected, got);
  if (reason) {
    classes[reason] += 1;
    return;
  }
  unexplained += 1;
  if (unexplained <= 40) {
    console.log(`DIFFERENT ${JSON.stringify(text)} ${JSON.stringify(versionText)}: ` +
      `npm ${expected.canonical} ${expected.answer}, ggen ${got.canonical} ${got.answer}`);
  }
});

const distinct = new Set(pairs.map(([text]) => text)).size;
console.log(`semver ${require('semver/package.json').version}, seed ${seedText}: ${pairs.length} pairs, ` +
  `${distinct} ranges; npm says match ${tally['1']}, no match ${tally['0']}, ` +
  `no range ${tally.E}, no version ${tally.V}`);
console.log(`deliberate differences (differences.md): ` +
  Object.entries(classes).map(([name, count]) => `${name} ${count}`).join(', '));
console.log(`unexplained differences: ${unexplained}`);
process.exit(unexplained === 0 ? 0 : 1);
