package link

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// piece is what a shaper let go together.
type piece struct {
	n   int
	due int64
}

// shaped is what a shaper with rules does to reads of so many bytes each, at the
// instants at.
func shaped(s *shaper, at []int64, sizes []int) (all []piece) {
	for i, n := range sizes {
		s.begin(nil)
		for n > 0 {
			m, granted := n, at[i]
			if s.limited() {
				m, granted, _ = s.grant(granted, m)
			}
			m, due, _ := s.piece(granted, m, nil)
			all = append(all, piece{m, due})
			n -= m
		}
	}
	return all
}

// shaperOf follows rules from the instant 0.
func shaperOf(seed uint64, list ...Rule) *shaper {
	var all []*active
	for _, r := range list {
		r.Pair, r.Direction = pair, Forward
		all = append(all, &active{Rule: r})
	}
	s := &shaper{rnd: rand.New(rand.NewPCG(seed, 1))}
	s.adopt(combine(map[string][]*active{"f": all}, pair, Forward, nil, 0))
	return s
}

func drawRule(t *rapid.T) Rule {
	return Rule{
		Delay:           time.Duration(rapid.Int64Range(0, 1e9).Draw(t, "delay")),
		Jitter:          time.Duration(rapid.Int64Range(0, 1e9).Draw(t, "jitter")),
		Correlation:     rapid.Float64Range(0, 1).Draw(t, "correlation"),
		Loss:            rapid.Float64Range(0, 0.5).Draw(t, "loss"),
		LossCorrelation: rapid.Float64Range(0, 1).Draw(t, "loss correlation"),
		Rate:            rapid.SampledFrom([]int64{0, 1, 1000, 1e6, 1e9, 1 << 40}).Draw(t, "rate"),
		Bucket:          rapid.SampledFrom([]int64{0, 1, 1e5, 1 << 40}).Draw(t, "bucket"),
	}
}

func TestEveryByteGoesOnceInOrderAndNotBeforeItCame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := rapid.SliceOfN(rapid.Custom(drawRule), 1, 3).Draw(t, "rules")
		s := shaperOf(rapid.Uint64().Draw(t, "seed"), rules...)
		var at []int64
		var sizes []int
		now, sent := int64(0), 0
		for range rapid.IntRange(1, 20).Draw(t, "reads") {
			now += rapid.Int64Range(0, 1e9).Draw(t, "pause")
			n := rapid.IntRange(1, 5000).Draw(t, "size")
			at, sizes, sent = append(at, now), append(sizes, n), sent+n
		}
		last, passed, read, end := int64(0), 0, 0, sizes[0]
		for _, p := range shaped(s, at, sizes) {
			for passed == end {
				read++
				end += sizes[read]
			}
			if p.n <= 0 || passed+p.n > end {
				t.Fatalf("a piece of %d bytes", p.n)
			}
			if p.due < last || p.due < at[read] {
				t.Fatalf("due at %d: came at %d, the one before is due at %d", p.due, at[read], last)
			}
			last, passed = p.due, passed+p.n
		}
		if passed != sent {
			t.Fatalf("%d of %d bytes went on", passed, sent)
		}
	})
}

func TestRateIsNeverExceededAndIsUsed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule := Rule{
			Rate:   rapid.Int64Range(1000, 1e9).Draw(t, "rate"),
			Bucket: rapid.Int64Range(0, 1e6).Draw(t, "bucket"),
		}
		s := shaperOf(1, rule)
		other := &shaper{rnd: s.rnd}
		other.adopt(s.rules) // another connection of the same link
		var all []piece
		now := int64(0)
		backlogged := true
		for range 50 {
			if pause := rapid.Int64Range(0, 1e9).Draw(t, "pause"); pause > 5e8 {
				now, backlogged = now+pause, false
			}
			n := rapid.IntRange(1, 1<<16).Draw(t, "size")
			all = append(all, shaped(rapid.SampledFrom([]*shaper{s, other}).Draw(t, "connection"), []int64{now}, []int{n})...)
		}
		bucket := float64(s.rules.rates[0].bucket)
		for i := range all {
			bytes := 0
			for j := i; j < len(all); j++ {
				bytes += all[j].n
				window := float64(all[j].due-all[i].due) / 1e9
				// A piece's tokens may be rounded by a nanosecond.
				if most := bucket + (window+float64(j-i+1)*1e-9)*float64(rule.Rate); float64(bytes) > most+1 {
					t.Fatalf("%d bytes in %.9f s: at most %.1f", bytes, window, most)
				}
			}
		}
		if backlogged {
			sum := 0
			for _, p := range all {
				sum += p.n
			}
			want := max(0, (float64(sum)-bucket)/float64(rule.Rate))
			if got := float64(all[len(all)-1].due) / 1e9; math.Abs(got-want) > 0.001*want+1e-6 {
				t.Fatalf("%d bytes took %.6f s, want %.6f", sum, got, want)
			}
		}
	})
}

