package local

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gauntlet/harness/topology"
)

// However a replica dies by itself, it is not started more often than this.
func TestBackoffBoundsTheRestartsOfAMinute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var wait backoff
		now := time.Duration(0)
		var starts []time.Duration
		for _, lived := range rapid.SliceOfN(rapid.Int64Range(0, int64(15*time.Second)), 1, 200).Draw(t, "lives") {
			starts = append(starts, now)
			now += time.Duration(lived)
			now += wait.next(time.Duration(lived), false)
		}
		for i, first := range starts {
			n, _ := slices.BinarySearch(starts[i:], first+time.Minute)
			if n > maxRestartsPerMinute {
				t.Fatalf("%d starts within a minute from %v", n, first)
			}
		}
	})
	var wait backoff
	var worst []time.Duration
	for now := time.Duration(0); now < time.Minute; now += wait.next(0, false) {
		worst = append(worst, now)
	}
	if len(worst) < 5 || len(worst) > maxRestartsPerMinute {
		t.Errorf("a crash loop starts %d times a minute", len(worst))
	}
}

func TestBackoff(t *testing.T) {
	const young, old = time.Second, time.Minute
	for name, c := range map[string]struct {
		lives  []time.Duration // negative: killed on purpose
		delays []time.Duration
	}{
		"killed on purpose": {[]time.Duration{-1, -1, -1, -1, -1}, []time.Duration{0, 0, 0, 0, 0}},
		"lives long":        {[]time.Duration{old, old, old, old}, []time.Duration{0, 0, 0, 0}},
		"a crash loop": {[]time.Duration{young, young, young, young, young, young, young, young, young, young},
			[]time.Duration{0, 0, 100e6, 200e6, 400e6, 800e6, 1600e6, 3200e6, 5e9, 5e9}},
		"a crash loop that ends": {[]time.Duration{young, young, young, old, young}, []time.Duration{0, 0, 100e6, 0, 0}},
		"killed in a crash loop": {[]time.Duration{young, young, young, -1, young}, []time.Duration{0, 0, 100e6, 0, 0}},
	} {
		var wait backoff
		for i, lived := range c.lives {
			if got := wait.next(max(lived, 0), lived < 0); got != c.delays[i] {
				t.Errorf("%s: wait %v after life %d, want %v", name, got, i+1, c.delays[i])
			}
		}
	}
}

func TestPortsAreOutsideOfTheDynamicRange(t *testing.T) {
	p := newPortPicker()
	seen := map[int]bool{}
	for range 100 {
		port, err := p.pick()
		if err != nil {
			t.Fatal(err)
		}
		if seen[port] || port < p.first || port > p.last {
			t.Errorf("port %d was given twice or is not between %d and %d", port, p.first, p.last)
		}
		seen[port] = true
	}
	var low, high int
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return // this system does not tell its dynamic ports
	}
	fmt.Sscan(string(text), &low, &high)
	if low >= lowestPort+1000 && p.last >= low {
		t.Errorf("ports up to %d, and the kernel's own begin at %d", p.last, low)
	}
}

func TestNoFreePortIsAnError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().(*net.TCPAddr).Port
	if port, err := (&portPicker{first: taken, last: taken, given: map[int]bool{}}).pick(); err == nil {
		t.Errorf("picked %d, which is taken", port)
	}
}

func TestALogIsBounded(t *testing.T) {
	log, err := openLog(t.TempDir(), "web-1")
	if err != nil {
		t.Fatal(err)
	}
	defer log.file.Close()
	text := strings.Repeat("0123456789\n", 100)
	log.file.WriteString(text)
	log.bound(int64(len(text)))
	if lines, _ := log.tail(1000); len(lines) != 100 {
		t.Errorf("%d lines are left of a log that was just small enough", len(lines))
	}
	log.file.WriteString("x")
	log.bound(int64(len(text)))
	log.file.WriteString("next\n")
	lines, err := log.tail(1000)
	if err != nil || len(lines) != 2 || !strings.Contains(lines[0], "dropped") || lines[1] != "next" {
		t.Errorf("%q, %v", lines, err)
	}
}

func TestTailOfALargeLogBeginsWithAWholeLine(t *testing.T) {
	log, err := openLog(t.TempDir(), "web-1")
	if err != nil {
		t.Fatal(err)
	}
	defer log.file.Close()
	log.file.WriteString(strings.Repeat(strings.Repeat("x", 99)+"\n", tailWindow/100*2))
	lines, err := log.tail(tailWindow)
	if err != nil || len(lines) < tailWindow/100-1 || len(lines[0]) != 99 {
		t.Errorf("%d lines, the first of %d bytes, %v", len(lines), len(lines[0]), err)
	}
}

