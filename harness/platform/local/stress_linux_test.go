package local

import (
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"gauntlet/harness/platform"
	"gauntlet/harness/platform/burn"
)

// burnerVariable makes this test binary a burner.
const burnerVariable = "LOCAL_TEST_BURNER"

// beBurner burns until stdin ends.
func beBurner() {
	if err := burn.Serve(os.Stdin, os.Stdout, burn.Work{Workers: 1, Load: 50, Memory: 32 << 20}); err != nil {
		os.Exit(1)
	}
}

func TestABurnerBesideAReplica(t *testing.T) {
	t.Setenv(burnerVariable, "1")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var r recorder
	o := options(t)
	o.Ledger, o.Burner = &r, []string{self, "burn"}
	s := up(t, o, stack(t))
	work := platform.Stress{Workers: 1, Load: 50, Memory: 32 << 20}
	if err := s.Stress(t.Context(), "web-1", work); err != nil {
		t.Fatal(err)
	}
	if err := s.Stress(t.Context(), "web-1", work); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("stressed twice: %v", err)
	}
	replica, err := s.named("web-1")
	if err != nil {
		t.Fatal(err)
	}
	pid := replica.burner.cmd.Process.Pid
	eventually(t, "it burns", func() bool {
		now, err := s.Stressing("web-1")
		return err == nil && now.How != "" && now.Used > 50*time.Millisecond && now.Held >= work.Memory && now.Waited > 0
	})
	if left := labelled(o.RunID); !slices.Contains(left, pid) {
		t.Errorf("the burner %d does not carry the label of the run, as %v do", pid, left)
	}
	for range 2 { // what is not stressed is relieved of nothing
		if err := s.Relieve(t.Context(), "web-1"); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Kill(pid, 0); err == nil {
		t.Error("the burner is still there")
	}
	if now, err := s.Stressing("web-1"); err != nil || now.How != "" {
		t.Errorf("%+v, %v", now, err)
	}
	if err := s.Stress(t.Context(), "web-2", work); err != nil { // Down must end it
		t.Fatal(err)
	}
}

// A burner competes within the limits of its replica.
func TestABurnerWithinTheLimits(t *testing.T) {
	if os.Getuid() != 0 {
		lacks(t, "control groups take root")
	}
	t.Setenv(burnerVariable, "1")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o := options(t)
	o.Burner = []string{self, "burn"}
	s := up(t, o, stack(t))
	if err := s.Limit(t.Context(), "web-1", 0.1); err != nil {
		t.Fatal(err)
	}
	if now, err := s.Throttling("web-1"); err != nil || !strings.Contains(now.How, "control group") {
		lacks(t, "no control groups here: %+v, %v", now, err)
	}
	if err := s.Stress(t.Context(), "web-1", platform.Stress{Workers: 1, Load: 50}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "both are held back together", func() bool {
		limited, err1 := s.Throttling("web-1")
		now, err2 := s.Stressing("web-1")
		return err1 == nil && err2 == nil && limited.Times > 3 && strings.Contains(now.How, "within the limits")
	})
}
