package load

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const distributionCount = 2000

// distributions are those that are tested against their own law, by name.
func distributions(t *testing.T, seed int64) map[string]Distribution {
	t.Helper()
	all := map[string]Distribution{}
	add := func(name string, d Distribution, err error) {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = d
	}
	z, err := NewZipf(seed, refTheta, distributionCount)
	add("zipf", z, err)
	u, err := NewUniform(seed, distributionCount)
	add("uniform", u, err)
	h, err := NewHotSet(seed, distributionCount, 10, 0.9)
	add("hotset", h, err)
	m, err := NewMovingHotSet(seed, distributionCount, 30, 0.8, 7*time.Second, Constant{Rate: 1000})
	add("moving hotset", m, err)
	c, err := NewChosenHotSet(seed, distributionCount, []uint32{1999, 5, 700, 0}, 0.5)
	add("chosen hotset", c, err)
	alone, err := NewChosenHotSet(seed, distributionCount, []uint32{1999, 5, 700, 0}, 1)
	add("chosen keys alone", alone, err)
	mix, err := NewMix(seed, []float64{0.7, 0.3})
	if err != nil {
		t.Fatal(err)
	}
	l, err := NewLatest(seed, refTheta, distributionCount, func(n uint64) bool { return mix.Kind(n) == 1 })
	add("latest", l, err)
	f, err := NewFamilies(seed, []Family{{"user", 1000, 0.7, 0.99}, {"order", 500, 0.25, 0.5}, {"session", 500, 0.05, 0}})
	add("families", f, err)
	return all
}

func TestEveryDistributionFollowsItsLaw(t *testing.T) {
	const draws = 2_000_000
	seeds := int64(3)
	if testing.Short() {
		seeds = 1
	}
	for seed := int64(1); seed <= seeds; seed++ {
		for name, d := range distributions(t, seed) {
			counts, counted, sum := make([]int, d.Ranks()), 0, 0.0
			for n := range uint64(draws) {
				key := d.Key(n)
				if key >= distributionCount {
					t.Fatalf("%s: key %d", name, key)
				}
				if rank, ok := d.Rank(n, key); ok {
					counts[rank]++
					counted++
				}
			}
			for rank := range counts {
				sum += d.Share(rank)
			}
			if math.Abs(sum-1) > 1e-9 {
				t.Errorf("%s: the shares add up to %v", name, sum)
			}
			if z := chiSquareZ(counts, d.Share, counted); math.Abs(z) > 4 {
				t.Errorf("%s, seed %d: off by z = %.1f", name, seed, z)
			}
		}
	}
}

// The law of the tests must be one that fails for another.
func TestALawThatIsNotTheirsFails(t *testing.T) {
	h, err := NewHotSet(1, distributionCount, 10, 0.9)
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewHotSet(1, distributionCount, 10, 0.91)
	if err != nil {
		t.Fatal(err)
	}
	counts := make([]int, h.Ranks())
	for n := range uint64(200_000) {
		counts[h.Key(n)]++
	}
	if z := chiSquareZ(counts, other.Share, 200_000); math.Abs(z) < 4 {
		t.Errorf("90%% passes for 91%%: z = %.1f", z)
	}
}

func TestTheHotSetMovesWithTheDueTime(t *testing.T) {
	m, err := NewMovingHotSet(1, 100, 10, 1, 2*time.Second, Constant{Rate: 100})
	if err != nil {
		t.Fatal(err)
	}
	for n := range uint64(5000) {
		first := uint32(n/200) * 10 % 100 // 200 requests are due before each move
		if key := m.Key(n); key < first || key >= first+10 {
			t.Fatalf("request %d asks for key %d, and keys %d to %d are hot", n, key, first, first+9)
		}
	}
}

// What the newest reads ask for was written last; and every key's turn to be
// written comes.
func TestLatestReadsWhatWasWrittenLast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.IntRange(1, 50).Draw(t, "count")
		kinds := rapid.SliceOfN(rapid.Bool(), 1, 300).Draw(t, "writes")
		l, err := NewLatest(3, 0.99, count, func(n uint64) bool { return kinds[n%uint64(len(kinds))] })
		if err != nil {
			t.Fatal(err)
		}
		last, written := uint32(count-1), uint32(0)
		for n := range uint64(600) {
			key := l.Key(n)
			if kinds[n%uint64(len(kinds))] {
				if want := written % uint32(count); key != want {
					t.Fatalf("request %d writes key %d, and it is the turn of %d", n, key, want)
				}
				last, written = key, written+1
				continue
			}
			rank, ok := l.Rank(n, key)
			if !ok || uint32(rank) != (last+uint32(count)-key)%uint32(count) {
				t.Fatalf("request %d reads key %d, %d keys after %d was written: rank %d", n, key, (last+uint32(count)-key)%uint32(count), last, rank)
			}
		}
	})
}

