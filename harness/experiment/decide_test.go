package experiment

import (
	"slices"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/diagnostic"
)

// lasting is faults of one part that last so long; 0 is over at once, and its
// victim back within 15 s.
func lasting(each ...time.Duration) func(int) []Part {
	return func(i int) []Part {
		if each[i] == 0 {
			return []Part{{OneShot: true, Within: 15 * time.Second}}
		}
		return []Part{{Lasts: each[i]}}
	}
}

func TestTheDocumentedExampleCanBeDecided(t *testing.T) {
	d, err := Decide(documented(t), lasting(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	const want = `redis-outage
  0s     warm-up
  5s     baseline
  25s    fault: PodChaos redis-down, for 1m0s
  1m25s  observe
  1m55s  end

  takes    1m55s, and before it 100000 keys are written
  sends    115000 requests, 1000/s
  workers  2200

  steadyState ≤ 1% bad        decidable: needs 1000 requests in the baseline, has 20000
  recovery ≤ 15s from inject  decidable: needs 19s of observe (the limit and 4s to see that it lasts), has 30s
  availability:get ≥ 99.9%    decidable: needs 3838 requests, has 81000
  residual of get ≤ 0.3%      decidable: needs 1277 requests after recovery and the 2s in which it settles, has 25200
  availability:put ≥ 99%      decidable: needs 381 requests, has 9000
  residual of put ≤ 1%        decidable: needs 381 requests after recovery and the 4s in which it settles, has 2600
  lostWrites ≤ 0              decidable: needs 100 acknowledged writes around each fault, has at least 3055 of 3100 around PodChaos redis-down
  staleness ≤ 100ms           decidable: needs 70 reads of registers while nothing is broken, has 1000
  convergence ≤ 10s           decidable: needs 12 reads, 10s after each heal and later, of registers that were not written since, has 83

  100% bad   seen from 6ms, counts from 101ms
  33.3% bad  seen from 50ms, counts from 301ms
  5% bad     seen from 610ms, counts from 2.041s
  note: the run is stopped when less than 20% is good over 30s
`
	if d.String() != want {
		t.Errorf("got\n%s\nwant\n%s", d, want)
	}
}

func TestWhatCannotBeDecidedIsRefused(t *testing.T) {
	const fault = "faults: [{at: 0s, chaos: {kind: a, metadata: {name: b}}}]\n"
	for _, c := range []struct {
		name, source string
		lasts        time.Duration
		want         string // how the refusal begins; "" when there is none
	}{
		{"baseline", "phases: {baseline: 900ms}", time.Minute, "x.yaml:2:20: steadyState cannot be decided"},
		{"baseline just enough", "phases: {baseline: 1s}", time.Minute, ""},
		{"observe", "phases: {observe: 18.9s}", time.Minute, "x.yaml:2:19: recovery cannot be decided"},
		{"observe just enough", "phases: {observe: 19s}", time.Minute, ""},
		{"observe for a lower limit", "phases: {observe: 8s}\nslo: {recovery: 3s}", time.Minute, ""},
		{"residual", "phases: {observe: 5s}\nslo: {recovery: 1s}", time.Minute, "x.yaml:2:19: residual of put cannot be decided: it needs 381 requests"},
		{"a thin load has a longer H", "load: {rate: 100/s}\nphases: {observe: 19.4s}\nslo: {availability: none}\nconsistency: none", time.Minute, "x.yaml:3:19: recovery cannot be decided: it needs 19.445s"},
		{"a load too thin", "load: {rate: 19/s}\nphases: {baseline: 60s}\nslo: {availability: none}\nconsistency: none", time.Minute, "x.yaml:2:14: recovery cannot be decided"},
		{"availability", "slo: {availability: {get: 99.999%}}", time.Minute, "x.yaml:2:27: availability:get cannot be decided: it needs 384157 requests"},
		{"availability of all", "slo: {availability: 99.99%}", 0, "x.yaml:2:21: availability cannot be decided: it needs 38413 requests, and there are 30000"},
		{"availability of a rare operation", "load: {mix: {get: 99%, put: 1%}}\nslo: {availability: {put: 99.9%}}", time.Minute, "x.yaml:3:27: availability:put cannot be decided"},
		{"a default that does not fit", "load: {mix: {get: 99%, put: 1%}}", 0, "x.yaml:1:1: availability:put cannot be decided"},
		{"durable writes", "consistency: {share: 4%}", 0, "x.yaml:2:22: lostWrites cannot be decided: it needs 100 acknowledged writes around each fault, and there are at least 74 of 80 around a b"},
		{"durable writes in a longer fault", "consistency: {share: 4%}", 10 * time.Second, ""},
		{"durable writes that no time is there for", "phases: {warmup: 0s, baseline: 1s}\nconsistency: {share: 5%}", 0, "x.yaml:3:22: lostWrites cannot be decided: it needs 100 acknowledged writes around each fault, and there are at least 67 of 75 around a b"},
		{"durable writes just enough", "consistency: {share: 6%}", 0, ""},
		{"durable writes that would suffice if all were acknowledged", "consistency: {share: 5%}", 0, "x.yaml:2:22: lostWrites cannot be decided: it needs 100 acknowledged writes around each fault, and there are at least 92 of 100 around a b"},
		{"registers that nobody reads in time", "load: {rate: 200/s}\nconsistency: {share: 10%, promise: {convergence: 28s}}\nphases: {observe: 30s}\nslo: {availability: none}", time.Minute, "x.yaml:4:19: convergence cannot be decided: it needs 12 reads, 28s after each heal"},
		{"registers that are read too seldom", "load: {rate: 200/s}\nphases: {baseline: 8s, observe: 20s}\nconsistency: {share: 9%, promise: {convergence: unbounded}}\nslo: {availability: none}", time.Minute, "x.yaml:4:22: staleness cannot be decided: it needs 70 reads of registers while nothing is broken, and there are 36"},
		{"registers that are read too seldom in a fault", "load: {rate: 200/s}\nconsistency: {share: 18%, promise: {convergence: 5s, staleness: {fault: 10s}}}\nslo: {availability: none, lostWrites: none}", 2 * time.Second, "x.yaml:3:22: staleness cannot be decided: it needs 70 reads of registers while something is broken, and there are 63"},
		{"in one without a limit", "load: {rate: 200/s}\nconsistency: {share: 18%, promise: {convergence: 5s}}\nslo: {availability: none, lostWrites: none}", 2 * time.Second, ""},
		{"an order of too few", "load: {rate: 100/s}\nslo: {lostWrites: none, availability: none}\nconsistency: {share: 8%, promise: {convergence: unbounded, session: [monotonic-reads], staleness: {healthy: unbounded}}}", 0, "x.yaml:4:22: order cannot be decided: it needs 500 reads and writes of registers, and there are 220"},
		{"a default that there is no time for", "phases: {observe: 14s}\nslo: {recovery: 5s}", time.Minute, ""},
		{"durable writes that may all fail until it must have recovered", "load: {rate: 900/s}\nslo: {availability: none}", 10 * time.Second, "x.yaml:1:1: lostWrites cannot be decided: it needs 100 acknowledged writes around each fault, and there are at least 90 of 540 around a b"},
		{"durable writes after it must have recovered", "load: {rate: 900/s}\nslo: {availability: none}", 20 * time.Second, ""},
		{"durable writes of which any may fail that fails", "load: {rate: 900/s}\nslo: {availability: 99%}", 10 * time.Second, ""},
		{"durable writes in a mix of few", "load: {rate: 900/s, mix: {get: 98%, put: 2%}}\nslo: {availability: 90%}", 10 * time.Second, "x.yaml:1:1: lostWrites cannot be decided: it needs 100 acknowledged writes around each fault, and there are at least 90 of 540 around a b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, err := Parse("x.yaml", []byte("name: x\n"+c.source+"\n"+fault))
			if err != nil {
				t.Fatal(err)
			}
			d, err := Decide(e, lasting(c.lasts))
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
			if n := len(diagnostic.All(err)); n != strings.Count(d.String(), "UNDECIDABLE") || n > 1 {
				t.Errorf("%d refusals, and it prints\n%s", n, d)
			}
		})
	}
}

// A stop that waits for longer than the run takes protects nobody.
func TestAStopThatCannotBe(t *testing.T) {
	for _, c := range []struct{ stop, want string }{
		{"{availabilityBelow: 20%, for: 55s}", ""},
		{"{availabilityBelow: 20%, for: 56s}", "x.yaml:2:37: no run is stopped by it: 56s is longer than the run, which takes 55s"},
	} {
		_, err := Decide(must(t, "name: x\nstop: "+c.stop+"\n"), nil)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %s", c.stop, err, c.want)
		}
	}
}

