package build

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"gauntlet/harness/run"
)

// kept is how many programs stay in the cache when one is added: enough to go
// back to a comparison of the day, and some hundred megabytes at the most.
const kept = 8

// programName is the name of one in the cache: its service and its digest.
var programName = regexp.MustCompile(`-[0-9a-f]{12}$`)

// keep makes the program in the cache under its digest, so that one that is
// running is never written to, and removes those that nobody came back to. One
// that is there already must be that program: another would be measured under
// its name.
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
	held, err := hold(file, path)
	if err != nil {
		return Found{}, err
	}
	if is, err := digestOf(path); err != nil || is != digest {
		return Found{}, errors.Join(err, held.Close(), fmt.Errorf("%s is not the program that it is named after: somebody wrote to it\n  hint: remove it", path))
	}
	found := Found{What: what, Told: told, Digest: digest, Build: run.Build{Name: told + ", sha256 " + digest, Program: path}, held: held}
	if err := f.prune(); err != nil {
		return Found{}, errors.Join(err, found.Close())
	}
	return found, nil
}

// hold puts file at path, unless it is there already, and keeps it from being
// pruned until it is closed or this process ends.
func hold(file, path string) (*os.File, error) {
	for {
		if err := os.Link(file, path); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		held, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // pruned since
		}
		if err != nil {
			return nil, err
		}
		if err := lock(held, unix.LOCK_SH); err != nil {
			return nil, errors.Join(err, held.Close())
		}
		now := time.Now()
		if there(path, held) && os.Chtimes(path, now, now) == nil {
			return held, nil
		}
		held.Close()
	}
}

// there: the file at path is f, and not another one or gone.
func there(path string, f *os.File) bool {
	at, err := os.Stat(path)
	is, err2 := f.Stat()
	return err == nil && err2 == nil && os.SameFile(at, is)
}

// lock locks f, which closing it undoes.
func lock(f *os.File, how int) error {
	for {
		if err := unix.Flock(int(f.Fd()), how); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// prune removes the programs of the cache but those that were asked for last
// and those that somebody holds.
func (f Finder) prune() error {
	entries, err := os.ReadDir(f.Cache)
	if err != nil {
		return err
	}
	var programs []fs.FileInfo
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && info.Mode().IsRegular() && programName.MatchString(e.Name()) {
			programs = append(programs, info)
		}
	}
	slices.SortFunc(programs, func(a, b fs.FileInfo) int {
		return cmp.Or(b.ModTime().Compare(a.ModTime()), cmp.Compare(a.Name(), b.Name()))
	})
	for _, p := range programs[min(kept, len(programs)):] {
		if err := removeUnheld(filepath.Join(f.Cache, p.Name())); err != nil {
			return err
		}
	}
	return nil
}

func removeUnheld(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	err = lock(f, unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) || err == nil && !there(path, f) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.Remove(path)
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
