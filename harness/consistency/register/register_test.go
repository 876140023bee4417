package register

import (
	"errors"
	"math"
	"os"
	"testing"

	"github.com/anishathalye/porcupine"
	"pgregory.net/rapid"
)

func write(invoke, ret int64, value uint64) Op {
	return Op{Invoke: invoke, Return: ret, Value: value, Write: true}
}
func read(invoke, ret int64, value uint64) Op { return Op{Invoke: invoke, Return: ret, Value: value} }

func TestHistoriesWithAKnownAnswer(t *testing.T) {
	for _, test := range []struct {
		name  string
		ops   []Op
		stale int64 // the smallest delta; 0: linearizable
	}{
		{"nothing", nil, 0},
		{"a read of nothing", []Op{read(0, 1, Initial)}, 0},
		{"one after the other", []Op{write(0, 1, 1), read(2, 3, 1), write(4, 5, 2), read(6, 7, 2)}, 0},
		{"a read beside a write may see either", []Op{write(0, 1, 1), write(10, 20, 2), read(11, 12, 1), read(13, 14, 2)}, 0},
		{"and then not the old one again", []Op{write(0, 1, 1), write(10, 20, 2), read(11, 12, 2), read(13, 14, 1)}, 1},
		{"the old value 5 after the new was acknowledged", []Op{write(0, 1, 1), write(10, 20, 2), read(25, 26, 1)}, 5},
		{"equal instants are at the same time", []Op{write(0, 10, 1), read(10, 11, Initial)}, 0},
		{"the initial value after a write", []Op{write(0, 10, 1), read(13, 14, Initial)}, 3},
		{"a write of unknown outcome that was seen late", []Op{write(0, Never, 1), read(5, 6, Initial), read(100, 101, 1)}, 0},
		{"and then not again unseen", []Op{write(0, Never, 1), read(5, 6, 1), read(9, 10, Initial)}, 3},
		{"a write of unknown outcome that nobody saw", []Op{write(0, Never, 1), read(5, 6, Initial)}, 0},
		{"two clients see two writes in different orders", []Op{
			write(0, 100, 1), write(0, 100, 2), read(101, 102, 1), read(103, 104, 2), read(105, 106, 1)}, 3},
	} {
		h, err := New(test.ops)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if got := h.Staleness(); got != test.stale {
			t.Errorf("%s: staleness %d, want %d", test.name, got, test.stale)
		}
		if _, ok := h.Linearizable(); ok != (test.stale == 0) {
			t.Errorf("%s: linearizable %t", test.name, ok)
		}
		if got := linearizableByPorcupine(test.ops); got != (test.stale == 0) {
			t.Errorf("%s: porcupine says linearizable %t", test.name, got)
		}
	}
}