func TestWithoutFaults(t *testing.T) {
	d, err := Decide(must(t, "name: x\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if d.Total != 55*time.Second || d.Extra != 0 || d.Requests != 55000 {
		t.Errorf("%+v", d)
	}
}

func TestAOneShotFaultHealsInItsOwnTime(t *testing.T) {
	e := must(t, "name: x\nfaults: [{at: 3s, chaos: {kind: a}}, {at: 10s, chaos: {kind: b}}]\n")
	d, err := Decide(e, lasting(10*time.Second, 0))
	if err != nil {
		t.Fatal(err)
	}
	// The first heals at 13 s; the second was injected at 10 s and may take 15 s.
	if d.Total != (5+20+13+30)*time.Second || d.Extra != 12*time.Second {
		t.Errorf("total %v, extra %v", d.Total, d.Extra)
	}
}

// What is decided holds up to the end of the last victim's turn: a rate that
// falls by then is the one that counts.
func TestALongFaultMeetsTheRateOfItsEnd(t *testing.T) {
	e := must(t, "name: x\nload: {rate: {shape: step, from: 1000/s, to: 30/s, by: 970/s, every: 90s}}\nphases: {warmup: 5s, baseline: 20s, observe: 30s}\nfaults: [{at: 0s, action: {restart: {service: mapper}}}]\nslo: {availability: none}\nconsistency: none\n")
	restart := func(within time.Duration) Decision {
		d, _ := Decide(e, func(int) []Part { return []Part{{OneShot: true, Within: within}} })
		return d
	}
	short, long := restart(15*time.Second), restart(75*time.Second)
	if short.Extra != 15*time.Second || long.Extra != 75*time.Second {
		t.Errorf("extra %v and %v", short.Extra, long.Extra)
	}
	if short.Floors[0] != FloorOf(1, 1000, 20_000) || long.Floors[0] != FloorOf(1, 30, 20_000) {
		t.Errorf("the floors are %+v, up to 70 s, and %+v, up to 130 s", short.Floors[0], long.Floors[0])
	}
}

// The rate falls at the end of observe: with the faults a second later 200
// requests are missing that the limit needs.
func TestAShiftMayTakeAwayWhatIsNeeded(t *testing.T) {
	e := must(t, "name: x\nload: {mix: {get: 100%}, rate: {shape: step, from: 200/s, to: 100/s, by: 100/s, every: 44.5s}}\nphases: {warmup: 5s, baseline: 20s, observe: 19.5s}\nfaults: [{at: 0s, chaos: {kind: a, metadata: {name: b}}}]\nslo: {availability: {get: 99.9%}}\nconsistency: none\n")
	if _, err := Decide(e, lasting(0)); err != nil {
		t.Error(err)
	}
	d, err := Decide(e, lasting(0), 0, 100*time.Millisecond, time.Second)
	if found := diagnostic.All(err); len(found) != 1 || !strings.HasPrefix(found[0].Message, "availability:get cannot be decided when the faults come 1s later: it needs 3838 requests, and there are 3800") {
		t.Errorf("%v", err)
	}
	if again, _ := Decide(e, lasting(0)); d.String() != again.String() {
		t.Errorf("what is printed is not of the first shift:\n%s", d)
	}
	if d, err = Decide(e, lasting(0), time.Second); err == nil || d.Timeline[2].At != 26*time.Second || d.Total != 45500*time.Millisecond {
		t.Errorf("a second later: %v\n%s", err, d)
	}
	if e.Phases.Baseline != 20*time.Second {
		t.Errorf("the experiment has a baseline of %v now", e.Phases.Baseline)
	}
}

func TestThinOperationsAreNoted(t *testing.T) {
	d, err := Decide(must(t, "name: x\nload: {mix: {get: 99%, put: 1%}}\nslo: {availability: none}\n"), nil)
	if err != nil || len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "put has 10 requests/s") {
		t.Errorf("%v %v", err, d.Notes)
	}
}

