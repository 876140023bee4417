package compare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gauntlet/reports"
)

// The calibration shows the comparison pairs of runs whose truth is known, as
// the harness itself is calibrated. A world is what befalls the runs of an
// hour; effects are what build B adds to it.

// fixed is the order of measures of a made-up run.
var fixed = []Measure{
	{Kind: KindLost}, {Kind: KindBad, When: inFault}, {KindBad, "get", inFault}, {KindBad, "put", inFault},
	{KindBad, "get", outside}, {KindBad, "put", outside}, {Kind: KindRecovery},
	{Kind: KindP99, When: inBaseline}, {Kind: KindP99, When: inFault}, {Kind: KindP50, When: inBaseline}, {Kind: KindP50, When: inFault}, {Kind: KindProcessor},
}

// world is the noise of a series of runs: each call is the next one.
type world func() weather

// weather is what the hour does to a run: response times are that many times
// as long, and that share of requests is bad for nothing that the build did.
type weather struct{ slow, bad float64 }

// worlds are the noises of the calibration.
var worlds = map[string]func(*rand.Rand) world{
	// Each run has noise of its own: 3 % of its response times.
	"quiet": func(r *rand.Rand) world {
		return func() weather { return weather{math.Exp(0.03 * r.NormFloat64()), 0} }
	},
	// The machine gets slower and slower, by 4 % a run, whoever runs on it.
	"drift": func(r *rand.Rand) world {
		n := 0.0
		return func() weather { n++; return weather{math.Exp(0.04*n + 0.03*r.NormFloat64()), 0.0005 * n} }
	},
	// One run of six is hit by what others do: it is up to ten times as slow, and
	// up to a tenth of its requests is bad. The other run of the pair is not.
	"bursts": func(r *rand.Rand) world {
		return func() weather {
			w := weather{math.Exp(0.05 * r.NormFloat64()), 0}
			if r.Float64() < 1.0/6 {
				w = weather{w.slow * (1 + 9*r.Float64()), 0.1 * r.Float64()}
			}
			return w
		}
	},
	// Tails without a variance (Cauchy, in the logarithm), and bad requests to
	// match.
	"heavy tails": func(r *rand.Rand) world {
		return func() weather {
			x := math.Tan(math.Pi * (r.Float64() - 0.5))
			return weather{math.Exp(min(max(0.05*x, -3), 3)), min(math.Abs(0.002*x), 0.5)}
		}
	},
	// The first run of a pair warms the machine up for the second, which is a
	// fifth faster: what a fixed order would blame on a build.
	"order": func(r *rand.Rand) world {
		n := 0
		return func() weather {
			n++
			return weather{math.Exp(0.03*r.NormFloat64() - 0.2*float64((n+1)%2)), 0.01 * float64(n%2)}
		}
	},
	// Real noise, resampled.
	"a shared host":   func(r *rand.Rand) world { return ofRecording(r, recorded()[0]) },
	"a stressed host": func(r *rand.Rand) world { return ofRecording(r, recorded()[1]) },
}

// effect is how much more a build has than A.
type effect struct {
	slow float64 // times the response times in the fault
	bad  float64 // share of gets in the fault, in addition
}

// scarcely is the share of bad requests that chance alone brings.
func scarcely(r *rand.Rand, p float64, of int) float64 {
	n := float64(of)
	p = min(max(p, 0), 1)
	return min(max(math.Round(n*p+math.Sqrt(n*p*(1-p))*r.NormFloat64())/n, 0), 1)
}

// oneRun is a run of a build in the world: 4,000 gets and 1,000 puts in the
// fault, with a p99 of 40 ms.
func oneRun(r *rand.Rand, next world, e effect) Values {
	w := next()
	jitter := func() float64 { return w.slow * math.Exp(0.01*r.NormFloat64()) }
	v := Values{}
	set := func(m Measure, amount float64) { v[m] = Value{Amount: amount} }
	get, put := scarcely(r, 0.002+w.bad+e.bad, 4000), scarcely(r, 0.004+w.bad, 1000)
	set(Measure{KindBad, "get", inFault}, get)
	set(Measure{KindBad, "put", inFault}, put)
	set(Measure{Kind: KindBad, When: inFault}, 0.8*get+0.2*put)
	set(Measure{KindBad, "get", outside}, scarcely(r, w.bad/2, 6000))
	set(Measure{KindBad, "put", outside}, scarcely(r, w.bad/2, 1500))
	set(Measure{Kind: KindRecovery}, 0.3*jitter())
	set(Measure{Kind: KindP99, When: inBaseline}, 9*jitter())
	set(Measure{Kind: KindP99, When: inFault}, 40*jitter()*(1+e.slow))
	set(Measure{Kind: KindP50, When: inBaseline}, 1.1*jitter())
	set(Measure{Kind: KindP50, When: inFault}, 1.2*jitter()*(1+e.slow))
	set(Measure{Kind: KindProcessor}, 0.4*jitter())
	set(Measure{Kind: KindLost}, 0)
	return v
}

