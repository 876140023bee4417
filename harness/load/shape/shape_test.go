package shape

import (
	"math"
	"math/big"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// bits is a random function for tests (SplitMix64's output function).
func bits(seed uint64) func(uint64) uint64 {
	return func(n uint64) uint64 {
		z := seed + (n+1)*0x9e3779b97f4a7c15
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		return z ^ z>>31
	}
}

func must[S Shape](s S, err error) Shape {
	if err != nil {
		panic(err)
	}
	return s
}

// exact draws a shape whose arrivals are not random.
func exact(t *rapid.T) Shape {
	rate := func(name string, least float64) float64 { return rapid.Float64Range(least, 5000).Draw(t, name) }
	length := func(name string, least, most time.Duration) time.Duration {
		return time.Duration(rapid.Int64Range(int64(least), int64(most)).Draw(t, name))
	}
	switch rapid.SampledFrom([]string{"constant", "step", "ramp", "sine", "spike", "levels", "arrivals"}).Draw(t, "shape") {
	case "step":
		s := Step{From: rate("from", 0), By: rate("by", 10), Every: length("every", time.Millisecond, time.Minute), After: length("after", 0, time.Minute)}
		s.To = s.From + rate("more", 1)
		if rapid.Bool().Draw(t, "falls") {
			s.From, s.To = s.To, s.From
		}
		return must(s.Curve())
	case "ramp":
		r := Ramp{From: rapid.SampledFrom([]float64{0, 0.25, 300}).Draw(t, "from"), Over: length("over", time.Millisecond, time.Hour), After: length("after", 0, time.Minute)}
		r.To = r.From + rate("more", 1)
		if rapid.Bool().Draw(t, "falls") {
			r.From, r.To = r.To, r.From
		}
		return must(r.Curve())
	case "sine":
		mean := rate("mean", 0.1)
		return Sine{Mean: mean, Amplitude: mean * rapid.Float64Range(0, 1).Draw(t, "amplitude"), Period: length("period", time.Millisecond, time.Hour),
			StartAt: rapid.SampledFrom([]Phase{MeanUp, Peak, MeanDown, Trough}).Draw(t, "phase")}
	case "spike":
		s := Spike{Base: rate("base", 0), At: length("at", 0, time.Minute), For: length("for", time.Millisecond, time.Minute)}
		s.Peak = s.Base + rate("above", 1)
		if rapid.Bool().Draw(t, "repeats") {
			s.Every = s.At + s.For + length("pause", 0, time.Minute)
		}
		return must(s.Curve())
	case "levels":
		levels := []Level{{0, rate("level", 1)}}
		for range rapid.IntRange(0, 20).Draw(t, "levels") {
			levels = append(levels, Level{levels[len(levels)-1].At + length("gap", 1, time.Minute), rapid.SampledFrom([]float64{0, 0.5, 10, 5000}).Draw(t, "level")})
		}
		repeat := time.Duration(0)
		if rapid.Bool().Draw(t, "repeats") {
			repeat = levels[len(levels)-1].At + length("rest", 1, time.Minute)
		}
		return must(Levels("levels", levels, repeat))
	case "arrivals":
		at := []time.Duration{length("first", 0, time.Minute)}
		for range rapid.IntRange(1, 50).Draw(t, "arrivals") {
			at = append(at, at[len(at)-1]+length("gap", 0, time.Second))
		}
		return must(NewArrivals("arrivals", at, at[len(at)-1]+length("rest", 1, time.Minute)))
	}
	return Constant{rate("rate", 0.01)}
}

// Between two instants as many requests are due as the rate adds up to, give
// or take one; and what Before counts is what Due says.
func TestTheScheduleIsTheInverseOfTheIntegral(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := exact(t)
		schedule := s.Schedule(nil)
		a := rapid.Int64Range(0, int64(3*time.Hour)).Draw(t, "a")
		b := a + rapid.Int64Range(0, int64(time.Hour)).Draw(t, "length")
		counted := float64(Before(schedule, b) - Before(schedule, a))
		integral := s.Count(time.Duration(b)) - s.Count(time.Duration(a))
		if off := counted - integral; math.Abs(off) > 1.001 {
			t.Fatalf("%v: %v requests due in [%d, %d), the rate adds up to %v", s, counted, a, b, integral)
		}
		for _, at := range []int64{a, b} {
			n := Before(schedule, at)
			if schedule.Due(n) < at || n > 0 && schedule.Due(n-1) >= at {
				t.Fatalf("%v: Before(%d) = %d, and S(%d) = %d", s, at, n, n, schedule.Due(n))
			}
		}
	})
}

func TestDueNeverFalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := exact(t)
		schedule := s.Schedule(nil)
		n := rapid.Uint64Range(0, 1e7).Draw(t, "n")
		last := int64(0) // nothing is due before the origin
		for i := n; i < n+200; i++ {
			due := schedule.Due(i)
			if due < last {
				t.Fatalf("%v: S(%d) = %d, S(%d) = %d", s, i-1, last, i, due)
			}
			last = due
		}
	})
}

// Request n is due at the nanosecond at which the integral reaches n, however
// far out it lies: nothing drifts.
func TestNothingDrifts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := exact(t)
		if _, known := s.(*Arrivals); known {
			return // their integral jumps
		}
		n := rapid.Uint64Range(0, 1e9).Draw(t, "n")
		due := s.Schedule(nil).Due(n)
		if due == math.MaxInt64 || due == 0 {
			return
		}
		const slack = 2 * time.Nanosecond
		noise := 1e-9 * float64(n) * 1e-3 // of the test's own float64 sum: 10⁻¹² of n
		low, high := s.Count(time.Duration(due)-slack), s.Count(time.Duration(due)+slack)
		if low > float64(n)+noise || high < float64(n)-noise {
			t.Fatalf("%v: S(%d) = %d ns, where the integral is %v", s, n, due, s.Count(time.Duration(due)))
		}
	})
}

func TestConstantIsExactToANanosecond(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Constant{rapid.Float64Range(0.01, 1e6).Draw(t, "rate")}
		n := rapid.Uint64Range(0, min(2_000_000_000, uint64(3e9*c.Rate))).Draw(t, "n")
		want := new(big.Rat).SetInt64(int64(n) * 1e9)
		want.Quo(want, new(big.Rat).SetFloat64(c.Rate))
		off, _ := want.Sub(want, new(big.Rat).SetInt64(c.Due(n))).Float64()
		if math.Abs(off) > 1 {
			t.Fatalf("S(%d) = %d, off by %v ns", n, c.Due(n), off)
		}
	})
}

// What can be worked out by hand.
func TestShapesByHand(t *testing.T) {
	s := time.Second
	for _, c := range []struct {
		shape Shape
		n     uint64
		want  time.Duration
	}{
		{Constant{1000}, 1_000_000_007, 1_000_000_007 * time.Millisecond},
		{Constant{3}, 1, 333_333_333}, {Constant{0.5}, 3, 6 * s},
		// 10 s of 200/s, 10 s of 400/s, then 500/s.
		{must(Step{From: 200, To: 500, By: 200, Every: 10 * s}.Curve()), 2000, 10 * s},
		{must(Step{From: 200, To: 500, By: 200, Every: 10 * s}.Curve()), 6000, 20 * s},
		{must(Step{From: 200, To: 500, By: 200, Every: 10 * s}.Curve()), 6500, 21 * s},
		{must(Step{From: 500, To: 100, By: 400, Every: 10 * s, After: 5 * s}.Curve()), 7600, 16 * s},
		{must(Step{From: 0, To: 100, By: 100, Every: 10 * s}.Curve()), 0, 10 * s}, // none before there is a rate
		// t²·5 of 0/s to 100/s within 10 s.
		{must(Ramp{From: 0, To: 100, Over: 10 * s}.Curve()), 0, 0},
		{must(Ramp{From: 0, To: 100, Over: 10 * s, After: 5 * s}.Curve()), 0, 5 * s},
		{must(Ramp{From: 0, To: 100, Over: 10 * s}.Curve()), 125, 5 * s},
		{must(Ramp{From: 0, To: 100, Over: 10 * s}.Curve()), 500, 10 * s},
		{must(Ramp{From: 0, To: 100, Over: 10 * s}.Curve()), 1500, 20 * s},
		{must(Ramp{From: 100, To: 0, Over: 10 * s}.Curve()), 375, 5 * s},
		{must(Ramp{From: 100, To: 0, Over: 10 * s}.Curve()), 500, math.MaxInt64},
		{Sine{Mean: 100, Amplitude: 50, Period: 60 * s}, 6000, 60 * s},
		{Sine{Mean: 100, Amplitude: 50, Period: 60 * s, StartAt: Peak}, 3000, 30 * s},
		{must(Spike{Base: 10, Peak: 110, At: 10 * s, For: s}.Curve()), 100, 10 * s},
		{must(Spike{Base: 10, Peak: 110, At: 10 * s, For: s}.Curve()), 210, 11 * s},
		{must(Spike{Base: 10, Peak: 110, At: 10 * s, For: s, Every: 20 * s}.Curve()), 3*300 + 155, 70*s + 500*time.Millisecond},
		{must(Levels("x", []Level{{0, 10}, {s, 0}, {5 * s, 20}}, 0)), 10, 5 * s},
		{must(Levels("x", []Level{{0, 10}, {s, 0}, {5 * s, 20}}, 6*s)), 45, 11*s + 250*time.Millisecond},
		{must(NewArrivals("x", []time.Duration{0, s, s, 2 * s}, 0)), 5, 2*s + 666_666_666 + s},
	} {
		if got := c.shape.Schedule(nil).Due(c.n); got != int64(c.want) {
			t.Errorf("%v: S(%d) = %v, want %v", c.shape, c.n, time.Duration(got), c.want)
		}
	}
}

