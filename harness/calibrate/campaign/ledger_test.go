package campaign

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gauntlet/reports"
)

func open(t *testing.T, path string) *Ledger {
	t.Helper()
	l, err := OpenLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// Wherever a kill cuts the file, what was entered before is there, and the next
// entry begins a line.
func TestALedgerSurvivesATear(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.ndjson")
	l := open(t, path)
	for _, run := range []string{"r1", "r2"} {
		if err := l.Enter(Entry{Row: "a", Run: run, Verdict: reports.Pass}); err != nil {
			t.Fatal(err)
		}
	}
	l.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	first := strings.Index(string(whole), "\n") + 1
	for cut := first; cut <= len(whole); cut++ {
		if err := os.WriteFile(path, whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		if all, err := ReadLedger(path); err != nil || len(all) < 1 {
			t.Fatalf("cut at %d: %v, %v", cut, all, err)
		}
		l, err := OpenLedger(path)
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		had := 1
		if cut == len(whole) {
			had = 2
		}
		if l.Done("a") != had || !l.Has("r1") || l.Enter(Entry{Row: "a", Run: "r3", Verdict: reports.Fail}) != nil {
			t.Fatalf("cut at %d: %d entries", cut, l.Done("a"))
		}
		l.Close()
		if all, err := ReadLedger(path); err != nil || len(all) != had+1 || all[had].Run != "r3" {
			t.Fatalf("cut at %d: %+v, %v", cut, all, err)
		}
	}
}

func TestALedgerCountsNoRunTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.ndjson")
	l := open(t, path)
	if err := errors.Join(l.Enter(Entry{Row: "a", Run: "r1", Verdict: reports.Pass}), l.Enter(Entry{Row: "a", Failed: "no port"}), l.Enter(Entry{Row: "a", Failed: "no port"})); err != nil {
		t.Fatal(err)
	}
	if err := l.Enter(Entry{Row: "b", Run: "r1", Verdict: reports.Pass}); err == nil || l.Done("a") != 1 || l.Done("b") != 0 {
		t.Errorf("%v, %d and %d", err, l.Done("a"), l.Done("b"))
	}
	// What could not be read again is not written.
	if err := l.Enter(Entry{Row: "a", Run: "r2"}); err == nil || l.Done("a") != 1 {
		t.Errorf("without a verdict: %v, %d", err, l.Done("a"))
	}
}

func TestALedgerIsHeldByOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.ndjson")
	l := open(t, path)
	if _, err := OpenLedger(path); !errors.Is(err, ErrTaken) {
		t.Errorf("%v", err)
	}
	l.Close()
	open(t, path)
}

func TestWhatIsNoLedgerIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"{\"row\":\"a\",\"run\":\"x\",\"verdict\":\"PASS\"}\nhello\n": "line 2",
		"{}\n":                            "line 1: no entry",
		"{\"row\":\"a\",\"run\":\"x\"}\n": `line 1: the run x has the verdict "", which is none`,
		"{\"row\":\"a\",\"run\":\"x\",\"verdict\":\"pass\"}\n":                                                     `line 1: the run x has the verdict "pass"`,
		"{\"row\":\"a\",\"run\":\"x\",\"verdict\":\"PASS\"}\n{\"row\":\"b\",\"run\":\"x\",\"verdict\":\"PASS\"}\n": "line 2: the run x is entered a second time",
	} {
		path := filepath.Join(t.TempDir(), "ledger.ndjson")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenLedger(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		if _, err := ReadLedger(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// FuzzLedger: whatever it is, it is read or refused.
func FuzzLedger(f *testing.F) {
	f.Add(`{"row":"a","run":"x","verdict":"PASS","told":{"episodes":[{"scope":"overall","degradedAt":3,"recoveredAt":4}]}}` + "\n")
	f.Add("{}\n")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := parse([]byte(text))
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, e := range all {
			if e.Row == "" || e.Run != "" && seen[e.Run] {
				t.Fatalf("%+v", all)
			}
			seen[e.Run] = true
			e.Tally()
		}
	})
}
