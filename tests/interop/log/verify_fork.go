// Verifies evidence that a log signed two histories, with golang.org/x/mod alone.
//
//	verify_fork EVIDENCE.json VKEY
//
// Both notes must be signed by VKEY, and the larger tree must have had another root at the smaller size.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type evidence struct {
	Format    string   `json:"format"`
	Origin    string   `json:"origin"`
	First     string   `json:"first"`
	Second    string   `json:"second"`
	OtherRoot string   `json:"other_root"`
	Proof     []string `json:"consistency_proof"`
}

func open(text string, verifier note.Verifier) (int64, tlog.Hash, error) {
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] != verifier.Name() {
		return 0, tlog.Hash{}, fmt.Errorf("unexpected text %q", opened.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return size, root, err
}

func verify(path, vkey string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var e evidence
	if err := json.Unmarshal(data, &e); err != nil {
		return "", err
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return "", err
	}
	if e.Format != "ggen/fork-evidence/v1" || e.Origin != verifier.Name() {
		return "", fmt.Errorf("it is no evidence against %s", verifier.Name())
	}
	small, smallRoot, err := open(e.First, verifier)
	if err != nil {
		return "", fmt.Errorf("first: %w", err)
	}
	large, largeRoot, err := open(e.Second, verifier)
	if err != nil {
		return "", fmt.Errorf("second: %w", err)
	}
	other, err := tlog.ParseHash(e.OtherRoot)
	if err != nil {
		return "", err
	}
	if other == smallRoot {
		return "", fmt.Errorf("the roots at size %d agree", small)
	}
	proof := make(tlog.TreeProof, 0, len(e.Proof))
	for _, text := range e.Proof {
		hash, err := tlog.ParseHash(text)
		if err != nil {
			return "", err
		}
		proof = append(proof, hash)
	}
	if err := tlog.CheckTree(proof, large, largeRoot, small, other); err != nil {
		return "", err
	}
	return fmt.Sprintf("x/mod: %s signed two histories: %v and %v at size %d", e.Origin, smallRoot, other, small), nil
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: verify_fork EVIDENCE.json VKEY")
		os.Exit(2)
	}
	said, err := verify(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "verify_fork:", err)
		os.Exit(1)
	}
	fmt.Println(said)
}
