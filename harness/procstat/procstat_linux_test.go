package procstat

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"testing"
)

func TestReadsTheLiving(t *testing.T) {
	if s, err := Read(os.Getpid()); err != nil || !s.Lives() || s.Start == 0 {
		t.Errorf("itself: %+v, %v", s, err)
	}
	if _, err := Read(math.MaxInt32); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nobody: %v", err)
	}
}
