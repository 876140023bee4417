package doctor

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os/exec"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/capacity"
	"gauntlet/harness/register"
)

// fake is a machine made of texts.
type fake struct {
	Machine
	files    map[string]string
	programs map[string]answer // by the whole command line; its first word is on PATH
}

// answer is what a command prints and how it ends.
type answer struct {
	out, errs string
	err       error
}

var errExit = errors.New("exit status 1")

// drop is the command that tries whether the kernel drops packets.
const drop = "unshare --net -- iptables -w 1 -A INPUT -p tcp -m statistic --mode random --probability 0.5 -m comment --comment gauntlet -j DROP"

// healthy is a machine on which nothing is to be complained of.
func healthy() *fake {
	f := &fake{files: map[string]string{
		"/proc/meminfo":                     "MemTotal:       16384000 kB\nMemFree: 1 kB\nMemAvailable:   8192000 kB\n",
		"/proc/pressure/cpu":                "some avg10=1.53 avg60=0.87 avg300=0.73 total=1157622151\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
		"/proc/mounts":                      "proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n",
		"/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n",
	}, programs: map[string]answer{
		"go version":               {out: "go version go1.26.1 linux/amd64\n"},
		"git --version":            {out: "git version 2.39.5\n"},
		"gcc --version":            {out: "gcc (Debian 12.2.0-14) 12.2.0\nCopyright\n"},
		"redis-server --version":   {out: "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=1\n"},
		"chromium --version":       {out: "Chromium 140.0\n", errs: "[: unexpected operator\n"},
		"promtool --version":       {out: "promtool, version 2.42.0\n"},
		"iptables --version":       {out: "iptables v1.8.9 (nf_tables)\n"},
		"iptables -m statistic -h": {out: "statistic match options:\n --mode mode\n[!] --probability p\n"},
		"iptables -m comment -h":   {out: "comment match options:\n--comment COMMENT\n"},
		"iptables-restore":         {}, "iptables-save": {},
		"nginx": {}, "webdis": {}, // not to be run
		drop: {},
	}}
	f.Machine = Machine{OS: "linux", Go: "go1.26.1", CPUs: 4, Root: true,
		ReadFile: f.readFile, LookPath: f.lookPath, Run: f.run,
		Engine:   func(context.Context) (Engine, error) { return Engine{"unix:///s", "28.0", "1.48"}, nil },
		Writable: func(string) error { return nil }, DiskFree: func(string) (uint64, error) { return 10 * gibi, nil },
		PortFree:  func(int) bool { return true },
		OpenFiles: func() (uint64, error) { return 1 << 20, nil }, Processes: func() (uint64, error) { return math.MaxUint64, nil },
		Lateness: func(context.Context, time.Duration) []time.Duration { return late(100, 100*time.Microsecond) },
		Generator: func(context.Context) (capacity.Generator, error) {
			return capacity.Generator{Processors: 4, PerRequest: 50 * time.Microsecond, Weight: 1}, nil
		},
		Runs: func() ([]register.Info, error) { return nil, nil },
	}
	return f
}

// late is n sleeps that end late by d.
func late(n int, d time.Duration) []time.Duration {
	list := make([]time.Duration, n)
	for i := range list {
		list[i] = d
	}
	return list
}

func (f *fake) readFile(path string) ([]byte, error) {
	if text, ok := f.files[path]; ok {
		return []byte(text), nil
	}
	return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
}

func (f *fake) lookPath(program string) (string, error) {
	for line := range f.programs {
		if name, _, _ := strings.Cut(line, " "); name == program {
			return "/bin/" + program, nil
		}
	}
	return "", exec.ErrNotFound
}

func (f *fake) run(_ context.Context, program string, args ...string) (string, string, error) {
	a, ok := f.programs[strings.Join(append([]string{program}, args...), " ")]
	if !ok {
		return "", "", errors.New("the test knows no answer to: " + program + " " + strings.Join(args, " "))
	}
	return a.out, a.errs, a.err
}

// without removes a program from the machine.
func (f *fake) without(program string) {
	for line := range f.programs {
		if name, _, _ := strings.Cut(line, " "); name == program {
			delete(f.programs, line)
		}
	}
}

var needs = Needs{Out: "/runs", Workers: 4096, FirstPort: 10000, LastPort: 32767}

// seen is the check called name on machine f.
func seen(t *testing.T, f *fake, name string) (Check, Report) {
	t.Helper()
	r := Examine(t.Context(), f.Machine, needs)
	for _, c := range r.Checks {
		if c.Name == name {
			return c, r
		}
	}
	t.Fatalf("there is no check %q", name)
	return Check{}, r
}
