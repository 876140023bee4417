package register_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/register"
)

func onLinux(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("processes are found by their environment on Linux only")
	}
}

func TestNothingStaysOfAnOwnerKilledAtAnyInstant(t *testing.T) {
	onLinux(t)
	freshRegister(t)
	bystander := other(t, "sleeper") // the same program, but of no run
	if err := bystander.Start(); err != nil {
		t.Fatal(err)
	}
	for round := range 10 {
		id, folder := "round-"+strconv.Itoa(round), t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "result.json"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		c := owner(t, id, folder, "open")
		time.Sleep(time.Duration(rand.IntN(60_000)) * time.Microsecond)
		kill(t, c)

		rep, err := register.Reap(t.Context())
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if len(rep.Runs) != 1 || rep.Runs[0].Info.ID != id || rep.Runs[0].Info.PID != c.Process.Pid {
			t.Fatalf("round %d: reaped %+v", round, rep.Runs)
		}
		if pids := labelled(id); len(pids) > 0 {
			t.Errorf("round %d: processes %v are left", round, pids)
		}
		if got := contents(t, folder); !slices.Equal(got, []string{"result.json"}) {
			t.Errorf("round %d: the run folder holds %v, want the result alone", round, got)
		}
		if ids := inRegister(t); len(ids) > 0 {
			t.Errorf("round %d: the register still holds %v", round, ids)
		}
	}
	if !running(bystander) {
		t.Error("a process of no run was killed")
	}
}

func running(c *exec.Cmd) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(c.Process.Pid) + "/stat")
	return err == nil && !strings.Contains(string(b), ") Z ")
}

func TestALivingRunIsNotTouched(t *testing.T) {
	onLinux(t)
	freshRegister(t)
	folder := t.TempDir()
	c := owner(t, "alive", folder, "done")
	before := labelled("alive")

	rep, err := register.Reap(t.Context())
	if err != nil || len(rep.Runs) != 0 {
		t.Fatalf("reaped %+v, %v", rep.Runs, err)
	}
	if after := labelled("alive"); !slices.Equal(before, after) {
		t.Errorf("its processes were %v and are %v", before, after)
	}
	if got := len(contents(t, folder)); got != 20 {
		t.Errorf("%d of its 20 folders are left", got)
	}
	infos, err := register.List()
	if err != nil || len(infos) != 1 || !infos[0].Alive || infos[0].PID != c.Process.Pid || len(infos[0].Left) != 30 {
		t.Errorf("listed %+v, %v", infos, err)
	}
}

func TestTwoReapersTakeTurns(t *testing.T) {
	onLinux(t)
	freshRegister(t)
	folder := t.TempDir()
	kill(t, owner(t, "shared", folder, "done"))

	var out [2]strings.Builder
	var reapers [2]*exec.Cmd
	for i := range reapers {
		reapers[i] = other(t, "reaper")
		reapers[i].Stdout = &out[i]
		if err := reapers[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range reapers {
		if err := r.Wait(); err != nil {
			t.Error(err)
		}
	}
	if got := out[0].String() + out[1].String(); got != "shared 20 20\n" {
		t.Errorf("together they reaped %q, want the run once, with 20 processes and 20 folders", got)
	}
	if pids := labelled("shared"); len(pids) > 0 {
		t.Errorf("processes %v are left", pids)
	}
}

func TestAReusedPidIsNotKilled(t *testing.T) {
	freshRegister(t)
	foreign := other(t, "sleeper")
	if err := foreign.Start(); err != nil {
		t.Fatal(err)
	}
	start, err := register.StartTime(foreign.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	pid := strconv.Itoa(foreign.Process.Pid)
	dead(t, "reused", t.TempDir(), journalLine(t, "process", pid, strconv.FormatUint(start-1, 10)))

	rep, err := register.Reap(t.Context())
	if err != nil || len(rep.Runs) != 1 || len(rep.Runs[0].Killed) != 0 {
		t.Errorf("reaped %+v, %v", rep.Runs, err)
	}
	if now, err := register.StartTime(foreign.Process.Pid); err != nil || now != start {
		t.Errorf("the process is gone: start %d, %v", now, err)
	}
}

func TestATornJournalIsReadAsFarAsItWasWritten(t *testing.T) {
	freshRegister(t)
	victim := other(t, "sleeper")
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	start, err := register.StartTime(victim.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	whole := journalLine(t, "process", strconv.Itoa(victim.Process.Pid), strconv.FormatUint(start, 10))
	torn := journalLine(t, "folder", "/somewhere")
	dead(t, "torn", t.TempDir(), whole+torn[:len(torn)/2])

	rep, err := register.Reap(t.Context())
	if err != nil || len(rep.Runs) != 1 || !slices.Equal(rep.Runs[0].Killed, []int{victim.Process.Pid}) {
		t.Errorf("reaped %+v, %v", rep.Runs, err)
	}
	if ids := inRegister(t); len(ids) > 0 {
		t.Errorf("the register still holds %v", ids)
	}
}

func TestAnUnreadableJournalKeepsTheEntryAndDoesTheRest(t *testing.T) {
	freshRegister(t)
	folder := t.TempDir()
	e, err := register.Open(t.Context(), register.Options{ID: "bad", Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Folder(filepath.Join(folder, "data")); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); !errors.Is(err, register.ErrLeft) {
		t.Fatalf("closed with %v", err)
	}
	root, _ := register.Root()
	path := filepath.Join(root, "runs", "bad", "journal")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append([]byte("no json\n"), b...), 0o600); err != nil {
		t.Fatal(err)
	}

	rep, err := register.Reap(t.Context())
	if err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("reaped %+v, %v", rep, err)
	}
	if got := contents(t, folder); len(got) != 0 {
		t.Errorf("the folder still holds %v", got)
	}
	if ids := inRegister(t); !slices.Equal(ids, []string{"bad"}) {
		t.Errorf("the register holds %v", ids)
	}
}

func TestUndosAreDoneLastFirst(t *testing.T) {
	freshRegister(t)
	folder := t.TempDir()
	e, err := register.Open(t.Context(), register.Options{ID: "undo", Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"1", "2", "3"} {
		if err := e.Undo("rule", n); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Undone("rule", "2"); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); !errors.Is(err, register.ErrLeft) {
		t.Fatalf("closed with %v", err)
	}

	if _, err := register.Reap(t.Context()); err == nil || !strings.Contains(err.Error(), `"rule"`) {
		t.Errorf("without an undoer: %v", err)
	}
	var done []string
	undoer := register.Undoer{Kind: "rule", Do: func(_ context.Context, args []string) error {
		done = append(done, args...)
		return nil
	}}
	if _, err := register.Reap(t.Context(), undoer); err != nil {
		t.Error(err)
	}
	if !slices.Equal(done, []string{"3", "1"}) {
		t.Errorf("undid %v, want 3 and then 1", done)
	}
	if ids := inRegister(t); len(ids) > 0 {
		t.Errorf("the register still holds %v", ids)
	}
}
