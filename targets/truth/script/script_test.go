package script

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const second = time.Second

func parsed(t testing.TB, text string) *Script {
	t.Helper()
	s, err := Parse("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStretches(t *testing.T) {
	for _, c := range []struct {
		name, events string
		want         [][2]time.Duration
	}{
		{"none", "[]", nil},
		{"one", "[{at: 5s, for: 2s, do: fail}]", [][2]time.Duration{{5 * second, 7 * second}}},
		{"three times", "[{at: 5s, for: 2s, do: fail, every: 10s, times: 3}]",
			[][2]time.Duration{{5 * second, 7 * second}, {15 * second, 17 * second}, {25 * second, 27 * second}}},
		{"by time, not by place", "[{at: 5s, for: 2s, do: fail}, {at: 1s, for: 1s, do: reset}]",
			[][2]time.Duration{{second, 2 * second}, {5 * second, 7 * second}}},
		{"of another replica", "[{at: 5s, for: 2s, do: fail, on: truth-2}, {at: 1s, for: 1s, do: fail, on: truth-1}]", [][2]time.Duration{{second, 2 * second}}},
		{"flapping, cut at its end", "[{at: 1s, for: 1s, do: fail, flap: 400ms}]",
			[][2]time.Duration{{second, 1400 * time.Millisecond}, {1800 * time.Millisecond, 2 * second}}},
	} {
		var got [][2]time.Duration
		for _, x := range parsed(t, "events: "+c.events).Stretches("truth-1") {
			got = append(got, [2]time.Duration{x.From, x.To})
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// Each time begins within its shift, a seed gives the same ones again, and
// another seed gives others.
func TestShiftsFollowFromTheSeed(t *testing.T) {
	const events = "events: [{at: 5s, for: 2s, do: fail, every: 10s, times: 50, shift: 1s}]"
	froms := func(seed int) (all []time.Duration) {
		for i, x := range parsed(t, fmt.Sprintf("seed: %d\n%s", seed, events)).Stretches("truth-1") {
			shift := x.From - time.Duration(5+10*i)*second
			if shift < 0 || shift > second || x.To-x.From != 2*second {
				t.Fatalf("time %d is from %v to %v", i, x.From, x.To)
			}
			all = append(all, shift)
		}
		return all
	}
	if !slices.Equal(froms(1), froms(1)) || slices.Equal(froms(1), froms(2)) {
		t.Error("the shifts do not follow from the seed")
	}
	sorted := slices.Sorted(slices.Values(froms(1)))
	if sorted[0] > 200*time.Millisecond || sorted[49] < 800*time.Millisecond {
		t.Errorf("50 shifts lie between %v and %v of 1 s", sorted[0], sorted[49])
	}
}

func TestMeetsItsShareOfTheRequests(t *testing.T) {
	for _, c := range []struct {
		event string
		at    time.Duration
		op    Operation
		want  float64
	}{
		{"do: fail", 0, Get, 0},
		{"do: fail", 9999 * time.Millisecond, Get, 0},
		{"do: fail", 10 * second, Get, 1},
		{"do: fail", 16*second - 1, Put, 1},
		{"do: fail", 16 * second, Get, 0},
		{"do: fail, share: 5%", 12 * second, Get, 0.05},
		{"do: fail, share: 33.3%", 12 * second, Get, 0.333},
		{"do: fail, only: put", 12 * second, Get, 0},
		{"do: fail, only: put", 12 * second, Put, 1},
		{"do: fail, keys: r-", 12 * second, Get, 0},
		{"do: fail, keys: k-", 12 * second, Get, 1},
		{"do: fail, ramp: 2s", 11 * second, Get, 0.5},
		{"do: fail, ramp: 2s", 13 * second, Get, 1},
		{"do: fail, ramp: 2s, share: 50%", 15 * second, Get, 0.25},
	} {
		s := parsed(t, "events: [{at: 10s, for: 6s, "+c.event+"}]")
		met := 0
		const n = 20_000
		for i := range n {
			if s.Meets(s.Stretches("truth-1")[0], c.at, c.op, "k-1", fmt.Sprint(i)) {
				met++
			}
		}
		if got := float64(met) / n; math.Abs(got-c.want) > 4*math.Sqrt(c.want*(1-c.want)/n) {
			t.Errorf("%s at %v meets %.4f of the %ss, want %.4f", c.event, c.at, got, c.op, c.want)
		}
	}
}

// Whom a stretch meets follows from the id, whenever it comes.
func TestTheOrderOfRequestsDoesNotMatter(t *testing.T) {
	s := parsed(t, "events: [{at: 1s, for: 6s, do: fail, share: 30%}]")
	x := s.Stretches("truth-1")[0]
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.String().Draw(t, "id")
		at := func(label string) time.Duration {
			return time.Duration(rapid.Int64Range(int64(x.From), int64(x.To)-1).Draw(t, label))
		}
		if s.Meets(x, at("at"), Get, "k-1", id) != s.Meets(x, at("later"), Get, "k-1", id) {
			t.Fatalf("%q is met at one instant and not at another", id)
		}
	})
}

func TestLateness(t *testing.T) {
	s := parsed(t, "events: [{at: 1s, for: 6s, do: delay, by: 400ms, jitter: 50ms}]")
	x, lowest, highest := s.Stretches("truth-1")[0], time.Hour, time.Duration(0)
	for i := range 10_000 {
		d := s.Lateness(x, fmt.Sprint(i))
		lowest, highest = min(lowest, d), max(highest, d)
	}
	if lowest < 350*time.Millisecond || lowest > 351*time.Millisecond || highest > 450*time.Millisecond || highest < 449*time.Millisecond {
		t.Errorf("from %v to %v, want 350 to 450 ms", lowest, highest)
	}
	if again := s.Lateness(x, "7"); again != s.Lateness(x, "7") {
		t.Error("asked twice, another lateness")
	}
}
