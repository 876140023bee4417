package doctor

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func FuzzProc(f *testing.F) {
	for _, text := range []string{"", "some avg10=1.53 avg60=0.87 avg300=0.73 total=1\n", "some avg10=NaN avg60=-1\n",
		"MemTotal: 1 kB\nMemAvailable: 1 kB\n", "MemTotal: 99999999999999999999 kB\nMemAvailable:\n",
		"cgroup /c cgroup rw,cpu 0 0\n", "cgroup2 /c cgroup2\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if a, b, err := parsePressure(text); err == nil && !(a >= 0 && a <= 100 && b >= 0 && b <= 100) {
			t.Errorf("pressure %v, %v", a, b)
		}
		if available, total, err := parseMeminfo(text); err == nil && (total == 0 || available > total) {
			t.Errorf("%d available of %d", available, total)
		}
		m := healthy()
		if version, folder := cpuController(m.Machine, text); (version == 0) != (folder == "") || version > 2 {
			t.Errorf("version %d at %q", version, folder)
		}
	})
}

func TestAQuantileHasItsShareBelow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Map(rapid.Int64Range(0, 1000), func(n int64) time.Duration { return time.Duration(n) }), 1, 300).Draw(t, "list")
		p := rapid.IntRange(1, 100).Draw(t, "p")
		slices.Sort(list)
		q := quantile(list, p)
		atMost, below := 0, 0
		for _, d := range list {
			if d <= q {
				atMost++
			}
			if d < q {
				below++
			}
		}
		if atMost*100 < p*len(list) || below*100 >= p*len(list) {
			t.Errorf("p%d of %v is %v", p, list, q)
		}
	})
}

func TestVersionsCompareByNumber(t *testing.T) {
	for have, want := range map[string]bool{"1.41": true, "1.9": false, "1.100": true, "2.0": true, "1.40": false, "": false, "x.y": false} {
		if atLeast(have, "1.41") != want {
			t.Errorf("%s is at least 1.41: %v", have, !want)
		}
	}
}

func TestSizesHaveUnits(t *testing.T) {
	for n, want := range map[uint64]string{0: "0 MiB", 300 * mebi: "300 MiB", gibi: "1.0 GiB", 5 * gibi / 2: "2.5 GiB"} {
		if got := size(n); got != want {
			t.Errorf("%d is %q, not %q", n, got, want)
		}
	}
}