// judged is a comparison of at most this many pairs: how it ended, by what,
// and after how many pairs. judge is Judge, or a wrong one.
func judged(r *rand.Rand, next world, e effect, pairs int, judge func([]Pair, Look) []reports.ComparedMeasure) (reports.Verdict, string, int) {
	looks, err := Looks(pairs)
	if err != nil {
		panic(err)
	}
	seed := r.Int64()
	var all []Pair
	for _, look := range looks {
		for len(all) < look.After {
			all = append(all, onePair(r, next, e, BFirst(seed, len(all))))
		}
		verdict, first := Verdict(judge(all, look))
		if verdict != reports.Inconclusive {
			return verdict, first.Name, len(all)
		}
	}
	return reports.Inconclusive, "", len(all)
}

func onePair(r *rand.Rand, next world, e effect, bFirst bool) (p Pair) {
	if bFirst {
		p.B = oneRun(r, next, e)
		p.A = oneRun(r, next, effect{})
		return p
	}
	p.A = oneRun(r, next, effect{})
	p.B = oneRun(r, next, e)
	return p
}

func right(pairs []Pair, look Look) []reports.ComparedMeasure {
	return Judge(pairs, DefaultFloors(), look, 1)
}

// tally counts how comparisons in a world ended.
type tally struct {
	verdicts map[reports.Verdict]int
	by       map[string]int // what failed
	early    int            // decided before the last look
}

func count(t *testing.T, name string, e effect, pairs, sets int, judge func([]Pair, Look) []reports.ComparedMeasure) tally {
	t.Helper()
	c := tally{map[reports.Verdict]int{}, map[string]int{}, 0}
	for seed := range sets {
		r := rand.New(rand.NewPCG(uint64(seed), 7))
		verdict, by, n := judged(r, worlds[name](r), e, pairs, judge)
		c.verdicts[verdict]++
		if verdict == reports.Fail {
			c.by[by]++
		}
		if n < pairs {
			c.early++
		}
	}
	return c
}

// atMost is how many of n may be false at probability p: four standard
// deviations above what is expected, so that no seed decides the test.
func atMost(n int, p float64) int {
	return int(float64(n)*p + 4*math.Sqrt(float64(n)*p*(1-p)))
}

// sets is how many comparisons a test makes: enough to bound what is rare, and
// fewer where the race detector makes each of them ten times as long.
func sets(n int) int {
	if raced {
		return n / 20
	}
	return n
}

// A build against itself fails no more often than the level says, whatever the
// noise is and without any floor to hide behind.
func TestABuildAgainstItselfDoesNotFail(t *testing.T) {
	with, without := sets(500), sets(1000)
	for name := range worlds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := count(t, name, effect{}, 10, with, right)
			bare := count(t, name, effect{}, 10, without, func(pairs []Pair, look Look) []reports.ComparedMeasure { return Judge(pairs, Floors{}, look, 1) })
			fail, bareFail := c.verdicts[reports.Fail], bare.verdicts[reports.Fail]
			t.Logf("%s: %d sets of at most 10 pairs: %d FAIL (with none the 95 %% bound is %.1f %%), %d PASS; without floors %d of %d FAIL (%.2f %%, nominal %g %%)",
				name, with, fail, 300/float64(with), c.verdicts[reports.Pass], bareFail, without, 100*float64(bareFail)/float64(without), 100*Alpha)
			if fail > atMost(with, Alpha) {
				t.Errorf("%d of %d sets FAIL by %v; nominal %g %%", fail, with, c.by, 100*Alpha)
			}
			if bareFail > atMost(without, Alpha) {
				t.Errorf("without floors %d of %d sets FAIL; nominal %g %%", bareFail, without, 100*Alpha)
			}
		})
	}
}

