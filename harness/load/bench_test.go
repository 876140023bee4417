package load

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
	"golang.org/x/sys/unix"

	"gauntlet/harness/history"
)

// The comparison with plain vegeta: the same rate, workers, path and server,
// each generator and the server in a process of its own, in turns, so that
// whatever else the machine does meets both.
const (
	benchRate    = 2000
	benchWorkers = 256
	benchTimeout = 2 * time.Second
	benchLength  = 3 * time.Second
	roleVariable = "GAUNTLET_LOAD_BENCH"
)

// TestMain makes the test binary the server or a generator when it is started
// as one.
func TestMain(m *testing.M) {
	switch role := os.Getenv(roleVariable); role {
	case "":
		os.Exit(m.Run())
	case "server":
		benchServer()
	default:
		if err := benchGenerator(role, os.Args[len(os.Args)-1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// benchServer answers until its standard input closes, which is when the
// process that started it ends, however it does.
func benchServer() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.URL.Path[1:]
		w.Header().Set("Location", "https://t.invalid/r/"+key+"/p/"+strings.TrimPrefix(key, "k-"))
		w.WriteHeader(http.StatusFound)
	}))
	io.Copy(io.Discard, os.Stdin)
}

// cost is what one generator took.
type cost struct {
	Requests   int     `json:"requests"`
	CPUSeconds float64 `json:"cpuSeconds"`
	PeakMiB    float64 `json:"peakMiB"`
}

func (c cost) perCPUSecond() float64 { return float64(c.Requests) / c.CPUSeconds }

// benchGenerator prepares, and counts from there: a run prepares once for
// minutes of traffic.
func benchGenerator(role, url string) error {
	prepare := prepareVegeta
	if role == "gauntlet" {
		prepare = prepareGauntlet
	}
	generate, err := prepare(url)
	if err != nil {
		return err
	}
	before := cpuSeconds()
	n, err := generate()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(cost{Requests: n, CPUSeconds: cpuSeconds() - before, PeakMiB: peakMiB()})
}

func cpuSeconds() float64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

func peakMiB() float64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return float64(u.Maxrss) / 1024
}

// prepareVegeta is a plain attack, with vegeta's own metrics.
func prepareVegeta(url string) (func() (int, error), error) {
	attacker := vegeta.NewAttacker(vegeta.Workers(benchWorkers), vegeta.MaxWorkers(benchWorkers), vegeta.Timeout(benchTimeout), vegeta.Redirects(vegeta.NoFollow))
	target := vegeta.NewStaticTargeter(vegeta.Target{Method: "GET", URL: url + "/k-7"})
	return func() (int, error) {
		var metrics vegeta.Metrics
		for r := range attacker.Attack(target, vegeta.Rate{Freq: benchRate, Per: time.Second}, benchLength, "bench") {
			metrics.Add(r)
		}
		metrics.Close()
		if metrics.Success < 1 {
			return 0, fmt.Errorf("vegeta: %v", metrics.Errors)
		}
		return int(metrics.Requests), nil
	}, nil
}

// prepareGauntlet is our attack as a run makes it: Zipf keys, values checked,
// every request in a log on disk.
func prepareGauntlet(url string) (func() (int, error), error) {
	dir, err := os.MkdirTemp("", "load-bench")
	if err != nil {
		return nil, err
	}
	log, err := history.Create(filepath.Join(dir, "ops.log"), history.Header{Run: "r", Operations: []string{"get"}})
	if err != nil {
		return nil, err
	}
	keys, err := NewZipf(1, 0.99, 100_000)
	if err != nil {
		return nil, err
	}
	plan := Plan{
		Run: "r", Workers: benchWorkers, Timeout: benchTimeout, Clients: 64,
		Operations: []Operation{storeGet}, Mix: []float64{1}, Sampler: keys, KeyName: KeyName, Good: 50 * time.Millisecond,
	}
	to := Direct{Endpoint{Index: log.Replica("one"), BaseURL: url}}
	return func() (int, error) {
		defer os.RemoveAll(dir)
		plan.Schedule = Constant{Rate: benchRate}
		counter := &counting{to: log}
		a, err := Start(context.Background(), history.NewClock(time.Now()), plan, to, counter)
		if err != nil {
			return 0, err
		}
		a.EndAt(int64(benchLength))
		if err := errors.Join(a.Wait(), log.Close()); err != nil {
			return 0, err
		}
		if counter.bad > 0 {
			return 0, fmt.Errorf("gauntlet: %d requests failed, the first with %v", counter.bad, counter.first)
		}
		return counter.all, nil
	}, nil
}