// A stack whose web is two replicas that know of each other and of a store.
func planned() topology.Stack {
	return topology.Stack{File: "c.yml", Dir: "/stack", Services: []topology.Service{
		{Name: "store", Replicas: 1, Ports: []int{6379}, Local: &topology.Local{Command: []string{"store", "--port", "{port:6379}"}}},
		{Name: "web", Replicas: 2, Ports: []int{80}, StopGrace: time.Second,
			Env:     map[string]string{"STORE": "store:6379", "PEERS": "http://web:80/x", "LISTEN": ":80", "HOSTNAME": "nobody"},
			Volumes: []topology.Volume{{Name: "data", Target: "/data"}},
			Local: &topology.Local{Package: "./web", Args: []string{"-name", "{replica}", "-pages", "{folder}/pages"},
				Env: map[string]string{"LISTEN": "127.0.0.1:{port:80}", "ADMIN": "{port:6060}", "DIR": "{volume:/data}/x", "OTHER": "web:6060"}}},
	}}
}

// plans plans the stack on ports counted up from 1001.
func plans(t *testing.T, stack topology.Stack) (map[string]plan, error) {
	t.Helper()
	next := 1000
	programs := map[string]program{}
	for _, s := range stack.Services {
		programs[s.Name] = program{local: s.Local}
		if s.Local.Package == "" {
			programs[s.Name] = program{local: s.Local, path: "/bin/" + s.Local.Command[0]}
		}
	}
	where, err := place(stack, programs, "/run/volumes", func() (int, error) { next++; return next, nil })
	if err != nil {
		return nil, err
	}
	all := map[string]plan{}
	for _, s := range stack.Services {
		for i := range s.Replicas {
			p, err := where.plan(s, programs[s.Name], "/bin/built", "run-7", i)
			if err != nil {
				return nil, err
			}
			all[p.name] = p
		}
	}
	return all, nil
}

func TestPlan(t *testing.T) {
	t.Setenv("SECRET_OF_THE_SHELL", "x")
	all, err := plans(t, planned())
	if err != nil {
		t.Fatal(err)
	}
	store, web := all["store-1"], all["web-2"]
	if store.path != "/bin/store" || !slices.Equal(store.args, []string{"--port", "1001"}) || store.address != "127.0.0.1:1001" {
		t.Errorf("%+v", store)
	}
	if web.path != "/bin/built" || !slices.Equal(web.args, []string{"-name", "web-2", "-pages", "/stack/pages"}) || web.grace != time.Second {
		t.Errorf("%+v", web)
	}
	if web.address != "127.0.0.1:1004" || web.ports[6060] != "127.0.0.1:1005" {
		t.Errorf("address %s, ports %v", web.address, web.ports)
	}
	for _, want := range []string{
		"STORE=127.0.0.1:1001", "PEERS=http://127.0.0.1:1002/x,http://127.0.0.1:1004/x", "LISTEN=127.0.0.1:1004",
		"ADMIN=1005", "DIR=/run/volumes/data/x", "OTHER=127.0.0.1:1003,127.0.0.1:1005", "HOSTNAME=web-2", "GAUNTLET_RUN=run-7",
	} {
		if !slices.Contains(web.env, want) {
			t.Errorf("the environment lacks %s:\n%s", want, strings.Join(web.env, "\n"))
		}
	}
	if strings.Contains(strings.Join(web.env, "\n"), "SECRET_OF_THE_SHELL") {
		t.Error("the shell's variables are handed on")
	}
}

func TestAnAddressOfNobodyIsRefused(t *testing.T) {
	stack := planned()
	stack.Services[1].Env["STORE"] = "store:6380"
	_, err := plans(t, stack)
	if err == nil || !strings.Contains(err.Error(), "web-1: STORE: store:6380 is nobody's address") {
		t.Errorf("got %v", err)
	}
	stack = planned()
	stack.Services[0].Replicas = 0
	if _, err = plans(t, stack); err == nil || !strings.Contains(err.Error(), "store:6379") {
		t.Errorf("got %v", err)
	}
}