func TestPeakAndLowest(t *testing.T) {
	s := time.Second
	for _, c := range []struct {
		shape        Shape
		peak, lowest float64 // of stretches of 2 s in the first minute
	}{
		{Constant{70}, 70, 70},
		{must(Step{From: 200, To: 1000, By: 200, Every: 10 * s}.Curve()), 1000, 200},
		{must(Step{From: 1000, To: 200, By: 800, Every: 10 * s}.Curve()), 1000, 200},
		{must(Ramp{From: 300, To: 100, Over: 20 * s}.Curve()), 300, 100},
		{must(Spike{Base: 10, Peak: 110, At: 10 * s, For: s, Every: 20 * s}.Curve()), 110, 10},
		{must(Levels("x", []Level{{0, 10}, {s, 0}, {5 * s, 20}}, 0)), 20, 0},
		{Poisson{1000}, 1000 + 4*math.Sqrt(500), 1000},
		{must(NewArrivals("x", []time.Duration{0, 1, 2, s, 10 * s}, 20*s)), 2, 0},
		{must(NewArrivals("x", []time.Duration{0, s / 2}, s)), 2, 2},
	} {
		if got := c.shape.Peak(2 * s); math.Abs(got-c.peak) > 1e-9 {
			t.Errorf("%v: the peak is %v, want %v", c.shape, got, c.peak)
		}
		if got := Lowest(c.shape, 0, time.Minute, 2*s); math.Abs(got-c.lowest) > 1e-9 {
			t.Errorf("%v: the lowest is %v, want %v", c.shape, got, c.lowest)
		}
	}
}

// Whatever the shape, no stretch of the length of a window has more requests
// than the peak allows, but for the one that the edges may add.
func TestNoWindowHoldsMoreThanThePeak(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := exact(t)
		schedule := s.Schedule(nil)
		window := time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(10*time.Second)).Draw(t, "window"))
		at := rapid.Int64Range(0, int64(time.Hour)).Draw(t, "at")
		n := Before(schedule, at+int64(window)) - Before(schedule, at)
		if most := s.Peak(window)*window.Seconds() + 1 + 1e-6; float64(n) > most {
			t.Fatalf("%v: %d requests within %v, the peak allows %v", s, n, window, most)
		}
	})
}

func TestWhatIsNoShapeIsRefused(t *testing.T) {
	s := time.Second
	for what, err := range map[string]error{
		"a level step":      func() error { _, err := Step{From: 5, To: 5, By: 1, Every: s}.Curve(); return err }(),
		"too many steps":    func() error { _, err := Step{From: 1, To: 1e6, By: 1, Every: s}.Curve(); return err }(),
		"a level ramp":      func() error { _, err := Ramp{From: 5, To: 5, Over: s}.Curve(); return err }(),
		"a flat spike":      func() error { _, err := Spike{Base: 5, Peak: 5, For: s}.Curve(); return err }(),
		"an endless spike":  func() error { _, err := Spike{Base: 5, Peak: 6, At: s, For: s, Every: s}.Curve(); return err }(),
		"a rate below 0":    Sine{Mean: 5, Amplitude: 6, Period: s}.Check(),
		"no levels":         func() error { _, err := Levels("x", nil, 0); return err }(),
		"levels of nothing": func() error { _, err := Levels("x", []Level{{0, 0}, {s, 0}}, 0); return err }(),
		"levels backwards":  func() error { _, err := Levels("x", []Level{{0, 1}, {s, 1}, {s, 2}}, 0); return err }(),
		"cut-off levels":    func() error { _, err := Levels("x", []Level{{0, 1}, {s, 1}}, s); return err }(),
		"one arrival":       func() error { _, err := NewArrivals("x", []time.Duration{0}, s); return err }(),
		"arrivals at once":  func() error { _, err := NewArrivals("x", []time.Duration{0, 0}, 0); return err }(),
		"cut-off arrivals":  func() error { _, err := NewArrivals("x", []time.Duration{0, s}, s/2); return err }(),
		"unordered":         func() error { _, err := NewArrivals("x", []time.Duration{s, 0}, 0); return err }(),
	} {
		if err == nil {
			t.Errorf("%s was accepted", what)
		}
	}
}

