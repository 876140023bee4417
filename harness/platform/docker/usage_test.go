package docker

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestEngineProcess(t *testing.T) {
	const rest = " S 1 1 1 0 -1 4194560 100 200 0 0 7 5 30 20 20 0 12 0 99"
	for stat, want := range map[string]time.Duration{
		"1426 (dockerd)" + rest:         620 * time.Millisecond,
		"9 (containerd-shim)" + rest:    120 * time.Millisecond,
		"9 (a (nasty) program)" + rest:  0,
		"9 (redis-server) broken after": 0,
	} {
		if got, err := engineProcess([]byte(stat)); got != want || err != nil {
			t.Errorf("%s: %v, %v, want %v", stat, got, err, want)
		}
	}
	for _, stat := range []string{"", "9 (dockerd) S 1", "9 (dockerd) S 1 1 1 0 -1 4194560 100 200 0 0 x 5 30 20 20"} {
		if _, err := engineProcess([]byte(stat)); err == nil {
			t.Errorf("%q was read", stat)
		}
	}
}

func TestGroupTimeIsReadWhereverItIs(t *testing.T) {
	for path, text := range map[string]string{
		"cpuacct/docker/abc/cpuacct.usage":                    "1500000\n",
		"cpuacct/system.slice/docker-abc.scope/cpuacct.usage": "1500000\n",
		"docker/abc/cpu.stat":                                 "usage_usec 1500\nuser_usec 1\n",
		"system.slice/docker-abc.scope/cpu.stat":              "nr_periods 0\nusage_usec 1500",
	} {
		root := t.TempDir()
		if _, found, err := groupTime(root, "abc"); found || err != nil {
			t.Errorf("%s before it is there: %v %v", path, found, err)
		}
		file := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, found, err := groupTime(root, "abc"); got != 1500*time.Microsecond || !found || err != nil {
			t.Errorf("%s: %v %v %v", path, got, found, err)
		}
	}
}

// What a container used is in the sum, over its lives, and does not fall when
// one of them ends.
func TestProcessorTimeOfARealSystem(t *testing.T) {
	s := up(t, options(t))
	// The engine's processes come and go, so the containers are looked at alone.
	containers := func() (sum time.Duration) {
		for _, r := range s.replicas {
			used, err := r.usage.read(r.id, r.now().incarnation != "")
			if err != nil {
				t.Fatal(err)
			}
			sum += used
		}
		return sum
	}
	first := containers()
	if first <= 0 {
		t.Fatalf("three containers that run have used %v", first)
	}
	before := view(t, s, "web-1")
	if err := s.Kill(t.Context(), "web-1", 0); err != nil {
		t.Fatal(err)
	}
	eventually(t, "web-1 is back", func() bool {
		now := view(t, s, "web-1")
		if used := containers(); used < first {
			t.Errorf("fell from %v to %v", first, used)
		}
		return now.Incarnation != "" && now.Incarnation != before.Incarnation
	})
	if whole, err := s.ProcessorTime(); err != nil || whole <= containers() {
		t.Errorf("with the engine %v, %v; the containers alone %v", whole, err, containers())
	}
}

func FuzzEngineProcess(f *testing.F) {
	f.Add([]byte("9 (dockerd) S 1 1 1 0 -1 4194560 100 200 0 0 7 5 30 20 20 0 12 0 99"))
	f.Add([]byte("9 (containerd-shim) S 1 1 1 0 -1 0 0 0 0 0 -7 5 x 9999999999999999999"))
	f.Add([]byte(") (dockerd"))
	f.Fuzz(func(t *testing.T, stat []byte) {
		if used, err := engineProcess(stat); err == nil && used < 0 {
			t.Errorf("%q: %v", stat, used)
		}
	})
}
