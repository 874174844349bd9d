// Verifies a registry's log, and proofs cut from it, with golang.org/x/mod: none of our own code.
//
//	verify [-n N] [-cosigner VKEY] REGISTRY VKEY [PROOF...]
//
// Opens the checkpoint, re-reads all entry bundles, hashes every entry and recomputes the root. Then holds
// every stored tile against the recomputed hashes, proves and checks inclusion of every entry (-n N: of N
// evenly spread ones) and consistency between several sizes, and checks each tlog-proof file.
// tlog.TileHashReader is not used: Debian's x/mod accepts forged leaf tiles in it (CVE-2026-56865).
package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileWidth = 256

type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= int64(len(h)) {
			return nil, fmt.Errorf("no stored hash %d", index)
		}
		out[i] = h[index]
	}
	return out, nil
}

type checkpoint struct {
	size int64
	root tlog.Hash
}

type counts struct {
	entries, bundles, tiles, inclusion, consistency, proofs, cosignatures int
}

func main() {
	sample := flag.Int64("n", 0, "check inclusion of N entries instead of all")
	cosigner := flag.String("cosigner", "", "verifier key (type 4) whose cosignature the checkpoint must carry")
	flag.Parse()
	if flag.NArg() < 2 {
		fmt.Fprintln(os.Stderr, "usage: verify [-n N] [-cosigner VKEY] REGISTRY VKEY [PROOF...]")
		os.Exit(2)
	}
	done, err := verify(flag.Arg(0), flag.Arg(1), *cosigner, *sample, flag.Args()[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "verify:", err)
		os.Exit(1)
	}
	fmt.Printf("x/mod verified %d entries in %d bundles, %d tiles, %d inclusion proofs, %d consistency proofs, "+
		"%d tlog-proof files, %d cosignatures\n", done.entries, done.bundles, done.tiles, done.inclusion,
		done.consistency, done.proofs, done.cosignatures)
}

func verify(registry, vkey, cosigner string, sample int64, proofs []string) (counts, error) {
	var done counts
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return done, fmt.Errorf("verifier key: %w", err)
	}
	signed, err := os.ReadFile(filepath.Join(registry, "checkpoint"))
	if err != nil {
		return done, err
	}
	head, err := openCheckpoint(signed, verifier)
	if err != nil {
		return done, err
	}
	if cosigner != "" {
		if err := checkCosignature(signed, cosigner); err != nil {
			return done, err
		}
		done.cosignatures++
	}
	stored, leaves, err := readEntries(registry, head.size, &done)
	if err != nil {
		return done, err
	}
	root, err := tlog.TreeHash(head.size, stored)
	if err != nil || root != head.root {
		return done, fmt.Errorf("the entries give root %v, the checkpoint says %v (%v)", root, head.root, err)
	}
	if err := checkTiles(registry, head.size, stored, &done); err != nil {
		return done, err
	}
	if err := checkInclusion(head, stored, leaves, sample, &done); err != nil {
		return done, err
	}
	if err := checkConsistency(head, stored, &done); err != nil {
		return done, err
	}
	for _, path := range proofs {
		if err := checkProofFile(path, verifier, head.size, stored, leaves); err != nil {
			return done, fmt.Errorf("%s: %w", path, err)
		}
		done.proofs++
	}
	return done, nil
}

func openCheckpoint(signed []byte, verifier note.Verifier) (checkpoint, error) {
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return checkpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] != verifier.Name() {
		return checkpoint{}, fmt.Errorf("checkpoint: unexpected text %q", opened.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return checkpoint{}, fmt.Errorf("checkpoint: bad size %q", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	return checkpoint{size, root}, err
}

// cosignatureVerifier is C2SP tlog-cosignature type 4 for note.Open.
type cosignatureVerifier struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (v cosignatureVerifier) Name() string    { return v.name }
func (v cosignatureVerifier) KeyHash() uint32 { return v.hash }
func (v cosignatureVerifier) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), text)
	return ed25519.Verify(v.key, []byte(message), sig[8:])
}

func checkCosignature(signed []byte, vkey string) error {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return errors.New("cosigner: not a verifier key")
	}
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil {
		return fmt.Errorf("cosigner: %w", err)
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != 4 {
		return errors.New("cosigner: not a key of type 4")
	}
	_, err = note.Open(signed, note.VerifierList(cosignatureVerifier{parts[0], uint32(hash), key[1:]}))
	if err != nil {
		return fmt.Errorf("cosignature: %w", err)
	}
	return nil
}

// tilePath is the C2SP tlog-tiles path; width 0 means a full tile.
func tilePath(level string, index, width int64) string {
	text := fmt.Sprintf("%03d", index%1000)
	for index /= 1000; index > 0; index /= 1000 {
		text = fmt.Sprintf("x%03d/%s", index%1000, text)
	}
	path := "tile/" + level + "/" + text
	if width != 0 {
		path += fmt.Sprintf(".p/%d", width)
	}
	return path
}

