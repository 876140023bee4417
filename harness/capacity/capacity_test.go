package capacity

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestWhatIsLeftToTheGenerator(t *testing.T) {
	for _, c := range []struct {
		name  string
		g     Generator
		s     Stress
		cores float64
	}{
		{"nobody beside it", Generator{Processors: 2, Weight: 1}, Stress{}, 2},
		{"what the stress leaves is more than a share", Generator{Processors: 4, Weight: 1}, Stress{Workers: 4, Cores: 1}, 3},
		{"as many threads of equal weight", Generator{Processors: 2, Weight: 1}, Stress{Workers: 2, Cores: 2}, 1},
		{"ten times the weight", Generator{Processors: 2, Weight: 10}, Stress{Workers: 2, Cores: 2}, 20. / 11},
		{"many burners against equal weight", Generator{Processors: 2, Weight: 1}, Stress{Workers: 1024, Cores: 1024}, 4. / 1026},
		{"many burners against ten times the weight", Generator{Processors: 2, Weight: 10}, Stress{Workers: 1024, Cores: 1024}, 40. / 1044},
		{"burners in a group weigh as one", Generator{Processors: 2, Weight: 1}, Stress{Workers: 1024, Cores: 1024, Grouped: true}, 4. / 3},
		{"group against group, whatever the threads weigh", Generator{Processors: 2, Weight: 10, Grouped: true}, Stress{Workers: 8, Cores: 8, Grouped: true}, 1},
		{"a group of its own does not matter within it", Generator{Processors: 2, Weight: 10, Grouped: true}, Stress{Workers: 2, Cores: 2}, 20. / 11},
	} {
		if got := c.g.Cores(c.s); math.Abs(got-c.cores) > 1e-9 {
			t.Errorf("%s: %v cores, want %v", c.name, got, c.cores)
		}
	}
}

func TestTheRateThatIsNamed(t *testing.T) {
	for most, want := range map[float64]float64{0: 0, 1.2: 0, 1.25: 1, 7: 5, 15: 12, 130: 100, 1000: 800, 12_345: 9_800, 123_456: 98_000} {
		if got := Rate(most); math.Abs(got-want) > 1e-6 {
			t.Errorf("of at most %v: %v, want %v", most, got, want)
		}
	}
}

// What is refused names a rate that is accepted, also where a request comes out
// a fifth dearer the next time; and an absurd rate is refused.
func TestARefusalLeadsToARateThatCan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := Generator{
			Processors: rapid.IntRange(1, 64).Draw(t, "processors"), Weight: rapid.Float64Range(1, 12).Draw(t, "weight"), Grouped: rapid.Bool().Draw(t, "grouped"),
			PerRequest: time.Duration(rapid.Int64Range(int64(10*time.Microsecond), int64(time.Millisecond)).Draw(t, "per request")),
		}
		workers := rapid.IntRange(0, 1024).Draw(t, "workers")
		s := Stress{Workers: workers, Cores: float64(workers) * rapid.Float64Range(0.01, 1).Draw(t, "load"), Grouped: rapid.Bool().Draw(t, "together")}
		const absurd = 1e8
		rate := Rate(g.Most(s))
		why, instead := g.TooMuch(absurd, s)
		if !strings.Contains(why, "at most") || strings.Contains(instead, fmt.Sprintf("--set load.rate=%g/s ", rate)) != (rate > 0) {
			t.Fatalf("%g a second: %q, instead %q", absurd, why, instead)
		}
		if rate > named*g.Most(s) {
			t.Fatalf("named %v of at most %v", rate, g.Most(s))
		}
		g.PerRequest = time.Duration(1.2 * float64(g.PerRequest))
		if why, _ := g.TooMuch(rate, s); why != "" {
			t.Fatalf("the named rate: %s", why)
		}
		if g.Cores(s) > float64(g.Processors) || g.Cores(s) <= 0 {
			t.Fatalf("%v of %d processors", g.Cores(s), g.Processors)
		}
	})
}
