package register

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func remove(invoke, ret int64) Op {
	return Op{Invoke: invoke, Return: ret, Value: Initial, Write: true}
}

func TestAgesWhereAKeyIsDeleted(t *testing.T) {
	ops := []Op{
		write(0, 1, 1), remove(10, 20), write(30, 40, 2), remove(50, Never),
		read(25, 26, 1),       // 5 after the delete was acknowledged
		read(26, 27, Initial), // after the delete
		read(45, 46, Initial), // 5 after 2 was acknowledged, and the second delete had not begun
		read(55, 56, Initial), // the second delete may have done it
		read(60, 61, 2),       // or not yet
	}
	h, err := New(ops)
	if err != nil {
		t.Fatal(err)
	}
	want := []int64{5, 0, 5, 0, 0}
	for i, a := range h.Ages(ops) {
		if a.Since != want[i] {
			t.Errorf("the read at %d is %d old, want %d", a.Read.Invoke, a.Since, want[i])
		}
	}
	if !h.Deleted() || Search(ops, time.Minute) != Unordered {
		t.Error("the stale reads do not show in the search")
	}
}

func TestSessionsWhereAKeyIsDeleted(t *testing.T) {
	by := func(client int, o Op) Op { o.Client = client; return o }
	ops := []Op{
		by(1, write(0, 1, 1)), by(1, remove(10, 11)),
		by(1, read(20, 21, 1)),       // what it deleted came back
		by(2, read(22, 23, Initial)), // never saw it
		by(3, write(30, 31, 2)),
		by(3, read(40, 41, Initial)), // did not read its own write
	}
	h, err := New(ops)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := h.Sessions(ops, Guarantees)
	if len(got) != 2 || got[0].Read.Client != 1 || !got[0].Before.deletes() || got[1].Read.Client != 3 {
		t.Errorf("broken: %+v; want client 1's delete and client 3's write", got)
	}
}

// deleting makes some of the writes of a history deletes. What reads of them
// would have returned is nothing.
func deleting(late int64) *rapid.Generator[[]Op] {
	return rapid.Custom(func(t *rapid.T) []Op {
		ops := histories(late).Draw(t, "history")
		gone := map[uint64]bool{}
		for i, o := range ops {
			if o.Write && rapid.IntRange(0, 2).Draw(t, "delete") == 0 {
				gone[o.Value] = true
				ops[i].Value = Initial
			}
		}
		for i, o := range ops {
			if gone[o.Value] {
				ops[i].Value = Initial
			}
			ops[i].Client = rapid.IntRange(0, 2).Draw(t, "client")
		}
		return ops
	})
}

// What ages and sessions call broken must be: no order may explain it.
func TestWhatIsOldWhereAKeyIsDeletedHasNoOrder(t *testing.T) {
	old := 0
	rapid.Check(t, func(t *rapid.T) {
		ops := deleting(12).Draw(t, "history")
		h, err := New(ops)
		if err != nil {
			t.Skip("read before it was written")
		}
		sessions, _ := h.Sessions(ops, Guarantees)
		broken := len(sessions) > 0
		for _, a := range h.Ages(ops) {
			broken = broken || a.Since > 0
		}
		if !broken {
			return
		}
		old++
		if Search(ops, time.Minute) != Unordered {
			t.Fatalf("called stale, and an order explains all of it: %+v", ops)
		}
	})
	if old == 0 {
		t.Error("nothing was stale: nothing was compared")
	}
}

func TestATrueHistoryWithDeletesIsOrderedAndNothingOld(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ops := deleting(0).Draw(t, "history")
		h, err := New(ops)
		if err != nil {
			t.Fatal(err)
		}
		if broken, _ := h.Sessions(ops, Guarantees); Search(ops, time.Minute) != Ordered || len(broken) > 0 {
			t.Fatalf("%+v", ops)
		}
		for _, a := range h.Ages(ops) {
			if a.Since > 0 {
				t.Fatalf("%+v of %+v", a, ops)
			}
		}
	})
}

// Only acknowledgements at from or later count.
func TestOverFrom(t *testing.T) {
	ops := []Op{write(0, 1, 1), write(10, 20, 2), write(30, 40, 3), read(50, 51, 1)}
	h, err := New(ops)
	if err != nil {
		t.Fatal(err)
	}
	for from, want := range map[int64]uint64{math.MinInt64: 2, 20: 2, 21: 3, 40: 3} {
		if by, ok := h.Over(ops[3], from); !ok || by.Value != want {
			t.Errorf("from %d: over by %d (%t), want %d", from, by.Value, ok, want)
		}
	}
	if _, ok := h.Over(ops[3], 41); ok {
		t.Error("over, though nothing was acknowledged any more")
	}
}

// A search that cannot end in time says so.
func TestASearchEndsInTime(t *testing.T) {
	var ops []Op
	for i := range int64(60) { // all at once, and no last value fits
		ops = append(ops, write(0, 1000, uint64(i+1)), remove(0, 1000))
	}
	ops = append(ops, read(2000, 2001, 1), read(2002, 2003, 2))
	if got := Search(ops, time.Millisecond); got != Unknown {
		t.Errorf("%d, want that the time was up", got)
	}
}
