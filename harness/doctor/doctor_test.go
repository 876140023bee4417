package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/capacity"
	"gauntlet/harness/register"
)

func TestAHealthyMachineLacksNothing(t *testing.T) {
	r := Examine(t.Context(), healthy().Machine, needs)
	if !r.OK || len(r.Checks) != len(table) {
		t.Errorf("ok %v, %d checks of %d", r.OK, len(r.Checks), len(table))
	}
	for _, c := range r.Checks {
		if c.State != OK || c.Found == "" || c.Get != nil {
			t.Errorf("%s: %s, %q, get %v", c.Name, c.State, c.Found, c.Get)
		}
	}
}

// Every state of every check, by what a machine would have to be like.
func TestStates(t *testing.T) {
	for _, c := range []struct {
		name  string
		make  func(*fake)
		state State
		says  string // part of what was found, or of the advice
	}{
		{"go", func(f *fake) { f.without("go") }, Missing, "apt-get install golang-go"},
		{"go", func(f *fake) { f.programs["go version"] = answer{errs: "no GOROOT\n", err: errExit} }, Missing, "no GOROOT"},
		{"go", func(f *fake) { f.Go = "go1.27.0" }, Warn, "go1.26.1; gauntlet was built with go1.27.0"},
		{"go", func(f *fake) { f.programs["go version"] = answer{out: "go version devel +abc\n"} }, Unknown, "devel"},
		{"ports", func(f *fake) { f.PortFree = func(int) bool { return false } }, Missing, "0 of 200"},
		{"ports", func(f *fake) { f.PortFree = func(p int) bool { return p > 25000 } }, Warn, "of 200"},
		{"disk", func(f *fake) { f.Writable = func(string) error { return fs.ErrPermission } }, Missing, "--out"},
		{"disk", func(f *fake) { f.DiskFree = func(string) (uint64, error) { return 255 * mebi, nil } }, Missing, "255 MiB free at /runs"},
		{"disk", func(f *fake) { f.DiskFree = func(string) (uint64, error) { return gibi, nil } }, Warn, "1.0 GiB free"},
		{"disk", func(f *fake) { f.DiskFree = func(string) (uint64, error) { return 0, errors.New("no statfs") } }, Unknown, "no statfs"},
		{"open-files", files(1024), Missing, "needs 3224"},
		{"open-files", files(3224), Warn, "enough for 2200 workers, or for 733 through"},
		{"open-files", files(13311), Warn, "enough for 4096 workers, or for 4095 through"},
		{"open-files", files(13312), OK, "13312"},
		{"open-files", files(math.MaxUint64), OK, "no limit"},
		{"open-files", func(f *fake) { f.OpenFiles = func() (uint64, error) { return 0, errExit } }, Unknown, "exit status"},
		{"processes", func(f *fake) { f.Processes = func() (uint64, error) { return 1023, nil } }, Warn, "1023 processes and threads of this user"},
		{"processes", func(f *fake) { f.files["/sys/fs/cgroup/pids.max"] = "100\n" }, Warn, "100 processes and threads of this container"},
		{"processes", func(f *fake) { f.files["/sys/fs/cgroup/pids.max"] = "max\n" }, OK, "no limit"},
		{"memory", func(f *fake) { f.files["/proc/meminfo"] = "MemTotal: 500000 kB\nMemAvailable: 200000 kB\n" }, Missing, "195 MiB available"},
		{"memory", func(f *fake) { f.files["/proc/meminfo"] = "MemTotal: 1000000 kB\nMemAvailable: 800000 kB\n" }, Warn, "781 MiB available"},
		{"memory", func(f *fake) { f.files["/proc/meminfo"] = "nonsense" }, Unknown, "/proc/meminfo"},
		{"memory", func(f *fake) { f.OS, f.programs["sysctl -n hw.memsize"] = "darwin", answer{out: "17179869184\n"} }, OK, "16.0 GiB altogether"},
		{"memory", func(f *fake) { f.OS = "darwin" }, Unknown, "does not tell"},
		{"cores", func(f *fake) { f.CPUs = 1 }, Warn, "1:"},
		{"cpu-pressure", func(f *fake) { f.files["/proc/pressure/cpu"] = "some avg10=25.1 avg60=3.00 avg300=1.00 total=1\n" }, Warn, "25 % of the last 10 s, 3 %"},
		{"cpu-pressure", func(f *fake) { delete(f.files, "/proc/pressure/cpu") }, Unknown, "CONFIG_PSI"},
		{"cpu-pressure", func(f *fake) { f.files["/proc/pressure/cpu"] = "some avg10=x" }, Unknown, "cannot be read"},
		{"cpu-pressure", func(f *fake) { f.OS = "darwin" }, Unknown, "not on darwin"},
		{"timer", timer(append(late(97, time.Millisecond), late(3, 6*time.Millisecond)...)), Warn, "1.00 ms (p50), 6.00 ms (p99), 6.00 ms (largest)"},
		{"timer", timer(append(late(99, time.Millisecond), 80*time.Millisecond)), OK, "1.00 ms (p99), 80.00 ms (largest)"},
		{"timer", timer(late(49, time.Microsecond)), Warn, "stands still"},
		{"timer", timer(nil), Unknown, "no sleep"},
		{"generator", func(*fake) {}, OK, "40000 requests a second alone, 20000 beside burners of all 4 processors; one costs 50µs"},
		{"generator", func(f *fake) {
			f.Generator = func(context.Context) (capacity.Generator, error) { return capacity.Generator{}, errExit }
		}, Unknown, "exit status 1"},
		{"left-behind", func(f *fake) { f.Runs = func() ([]register.Info, error) { return nil, fs.ErrPermission } }, Missing, "readable and writable"},
		{"left-behind", entered(register.Info{ID: "r1", PID: 7, Alive: true}), Warn, "--wait"},
		{"left-behind", entered(register.Info{ID: "r1"}, register.Info{ID: "r2", PID: 7, Alive: true}), Warn, "run r2 is under way (pid 7); run r1 died"},
		{"left-behind", entered(register.Info{ID: "r1", Left: items(4)}), Warn, `run r1 died and left process ["1"], process ["2"], process ["3"] and 1 more`},
		{"left-behind", entered(register.Info{ID: "r1"}), Warn, "gauntlet gc"},
		{"redis-server", func(f *fake) { f.without("redis-server") }, Missing, "apt-get install redis-server"},
		{"redis-server", func(f *fake) { f.programs["redis-server --version"] = answer{out: "Redis server v=6.0.16 sha=0\n"} }, Warn, "redis-server 6.0.16"},
		{"redis-server", func(f *fake) { f.programs["redis-server --version"] = answer{out: "Valkey\n"} }, Unknown, "Valkey"},
		{"git", func(f *fake) { f.without("git") }, Missing, "apt-get install git"},
		{"docker", engineFails(fs.ErrNotExist), Missing, "apt-get install docker.io"},
		{"docker", engineFails(fs.ErrPermission), Missing, "usermod"},
		{"docker", engineFails(errors.New("connection refused")), Missing, "systemctl start docker"},
		{"docker", func(f *fake) {
			f.Engine = func(context.Context) (Engine, error) { return Engine{"unix:///s", "19.03", "1.40"}, nil }
		}, Warn, "older than 1.41"},
		{"nginx", func(f *fake) { f.without("nginx") }, Missing, "apt-get install nginx"},
		{"nginx", func(f *fake) { f.without("nginx"); f.programs["/usr/sbin/nginx"] = answer{err: errExit} }, OK, "/usr/sbin/nginx"},
		{"webdis", func(f *fake) { f.without("webdis") }, Missing, "apt-get install webdis"},
		{"webdis", func(f *fake) { f.programs["webdis"] = answer{err: errExit} }, OK, "/bin/webdis"},
		{"iptables", func(f *fake) { f.OS = "darwin" }, Unknown, "not on darwin"},
		{"iptables", func(f *fake) {
			f.programs[drop] = answer{errs: "iptables: No chain/target/match by that name.\n", err: errExit}
		}, Missing, "No chain/target/match"},
		{"iptables", func(f *fake) {
			f.programs[drop] = answer{errs: "unshare: unshare failed: Operation not permitted\n", err: errExit}
		}, Unknown, "restricted container"},
		{"iptables", func(f *fake) { f.without("iptables") }, Missing, "apt-get install iptables"},
		{"iptables", func(f *fake) {
			f.programs["iptables -m statistic -h"] = answer{errs: "Couldn't load match", err: errExit}
		}, Missing, "does not know statistic"},
		{"iptables", func(f *fake) { f.programs["iptables -m comment -h"] = answer{} }, Missing, "does not know comment"},
		{"iptables", func(f *fake) { f.without("iptables-restore") }, Missing, "iptables-restore: not on PATH"},
		{"iptables", func(f *fake) { f.Root = false }, Unknown, "knows statistic and comment"},
		{"iptables", func(f *fake) { f.without("unshare") }, Unknown, "util-linux"},
		{"cgroup", func(f *fake) { f.files["/proc/mounts"] = "" }, Missing, "no cgroup file system"},
		{"cgroup", func(f *fake) { f.files["/sys/fs/cgroup/cgroup.controllers"] = "cpuset\n" }, Missing, "no cgroup file system"},
		{"cgroup", func(f *fake) {
			f.files["/proc/mounts"] += "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n"
		}, OK, "version 1, a CPU quota can be set below /sys/fs/cgroup/cpu,cpuacct"},
		{"cgroup", func(f *fake) { f.Root = false }, Unknown, "version 2 at /sys/fs/cgroup; only root"},
		{"cgroup", func(f *fake) {
			f.Writable = func(folder string) error {
				if folder == "/sys/fs/cgroup" {
					return errors.New("read-only file system")
				}
				return nil
			}
		}, Missing, "read-only"},
		{"cgroup", func(f *fake) { delete(f.files, "/proc/mounts") }, Unknown, "/proc/mounts"},
		{"cgroup", func(f *fake) { f.OS = "darwin" }, Unknown, "not on darwin"},
		{"c-compiler", func(f *fake) { f.without("gcc") }, Missing, "apt-get install gcc"},
		{"c-compiler", func(f *fake) { f.without("gcc"); f.programs["clang --version"] = answer{out: "clang 14\n"} }, OK, "clang 14"},
		{"chromium", func(f *fake) { f.without("chromium") }, Missing, "apt-get install chromium"},
		{"promtool", func(f *fake) { f.without("promtool") }, Missing, "apt-get install prometheus"},
	} {
		t.Run(fmt.Sprintf("%s/%s/%s", c.name, c.state, c.says), func(t *testing.T) {
			f := healthy()
			c.make(f)
			got, r := seen(t, f, c.name)
			text := got.Found
			if got.Get != nil {
				text += " " + got.Get.Debian + " " + got.Get.General
			}
			if got.State != c.state || !strings.Contains(text, c.says) {
				t.Errorf("%s, %q; want %s with %q", got.State, text, c.state, c.says)
			}
			if got.State != OK && got.Get == nil {
				t.Error("nothing says what to do")
			}
			if lacks := got.Needed && got.State == Missing; r.OK == lacks {
				t.Errorf("the report is ok: %v", r.OK)
			}
		})
	}
}