// The lower ends hold for all measures together also where B is worse in each of
// them, by little or by a thousand times the noise.
func TestLowerEndsHoldForAllMeasuresTogether(t *testing.T) {
	sets := sets(1000)
	looks, _ := Looks(10)
	for _, worse := range []float64{0, 1, 5, 1000} {
		t.Run(fmt.Sprint(worse), func(t *testing.T) {
			t.Parallel()
			wrong := 0
			for seed := range sets {
				r := rand.New(rand.NewPCG(uint64(seed), 7))
				var pairs []Pair
				for range 10 {
					p := Pair{Values{}, Values{}}
					for _, m := range fixed {
						p.A[m], p.B[m] = Value{}, Value{Amount: worse + r.NormFloat64()}
					}
					pairs = append(pairs, p)
				}
				above := func(m reports.ComparedMeasure) bool { return m.Low != nil && *m.Low > worse }
				for _, look := range looks {
					if slices.ContainsFunc(Judge(pairs[:look.After], Floors{}, look, 1), above) {
						wrong++
						break
					}
				}
			}
			t.Logf("of %d sets %d have a lower end above the truth, nominal %g %%", sets, wrong, 100*Alpha)
			if wrong > atMost(sets, Alpha) {
				t.Errorf("of %d sets %d have a lower end above the truth, nominal %g %%", sets, wrong, 100*Alpha)
			}
		})
	}
}

// What is to be found is found in at most ten pairs, by the measure that has
// it: a p99 that is a fifth longer at 3 % of noise, and a point more of bad
// gets. Half as much noise again costs, and is logged.
func TestARegressionIsFound(t *testing.T) {
	sets := sets(500)
	for _, c := range []struct {
		name  string
		e     effect
		by    string
		least float64
	}{
		{"a fifth slower", effect{slow: 0.2}, "p99 in the fault", 0.95},
		{"a point more bad", effect{bad: 0.01}, "bad:get in the fault", 0.85},
		{"two points more bad", effect{bad: 0.02}, "bad:get in the fault", 0.99},
		{"a third bad", effect{bad: 0.33}, "bad:get in the fault", 0.99},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := count(t, "quiet", c.e, 10, sets, right)
			found := float64(got.verdicts[reports.Fail]) / float64(sets)
			t.Logf("%.1f %% FAIL by %v, %.0f %% of all decided after 8 pairs", 100*found, got.by, 100*float64(got.early)/float64(sets))
			if found < c.least {
				t.Errorf("found in %.1f %% of the sets, want %.0f %%", 100*found, 100*c.least)
			}
			if share := float64(got.by[c.by]) / float64(got.verdicts[reports.Fail]); share < 0.6 {
				t.Errorf("by %s in %.0f %% only: %v", c.by, 100*share, got.by)
			}
		})
	}
}

// What is better is no reason to fail, and what is the same passes where the
// machine is quiet.
func TestWhatIsNoWorsePasses(t *testing.T) {
	sets := sets(500)
	if c := count(t, "quiet", effect{}, 10, sets, right); c.verdicts[reports.Pass] < sets*9/10 {
		t.Errorf("the same build: %v", c.verdicts)
	}
	if c := count(t, "quiet", effect{slow: -0.2, bad: -0.002}, 10, sets, right); c.verdicts[reports.Fail] > atMost(sets, Alpha) || c.verdicts[reports.Pass] < sets*9/10 {
		t.Errorf("a better build: %v", c.verdicts)
	}
}

// A build that is worse by more than a floor hardly ever passes.
func TestWhatIsWorseDoesNotPass(t *testing.T) {
	sets := sets(200)
	for name := range worlds {
		if c := count(t, name, effect{bad: 0.0056}, 10, sets, right); c.verdicts[reports.Pass] > atMost(sets, Beta) {
			t.Errorf("%s: %d of %d pass, nominal %g %%", name, c.verdicts[reports.Pass], sets, 100*Beta)
		}
	}
}