type counting struct {
	to       Recorder
	all, bad int
	first    history.Class
}

func (c *counting) Append(op history.Op) error {
	c.all++
	if op.Class != history.OK {
		c.bad++
		c.first = cmp.Or(c.first, op.Class)
	}
	return c.to.Append(op)
}

// BenchmarkAgainstVegeta measures requests per generator CPU-second, ours
// against a plain vegeta attack. An iteration is a pair of runs in turns, the
// first of a pair changing: run it with -benchtime=6x. A pair in which the host
// let one of them send too little compares nothing: it is shown and made again.
func BenchmarkAgainstVegeta(b *testing.B) {
	url := startBenchServer(b)
	var ratios, ours, theirs, ourPeak, theirPeak []float64
	disturbed := 0
	for i := 0; i < b.N; {
		roles := []string{"gauntlet", "vegeta"}
		if i%2 == 1 {
			slices.Reverse(roles)
		}
		pair, late := runBenchPair(b, roles, url)
		if late != nil {
			if disturbed++; disturbed > b.N {
				b.Fatalf("the host disturbed %d pairs, the last: %v", disturbed, late)
			}
			b.Logf("round %d again: %v", i+1, late)
			continue
		}
		i++
		g, v := pair["gauntlet"], pair["vegeta"]
		ours, theirs = append(ours, g.perCPUSecond()), append(theirs, v.perCPUSecond())
		ourPeak, theirPeak = append(ourPeak, g.PeakMiB), append(theirPeak, v.PeakMiB)
		ratios = append(ratios, g.perCPUSecond()/v.perCPUSecond())
		b.Logf("round %d: gauntlet %.0f, vegeta %.0f requests per CPU-second, ratio %.2f; peak %.0f and %.0f MiB",
			i, g.perCPUSecond(), v.perCPUSecond(), g.perCPUSecond()/v.perCPUSecond(), g.PeakMiB, v.PeakMiB)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(ours), "req/cpu-s")
	b.ReportMetric(median(theirs), "vegeta-req/cpu-s")
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(slices.Min(ratios), "ratio-min")
	b.ReportMetric(slices.Max(ratios), "ratio-max")
	b.ReportMetric(slices.Max(ourPeak), "peak-MiB")
	b.ReportMetric(slices.Max(theirPeak), "vegeta-peak-MiB")
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

func startBenchServer(b *testing.B) string {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"=server")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	var address string
	if _, err := fmt.Fscanln(stdout, &address); err != nil {
		b.Fatal(err)
	}
	return "http://" + address
}

// runBenchPair is the costs of one run of each role, in turn; late says that one
// of them could not send what it was to.
func runBenchPair(b *testing.B, roles []string, url string) (pair map[string]cost, late error) {
	pair = map[string]cost{}
	for _, role := range roles {
		c := runBenchGenerator(b, role, url)
		if want := benchRate * int(benchLength/time.Second); c.Requests < want*99/100 {
			return nil, fmt.Errorf("%s sent %d of %d requests", role, c.Requests, want)
		}
		pair[role] = c
	}
	return pair, nil
}

func runBenchGenerator(b *testing.B, role, url string) (c cost) {
	cmd := exec.Command(os.Args[0], url)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("%s: %v", role, err)
	}
	if err := json.Unmarshal(out, &c); err != nil {
		b.Fatalf("%s: %v", role, err)
	}
	return c
}
