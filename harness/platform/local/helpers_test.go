package local

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
)

var tests atomic.Int64

// runID is a label of this test's own, under which nothing may be left.
func runID(t *testing.T) string {
	t.Helper()
	id := fmt.Sprintf("test-%d-%d", os.Getpid(), tests.Add(1))
	t.Cleanup(func() {
		if left := labelled(id); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
	return id
}

// labelled is the living processes with the label of the run.
func labelled(id string) []int {
	var found []int
	for _, pid := range allProcesses() {
		environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		if err == nil && strings.Contains("\x00"+string(environment), "\x00GAUNTLET_RUN="+id+"\x00") {
			if s, err := readStat(pid); err == nil && s.state != 'Z' {
				found = append(found, pid)
			}
		}
	}
	return found
}