func TestWhatNoOrderExplains(t *testing.T) {
	for name, ops := range map[string][]Op{
		"a value that nobody wrote":         {read(0, 1, 7)},
		"a value written twice":             {write(0, 1, 7), write(2, 3, 7)},
		"a value read before it was begun":  {read(0, 1, 7), write(2, 3, 7)},
		"an unknown one read before it was": {read(0, 1, 7), write(2, Never, 7)},
	} {
		_, err := New(ops)
		if m := (*Mistake)(nil); !errors.As(err, &m) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The conflict that is named must be one: neither value can come first.
func TestAConflictIsNamed(t *testing.T) {
	h, err := New([]Op{write(0, 1, 1), write(10, 20, 2), read(25, 26, 1), write(30, 31, 3)})
	if err != nil {
		t.Fatal(err)
	}
	c, ok := h.Linearizable()
	if ok || c != (Conflict{1, 2}) && c != (Conflict{2, 1}) {
		t.Errorf("linearizable %t, conflict %+v; want the values 1 and 2", ok, c)
	}
}

// histories draws small histories: true ones with an instant for each
// operation, with reads that are stale by up to late.
func histories(late int64) *rapid.Generator[[]Op] {
	return rapid.Custom(func(t *rapid.T) []Op {
		n := rapid.IntRange(1, 9).Draw(t, "operations")
		var ops []Op
		type event struct {
			at    int64
			value uint64
		}
		effects := []event{{math.MinInt64, Initial}}
		value := uint64(0)
		at := int64(0)
		for range n {
			at += rapid.Int64Range(0, 4).Draw(t, "pause")
			before, after := rapid.Int64Range(0, 6).Draw(t, "before"), rapid.Int64Range(0, 6).Draw(t, "after")
			if rapid.Bool().Draw(t, "write") {
				value++
				o := write(at-before, at+after, value)
				if rapid.IntRange(0, 5).Draw(t, "outcome") == 0 {
					o.Return = Never
				}
				effects = append(effects, event{at, value})
				ops = append(ops, o)
				continue
			}
			back := rapid.Int64Range(0, late).Draw(t, "late")
			seen := effects[0]
			for _, e := range effects {
				if e.at <= at-back {
					seen = e
				}
			}
			ops = append(ops, read(at-before, at+after, seen.value))
		}
		return ops
	})
}

// stale draws histories with stale reads, and none that returned a value before
// it was written, which New refuses.
func stale() *rapid.Generator[[]Op] {
	return histories(12).Filter(func(ops []Op) bool { _, err := New(ops); return err == nil })
}

func TestATrueHistoryIsLinearizable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ops := histories(0).Draw(t, "history")
		h, err := New(ops)
		if err != nil {
			t.Fatal(err)
		}
		if c, ok := h.Linearizable(); !ok {
			t.Fatalf("%+v cannot be ordered: %+v", c, ops)
		}
	})
}

// Zones and the search of porcupine must agree on every history, and the
// smallest staleness must be enough, one nanosecond less must not.
func TestZonesAgreeWithPorcupine(t *testing.T) {
	violations := 0
	rapid.Check(t, func(t *rapid.T) {
		ops := stale().Draw(t, "history")
		h, err := New(ops)
		if err != nil {
			t.Fatal(err)
		}
		_, ok := h.Linearizable()
		if want := linearizableByPorcupine(ops); ok != want {
			t.Fatalf("zones say linearizable %t, porcupine %t: %+v", ok, want, ops)
		}
		if delta := h.Staleness(); delta > 0 {
			violations++
			if !linearizableByPorcupine(shifted(ops, delta)) {
				t.Fatalf("a staleness of %d does not explain %+v", delta, ops)
			}
			if linearizableByPorcupine(shifted(ops, delta-1)) {
				t.Fatalf("a staleness below %d explains %+v", delta, ops)
			}
		}
	})
	if violations == 0 {
		t.Error("no history was drawn that is not linearizable: nothing was compared")
	}
}

// shifted lets every read begin sooner.
func shifted(ops []Op, delta int64) []Op {
	var all []Op
	for _, o := range ops {
		if !o.Write {
			o.Invoke -= delta
		}
		all = append(all, o)
	}
	return all
}

func linearizableByPorcupine(ops []Op) bool {
	return porcupine.CheckOperations(model, operations(ops))
}

func operations(ops []Op) []porcupine.Operation {
	all := make([]porcupine.Operation, len(ops))
	for i, o := range ops {
		all[i] = porcupine.Operation{ClientId: i, Input: o, Call: o.Invoke, Return: o.Return}
	}
	return all
}

// A hundred thousand small histories, half of them with stale reads: no
// disagreement between zones and the search.
func TestZonesAgreeWithPorcupineOnAHundredThousand(t *testing.T) {
	if testing.Short() && os.Getenv("CI") != "true" {
		t.Skip("the drawn ones suffice")
	}
	ordered, others := 0, 0
	for seed := range 100_000 {
		ops := histories(int64(seed % 2 * 12)).Example(seed)
		h, err := New(ops)
		if err != nil {
			continue // read before it was written
		}
		_, ok := h.Linearizable()
		if want := linearizableByPorcupine(ops); ok != want {
			t.Fatalf("seed %d: zones say linearizable %t, porcupine %t: %+v", seed, ok, want, ops)
		}
		if ok {
			ordered++
		} else {
			others++
		}
	}
	if ordered < 50_000 || others < 5_000 {
		t.Errorf("%d linearizable histories and %d others: too few to tell", ordered, others)
	}
}
