package priority

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// roleVariable makes this test binary a process that says its level, or one
// that tries to raise itself.
const roleVariable = "PRIORITY_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "":
		os.Exit(m.Run())
	case "level":
		level, err := own()
		fmt.Println(level, err)
	case "raise":
		_, err := Raise()
		level, _ := own()
		fmt.Println(level, err)
	}
}

// child is this binary in a role.
func child(t *testing.T, role string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	return cmd
}

// levels are those of all threads of this process.
func levels(t *testing.T) map[int]int {
	t.Helper()
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	all := map[int]int{}
	for _, e := range threads {
		tid, err := strconv.Atoi(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		if level, err := Of(tid); err == nil {
			all[level]++
		}
	}
	return all
}

// busy keeps n threads of the system occupied, and makes them where there are
// too few, until the returned function is called.
func busy(n int) (release func()) {
	var all sync.WaitGroup
	hold, there := make(chan struct{}), make(chan struct{}, n)
	for range n {
		all.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			there <- struct{}{}
			<-hold
		})
	}
	for range n {
		<-there
	}
	return func() { close(hold); all.Wait() }
}

// raise is Raise where this user may, for the length of the test.
func raise(t *testing.T) (lower func() error) {
	t.Helper()
	lower, err := Raise()
	if errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EPERM) {
		if os.Getenv("CI") == "true" && os.Getuid() == 0 {
			t.Fatal(err)
		}
		t.Skip(err) // what happens then is another test
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lower(); err != nil {
			t.Error(err)
		}
	})
	return lower
}

func TestEveryThreadIsRaised(t *testing.T) {
	usual, err := own()
	if err != nil {
		t.Fatal(err)
	}
	want := max(usual-Levels, best)
	release := busy(8)
	lower := raise(t)
	more := busy(16) // threads that begin later
	if got := levels(t); len(got) != 1 || got[want] < 25 {
		t.Errorf("threads by their level: %v, want all at %d", got, want)
	}
	if _, err := Raise(); err == nil {
		t.Error("raised twice")
	}
	for range 2 {
		if err := lower(); err != nil {
			t.Fatal(err)
		}
	}
	if got := levels(t); len(got) != 1 || got[usual] == 0 {
		t.Errorf("afterwards: %v, want all at %d", got, usual)
	}
	release()
	more()
}

// The control: a child that is started as any other has the level of its
// parent; one of the system has not, while others of the parent's threads
// start theirs.
func TestOnlyTheSystemIsStartedAsUsual(t *testing.T) {
	usual, err := own()
	if err != nil {
		t.Fatal(err)
	}
	raise(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for want, start := range map[int]func(*exec.Cmd) error{usual: Start, max(usual-Levels, best): (*exec.Cmd).Start} {
				var said strings.Builder
				cmd := child(t, "level")
				cmd.Stdout = &said
				if err := errors.Join(start(cmd), cmd.Wait()); err != nil {
					t.Error(err)
				}
				if said.String() != fmt.Sprintln(want, nil) {
					t.Errorf("a child has level %q, want %d", said.String(), want)
				}
			}
		})
	}
	all.Wait()
	if got := levels(t); len(got) != 1 || got[usual] > 0 {
		t.Errorf("afterwards the threads have the levels %v", got)
	}
}

// Who may not better its level changes nothing, and is told why.
func TestAnybodyElseIsRefused(t *testing.T) {
	cmd := child(t, "raise")
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	usual, err := own()
	if err != nil {
		t.Fatal(err)
	}
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	if want := fmt.Sprintf("%d a better nice level: permission denied\n", usual); string(said) != want {
		t.Errorf("it said %q, want %q", said, want)
	}
}

func TestTheLevelsWeighTenTimesAsMuch(t *testing.T) {
	if more, less := Weight(Levels), Weight(Levels-1); more < 10 || less >= 10 {
		t.Errorf("%d levels weigh %.2f times as much, one less %.2f", Levels, more, less)
	}
}
