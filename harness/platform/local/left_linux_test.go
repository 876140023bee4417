package local

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gauntlet/harness/platform/conformance"
	"gauntlet/harness/procstat"
	"gauntlet/harness/topology"
)

// parentVariable makes the test binary a harness that is going to be killed:
// its value is the run's id.
const parentVariable = "LOCAL_TEST_PARENT"

func TestMain(m *testing.M) {
	if id := os.Getenv(parentVariable); id != "" {
		beParent(id, os.Args[1])
		return
	}
	if os.Getenv(burnerVariable) != "" && len(os.Args) > 1 && os.Args[1] == "burn" {
		beBurner()
		return
	}
	os.Exit(m.Run())
}

// beParent runs the suite's system in dir until it is killed.
func beParent(id, dir string) {
	stack, err := topology.Load(context.Background(), filepath.Join("..", "conformance", "testdata", "docker-compose.yml"), topology.Options{})
	if err == nil {
		_, err = New(Options{RunID: id, Dir: dir, Cache: cache}).Up(context.Background(), stack)
	}
	if err != nil {
		fmt.Println("failed:", strings.ReplaceAll(err.Error(), "\n", " "))
		os.Exit(1)
	}
	fmt.Println("up")
	time.Sleep(patience) // killed long before
}

// Whatever happens to the harness, its processes end with it.
func TestNothingOutlivesAKilledHarness(t *testing.T) {
	for round := range 3 {
		id, dir := runID(t), t.TempDir()
		cmd := exec.Command(os.Args[0], dir)
		cmd.Env = append(os.Environ(), parentVariable+"="+id)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if round == 0 { // in the middle of its start, as soon as there is a child
			eventually(t, "a child", func() bool { return len(labelled(id)) > 0 })
		} else if line, err := bufio.NewReader(out).ReadString('\n'); line != "up\n" {
			t.Errorf("the harness said %q, %v", line, err)
		}
		if round > 0 && len(labelled(id)) != 3 {
			t.Errorf("%d processes run", len(labelled(id)))
		}
		cmd.Process.Kill()
		cmd.Wait()
		eventually(t, "all children of the killed harness are gone", func() bool { return len(labelled(id)) == 0 })
	}
}

var childLine = regexp.MustCompile(`^child (\d+)$`)

// childOf is the last process that the replica says it started.
func childOf(t *testing.T, s *System, replica string) (pid int) {
	t.Helper()
	eventually(t, replica+" names its child", func() bool {
		lines, err := s.Tail(replica, 20)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if m := childLine.FindStringSubmatch(line); m != nil {
				pid, _ = strconv.Atoi(m[1])
			}
		}
		return pid != 0
	})
	return pid
}

// What a process started dies with it, when it is killed and when it ends.
func TestChildrenOfAReplicaDieWithIt(t *testing.T) {
	s := up(t, options(t), stack(t, "-child", "group"))
	first := childOf(t, s, "web-1")
	if err := s.Kill(t.Context(), "web-1", 0); err != nil {
		t.Fatal(err)
	}
	if alive(first) {
		t.Error("Kill returned before the child of the replica was gone")
	}
	second := childOf(t, s, "web-2")
	r := s.replicas[2]
	r.mu.Lock()
	pid := r.life.pid
	r.mu.Unlock()
	if err := syscall.Kill(-pid, 0); err != nil {
		t.Error(err)
	}
	syscall.Kill(pid, syscall.SIGTERM) // it ends by itself
	eventually(t, "the child of what ended is gone", func() bool { return !alive(second) })
}

// What left the group of its replica is found by its label.
func TestDownFindsWhatEscapedItsGroup(t *testing.T) {
	o := options(t)
	s := up(t, o, stack(t, "-child", "session"))
	escaped := childOf(t, s, "web-1")
	if !alive(escaped) {
		t.Fatal("the child does not run")
	}
	if err := s.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "what escaped is gone", func() bool { return !alive(escaped) })
}

func alive(pid int) bool {
	s, err := procstat.Read(pid)
	return err == nil && s.Lives()
}

func TestDownIsBoundedAndKeepsOnlyLogs(t *testing.T) {
	o := options(t)
	s := up(t, o, stack(t, "-ignore-term"))
	begun := time.Now()
	if err := s.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took < 2*time.Second {
		t.Errorf("the grace of 2 s was cut to %v", took)
	}
	entries, err := os.ReadDir(o.Dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "logs" {
		t.Errorf("left in the folder: %v, %v", entries, err)
	}
	lines, err := s.Tail("web-1", 3)
	if err != nil || !strings.Contains(strings.Join(lines, "\n"), "web-1 was asked to end") {
		t.Errorf("%q, %v: a process was not asked before it was killed", lines, err)
	}
}

func TestDownWithoutTimeKillsAtOnce(t *testing.T) {
	s := up(t, options(t), stack(t, "-ignore-term"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Down(ctx); err != nil {
		t.Error(err)
	}
	if lines, err := s.Tail("web-1", 100); err != nil || strings.Contains(strings.Join(lines, "\n"), "asked to end") {
		t.Errorf("%q, %v: a process was asked though there was no time", lines, err)
	}
}

// The suite runs where a kill -9 can hit: Up, at any moment of its way.
func TestCancelledAnywhereNothingIsLeft(t *testing.T) {
	up(t, options(t), stack(t)) // builds, so that the delays below hit other moments
	for delay := time.Duration(0); delay < 400*time.Millisecond; delay += 40 * time.Millisecond {
		o := options(t)
		ctx, cancel := context.WithTimeout(t.Context(), delay)
		s, err := New(o).Up(ctx, conformance.Stack(t, topology.Options{}))
		cancel()
		if err == nil {
			if err := s.Down(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if left := labelled(o.RunID); len(left) > 0 {
			t.Errorf("cancelled after %v: %v are left", delay, left)
		}
		for _, name := range []string{folderVolumes, folderWork, folderBinaries} {
			if _, err := os.Stat(filepath.Join(o.Dir, name)); err == nil {
				t.Errorf("cancelled after %v: the folder %s is left", delay, name)
			}
		}
	}
}
