package register

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// marker is the file that says whose a folder is. Without it, or with another
// id in it, a folder that holds anything is never removed.
const marker = ".gauntlet-run"

// place is a folder below one of a run's own folders. All work on it goes
// through os.Root, which follows no symbolic link out of base.
type place struct {
	base string // the run folder or a scratch folder
	rel  string // path below base, never "."
}

// place finds the folder of the run that path lies strictly inside of.
func (i Info) place(path string) (place, error) {
	if !filepath.IsAbs(path) {
		return place{}, fmt.Errorf("folder %s: not absolute", path)
	}
	for _, base := range append([]string{i.Folder}, i.Scratch...) {
		if !filepath.IsAbs(base) || filepath.Clean(base) == filepath.Dir(filepath.Clean(base)) {
			continue
		}
		rel, err := filepath.Rel(base, path)
		if err == nil && rel != "." && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			return place{base: base, rel: rel}, nil
		}
	}
	return place{}, fmt.Errorf("folder %s: lies outside of the run's folders", path)
}

func (p place) path() string { return filepath.Join(p.base, p.rel) }

// claimable says why the folder cannot become the run's.
func (p place) claimable(id string) error {
	root, err := os.OpenRoot(p.base)
	if err != nil {
		return fmt.Errorf("folder %s: %w", p.path(), err)
	}
	defer root.Close()
	owner, empty, err := p.look(root)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("folder %s: %w", p.path(), err)
	case owner == id || (owner == "" && empty):
		return nil
	default:
		return fmt.Errorf("folder %s: holds files that are not the run's", p.path())
	}
}

// claim makes the folder and marks it.
func (p place) claim(id string) error {
	root, err := os.OpenRoot(p.base)
	if err != nil {
		return fmt.Errorf("folder %s: %w", p.path(), err)
	}
	defer root.Close()
	if err := root.MkdirAll(p.rel, 0o755); err != nil {
		return fmt.Errorf("make folder %s: %w", p.path(), err)
	}
	if err := root.WriteFile(filepath.Join(p.rel, marker), []byte(id+"\n"), 0o644); err != nil {
		return fmt.Errorf("mark folder %s: %w", p.path(), err)
	}
	return nil
}

// remove removes the folder when it is the run's. One that is missing is no
// error. The marker goes last, so that a removal that was cut short is resumed.
func (p place) remove(id string) error {
	root, err := os.OpenRoot(p.base)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("folder %s: %w", p.path(), err)
	}
	defer root.Close()
	owner, empty, err := p.look(root)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("folder %s: %w", p.path(), err)
	case owner == "" && empty: // killed while marking or unmarking it
	case owner != id:
		return fmt.Errorf("folder %s: not marked as run %s's (%s says %q); look at it and remove it by hand", p.path(), id, marker, owner)
	}
	return p.empty(root)
}

// empty removes what is in the folder, its marker, and then the folder.
func (p place) empty(root *os.Root) error {
	entries, err := fs.ReadDir(root.FS(), filepath.ToSlash(p.rel))
	if err != nil {
		return fmt.Errorf("folder %s: %w", p.path(), err)
	}
	for _, e := range entries {
		if e.Name() == marker {
			continue
		}
		if err := root.RemoveAll(filepath.Join(p.rel, e.Name())); err != nil {
			return fmt.Errorf("remove from folder %s: %w", p.path(), err)
		}
	}
	if err := root.Remove(filepath.Join(p.rel, marker)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("unmark folder %s: %w", p.path(), err)
	}
	if err := root.Remove(p.rel); err != nil {
		return fmt.Errorf("remove folder %s: %w", p.path(), err)
	}
	return nil
}

// look tells who marked the folder ("" for nobody) and whether nothing is in it
// but the marker. A marker is empty when its writer was killed before its text.
func (p place) look(root *os.Root) (owner string, empty bool, err error) {
	st, err := root.Lstat(p.rel)
	if err != nil {
		return "", false, err
	}
	if !st.IsDir() {
		return "", false, errors.New("is no folder")
	}
	entries, err := fs.ReadDir(root.FS(), filepath.ToSlash(p.rel))
	if err != nil {
		return "", false, err
	}
	for _, e := range entries {
		if e.Name() != marker || !e.Type().IsRegular() {
			continue
		}
		b, err := root.ReadFile(filepath.Join(p.rel, marker))
		if err != nil {
			return "", false, err
		}
		return strings.TrimSuffix(string(b), "\n"), len(entries) == 1, nil
	}
	return "", len(entries) == 0, nil
}
