package reports

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// Save writes a file as a whole or not at all, so that a page is never found
// half drawn. Errors name the file.
func Save(path string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	beside := path + ".new"
	err := os.WriteFile(beside, b.Bytes(), 0o644)
	if err == nil {
		err = os.Rename(beside, path)
	}
	if err != nil {
		os.Remove(beside) // it may never have been there
	}
	return err
}
