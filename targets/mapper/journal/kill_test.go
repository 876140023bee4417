package journal_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"gauntlet/targets/mapper/journal"
)

// childEnv makes the test binary a writer that is to be killed.
const childEnv = "MAPPER_TEST_JOURNAL_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		if err := appendUntilKilled(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// appendUntilKilled prints the number of each entry once it is acknowledged.
func appendUntilKilled(path string) error {
	j, err := journal.Open(path, 1<<30, time.Second)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := 0; i < 1_000_000; i++ {
				if err := j.Append(write(w*1_000_000 + i)); err != nil {
					panic(err)
				}
				fmt.Println(w*1_000_000 + i) // one write(2): whole or not at all
			}
		})
	}
	wg.Wait()
	return j.Close()
}

// kill -9 in the middle of group commits loses nothing that was acknowledged.
func TestKilledProcessLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "n.journal")
	acknowledged := map[string]bool{}
	for round := range 4 {
		for _, n := range killAfterSome(t, path) {
			acknowledged[write(n).Key] = true
		}
		j := open(t, path, 1<<30)
		kept := map[string]bool{}
		for _, k := range keys(t, j) {
			kept[k] = true
		}
		j.Close()
		for k := range acknowledged {
			if !kept[k] {
				t.Fatalf("round %d: %s was acknowledged and is gone", round, k)
			}
		}
	}
	if len(acknowledged) == 0 {
		t.Fatal("nothing was acknowledged: the test shows nothing")
	}
}

func killAfterSome(t *testing.T, path string) []int {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var acknowledged []int
	limit := 50 + rand.IntN(500)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var n int
		if _, err := fmt.Sscan(lines.Text(), &n); err != nil {
			t.Errorf("child said %q", lines.Text())
		}
		acknowledged = append(acknowledged, n)
		if len(acknowledged) == limit {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // it was killed: an error is what is expected
	return acknowledged
}
