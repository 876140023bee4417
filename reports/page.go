package reports

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"maps"
	"math"
	"sort"
	"strings"
)

//go:embed page/*
var pageFiles embed.FS

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"num":      num,
	"count":    count,
	"ms":       milliseconds,
	"percent":  percent,
	"instant":  func(v *float64) string { return optional(v, instant) },
	"duration": seconds,
	"glyph":    glyph,
	"tone":     tone,
	"list":     list,
	"orAbsent": orAbsent,
	"tie":      tie,
	"started":  startedAt,
	"data":     func(s string) template.URL { return template.URL(s) }, // only of pictures that heatImage made
}).ParseFS(pageFiles, "page/*.tmpl"))

// Extra is what the page shows beside the result and the series.
type Extra struct {
	Recent     []HistoryEntry // earlier runs with the same fingerprint, the oldest first
	Logs       []LogExcerpt   // of the replicas, around the edges
	Experiment string         // the experiment's YAML as run
	Previous   *Result        // the run before this one; nil for none: its configuration is compared
}

// LogExcerpt is what a log said around an instant.
type LogExcerpt struct {
	Source string  // whose log: "mapper-2"
	Edge   string  // what happened: "redis-down injected"
	At     float64 // s from the origin
	Text   string  // the lines, secrets redacted
}

