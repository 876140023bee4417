package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gauntlet/harness/calibrate/campaign"
)

// What a server lost, what it answered with another key's value, which of its
// answers were too old and which put a client back is told to the last one, and
// by the objectives whose matter it is.
func TestFurtherCalibrationOfData(t *testing.T) {
	state, out := t.TempDir(), t.TempDir()
	got := execute(t, state, "calibrate", "sockets", "data", "registers-order", "--runs", "1", "--out", out)
	entries := entered(t, out, campaign.SocketsFile)
	if len(entries) != 2 || entries[0].Failed+entries[1].Failed != "" || entries[0].Truth.LostWrites == 0 || entries[0].Truth.Foreign == 0 ||
		entries[1].Truth.Registers == nil || entries[1].Truth.Registers.Disordered == 0 {
		t.Fatalf("exit code %d, %+v\n%s", got.code, entries, got.stderr)
	}
	tally := entries[0].Tally()
	tally.Add(entries[1].Tally())
	if tally.FalsePasses > 0 || tally.FalseFails > 0 || tally.Lost.Off() > 0.02 || tally.Foreign.Off() > 0.02 || tally.Stale.Off() > 0.02 || tally.Disordered.Off() > 0.02 {
		t.Errorf("%s", tally)
	}
	nothingLeft(t, state, out)
}

// A defect is caught by the objective that names it, and the same experiment
// without it passes; what was made counts when the command is given again.
func TestFurtherSeededDefect(t *testing.T) {
	state, out := t.TempDir(), t.TempDir()
	for range 2 {
		got := execute(t, state, "calibrate", "defects", "ack-before-store", "pod-kill", "--out", out)
		if got.code != exitPass && got.code != exitInconclusive { // INCONCLUSIVE where the host disturbed it
			t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
	}
	decided := 0
	for _, e := range entered(t, out, campaign.DefectsFile) {
		switch {
		case e.Failed != "" || e.Miss != "" && !e.Open:
			t.Errorf("%+v", e)
		case !e.Open:
			decided++
		}
	}
	if decided > 2 { // of each one at most: INCONCLUSIVE runs are made again a few times only
		t.Errorf("%d runs", decided)
	}
	nothingLeft(t, state, out)
}

// However a campaign ends, its burner ends with it, the next one goes on where
// it stopped, and no run counts twice.
func TestFurtherFalseAlarmsGoOnAfterAnEnd(t *testing.T) {
	state, out := t.TempDir(), t.TempDir()
	healthy := func(runs, controls string) []string {
		return []string{"calibrate", "healthy", "--runs", runs, "--controls", controls, "--out", out}
	}
	for _, end := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		before := len(entered(t, out, campaign.HealthyFile))
		cmd := command(t, state, healthy("2", "0")...)
		run := start(t, cmd)
		burner := awaitBurner(t, run)
		run.signal(end)
		if code := run.end(); end == syscall.SIGINT && code != exitInterrupted {
			t.Errorf("exit code %d, want %d\n%s", code, exitInterrupted, run)
		}
		awaitEnd(t, burner)
		for _, e := range entered(t, out, campaign.HealthyFile)[before:] {
			if e.Row != campaign.Alone {
				t.Errorf("%v: a run that was cut short is entered: %+v", end, e)
			}
		}
	}
	got := execute(t, state, healthy("2", "1")...)
	seen, rows := map[string]bool{}, map[string]int{}
	for _, e := range entered(t, out, campaign.HealthyFile) {
		if e.Failed != "" || e.Miss != "" || seen[e.Run] {
			t.Errorf("%+v", e)
		}
		seen[e.Run], rows[e.Row] = true, rows[e.Row]+1
	}
	if len(rows) != 4 || rows[campaign.Alone] != 1 || rows[campaign.Stressed] != 1 {
		t.Errorf("exit code %d, %v\n%s", got.code, rows, got.stderr)
	}
	if got.code == exitFail || got.code == exitUnclean {
		t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	nothingLeft(t, state, out)
}

func entered(t *testing.T, out, file string) []campaign.Entry {
	t.Helper()
	all, err := campaign.ReadLedger(filepath.Join(out, file))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// awaitBurner is the burner that a process starts.
func awaitBurner(t *testing.T, parent *process) (pid int) {
	t.Helper()
	parent.until(t, "a burner was started", 2*time.Minute, func() bool {
		pid = burnerOf(parent.cmd.Process.Pid)
		return pid > 0
	})
	return pid
}

// burnerOf is the burner among the children of parent; 0 without one.
func burnerOf(parent int) int {
	commands, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range commands {
		line, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(line, []byte("\x00burn\x00--workers=")) {
			continue
		}
		stat, err := os.ReadFile(filepath.Join(filepath.Dir(path), "stat"))
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if err == nil && len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			return pid
		}
	}
	return 0
}

func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
		if err != nil || bytes.Contains(stat, []byte(") Z ")) { // gone, or nobody waits for it
			return
		}
	}
	t.Errorf("the burner %d still runs", pid)
}