func TestLatestDependsOnTheNumberAlone(t *testing.T) {
	writes := func(n uint64) bool { return n%3 == 0 }
	inOrder, _ := NewLatest(1, 0.99, 100, writes)
	backwards, _ := NewLatest(1, 0.99, 100, writes)
	keys := make([]uint32, 1000)
	for n := range keys {
		keys[n] = inOrder.Key(uint64(n))
	}
	for n := len(keys) - 1; n >= 0; n-- {
		if got := backwards.Key(uint64(n)); got != keys[n] {
			t.Fatalf("request %d: key %d, in order %d", n, got, keys[n])
		}
	}
}

func TestFamiliesNameTheirKeys(t *testing.T) {
	f, err := NewFamilies(1, []Family{{"user", 3, 0.5, 0}, {"order", 2, 0.5, 1}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range uint32(5) {
		names = append(names, f.Name(i))
	}
	if got := strings.Join(names, " "); got != "user-0 user-1 user-2 order-0 order-1" {
		t.Error(got)
	}
	if math.Abs(f.Share(0)-1./3) > 1e-12 || math.Abs(f.Share(1)-1./6) > 1e-12 {
		t.Errorf("shares %v, %v", f.Share(0), f.Share(1))
	}
}

func TestWhatIsNoDistributionIsRefused(t *testing.T) {
	for what, make := range map[string]func() error{
		"no hot keys":         func() error { _, err := NewHotSet(1, 10, 0, 0.5); return err },
		"more hot than all":   func() error { _, err := NewHotSet(1, 10, 11, 0.5); return err },
		"no share":            func() error { _, err := NewHotSet(1, 10, 1, 0); return err },
		"more than all":       func() error { _, err := NewHotSet(1, 10, 1, 1.1); return err },
		"no time to move":     func() error { _, err := NewMovingHotSet(1, 10, 1, 0.5, 0, Constant{Rate: 1}); return err },
		"a key twice":         func() error { _, err := NewChosenHotSet(1, 10, []uint32{1, 1}, 0.5); return err },
		"a key beyond":        func() error { _, err := NewChosenHotSet(1, 10, []uint32{10}, 0.5); return err },
		"latest of none":      func() error { _, err := NewLatest(1, 0.99, 0, nil); return err },
		"an empty family":     func() error { _, err := NewFamilies(1, []Family{{"a", 0, 1, 0}}); return err },
		"no family":           func() error { _, err := NewFamilies(1, nil); return err },
		"a slot beyond":       func() error { _, err := NewOneSlot("{key}", 16384); return err },
		"a form without key":  func() error { _, err := NewOneSlot("all", 1); return err },
		"a form with one tag": func() error { _, err := NewOneSlot("{tag}:{key}", 1); return err },
	} {
		if make() == nil {
			t.Errorf("%s: accepted", what)
		}
	}
}

// The reference values of measurement.md, section 2, and of the specification.
func TestRedisSlots(t *testing.T) {
	if got := crc16(0, "123456789"); got != 0x31C3 {
		t.Errorf("CRC16 of 123456789 is %#x", got)
	}
	for key, want := range map[string]int{"foo": 12182, "{user1000}.following": 3443, "{user1000}.followers": 3443, "foo{}{bar}": RedisSlot("foo{}{bar}"), "": 0} {
		if got := RedisSlot(key); got != want {
			t.Errorf("%q is in slot %d, want %d", key, got, want)
		}
	}
	if RedisSlot("foo{}{bar}") == RedisSlot("bar") || RedisSlot("foo{{bar}}zap") != RedisSlot("{bar") || RedisSlot("foo{bar}{zap}") != RedisSlot("bar") {
		t.Error("hash tags are not those of the specification")
	}
}

func TestNamesFallIntoTheirSlot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		form := rapid.SampledFrom([]string{"{key}", "mapper:k:{key}", "a:{key}:b", "x{{key}}y", "{key}{"}).Draw(t, "form")
		slot := rapid.IntRange(0, Slots-1).Draw(t, "slot")
		o, err := NewOneSlot(form, slot)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for range 50 {
			name := o.Name(rapid.Uint32().Draw(t, "key"))
			if got := RedisSlot(strings.Replace(form, "{key}", name, 1)); got != slot {
				t.Fatalf("%s as %s is in slot %d, want %d", name, form, got, slot)
			}
			if strings.Trim(name, nameSigns) != "" || len(name) > 128 {
				t.Fatalf("%q is no name", name)
			}
			seen[name] = true
		}
		if a, b := o.Name(1), o.Name(2); a == b || seen[""] {
			t.Fatalf("two keys are called %s", a)
		}
	})
}

// However many slots: there is an end for each.
func TestThereIsAnEndForEverySlot(t *testing.T) {
	o, err := NewOneSlot("mapper:k:{key}", 0)
	if err != nil {
		t.Fatal(err)
	}
	for slot, end := range o.ends {
		if len(end) != 3 {
			t.Fatalf("no end for slot %d", slot)
		}
	}
}
