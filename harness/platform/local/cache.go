package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// compileInto brings the cached binary up to date. Its caller holds the lock.
//
// A build that is cut off can leave half a binary, which go build takes as up
// to date, because the id that it goes by stands at the head. So it builds in
// a fresh folder, and only what is whole is renamed to the cached name. The
// seal beside it holds its digest: a cached file that fits the seal may save
// the link, and any other, however it came there, is replaced.
func compileInto(ctx context.Context, root, pkg, cached string) error {
	folder, err := buildFolder(cached)
	if err != nil {
		return fmt.Errorf("the cache of binaries: %w", err)
	}
	defer os.RemoveAll(folder)
	fresh := filepath.Join(folder, filepath.Base(cached))
	if isSealed(cached) {
		// go build leaves it alone when it is up to date, and otherwise
		// replaces it instead of writing into it. Without the link it builds.
		_ = os.Link(cached, fresh)
	}
	if err := Compile(ctx, root, pkg, fresh); err != nil {
		return err
	}
	if err := keep(fresh, cached); err != nil {
		return fmt.Errorf("the cache of binaries: %w", err)
	}
	return nil
}

// keep puts a binary that is whole into the cache, and its seal. Cut off
// between the two, the next build finds that they do not fit.
func keep(fresh, cached string) error {
	built, err := os.Lstat(fresh)
	if err != nil {
		return err
	}
	switch was, err := os.Lstat(cached); {
	case err == nil && os.SameFile(built, was):
		return nil // it was up to date
	case err == nil && was.IsDir():
		if err := os.RemoveAll(cached); err != nil { // a file cannot be renamed over it
			return err
		}
	}
	sum, err := digest(fresh)
	if err != nil {
		return err
	}
	seal := sealOf(fresh)
	if err := os.WriteFile(seal, []byte(sum), 0o644); err != nil {
		return err
	}
	if err := os.Rename(fresh, cached); err != nil {
		return err
	}
	return os.Rename(seal, sealOf(cached))
}

const building = ".building-"

// buildFolder makes the folder of one build of the cached binary, and removes
// those of builds that were killed.
func buildFolder(cached string) (string, error) {
	cache, prefix := filepath.Dir(cached), filepath.Base(cached)+building
	entries, err := os.ReadDir(cache)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) {
			if err := os.RemoveAll(filepath.Join(cache, e.Name())); err != nil {
				return "", err
			}
		}
	}
	return os.MkdirTemp(cache, prefix)
}

func sealOf(cached string) string { return cached + ".sealed" }

// isSealed tells whether the cached file is, to the byte, what a build that
// succeeded has left.
func isSealed(cached string) bool {
	if info, err := os.Lstat(cached); err != nil || !info.Mode().IsRegular() {
		return false
	}
	seal, err := os.ReadFile(sealOf(cached))
	if err != nil {
		return false
	}
	sum, err := digest(cached)
	return err == nil && sum == string(seal)
}

// digest is the SHA-256 of the file, in hex.
func digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	return hex.EncodeToString(sum.Sum(nil)), errors.Join(err, f.Close())
}
