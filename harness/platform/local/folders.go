package local

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// The folders below Options.Dir. All but the logs are removed by Down.
const (
	folderLogs     = "logs"
	folderVolumes  = "volumes"
	folderWork     = "work" // one working directory for each replica
	folderBinaries = "bin"
)

// makeFolder makes a folder that is to be removed with the run. It is entered
// in the ledger before it exists.
func (o Options) makeFolder(path string) error {
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return fmt.Errorf("the run's folder: %w", err)
	}
	if o.Ledger != nil {
		if err := o.Ledger.Folder(path); err != nil {
			return fmt.Errorf("entering %s: %w", path, err)
		}
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return fmt.Errorf("a folder of the run: %w", err)
	}
	return nil
}

// removeFolders removes what a run does not keep.
func (o Options) removeFolders() error {
	var errs []error
	for _, name := range []string{folderVolumes, folderWork, folderBinaries} {
		errs = append(errs, os.RemoveAll(filepath.Join(o.Dir, name)))
	}
	return errors.Join(errs...)
}
