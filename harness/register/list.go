package register

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// List tells which runs are in the register, alive or dead, and what each would
// leave now. It changes nothing.
func List() ([]Info, error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	dirs, err := entries(root)
	if err != nil {
		return nil, err
	}
	var infos []Info
	var errs []error
	for _, dir := range dirs {
		i, err := listOne(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue // closed while we looked
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("run %s: %w", filepath.Base(dir), err))
		}
		infos = append(infos, i)
	}
	return infos, errors.Join(errs...)
}

func listOne(dir string) (Info, error) {
	i := readInfo(dir)
	alive, err := locked(filepath.Join(dir, "lock"))
	if err != nil {
		return i, err
	}
	i.Alive = alive
	items, err := readJournal(dir)
	for _, item := range items {
		if there, e := i.there(item); there || e != nil {
			i.Left = append(i.Left, item)
		}
	}
	return i, err
}

// locked tells whether somebody holds the lock at path, which must exist.
func locked(path string) (bool, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return false, err
	}
	defer f.Close()
	err = flock(f)
	if errors.Is(err, errLocked) {
		return true, nil
	}
	return false, err
}

// readInfo reads who the run in dir is. Its id is the folder's name; of a run
// that was killed before it wrote the rest, nothing else is known, and it had
// not started anything.
func readInfo(dir string) Info {
	var i Info
	if b, err := os.ReadFile(filepath.Join(dir, "info.json")); err == nil && json.Unmarshal(b, &i) != nil {
		i = Info{}
	}
	i.ID = filepath.Base(dir)
	return i
}
