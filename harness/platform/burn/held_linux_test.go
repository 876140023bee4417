package burn

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// What is asked for and written to counts; what a process shares with others
// that run the same program, or read the same file, does not.
func TestWhatIsHeld(t *testing.T) {
	const size = 64 << 20
	before, err := Held(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "shared"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	shared, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(shared)
	sum := byte(0)
	for i := 0; i < size; i += os.Getpagesize() {
		sum += shared[i]
	}
	if with, err := Held(os.Getpid()); err != nil || with-before > size/2 {
		t.Errorf("%d more bytes held with a file of %d mapped, %v (%d)", with-before, size, err, sum)
	}
	held := hold(t.Context(), size)
	if with, err := Held(os.Getpid()); err != nil || with-before < size*9/10 {
		t.Errorf("%d more bytes held with %d written to, %v", with-before, size, err)
	}
	runtime.KeepAlive(held)
}