// eachTile calls visit for every piece of count items, the last one perhaps partial.
func eachTile(level string, count int64, visit func(path string, first, width int64) error) error {
	for first := int64(0); first < count; first += tileWidth {
		width, partial := count-first, count-first
		if width >= tileWidth {
			width, partial = tileWidth, 0
		}
		if err := visit(tilePath(level, first/tileWidth, partial), first, width); err != nil {
			return err
		}
	}
	return nil
}

func readEntries(registry string, size int64, done *counts) (hashes, []tlog.Hash, error) {
	var stored hashes
	var leaves []tlog.Hash
	err := eachTile("entries", size, func(path string, first, width int64) error {
		data, err := os.ReadFile(filepath.Join(registry, path))
		if err != nil {
			return err
		}
		for i := first; i < first+width; i++ {
			if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
				return fmt.Errorf("%s: ends inside entry %d", path, i)
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			entry := data[2:end]
			data = data[end:]
			added, err := tlog.StoredHashes(i, entry, stored)
			if err != nil {
				return err
			}
			stored = append(stored, added...)
			leaves = append(leaves, tlog.RecordHash(entry))
			done.entries++
		}
		if len(data) != 0 {
			return fmt.Errorf("%s: bytes after the last entry", path)
		}
		done.bundles++
		return nil
	})
	return stored, leaves, err
}

func checkTiles(registry string, size int64, stored hashes, done *counts) error {
	for level := 0; size>>(8*uint(level)) > 0; level++ {
		err := eachTile(strconv.Itoa(level), size>>(8*uint(level)), func(path string, first, width int64) error {
			data, err := os.ReadFile(filepath.Join(registry, path))
			if err != nil {
				return err
			}
			var want bytes.Buffer
			for i := first; i < first+width; i++ {
				hash := stored[tlog.StoredHashIndex(8*level, i)]
				want.Write(hash[:])
			}
			if !bytes.Equal(data, want.Bytes()) {
				return fmt.Errorf("%s: differs from the hashes of the entries", path)
			}
			done.tiles++
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func checkInclusion(head checkpoint, stored hashes, leaves []tlog.Hash, sample int64, done *counts) error {
	step := int64(1)
	if sample > 0 && head.size > sample {
		step = head.size / sample
	}
	for i := int64(0); i < head.size; i += step {
		proof, err := tlog.ProveRecord(head.size, i, stored)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, head.size, head.root, i, leaves[i]); err != nil {
			return fmt.Errorf("entry %d: %w", i, err)
		}
		done.inclusion++
	}
	return nil
}

func checkConsistency(head checkpoint, stored hashes, done *counts) error {
	for _, old := range []int64{1, 2, 3, 255, 256, 257, head.size / 3, head.size / 2, head.size - 1, head.size} {
		if old < 1 || old > head.size {
			continue
		}
		root, err := tlog.TreeHash(old, stored)
		if err != nil {
			return err
		}
		proof, err := tlog.ProveTree(head.size, old, stored)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, head.size, head.root, old, root); err != nil {
			return fmt.Errorf("size %d: %w", old, err)
		}
		done.consistency++
	}
	return nil
}

// checkProofFile checks a C2SP tlog-proof: its checkpoint is signed and its root is the one that the
// registry's log had at that size; the proof leads from the registry's entry to that root. An extra
// line, when there is one, holds the entry itself.
func checkProofFile(path string, verifier note.Verifier, size int64, stored hashes, leaves []tlog.Hash) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	parts := strings.SplitN(string(data), "\n\n", 2)
	lines := strings.Split(parts[0], "\n")
	if len(parts) != 2 || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("not a tlog-proof")
	}
	lines = lines[1:]
	var extra []byte
	if strings.HasPrefix(lines[0], "extra ") {
		if extra, err = base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[0], "extra ")); err != nil {
			return err
		}
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return errors.New("no index line")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "index "), 10, 64)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	head, err := openCheckpoint([]byte(parts[1]), verifier)
	if err != nil {
		return err
	}
	if head.size > size || index < 0 || index >= head.size {
		return fmt.Errorf("entry %d of size %d is outside the log", index, head.size)
	}
	root, err := tlog.TreeHash(head.size, stored)
	if err != nil || root != head.root {
		return fmt.Errorf("its checkpoint is not of this log (%v)", err)
	}
	if extra != nil && tlog.RecordHash(extra) != leaves[index] {
		return errors.New("its extra line is not the entry")
	}
	return tlog.CheckRecord(proof, head.size, head.root, index, leaves[index])
}