// A slow drip needs no rule of its own: a bandwidth whose bucket is a packet lets
// one go whenever a packet's worth of tokens has come.
func TestASmallBucketDrips(t *testing.T) {
	s := shaperOf(1, Rule{Rate: segment, Bucket: 1})
	all := shaped(s, []int64{0}, []int{10 * segment})
	if len(all) != 10 {
		t.Fatalf("%d pieces, want 10: %v", len(all), all)
	}
	for i, p := range all {
		if p.n != segment || p.due != int64(i)*1e9 {
			t.Errorf("piece %d: %d bytes at %d ns, want %d at %d", i, p.n, p.due, segment, int64(i)*1e9)
		}
	}
}

func TestDelayIsExact(t *testing.T) {
	s := shaperOf(1, Rule{Delay: 20 * time.Millisecond}, Rule{Delay: 5 * time.Millisecond})
	for _, p := range shaped(s, []int64{0, 10, 1e9}, []int{1, 1 << 16, 7}) {
		if p.due != 25e6 && p.due != 25e6+10 && p.due != 1e9+25e6 {
			t.Errorf("due at %d", p.due)
		}
	}
	if got := s.handshake(); got != 25e6 {
		t.Errorf("a handshake is late by %d", got)
	}
}

func TestJitterHasTheSpreadAndTheCorrelationAskedFor(t *testing.T) {
	for _, rho := range []float64{0, 0.25, 0.5, 0.9} {
		const n, delay, jitter = 200_000, 100e6, 10e6
		s := shaperOf(7, Rule{Delay: delay, Jitter: jitter, Correlation: rho})
		var at []int64
		var sizes []int
		for i := range n {
			at, sizes = append(at, int64(i)*1e9), append(sizes, 1)
		}
		var sum, squares, products, before float64
		for i, p := range shaped(s, at, sizes) {
			d := float64(p.due-at[i]) - delay
			if math.Abs(d) > jitter {
				t.Fatalf("late by %v more than the delay", d)
			}
			sum, squares, products, before = sum+d, squares+d*d, products+d*before, d
		}
		deviation := math.Sqrt(squares / n)
		want := jitter / math.Sqrt(3) * math.Sqrt((1-rho)/(1+rho))
		if math.Abs(sum/n) > 0.01*jitter || math.Abs(deviation/want-1) > 0.02 || math.Abs(products/squares-rho) > 0.02 {
			t.Errorf("correlation %v: mean off by %.0f ns, deviation %.0f (want %.0f), correlation %.3f", rho, sum/n, deviation, want, products/squares)
		}
	}
}

func TestLossIsTheShareAskedForAndCorrelates(t *testing.T) {
	for _, c := range []struct{ loss, rho float64 }{{0.01, 0}, {0.1, 0.25}, {0.3, 0.5}} {
		l := newLoss(&active{Rule: Rule{Loss: c.loss, LossCorrelation: c.rho}})
		rnd := rand.New(rand.NewPCG(3, 4))
		const n = 500_000
		var lost, both float64
		before := false
		for range n {
			now := l.lost(rnd)
			if now {
				lost++
				if before {
					both++
				}
			}
			before = now
		}
		p, next := lost/n, both/lost
		if math.Abs(p/c.loss-1) > 0.04 || math.Abs(next-(c.rho+(1-c.rho)*c.loss)) > 0.02 {
			t.Errorf("%+v: lost %.4f, after a loss %.3f", c, p, next)
		}
	}
}

func TestALostSegmentStallsWhatFollows(t *testing.T) {
	s := shaperOf(5, Rule{Loss: 0.02})
	all := shaped(s, []int64{0}, []int{segment * 200})
	stalled := false
	for _, p := range all {
		if stalled = stalled || p.due > 0; stalled && p.due < int64(retransmission) {
			t.Fatalf("due at %d after a stall", p.due)
		}
	}
	if !stalled {
		t.Error("nothing was lost")
	}
	if s := shaperOf(5, Rule{Loss: 1}); shaped(s, []int64{0}, []int{1})[0].due != never || s.handshake() != never {
		t.Error("with a loss of 1 something passes")
	}
}

func TestARateThatStaysKeepsItsTokens(t *testing.T) {
	slow, more := &active{Rule: Rule{Pair: pair, Direction: Forward, Rate: 1000}}, &active{Rule: Rule{Pair: pair, Direction: Forward, Delay: 1}}
	one := combine(map[string][]*active{"a": {slow}}, pair, Forward, nil, 0)
	one.rates[0].take(0, 1460)
	two := combine(map[string][]*active{"a": {slow}, "b": {more}}, pair, Forward, one, 1e6)
	if !two.sameRates(one) {
		t.Error("another fault's delay begins the rate anew")
	}
	other := &active{Rule: Rule{Pair: pair, Direction: Forward, Rate: 2000}}
	three := combine(map[string][]*active{"a": {slow}, "b": {other}}, pair, Forward, two, 2e6)
	if three.sameRates(two) {
		t.Error("a further rate changes nothing")
	}
	if at := three.rates[0].take(2e6, 1000); at != 2e6+1e9 {
		t.Errorf("an empty bucket gives 1,000 bytes at %d", at)
	}
}
