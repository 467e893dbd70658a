// Reads a log of ours with the packages that Go's own checksum database is read with: golang.org/x/mod/sumdb/note and tlog.
//
//	main FOLDER VKEY
//
// FOLDER is a published log; it also holds proofs.json: inclusion and consistency proofs that our program made.
package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type reader struct{ folder string }

func (r reader) Height() int { return 8 }

func (r reader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	made := make([][]byte, len(tiles))
	for i, t := range tiles {
		path := fmt.Sprintf("tile/%d/%s", t.L, number(t.N))
		if t.W < 256 {
			path += fmt.Sprintf(".p/%d", t.W)
		}
		raw, err := os.ReadFile(filepath.Join(r.folder, path))
		if err != nil {
			return nil, err
		}
		made[i] = raw
	}
	return made, nil
}

func (r reader) SaveTiles([]tlog.Tile, [][]byte) {}

func number(n int64) string {
	text := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		text = fmt.Sprintf("x%03d/%s", n%1000, text)
	}
	return text
}

type proofs struct {
	Inclusion   map[string][][]byte `json:"inclusion"`
	Consistency map[string][][]byte `json:"consistency"`
	Roots       map[string][]byte   `json:"roots"`
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func hash(raw []byte) (h tlog.Hash) {
	copy(h[:], raw)
	return
}

func hashes(raw [][]byte) (made []tlog.Hash) {
	for _, one := range raw {
		made = append(made, hash(one))
	}
	return
}

func main() {
	folder := os.Args[1]
	verifier, err := note.NewVerifier(os.Args[2])
	must(err)
	raw, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	must(err)
	opened, err := note.Open(raw, note.VerifierList(verifier))
	must(err)
	var origin, root string
	var size int64
	_, err = fmt.Sscanf(opened.Text, "%s\n%d\n%s\n", &origin, &size, &root)
	must(err)
	top, err := tlog.ParseHash(root)
	must(err)
	tree := tlog.Tree{N: size, Hash: top}
	hasher := tlog.TileHashReader(tree, reader{folder})

	// every entry, from the bundles, against the leaf that the authenticated tiles hold
	for n := int64(0); n*256 < size; n++ {
		path := "tile/entries/" + number(n)
		if size-n*256 < 256 {
			path += fmt.Sprintf(".p/%d", size-n*256)
		}
		bundle, err := os.ReadFile(filepath.Join(folder, path))
		must(err)
		for i := n * 256; len(bundle) > 0; i++ {
			length := int(binary.BigEndian.Uint16(bundle))
			leaf, err := hasher.ReadHashes([]int64{tlog.StoredHashIndex(0, i)})
			must(err)
			if tlog.RecordHash(bundle[2:2+length]) != leaf[0] {
				must(fmt.Errorf("entry %d is not what the tree says", i))
			}
			bundle = bundle[2+length:]
		}
	}
	var ours proofs
	text, err := os.ReadFile(filepath.Join(filepath.Dir(folder), "proofs.json"))
	must(err)
	must(json.Unmarshal(text, &ours))
	for key, path := range ours.Inclusion {
		var index int64
		fmt.Sscan(key, &index)
		leaf, err := hasher.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
		must(err)
		must(tlog.CheckRecord(hashes(path), size, top, index, leaf[0]))
	}
	for key, path := range ours.Consistency {
		var old int64
		fmt.Sscan(key, &old)
		must(tlog.CheckTree(hashes(path), size, top, old, hash(ours.Roots[key])))
		theirs, err := tlog.ProveTree(size, old, hasher)
		must(err)
		must(tlog.CheckTree(theirs, size, top, old, hash(ours.Roots[key])))
	}
	fmt.Println(origin, size, len(ours.Inclusion), len(ours.Consistency))
}