// How many shards there are, and how busy, is not in the file.
func TestWhatEachScopeNeedsIsNoted(t *testing.T) {
	d, err := Decide(must(t, "name: x\nslo: {recovery: {within: 15s, scopes: [replicas, shards]}}\n"), nil)
	if err != nil || len(d.Notes) != 2 || !strings.HasPrefix(d.Notes[0], "each of the replicas is held") || !strings.HasPrefix(d.Notes[1], "each of the shards is held") {
		t.Errorf("%v %v", err, d.Notes)
	}
}

// The published floors were found in experiments; the two ends of the formula
// are around them, and of their order.
func TestFloorsAgreeWithThosePublished(t *testing.T) {
	for share, published := range map[float64]time.Duration{1: 50 * time.Millisecond, 1. / 3: 100 * time.Millisecond, 0.05: time.Second} {
		f := FloorOf(share, 1000, 20_000)
		if f.Seen > published || f.Counts < published || f.Counts > 10*published || f.Seen < published/10 {
			t.Errorf("%.2f: seen %v, counts %v, published %v", share, f.Seen, f.Counts, published)
		}
	}
	if f := FloorOf(0.01, 1000, 20_000); f.Seen != Unbounded {
		t.Errorf("1 %% bad is below what the judge can tell from a good system, and is seen after %v", f.Seen)
	}
}

