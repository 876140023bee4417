package reports

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAFileIsSavedAsAWholeOrNotAtAll(t *testing.T) {
	folder := t.TempDir()
	page := filepath.Join(folder, "page.html")
	text := func(w io.Writer) error { _, err := io.WriteString(w, "whole"); return err }
	if err := Save(page, text); err != nil {
		t.Fatal(err)
	}

	broken := errors.New("the paper is torn")
	err := Save(page, func(w io.Writer) error { io.WriteString(w, "half"); return broken })
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), page) {
		t.Errorf("half a page: %v, want the file and why", err)
	}
	if got, err := os.ReadFile(page); string(got) != "whole" {
		t.Errorf("after half a page the file holds %q, %v", got, err)
	}

	taken := filepath.Join(folder, "taken") // a folder, which no file can replace
	if err := os.Mkdir(taken, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Save(taken, text); err == nil || !strings.Contains(err.Error(), taken) {
		t.Errorf("in the place of a folder: %v, want an error that names it", err)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*.new")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
