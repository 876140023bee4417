package textfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadTakesARegularFileOfAtMostTheLimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, []byte("four"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(path, 4); err != nil || string(got) != "four" {
		t.Errorf("read %q, %v", got, err)
	}
	if _, err := Read(path, 3); err == nil || !strings.Contains(err.Error(), "has 4 bytes; 3 is the limit") {
		t.Errorf("four bytes of three were read: %v", err)
	}
	for _, other := range []string{t.TempDir(), os.DevNull} {
		if _, err := Read(other, 4); err == nil || !strings.Contains(err.Error(), other+" is not a regular file") {
			t.Errorf("%s was read: %v", other, err)
		}
	}
	if _, err := Read(path+"b", 4); !os.IsNotExist(err) {
		t.Errorf("a missing file: %v", err)
	}
}
