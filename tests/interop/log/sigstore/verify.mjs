// verify.mjs VKEY PROOF...: checks checkpoint signature and inclusion of C2SP tlog-proof files with
// @sigstore/verify. The entry is the proof's extra line, or the file PROOF.entry beside it. Each proof
// must also be refused after one bit of the entry, of a hash, of the root or of the signature changed.
import { createHash, createPublicKey } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);
// The package exports its entry alone; the verifier of log entries stands beside it.
const dist = path.dirname(require.resolve('@sigstore/verify'));
const { verifyTLogInclusion } = require(path.join(dist, 'tlog', 'index.js'));

function keyOf(vkey) {
  const [name, id, data] = vkey.trim().split(/\+(.{8})\+/);
  const bytes = Buffer.from(data, 'base64');
  if (bytes.length !== 33 || bytes[0] !== 1) throw new Error('the verifier key is not Ed25519 of type 1');
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes.subarray(1)]);
  const expected = createHash('sha256').update(name + '\n').update(bytes).digest().subarray(0, 4);
  if (expected.toString('hex') !== id) throw new Error('the key id does not match');
  // Sigstore finds the log by the first four bytes of its id and by its name in the base URL.
  return {
    logID: expected,
    publicKey: createPublicKey({ key: spki, format: 'der', type: 'spki' }),
    baseURL: name,
    validFor: { start: new Date(0), end: new Date(8640000000000000) },
  };
}

function parseProof(file) {
  const text = readFileSync(file, 'utf8');
  const blank = text.indexOf('\n\n');
  const lines = text.slice(0, blank).split('\n');
  if (blank < 0 || lines.shift() !== 'c2sp.org/tlog-proof@v1') throw new Error('not a tlog-proof');
  let entry = existsSync(`${file}.entry`) ? readFileSync(`${file}.entry`) : undefined;
  if (lines[0].startsWith('extra ')) entry = Buffer.from(lines.shift().slice(6), 'base64');
  if (entry === undefined) throw new Error('neither an extra line nor an .entry file');
  const index = /^index (\d+)$/.exec(lines.shift() ?? '');
  if (index === null) throw new Error('no index line');
  return {
    entry,
    index: index[1],
    hashes: lines.map((line) => Buffer.from(line, 'base64')),
    checkpoint: text.slice(blank + 2),
  };
}

function check(key, { entry, index, hashes, checkpoint }) {
  verifyTLogInclusion(
    { canonicalizedBody: entry, inclusionProof: { logIndex: index, hashes, checkpoint: { envelope: checkpoint } } },
    [key],
  );
}

function flipped(bytes) {
  const copy = Buffer.from(bytes);
  copy[copy.length - 1] ^= 1;
  return copy;
}

/** The root of a checkpoint replaced by another one, with the signature left as it is. */
function withOtherRoot(checkpoint) {
  const lines = checkpoint.split('\n');
  lines[2] = flipped(Buffer.from(lines[2], 'base64')).toString('base64');
  return lines.join('\n');
}

/** One bit of the log's own signature changed. */
function withOtherSignature(checkpoint, name) {
  return checkpoint.replace(new RegExp(`(\u2014 ${name.replaceAll('.', '\\.')} )(\\S+)`), (_, head, data) =>
    head + flipped(Buffer.from(data, 'base64')).toString('base64'));
}

const [vkey, ...files] = process.argv.slice(2);
if (vkey === undefined || files.length === 0) {
  console.error('usage: verify.mjs VKEY PROOF...');
  process.exit(2);
}
const key = keyOf(vkey);
let accepted = 0;
let refused = 0;
for (const file of files) {
  const proof = parseProof(file);
  check(key, proof);
  accepted += 1;
  const lies = [
    { ...proof, entry: Buffer.concat([proof.entry, Buffer.from([0])]) },
    { ...proof, index: String(BigInt(proof.index) + 1n) },
    ...proof.hashes.map((_, at) => ({ ...proof, hashes: proof.hashes.map((hash, i) => (i === at ? flipped(hash) : hash)) })),
    { ...proof, hashes: [...proof.hashes, Buffer.alloc(32)] },
    { ...proof, checkpoint: withOtherRoot(proof.checkpoint) },
    { ...proof, checkpoint: withOtherSignature(proof.checkpoint, key.baseURL) },
  ];
  for (const lie of lies) {
    let error;
    try {
      check(key, lie);
    } catch (caught) {
      error = caught;
    }
    if (error === undefined) throw new Error(`${file}: a changed proof was accepted`);
    refused += 1;
  }
}
console.log(`@sigstore/verify accepted ${accepted} tlog-proof files and refused ${refused} changed ones`);
