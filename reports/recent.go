package reports

import (
	"fmt"
	"path"
	"strings"
)

// recentRun is an earlier run on the first screen.
type recentRun struct {
	HistoryEntry
	Link string // relative; "" for the run at hand
	This bool
}

func (r recentRun) Glyph() string    { return glyph(r.Verdict) }
func (r recentRun) Tone() string     { return tone(r.Verdict) }
func (r recentRun) When() string     { return startedAt(r.StartedAt) }
func (r recentRun) Recovery() string { return optional(r.RecoverySeconds, seconds) }
func (r recentRun) Available() string {
	return optional(r.Availability, percent)
}
func (r recentRun) P99() string { return optional(r.FaultP99Ms, milliseconds) }
func (r recentRun) Tip() string {
	return fmt.Sprintf("%s, %s, recovery %s", r.Verdict, r.When(), r.Recovery())
}

// recentRuns is the last ten, the run at hand at their end. Runs that can be
// compared are of one experiment and so lie side by side.
func recentRuns(r *Result, earlier []HistoryEntry) []recentRun {
	var all []recentRun
	for _, e := range earlier {
		if e.Run == r.Run {
			continue
		}
		link := ""
		if base := path.Base(strings.ReplaceAll(e.Folder, `\`, "/")); e.Folder != "" && local(base) {
			link = "../" + base + "/report.html"
		}
		all = append(all, recentRun{HistoryEntry: e, Link: link})
	}
	all = append(all, recentRun{HistoryEntry: HistoryOf(r), This: true})
	return all[max(0, len(all)-10):]
}

// local says that a name is a file beside the page and nothing else: no
// folder above it, no scheme.
func local(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.HasPrefix(name, "/") && !strings.HasPrefix(name, "../") &&
		!strings.Contains(name, "/../") && !strings.HasSuffix(name, "/..") && !strings.ContainsAny(name, ":\\?#%\x00")
}

// sparkline draws the recovery times of the runs, a bar each; a run without
// one leaves its place empty.
func sparkline(runs []recentRun) *chart {
	most := 0.0
	for _, r := range runs {
		if r.RecoverySeconds != nil {
			most = max(most, *r.RecoverySeconds)
		}
	}
	c := &chart{ID: "trend", Title: "Recovery time of the last runs", Height: 22}
	for i, r := range runs {
		if r.RecoverySeconds == nil {
			continue
		}
		h := 2.0
		if most > 0 {
			h = max(2, 20*(*r.RecoverySeconds)/most)
		}
		fill := paint("grey")
		if r.Verdict == Fail {
			fill = "vermillion"
		}
		c.add(mark{Kind: "rect", X: float64(i * 12), Y: 22 - h, W: 9, H: h, Fill: fill, Text: r.Tip()})
	}
	return c
}
