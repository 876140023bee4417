package observe

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/history"
)

// roleVariable makes the test binary one of the processes that are watched.
const roleVariable = "OBSERVE_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "echo":
		if err := ServeEcho(os.Stdin, os.Stdout); err != nil {
			os.Exit(1)
		}
	case "burn":
		for end := time.Now().Add(time.Minute); time.Now().Before(end); { // killed long before
		}
	default:
		os.Exit(m.Run())
	}
}

func TestTheEchoAnswersAndEndsWithItsStdin(t *testing.T) {
	e, err := StartEcho(t.Context(), []string{os.Args[0]}, roleVariable+"=echo", label)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get("http://" + e.Address + "/x")
	if err != nil || resp.StatusCode != http.StatusNoContent {
		t.Errorf("%v, %v", resp, err)
	}
	environment, _ := os.ReadFile(procFile(e.PID, "environ"))
	if !strings.Contains(string(environment), label) {
		t.Error("the echo does not carry the label")
	}
	if err := e.process.Close(); err != nil {
		t.Errorf("it ended with %v instead of by itself", err)
	}
}

func TestAnEchoThatDoesNotComeUpIsSaid(t *testing.T) {
	if _, err := StartEcho(t.Context(), []string{"/nowhere/gauntlet"}); err == nil {
		t.Error("no error of a command that is not there")
	}
	if _, err := StartEcho(t.Context(), []string{"/bin/true"}); err == nil || !strings.Contains(err.Error(), "did not come up") {
		t.Errorf("%v", err)
	}
}

// burner is a process that takes what it gets of one processor.
func burner(t *testing.T, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), roleVariable+"=burn"), env...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd
}

// The same process counts with the label as the run's, and without it as
// another's. What else runs here is the same for both readings, to what a busy
// machine changes in a moment; so only the meter's own sum is held to a
// bound, by the process's own clock.
func TestOnlyLabelledProcessesAreTheRuns(t *testing.T) {
	m := newMeter(linux{}, label, nil)
	burner(t)
	mine := burner(t, label)
	first, err := m.ours()
	if err != nil {
		t.Fatal(err)
	}
	was, err := linux{}.Used(mine.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	for now := was; now < was+200*ms; time.Sleep(5 * ms) {
		if now, err = (linux{}).Used(mine.Process.Pid); err != nil {
			t.Fatal(err)
		}
	}
	second, err := m.ours()
	if err != nil {
		t.Fatal(err)
	}
	self, _ := linux{}.Used(0)
	now, _ := linux{}.Used(mine.Process.Pid)
	if rise := second - first; rise < 190*ms || second > self+now+10*ms {
		t.Errorf("the sum rose by %v to %v; the labelled burner used %v, this process %v", rise, second, now, self)
	}
	mine.Process.Kill()
	mine.Wait()
	if third, err := m.ours(); err != nil || third < second {
		t.Errorf("%v after the burner was killed, %v before (%v)", third, second, err)
	}
}

// Of more busy processes than processors some must wait; those beside the
// system are not asked.
func TestWhoWaitsForAProcessorIsSeen(t *testing.T) {
	const aside = "OBSERVE_TEST_ASIDE=1"
	m := newMeter(linux{}, label, nil)
	m.aside = []byte(aside)
	beside := map[int]bool{}
	for range runtime.NumCPU() {
		beside[burner(t, label, aside).Process.Pid] = true
	}
	burner(t, label)
	first, err := m.read()
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * ms) {
		next, err := m.read()
		if err != nil {
			t.Fatal(err)
		}
		for tid := range next.waits {
			if beside[tid] {
				t.Fatalf("thread %d is beside the system", tid)
			}
		}
		if next.waits.longest(first.waits) > ms {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("none of %d busy processes on %d processors waited within a minute: %v", len(beside)+1, runtime.NumCPU(), next.waits)
		}
		if len(first.waits) == 0 {
			first = next
		}
	}
}

func TestTheSamplerWritesWhatItReads(t *testing.T) {
	var out bytes.Buffer
	s := StartSampler(Options{Clock: history.NewClock(time.Now()), Label: label}, &out)
	time.Sleep(350 * ms) // some samples; how many does not matter
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	samples, err := ReadSamples(&out)
	if err != nil || len(samples) == 0 {
		t.Fatalf("%d samples, %v", len(samples), err)
	}
	for i, s := range samples {
		if s.Gap != "" || i > 0 && s.From != samples[i-1].At {
			t.Errorf("sample %d: %+v", i, s)
		}
	}
}

func TestABlindSamplerSaysWhy(t *testing.T) {
	var out bytes.Buffer
	s := StartSampler(Options{Clock: history.NewClock(time.Now()), Blind: "it is not ours"}, &out)
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	samples, err := ReadSamples(&out)
	if err != nil || len(samples) == 0 || samples[0].Gap != "it is not ours" {
		t.Errorf("%+v, %v", samples, err)
	}
}