// One measure that is worse by just the floor passes as often as the level says,
// and no more often.
func TestTheUpperEndKeepsItsLevel(t *testing.T) {
	looks, _ := Looks(10)
	m, sets, passed := Measure{Kind: KindP50, When: inFault}, sets(1000), 0
	for seed := range sets {
		r := rand.New(rand.NewPCG(uint64(seed), 7))
		var pairs []Pair
		for range 10 {
			pairs = append(pairs, Pair{Values{m: {}}, Values{m: {Amount: 5 + r.NormFloat64()}}})
		}
		for _, look := range looks {
			verdict, _ := Verdict(Judge(pairs[:look.After], Floors{KindP50: {Amount: 5}}, look, 1))
			if verdict == reports.Pass {
				passed++
			}
			if verdict != reports.Inconclusive {
				break
			}
		}
	}
	t.Logf("%d of %d pass, nominal %g %%", passed, sets, 100*Beta)
	if passed > atMost(sets, Beta) || passed == 0 && !raced {
		t.Errorf("%d of %d pass, nominal %g %%", passed, sets, 100*Beta)
	}
}

// The calibration catches comparisons that are wrong on purpose.
func TestWrongComparisonsAreCaught(t *testing.T) {
	sets := 100
	swapped := func(pairs []Pair, look Look) []reports.ComparedMeasure {
		turned := make([]Pair, len(pairs))
		for i, p := range pairs {
			turned[i] = Pair{A: p.B, B: p.A}
		}
		return right(turned, look)
	}
	if c := count(t, "quiet", effect{bad: 0.33}, 10, sets, swapped); c.verdicts[reports.Fail] > sets/10 {
		t.Errorf("with the sign turned round a build a third of whose requests are bad still fails: %v; nothing watches the sign", c.verdicts)
	}
	// Members of different pairs held against each other: in a drift the pairs are
	// all that tells the builds apart from the hour.
	unpaired := func(pairs []Pair, look Look) []reports.ComparedMeasure {
		mixed := make([]Pair, len(pairs))
		for i, p := range pairs {
			mixed[i] = Pair{A: p.A, B: pairs[(i+len(pairs)/2)%len(pairs)].B}
		}
		return right(mixed, look)
	}
	paired, without := count(t, "drift", effect{slow: 0.2}, 10, sets, right), count(t, "drift", effect{slow: 0.2}, 10, sets, unpaired)
	if a, b := paired.verdicts[reports.Fail], without.verdicts[reports.Fail]; a < 3*b || a < sets/2 {
		t.Errorf("in a drift %d of %d found with pairs and %d without: the calibration does not see whether they are pairs", a, sets, b)
	}
	// Every measure at the whole level, and every look: what many questions do to
	// an answer.
	uncorrected := func(pairs []Pair, look Look) []reports.ComparedMeasure {
		worst := reports.ComparedMeasure{Gates: true, Verdict: reports.Inconclusive}
		for _, m := range fixed {
			alone := make([]Pair, len(pairs))
			for i, p := range pairs {
				alone[i] = Pair{Values{m: p.A[m]}, Values{m: p.B[m]}}
			}
			for _, one := range Judge(alone, Floors{}, Look{look.After, Alpha, Beta}, 1) {
				if one.Verdict == reports.Fail {
					worst = one
				}
			}
		}
		return []reports.ComparedMeasure{worst}
	}
	if c := count(t, "quiet", effect{}, 10, 3*sets, uncorrected); c.verdicts[reports.Fail] <= atMost(3*sets, Alpha) {
		t.Errorf("without any correction %d fail: the calibration does not see what many measures do", c.verdicts[reports.Fail])
	}
	// One fixed order, on a machine that the first run warms up for the second.
	r := rand.New(rand.NewPCG(3, 7))
	next := worlds["order"](r)
	var all []Pair
	for range 10 {
		all = append(all, onePair(r, next, effect{}, true))
	}
	if v, _ := Verdict(right(all, Look{10, Alpha, Beta})); v != reports.Fail {
		t.Errorf("%s with B always first: the world of orders has none", v)
	}
}

func ExampleLooks() {
	looks, _ := Looks(10)
	for _, l := range looks {
		fmt.Printf("after %d pairs: %.1f %% and %.0f %%\n", l.After, 100*l.Alpha, 100*l.Beta)
	}
	// Output:
	// after 8 pairs: 0.4 % and 2 %
	// after 10 pairs: 0.6 % and 3 %
}