// HTML writes the report of a run: one page that needs nothing but itself, and
// whose bytes depend on its arguments alone. Without a series (nil) it has no
// charts over time and says so.
func HTML(w io.Writer, r *Result, s *Series, extra Extra) error {
	p, err := newPage(r, s, extra)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := pageTemplate.ExecuteTemplate(&b, "page.html.tmpl", p); err != nil {
		return fmt.Errorf("report of %s: %w", r.Experiment, err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

// page is what the template shows.
type page struct {
	*Result
	Extra    Extra
	Policy   string
	Style    template.CSS
	Script   template.JS
	Started  string
	Kept     string
	Tiles    []tile
	Recents  []recentRun
	Trend    *chart
	Sections []section
	Spectrum *chart
	Keys     *chart
	Shards   *chart
	Picture  *chart
	Sorted   []objectiveRow
	Waived   []Objective // whose FAIL is accepted for now
	Gated    string      // what that means for a pipeline
	Burned   []burned
	Advices  []advised
	Now      string // what to do first; "" when everything was decided
	Phased   []phaseRow
	Settings []setting
	Changes  []change
	Files    []file
	Data     bool // result.json lies beside the page
}

// section is a heading with its charts.
type section struct {
	ID, Name string
	Charts   []*chart
	Missing  string // said in place of charts
}

type objectiveRow struct {
	Objective
	ID       string
	Interval string
}

type phaseRow struct {
	Name   string
	Count  string
	Values []cell
}

// cell is a number that fades when too few requests stand behind it.
type cell struct {
	Text string
	Few  bool
}

type setting struct{ Name, Value string }

// change is a setting that differs from the run before.
type change struct{ Name, Before, Now string }

// changes is what differs in commit and configuration from the run before.
func changes(before, now *Result) []change {
	if before == nil {
		return nil
	}
	var all []change
	add := func(name, b, n string) {
		if b != n {
			all = append(all, change{name, orAbsent(b), orAbsent(n)})
		}
	}
	add("commit", before.Commit, now.Commit)
	add("platform", before.Platform, now.Platform)
	add("substitutes", list(before.Substitutes), list(now.Substitutes))
	both := map[string]string{}
	maps.Copy(both, before.Environment.Config)
	maps.Copy(both, now.Environment.Config)
	for _, name := range sortedKeys(both) {
		add(name, before.Environment.Config[name], now.Environment.Config[name])
	}
	return all
}

type file struct {
	Name string
	Link bool
}

func newPage(r *Result, s *Series, extra Extra) (*page, error) {
	style, script, policy, err := assets("page/page.css")
	if err != nil {
		return nil, err
	}
	p := &page{Result: r, Extra: extra, Style: style, Script: script, Policy: policy, Started: startedAt(r.StartedAt),
		Kept:  fmt.Sprintf("%d of %d kept", kept(r.Objectives), len(r.Objectives)),
		Tiles: tiles(r, s), Recents: recentRuns(r, extra.Recent)}
	p.Trend = sparkline(p.Recents)
	for i, o := range failedFirst(r.Objectives) {
		p.Sorted = append(p.Sorted, objectiveRow{o, fmt.Sprintf("objective-%d", i+1), interval(o.Name, o.Low, o.High)})
	}
	p.Waived, p.Gated = waived(r.Objectives), gated(r.Gate)
	p.Burned = burnedBy(r.Budgets)
	p.Advices = advices(r.Objectives)
	p.Now = first(p.Advices, r)
	p.Phased, p.Changes = phaseRows(r, s), changes(extra.Previous, r)
	for _, name := range sortedKeys(r.Environment.Config) {
		p.Settings = append(p.Settings, setting{name, r.Environment.Config[name]})
	}
	for _, a := range r.Artifacts {
		p.Files = append(p.Files, file{a, local(a)})
		p.Data = p.Data || a == "result.json"
	}
	return p, p.charts(r, s)
}

// assets are the style of a page from these files, its script, and the policy
// that allows those two and nothing else.
func assets(styles ...string) (style template.CSS, script template.JS, policy string, err error) {
	var css []byte
	for _, name := range styles {
		part, err := pageFiles.ReadFile(name)
		if err != nil {
			return "", "", "", err
		}
		css = append(css, part...)
	}
	js, err := pageFiles.ReadFile("page/page.js")
	if err != nil {
		return "", "", "", err
	}
	policy = fmt.Sprintf("default-src 'none'; img-src data:; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'", digest(css), digest(js))
	return template.CSS(css), template.JS(js), policy, nil
}

// digest is how a Content-Security-Policy names an inline element.
func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func (p *page) charts(r *Result, s *Series) error {
	if s == nil || s.Seconds <= 0 {
		p.Sections = []section{{ID: "no-series", Name: "Charts", Missing: "There is no series of this run, hence nothing to draw."}}
		return nil
	}
	s = s.bounded()
	sc := newScene(r, s)
	heat, err := heatChart(sc, s)
	if err != nil {
		return err
	}
	for _, sec := range []section{
		{ID: "sec-timeline", Name: "Timeline", Charts: []*chart{laneChart(sc, r, s)}},
		{ID: "sec-latency", Name: "Response time", Charts: []*chart{percentileChart(sc, r, s), heat}, Missing: "No response was measured."},
		{ID: "sec-outcomes", Name: "Outcomes", Charts: []*chart{outcomeChart(sc, r, s)}, Missing: "No request was due."},
		{ID: "sec-strips", Name: "By operation, replica and shard", Charts: []*chart{stripChart(sc, s)}, Missing: "Not recorded."},
		{ID: "sec-generator", Name: "Health of the generator and its host", Charts: []*chart{slipChart(sc, r, s), hostChart(sc, r, s)}, Missing: "Not recorded."},
	} {
		drawn := sec.Charts[:0]
		for _, c := range sec.Charts {
			if c != nil {
				drawn = append(drawn, c)
			}
		}
		if sec.Charts = drawn; len(drawn) > 0 {
			sec.Missing = ""
		}
		p.Sections = append(p.Sections, sec)
	}
	p.Spectrum, p.Keys, p.Shards, p.Picture = spectrumChart(s), keyChart(s), shardChart(s), pictureChart(r, s)
	return nil
}

// bounded is the series no longer than what it holds: a length that is wrong
// must not cost the time to draw it.
func (s *Series) bounded() *Series {
	longest := max(len(s.Planned), len(s.Latency), len(s.Heat.Cells), len(s.Slip), 1)
	if s.Seconds <= longest {
		return s
	}
	c := *s
	c.Seconds = longest
	return &c
}

// phaseRows is the table before, during, after.
func phaseRows(r *Result, s *Series) []phaseRow {
	var rows []phaseRow
	seen := map[string]bool{}
	for _, ph := range r.Phases {
		l, ok := r.Latency[ph.Name]
		if !ok || seen[ph.Name] {
			continue
		}
		seen[ph.Name] = true
		row := phaseRow{Name: phaseName(ph.Name), Count: count(l.Count)}
		value := func(v float64, known bool, needed int) {
			c := cell{Text: absent}
			if known && l.Count > 0 {
				c = cell{milliseconds(v), l.Count < needed}
			}
			row.Values = append(row.Values, c)
		}
		p9999, known := quantile(s, ph.Name, 0.9999)
		value(l.P50, true, 1)
		value(l.P90, true, 10)
		value(l.P99, true, fewSamples)
		value(l.P999, true, 1000)
		value(p9999, known, 10000)
		value(l.Max, true, 1)
		rows = append(rows, row)
	}
	return rows
}

// quantile is a point of a phase's spectrum; false when it is not in it.
func quantile(s *Series, phase string, q float64) (float64, bool) {
	if s == nil {
		return 0, false
	}
	for _, l := range s.Spectrum {
		if l.Phase != phase {
			continue
		}
		for _, p := range l.At {
			if math.Abs(p.Q-q) < 1e-9 {
				return p.Ms, true
			}
		}
	}
	return 0, false
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// Title is the page's name in a browser's tab.
func (p *page) Title() string {
	return strings.TrimSpace(glyph(p.Verdict) + " " + string(p.Verdict) + " · " + p.Experiment)
}