func files(n uint64) func(*fake) {
	return func(f *fake) { f.OpenFiles = func() (uint64, error) { return n, nil } }
}

func timer(list []time.Duration) func(*fake) {
	return func(f *fake) { f.Lateness = func(context.Context, time.Duration) []time.Duration { return list } }
}

func entered(runs ...register.Info) func(*fake) {
	return func(f *fake) { f.Runs = func() ([]register.Info, error) { return runs, nil } }
}

func items(n int) []register.Item {
	var list []register.Item
	for i := range n {
		list = append(list, register.Item{Kind: "process", Args: []string{fmt.Sprint(i + 1)}})
	}
	return list
}

func engineFails(err error) func(*fake) {
	return func(f *fake) { f.Engine = func(context.Context) (Engine, error) { return Engine{}, err } }
}

// A rate that is too high is refused with one that is not, and only beside a
// stress.
func TestTheRateOfAnExperiment(t *testing.T) {
	burning := capacity.Stress{Workers: 4, Cores: 4}
	for _, c := range []struct {
		load  Load
		state State
		says  string
	}{
		{Load{"calm", 39_000, 1, capacity.Stress{}}, OK, "calm asks for 39000 requests a second, and this machine can send 40000"},
		{Load{"calm", 41_000, 1, capacity.Stress{}}, Warn, "this machine can send 40000"},
		{Load{"hot", 19_000, 1, burning}, OK, "this machine can send 20000 beside its stress"},
		{Load{"hot", 21_000, 1, burning}, Missing, "--set load.rate=16000/s"},
		{Load{"hot", 16_000, 1, burning}, OK, "hot"},
		{Load{"hot", 16_000, 2, burning}, Missing, "--set load.rate=8000/s"},
	} {
		n := needs
		n.Load = &c.load
		r := Examine(t.Context(), healthy().Machine, n)
		i := slices.IndexFunc(r.Checks, func(c Check) bool { return c.Name == "generator" })
		text := r.Checks[i].Found
		if get := r.Checks[i].Get; get != nil {
			text += " " + get.General
		}
		if r.Checks[i].State != c.state || !strings.Contains(text, c.says) || r.OK != (c.state != Missing) {
			t.Errorf("%+v: %s, %q; want %s with %q", c.load, r.Checks[i].State, text, c.state, c.says)
		}
	}
}

