// Package build finds out what a build of a service is that somebody names: a
// folder with its source, a revision of its repository, a program, an image.
// What is source is built once, so that every run of a comparison has the same
// program, whatever is edited meanwhile.
package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"gauntlet/harness/run"
	"gauntlet/harness/topology"
)

// Found is a build that can be run.
type Found struct {
	What   string // as it was named
	Told   string // what that is, for a person
	Digest string // 12 hex digits of the program's SHA-256; "" of an image
	Build  run.Build
}

// Finder looks builds of a service up.
type Finder struct {
	Stack    topology.Stack
	Service  string
	Platform string // chaos.Local or chaos.Docker
	Cache    string // folder for what is built; it is made
}

// Find is the build that what names, as Look has it. What is source is built.
func (f Finder) Find(ctx context.Context, what string) (Found, error) {
	s, err := f.look(ctx, what)
	switch {
	case err != nil:
		return Found{}, err
	case s.make == nil:
		return Found{What: what, Told: s.told, Build: run.Build{Name: s.told, Image: s.image}}, nil
	}
	return f.keep(what, s.told, func(to string) error { return s.make(ctx, to) })
}

// keep makes the program in the cache under its digest, so that one that is
// running is never written to.
func (f Finder) keep(what, told string, make func(to string) error) (Found, error) {
	fresh, err := f.folderFor("fresh-")
	if err != nil {
		return Found{}, err
	}
	defer os.RemoveAll(fresh)
	file := filepath.Join(fresh, f.Service)
	if err := make(file); err != nil {
		return Found{}, err
	}
	digest, err := digestOf(file)
	if err != nil {
		return Found{}, err
	}
	path, err := filepath.Abs(filepath.Join(f.Cache, f.Service+"-"+digest))
	if err != nil {
		return Found{}, err
	}
	if err := os.Rename(file, path); err != nil {
		return Found{}, err
	}
	return Found{What: what, Told: told, Digest: digest, Build: run.Build{Name: told + ", sha256 " + digest, Program: path}}, nil
}

// abandoned is the age from which a folder of the cache is one that a killed
// gauntlet left: no build takes as long.
const abandoned = time.Hour

// folderFor makes a folder in the cache for something on its way, and removes
// those that were left.
func (f Finder) folderFor(prefix string) (string, error) {
	if err := os.MkdirAll(f.Cache, 0o755); err != nil {
		return "", err
	}
	old, err := filepath.Glob(filepath.Join(f.Cache, prefix+"*"))
	if err != nil {
		return "", err
	}
	for _, dir := range old {
		if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > abandoned {
			if err := os.RemoveAll(dir); err != nil {
				return "", err
			}
		}
	}
	return os.MkdirTemp(f.Cache, prefix)
}

func digestOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil))[:12], nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

func git(ctx context.Context, dir string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...).Output()
	return strings.TrimSpace(string(out)), err
}