func TestNoPortIsReported(t *testing.T) {
	stack := planned()
	programs := map[string]program{"store": {local: stack.Services[0].Local}, "web": {local: stack.Services[1].Local}}
	full := errors.New("full")
	if _, err := place(stack, programs, "/v", func() (int, error) { return 0, full }); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

func TestChoose(t *testing.T) {
	dir := t.TempDir()
	here := filepath.Join(dir, "bin", "tool")
	os.MkdirAll(filepath.Dir(here), 0o755)
	if err := os.WriteFile(here, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	embedded := &topology.Local{Package: "./embedded"}
	command := func(name string, substitute *topology.Local) *topology.Local {
		return &topology.Local{Command: []string{name, "-x"}, Substitute: substitute}
	}
	needing := func(name, needed string) *topology.Local {
		return &topology.Local{Command: []string{name}, Needs: map[string]string{needed: "a-package"}}
	}
	instead := needing("./bin/tool", "no-such-tool")
	instead.Substitute = embedded
	for name, c := range map[string]struct {
		local      *topology.Local
		options    Options
		path       string
		substitute string
		err        string
	}{
		"a package":               {local: embedded},
		"an installed command":    {local: command("./bin/tool", embedded), path: here},
		"a missing one":           {local: command("no-such-tool", embedded), substitute: "db: no-such-tool is not installed; ran ./embedded (embedded substitute)"},
		"a substitute by order":   {local: command("./bin/tool", embedded), options: Options{ForceSubstitute: true}, substitute: "db: ./bin/tool was set aside; ran ./embedded (embedded substitute)"},
		"nothing to set aside":    {local: command("./bin/tool", nil), options: Options{ForceSubstitute: true}, path: here},
		"a refused substitute":    {local: command("no-such-tool", embedded), options: Options{NoSubstitute: true}, err: "apt-get install no-such-tool"},
		"no substitute":           {local: command("no-such-tool", nil), err: "apt-get install no-such-tool"},
		"another program instead": {local: command("no-such-tool", command("bin/tool", nil)), path: here, substitute: "db: no-such-tool is not installed; ran bin/tool (embedded substitute)"},
		"which is missing too":    {local: command("no-such-tool", command("nor-this", nil)), err: "neither no-such-tool nor its substitute nor-this is installed"},
		"what it needs is there":  {local: needing("./bin/tool", "bin/tool"), path: here},
		"what it needs is not":    {local: needing("./bin/tool", "no-such-tool"), err: "no-such-tool is not installed: exec: \"no-such-tool\": executable file not found in $PATH; install it, for example with: apt-get install a-package"},
		"a substitute for that":   {local: instead, substitute: "db: no-such-tool is not installed; ran ./embedded (embedded substitute)"},
		"no x-local":              {err: "c.yml: service db does not say how it runs as a process; add to it: `x-local: {package: ./path/to/main}`"},
	} {
		stack := topology.Stack{File: "c.yml", Dir: dir, Services: []topology.Service{{Name: "db", Replicas: 1, Local: c.local}}}
		programs, substitutes, err := c.options.choose(stack)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v, want %q", name, err, c.err)
			}
			continue
		}
		if err != nil || programs["db"].path != c.path || strings.Join(substitutes, "|") != c.substitute {
			t.Errorf("%s: %+v, %q, %v", name, programs["db"], substitutes, err)
		}
	}
}

func TestTooManyReplicasAreRefused(t *testing.T) {
	stack := topology.Stack{File: "c.yml", Services: []topology.Service{{Name: "a", Replicas: maxReplicas + 1, Local: &topology.Local{Package: "./a"}}}}
	if _, _, err := (Options{}).choose(stack); err == nil || !strings.Contains(err.Error(), "65 replicas") {
		t.Errorf("got %v", err)
	}
}

func TestStartTimeoutOfTheEnvironment(t *testing.T) {
	o := Options{RunID: "x", Dir: "y"}
	for text, want := range map[string]time.Duration{"": defaultStartTimeout, "90s": 90 * time.Second} {
		t.Setenv(StartTimeoutVariable, text)
		if got, err := o.complete(); err != nil || got.StartTimeout != want {
			t.Errorf("%q: %v, %v", text, got.StartTimeout, err)
		}
	}
	for _, text := range []string{"90", "-1s", "soon"} {
		t.Setenv(StartTimeoutVariable, text)
		if _, err := o.complete(); err == nil || !strings.Contains(err.Error(), StartTimeoutVariable) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := (Options{}).complete(); err == nil {
		t.Error("no folder is no mistake")
	}
}