// A rate that is too high says nothing of the platform.
func TestALoadThatCannotBeSentIsNotThePlatforms(t *testing.T) {
	n, f := needs, healthy()
	n.Load = &Load{"hot", 21_000, 1, capacity.Stress{Workers: 4, Cores: 4}}
	const hot, local = "hot cannot be run from here as it is: its rate cannot be sent beside its stress.", "Everything that the local platform needs is here."
	if got := Examine(t.Context(), f.Machine, n).conclusion(); !slices.Equal(got, []string{hot, local}) {
		t.Errorf("%q", got)
	}
	f.without("go")
	if got := Examine(t.Context(), f.Machine, n).conclusion(); !slices.Equal(got, []string{hot, "The local platform cannot run: go."}) {
		t.Errorf("%q", got)
	}
}

func TestOnlyWhatLocalNeedsMakesAReportFail(t *testing.T) {
	f := healthy()
	for _, program := range []string{"redis-server", "git", "gcc", "chromium", "promtool", "iptables", "nginx", "webdis"} {
		f.without(program)
	}
	engineFails(fs.ErrNotExist)(f)
	if r := Examine(t.Context(), f.Machine, needs); !r.OK || len(r.lacking()) != 0 {
		t.Errorf("ok %v, lacking %v", r.OK, r.lacking())
	}
	f.without("go")
	if r := Examine(t.Context(), f.Machine, needs); r.OK || !reflect.DeepEqual(r.lacking(), []string{"go"}) {
		t.Errorf("ok %v, lacking %v", r.OK, r.lacking())
	}
}

