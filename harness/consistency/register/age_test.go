package register

import (
	"testing"

	"pgregory.net/rapid"
)

func TestAgesOfReads(t *testing.T) {
	ops := []Op{
		write(0, 1, 1), write(10, 20, 2), write(30, 40, 3),
		read(12, 13, 1), // beside the write of 2
		read(25, 26, 1), // 5 after 2 was acknowledged
		read(50, 51, 2), // 10 after 3 was
		read(52, 53, 3),
	}
	h, err := New(ops)
	if err != nil {
		t.Fatal(err)
	}
	want := []int64{0, 5, 10, 0}
	for i, a := range h.Ages(ops) {
		if a.Since != want[i] {
			t.Errorf("the read at %d is %d old, want %d", a.Read.Invoke, a.Since, want[i])
		}
	}
}

// A write of unknown outcome may take effect at any time, until it was seen.
func TestAWriteOfUnknownOutcomeIsNotOverUnseen(t *testing.T) {
	ops := []Op{write(0, Never, 1), write(10, 20, 2), read(30, 31, 1)}
	h, err := New(ops)
	if err != nil {
		t.Fatal(err)
	}
	if a := h.Ages(ops)[0]; a.Since != 0 {
		t.Errorf("the read is %d old: the first write may have come last", a.Since)
	}
	ops = append(ops, read(5, 6, 1))
	if h, err = New(ops); err != nil {
		t.Fatal(err)
	}
	if a := h.Ages(ops)[1]; a.Since != 10 {
		t.Errorf("the read is %d old, want 10: the first write was seen before the second began", a.Since)
	}
}

func TestNoAgeIsAboveTheStaleness(t *testing.T) {
	old := 0
	rapid.Check(t, func(t *rapid.T) {
		ops := stale().Draw(t, "history")
		h, err := New(ops)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range h.Ages(ops) {
			if a.Since > 0 {
				old++
			}
			if a.Since > h.Staleness() {
				t.Fatalf("a read is %d old, and a staleness of %d explains everything: %+v", a.Since, h.Staleness(), ops)
			}
		}
	})
	if old == 0 {
		t.Error("no read was stale: nothing was compared")
	}
}

func TestSessions(t *testing.T) {
	by := func(client int, o Op) Op { o.Client = client; return o }
	ops := []Op{
		by(1, write(0, 1, 1)), by(2, write(10, 11, 2)),
		by(2, read(20, 21, 1)), // did not read its own write
		by(3, read(22, 23, 2)),
		by(3, read(30, 31, 1)), // went back
		by(1, read(40, 41, 1)), // stale, and never knew better
		by(4, read(50, 61, 2)),
		by(4, read(60, 62, 1)), // at the same time as the read of 2
	}
	h, err := New(ops)
	if err != nil {
		t.Fatal(err)
	}
	got, followed := h.Sessions(ops, Guarantees)
	if followed != 3 {
		t.Errorf("%d reads followed something, want those of clients 2, 3 and 1", followed)
	}
	if len(got) != 2 || got[0].Broken != ReadYourWrites || got[0].Read.Client != 2 ||
		got[1].Broken != MonotonicReads || got[1].Read.Client != 3 || got[1].Before.Value != 2 {
		t.Errorf("broken: %+v; want client 2's own write and client 3's second read", got)
	}
}

// A guarantee is asked for whether or not another is broken as well: what the
// client has read since does not hide what it wrote.
func TestSessionsOfOneGuarantee(t *testing.T) {
	ops := []Op{write(0, 1, 1), write(10, 11, 2), write(20, 21, 3), read(30, 31, 3), read(40, 41, 1)}
	for i, client := range []int{1, 2, 1, 2, 2} {
		ops[i].Client = client
	}
	h, err := New(ops)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		of       []string
		broken   string
		before   uint64
		followed int
	}{
		{[]string{ReadYourWrites}, ReadYourWrites, 2, 2},
		{[]string{MonotonicReads}, MonotonicReads, 3, 1},
		{Guarantees, MonotonicReads, 3, 2},
	} {
		if got, followed := h.Sessions(ops, c.of); len(got) != 1 || followed != c.followed || got[0].Broken != c.broken || got[0].Before.Value != c.before {
			t.Errorf("of %v: %+v of %d, want %s by %d of %d", c.of, got, followed, c.broken, c.before, c.followed)
		}
	}
	if got, followed := h.Sessions(ops, nil); len(got)+followed != 0 {
		t.Errorf("of none: %+v of %d", got, followed)
	}
}

// Whoever may be explained by one order breaks no promise to anybody.
func TestALinearizableHistoryKeepsEverySession(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ops := histories(0).Draw(t, "history")
		for i := range ops {
			ops[i].Client = rapid.IntRange(0, 2).Draw(t, "client")
		}
		h, err := New(ops)
		if err != nil {
			t.Fatal(err)
		}
		if broken, _ := h.Sessions(ops, Guarantees); len(broken) > 0 {
			t.Fatalf("%+v of %+v", broken, ops)
		}
	})
}
