package register

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestParseJournal(t *testing.T) {
	a, b := Item{Kind: "rule", Args: []string{"a"}}, Item{Kind: "rule", Args: []string{"b"}}
	for name, c := range map[string]struct {
		text string
		left []Item
		bad  bool
	}{
		"empty":            {"", nil, false},
		"last first":       {`{"kind":"rule","args":["a"]}` + "\n" + `{"kind":"rule","args":["b"]}` + "\n", []Item{b, a}, false},
		"undone":           {`{"kind":"rule","args":["a"]}` + "\n" + `{"kind":"rule","args":["a"],"undone":true}` + "\n", nil, false},
		"twice, once back": {`{"kind":"rule","args":["a"]}` + "\n" + `{"kind":"rule","args":["a"]}` + "\n" + `{"kind":"rule","args":["a"],"undone":true}` + "\n", []Item{a}, false},
		"torn":             {`{"kind":"rule","args":["a"]}` + "\n" + `{"kind":"ru`, []Item{a}, false},
		"torn but whole":   {`{"kind":"rule","args":["a"]}`, nil, false},
		"bad in between":   {"x\n" + `{"kind":"rule","args":["a"]}` + "\n", []Item{a}, true},
		"no kind":          {"{}\n", nil, true},
		"unknown field":    {`{"kind":"rule","argz":[]}` + "\n", nil, true},
	} {
		left, err := parseJournal([]byte(c.text))
		if !reflect.DeepEqual(left, c.left) && len(left)+len(c.left) > 0 {
			t.Errorf("%s: left %v, want %v", name, left, c.left)
		}
		if (err != nil) != c.bad {
			t.Errorf("%s: error %v, want one: %v", name, err, c.bad)
		}
	}
}

func TestProcessItemsThatNameNoChildAreRefused(t *testing.T) {
	for _, args := range [][]string{nil, {"5"}, {"0", "7"}, {"1", "7"}, {"-1", "7"}, {"x", "7"}, {"5", "0"}, {"5", "-3"}, {"5", "7", "9"}} {
		if _, _, err := (Item{Kind: kindProcess, Args: args}).process(); err == nil {
			t.Errorf("%v was accepted", args)
		}
	}
	if pid, start, err := processItem(5, 7).process(); pid != 5 || start != 7 || err != nil {
		t.Errorf("read back %d, %d, %v", pid, start, err)
	}
}

// Wherever a journal is cut, what was entered before the cut is found.
func TestACutJournalKeepsWhatWasWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kinds := rapid.SliceOfN(rapid.StringMatching(`[a-z]{1,5}`), 0, 6).Draw(t, "kinds")
		var text []byte
		var ends []int
		var items []Item
		for _, k := range kinds {
			i := Item{Kind: k, Args: rapid.SliceOfN(rapid.String(), 1, 3).Draw(t, "args")}
			b, err := line{Item: i}.encode()
			if err != nil {
				t.Fatal(err)
			}
			text = append(text, b...)
			ends = append(ends, len(text))
			// JSON text is UTF-8: what is not comes back as the replacement character.
			for n := range i.Args {
				i.Args[n] = string(bytes.ToValidUTF8([]byte(i.Args[n]), []byte("\ufffd")))
			}
			items = append(items, i)
		}
		cut := rapid.IntRange(0, len(text)).Draw(t, "cut")
		whole := 0
		for whole < len(ends) && ends[whole] <= cut {
			whole++
		}
		want := slices.Clone(items[:whole])
		slices.Reverse(want)
		left, err := parseJournal(text[:cut])
		if err != nil || len(left) != len(want) {
			t.Fatalf("left %v, %v, want %v", left, err, want)
		}
		for n := range want {
			if left[n].Kind != want[n].Kind || !slices.Equal(left[n].Args, want[n].Args) {
				t.Fatalf("left %v, want %v", left[n], want[n])
			}
		}
	})
}

func FuzzParseJournal(f *testing.F) {
	f.Add([]byte(`{"kind":"process","args":["12","34"]}` + "\n" + `{"kind":"folder","args":["/x"]}` + "\n" + `{"kind":"pro`))
	f.Add([]byte("\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		left, _ := parseJournal(b)
		if max := bytes.Count(b, []byte{'\n'}); len(left) > max {
			t.Errorf("%d items from %d lines", len(left), max)
		}
		for _, i := range left {
			if i.Kind == "" {
				t.Error("an item of no kind")
			}
			if pid, _, err := i.process(); err == nil && pid <= 1 {
				t.Errorf("pid %d was accepted", pid)
			}
		}
	})
}