// A program outside of this module reads it: every name is held here.
func TestTheJSONIsStable(t *testing.T) {
	f := healthy()
	f.without("redis-server")
	var b bytes.Buffer
	if err := Examine(t.Context(), f.Machine, needs).WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var got struct {
		SchemaVersion int
		OK            bool
		Checks        []map[string]any
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range got.Checks {
		names = append(names, c["name"].(string))
		if c["name"] != "redis-server" {
			continue
		}
		want := map[string]any{"name": "redis-server", "state": "missing", "needed": false, "for": []any{"local", "tests"},
			"found": "redis-server: not on PATH", "why": "the real Redis is killed instead of the embedded substitute",
			"get": map[string]any{"debian": "apt-get install redis-server", "general": "https://redis.io/docs/latest/operate/oss_and_stack/install/"}}
		if !reflect.DeepEqual(c, want) {
			t.Errorf("got %v, want %v", c, want)
		}
	}
	const all = "go ports disk open-files processes memory cores cpu-pressure timer generator left-behind redis-server nginx webdis git docker iptables cgroup c-compiler chromium promtool"
	if got.SchemaVersion != 1 || !got.OK || strings.Join(names, " ") != all {
		t.Errorf("version %d, ok %v, checks %v", got.SchemaVersion, got.OK, names)
	}
}

func TestTheTextSaysWhyAndHow(t *testing.T) {
	f := healthy()
	f.without("go")
	var b bytes.Buffer
	if err := Examine(t.Context(), f.Machine, needs).Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"missing  go            go: not on PATH\n",
		"for local, tests: builds the services", "Debian: apt-get install golang-go; elsewhere: https://go.dev/dl\n",
		"ok       git           git version 2.39.5\n", "\nThe local platform cannot run: go.\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "which commit") {
		t.Error("a check that is ok says why it matters")
	}
}