func TestWorkersFor(t *testing.T) {
	for _, c := range []struct {
		rate    float64
		timeout time.Duration
		want    int // 0: an error
	}{
		{1000, 2 * time.Second, 2200}, {1, time.Millisecond, 1}, {500, 2 * time.Second, 1100}, {333.3, time.Second, 367}, {110, time.Second, 121},
		{1861.8, 2 * time.Second, 4096}, {1862, 2 * time.Second, 0}, {1e6, 10 * time.Minute, 0},
	} {
		got, err := WorkersFor(c.rate, c.timeout)
		if got != c.want || (err != nil) != (c.want == 0) {
			t.Errorf("%v/s, %v: %d, %v; want %d", c.rate, c.timeout, got, err, c.want)
		}
	}
}

func TestUndersizedWorkers(t *testing.T) {
	for source, want := range map[string]int{
		"{rate: 1000/s, workers: 64, undersized: true, timeout: 5s}": 64,
		"{rate: 1000/s, undersized: true, timeout: 5s}":              MaxWorkers,
		"{rate: 1000/s, workers: 3000}":                              3000,
	} {
		if got, err := must(t, "name: x\nload: "+source+"\n").Load.Pool(); err != nil || got != want {
			t.Errorf("%s: %d, %v", source, got, err)
		}
	}
}

// A scale holds on and a restart goes round: neither has a victim of which all
// is known that is to be known.
func TestTheTimelineSaysWhatAnActionDoes(t *testing.T) {
	e := must(t, "name: x\nfaults:\n  - {at: 0s, action: {scale: {service: mapper, to: 4}}}\n  - {at: 1s, action: {restart: {service: mapper}}}\n  - {at: 2s, chaos: {kind: a, metadata: {name: b}}}\n")
	d, err := Decide(e, lasting(0, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range d.Timeline {
		if what, is := strings.CutPrefix(m.What, "fault: "); is {
			got = append(got, what)
		}
	}
	want := []string{"scale mapper to 4, until the end; it has 15s to be done", "restart mapper, one replica after the other; each has 15s to return", "a b, once; its victim has 15s to return"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What one fault left behind is no evidence of another's: registers must rest
// after each heal.
func TestEveryHealNeedsItsRestedReads(t *testing.T) {
	for _, c := range []struct {
		name   string
		second string
		want   string
	}{
		{"long behind the first", "40s", ""},
		{"as soon as the first is over", "10s", ""},
		{"before the data converged", "19s", ""},
		{"just behind that", "21s", "experiments/x.yaml:2:9: convergence cannot be decided: it needs 12 reads, 10s after each heal and later, of registers that were not written since, and there are 8"},
	} {
		e := must(t, "name: x\nfaults: [{at: 0s, chaos: {kind: a, metadata: {name: b}}}, {at: "+c.second+", chaos: {kind: a, metadata: {name: c}}}]\nslo: {lostWrites: none, availability: none}\n")
		_, err := Decide(e, lasting(10*time.Second, 10*time.Second))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want) || !strings.Contains(err.Error(), "inject the next fault later than the 10s")) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
