package redis

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// The folder holds logs, numbered without a gap, and at most one base: N.base is
// everything before N.log. Both are a magic line followed by records.
const magic = "embedded-redis 1\n"

const (
	logExt  = ".log"
	baseExt = ".base"
)

func logName(n int) string  { return fmt.Sprintf("%08d%s", n, logExt) }
func baseName(n int) string { return fmt.Sprintf("%08d%s", n, baseExt) }

// chain is which files make up the data: a base, unless base is 0, and the logs
// from first to last.
type chain struct {
	base, first, last int
}

// findChain finds the newest base and the logs that follow it.
func findChain(dir string) (chain, error) {
	bases, err := numbers(dir, baseExt)
	if err != nil {
		return chain{}, err
	}
	logs, err := numbers(dir, logExt)
	if err != nil {
		return chain{}, err
	}
	c := chain{first: 1}
	if len(bases) > 0 {
		c.base = slices.Max(bases)
		c.first = c.base
	}
	c.last = c.first
	logs = slices.DeleteFunc(logs, func(n int) bool { return n < c.first })
	slices.Sort(logs)
	for i, n := range logs {
		if n != c.first+i {
			return chain{}, fmt.Errorf("%s: %w", filepath.Join(dir, logName(c.first+i)), fs.ErrNotExist)
		}
		c.last = n
	}
	return c, nil
}

func numbers(dir, ext string) ([]int, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*"+ext))
	if err != nil {
		return nil, err
	}
	var ns []int
	for _, f := range files {
		n, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(f), ext))
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%s: no file of the embedded Redis", f)
		}
		ns = append(ns, n)
	}
	return ns, nil
}

// load applies the whole chain, of which only the last log may have lost its
// tail. It returns how long that log is without its tail and with it, 0 when
// there is none yet.
func (c chain) load(dir string, apply func(record)) (whole, size int64, err error) {
	if c.base > 0 {
		if err := loadWhole(filepath.Join(dir, baseName(c.base)), apply); err != nil {
			return 0, 0, err
		}
	}
	for n := c.first; n < c.last; n++ {
		if err := loadWhole(filepath.Join(dir, logName(n)), apply); err != nil {
			return 0, 0, err
		}
	}
	whole, size, err = loadFile(filepath.Join(dir, logName(c.last)), apply)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, 0, nil
	}
	return whole, size, err
}

// loadWhole applies a file whose end was written and synced long ago.
func loadWhole(path string, apply func(record)) error {
	whole, size, err := loadFile(path, apply)
	if err == nil && whole < size {
		err = fmt.Errorf("%s: ends at byte %d within a record: %w", path, size, errCorrupt)
	}
	return err
}

// loadFile applies the records of a file, and returns how much of it they are.
func loadFile(path string, apply func(record)) (whole, size int64, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, 0, err
	}
	size = int64(len(b))
	if len(b) < len(magic) && strings.HasPrefix(magic, string(b)) {
		return 0, size, nil // killed while it was begun
	}
	b, ok := bytes.CutPrefix(b, []byte(magic))
	if !ok {
		return 0, size, fmt.Errorf("%s: first line: %w", path, errCorrupt)
	}
	n, err := eachRecord(b, func(r record) error { apply(r); return nil })
	if err != nil {
		return 0, size, fmt.Errorf("%s: after the first line, %w", path, err)
	}
	return int64(len(magic) + n), size, nil
}

// openLog opens a log for appending, cut to the length of its whole records.
func openLog(path string, whole int64) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := begin(f, whole); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), f.Close())
	}
	return f, nil
}

func begin(f *os.File, whole int64) error {
	if err := f.Truncate(whole); err != nil {
		return err
	}
	if _, err := f.Seek(whole, 0); err != nil {
		return err
	}
	if whole > 0 {
		return nil
	}
	_, err := f.WriteString(magic)
	return err
}

// removeBefore removes the files that base n has made superfluous, and what a
// kill left of a base that was being written.
func removeBefore(dir string, n int) error {
	var errs []error
	for _, ext := range []string{logExt, baseExt} {
		ns, err := numbers(dir, ext)
		errs = append(errs, err)
		for _, old := range ns {
			if old < n {
				errs = append(errs, os.Remove(filepath.Join(dir, fmt.Sprintf("%08d%s", old, ext))))
			}
		}
	}
	return errors.Join(errs...)
}