// The gaps are exponential: Kolmogorov and Smirnov's distance from
// 1 − exp(−x/mean) stays below what one in 10,000 samples exceeds, and the
// same gaps are far from those of another mean, or the test would prove
// nothing.
func TestPoissonGapsAreExponential(t *testing.T) {
	const count = 200_000
	for seed := uint64(1); seed <= 3; seed++ {
		schedule := Poisson{1000}.Schedule(bits(seed))
		gaps := make([]float64, count)
		for i := range gaps {
			before := int64(0)
			if i > 0 {
				before = schedule.Due(uint64(i - 1))
			}
			gaps[i] = float64(schedule.Due(uint64(i))-before) / 1e9
		}
		slices.Sort(gaps)
		distance := func(rate float64) float64 {
			worst := 0.0
			for i, g := range gaps {
				p := -math.Expm1(-g * rate)
				worst = max(worst, math.Abs(p-float64(i)/count), math.Abs(p-float64(i+1)/count))
			}
			return worst * math.Sqrt(count)
		}
		if d := distance(1000); d > 2.23 {
			t.Errorf("seed %d: √n·D = %.2f, above 2.23", seed, d)
		}
		if d := distance(1010); d < 1.36 {
			t.Errorf("seed %d: 1010/s passes for 1000/s, √n·D = %.2f", seed, d)
		}
	}
}

// The number of arrivals in a second is Poisson's: its variance is its mean.
func TestPoissonCountsVaryAsTheyMust(t *testing.T) {
	const rate, seconds = 100, 5000
	schedule := Poisson{rate}.Schedule(bits(7))
	dispersion, last := 0.0, uint64(0)
	for i := 1; i <= seconds; i++ {
		n := Before(schedule, int64(i)*int64(time.Second))
		off := float64(n-last) - rate
		dispersion, last = dispersion+off*off/rate, n
	}
	z := (math.Cbrt(dispersion/seconds) - (1 - 2.0/(9*seconds))) / math.Sqrt(2.0/(9*seconds))
	if math.Abs(z) > 4 {
		t.Errorf("the dispersion of the counts is off by z = %.1f", z)
	}
	if z := (float64(last) - rate*seconds) / math.Sqrt(rate*seconds); math.Abs(z) > 4 {
		t.Errorf("%d arrivals in %d s, z = %.1f", last, seconds, z)
	}
}

func TestPoissonDependsOnTheSeedAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, seed := Poisson{rapid.Float64Range(0.1, 1e6).Draw(t, "rate")}, rapid.Uint64().Draw(t, "seed")
		inOrder, anyhow := p.Schedule(bits(seed)), p.Schedule(bits(seed))
		dues := make([]int64, 500)
		for i := range dues {
			dues[i] = inOrder.Due(uint64(i))
			if i > 0 && dues[i] < dues[i-1] {
				t.Fatalf("S falls at %d", i)
			}
		}
		for _, n := range rapid.SliceOfN(rapid.Uint64Range(0, 499), 1, 20).Draw(t, "asked") {
			if got := anyhow.Due(n); got != dues[n] {
				t.Fatalf("S(%d) = %d, in order %d", n, got, dues[n])
			}
		}
		if other := p.Schedule(bits(seed + 1)); other.Due(9) == dues[9] && other.Due(99) == dues[99] {
			t.Fatal("another seed gives the same arrivals")
		}
	})
}

func TestThinnedFollowsTheShape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, share := exact(t), rapid.Float64Range(0.01, 1).Draw(t, "share")
		of := s.Schedule(nil)
		thinned := Thinned{Of: of, Share: share}
		at := rapid.Int64Range(0, int64(time.Hour)).Draw(t, "at")
		got, want := float64(Before(thinned, at)), share*float64(Before(of, at))
		if math.Abs(got-want) > 1 {
			t.Fatalf("%v: %v of a share of %v are due before %d, want %v", s, got, share, at, want)
		}
	})
}

func BenchmarkDue(b *testing.B) {
	for _, s := range []Shape{Constant{1000}, must(Step{From: 200, To: 1000, By: 200, Every: 10 * time.Second}.Curve()),
		Sine{Mean: 600, Amplitude: 400, Period: time.Minute}, Poisson{1000}} {
		b.Run(s.String(), func(b *testing.B) {
			schedule := s.Schedule(bits(1))
			for i := range b.N {
				schedule.Due(uint64(i) % 600_000)
			}
		})
	}
}
