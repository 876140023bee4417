package run

import (
	"math"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"

	"gauntlet/harness/history"
	"gauntlet/reports"
)

const second = int64(1e9)

// Histograms hold response times in microseconds: 1 µs … 60 s at three
// digits, so that merging is exact and p99.99 is no estimate of a sketch.
const (
	histogramMax    = 60_000_000
	histogramDigits = 3
)

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, histogramMax, histogramDigits)
}

// recordMicros adds a response time given in ns; what is outside the range
// counts as its edge.
func recordMicros(h *hdrhistogram.Histogram, ns int64) {
	h.RecordValue(min(max(ns/1000, 1), histogramMax)) // in range by construction
}

func millis(h *hdrhistogram.Histogram, percentile float64) float64 {
	return float64(h.ValueAtPercentile(percentile)) / 1000
}

// The rows of the heat map: 0.1 ms to about 10 s, ten rows a decade.
const (
	heatMinMs = 0.1
	heatRows  = 50
)

var heatFactor = math.Pow(10, 0.1)

// span is a phase with its limits in ns.
type span struct {
	name       string
	begin, end int64
}

// summary gathers what the page is drawn from, in one pass over the log. Its
// memory grows with the seconds of the run, not with its requests: the
// histograms of a second are folded into percentiles as soon as no request
// that was due in it can still be on its way.
type summary struct {
	good    int64                 // limit of a good response, ns
	doubt   func(history.Op) bool // whether a bad request's outcome is in doubt; nil: none is
	horizon int64                 // no request is in the log this long (ns, by due time) after a later one
	phases  []span

	series    reports.Series
	load      reports.Load
	scopes    map[string]*scopeCounts
	responses map[int]*hdrhistogram.Histogram // by second, the open ones
	slips     map[int]*hdrhistogram.Histogram
	folded    int // seconds before this one are percentiles already
	byPhase   []*hdrhistogram.Histogram
	slip      *hdrhistogram.Histogram
	outcomes  map[string][]int
	shares    map[shareOf]*reports.Share
	ranks     map[int]int
	rank      func(n uint64, key uint32) (rank int, ok bool) // of a key; nil: not counted
	shards    shardLoad
}

// shareOf is an operation in a phase, both by number.
type shareOf struct {
	phase int
	kind  uint8
}

type scopeCounts struct{ n, bad []int }

func newSummary(good, horizon int64, phases []span) *summary {
	s := &summary{
		good: good, horizon: horizon, phases: phases,
		scopes: map[string]*scopeCounts{}, responses: map[int]*hdrhistogram.Histogram{}, slips: map[int]*hdrhistogram.Histogram{},
		outcomes: map[string][]int{}, shares: map[shareOf]*reports.Share{}, ranks: map[int]int{}, slip: newHistogram(),
	}
	s.series.Heat = reports.Heat{MinMs: heatMinMs, Factor: heatFactor, Rows: heatRows}
	s.load.ByClass = map[string]int{}
	for range phases {
		s.byPhase = append(s.byPhase, newHistogram())
	}
	return s
}

// add counts one request of the load; scopes names what it belongs to.
func (s *summary) add(op history.Op, scopes ...string) {
	bad := op.Class != history.OK || op.Response() > s.good
	s.count(op, bad)
	if op.Due < 0 {
		return // not possible by S(n); a damaged log must not index before the lists
	}
	t := int(op.Due / second)
	s.grow(t + 1)
	s.series.Planned[t]++
	outcome := s.outcome(op, bad)
	s.outcomes[outcome][t]++
	if outcome != inDoubt {
		s.share(op, bad)
		for _, scope := range scopes {
			s.inScope(scope, t, bad)
		}
	}
	if op.Class != history.Unsent {
		s.ranked(op)
		s.shards.add(op)
		s.time(op, t)
	}
	s.fold(int((op.Due-s.horizon)/second) - 1)
}

// share counts a request whose outcome is sure.
func (s *summary) share(op history.Op, bad bool) {
	for i, p := range s.phases {
		if op.Due < p.begin || op.Due >= p.end {
			continue
		}
		of := shareOf{i, op.Kind}
		c := s.shares[of]
		if c == nil {
			c = &reports.Share{Phase: p.name}
			s.shares[of] = c
		}
		c.Judged++
		if bad {
			c.Bad++
		}
	}
}

// sharesOf are the shares by phase, then operation, whose names these are.
func (s *summary) sharesOf(operations []string) []reports.Share {
	var all []reports.Share
	for i := range s.phases {
		for kind, name := range operations {
			if c := s.shares[shareOf{i, uint8(kind)}]; c != nil {
				c.Operation = name
				all = append(all, *c)
			}
		}
	}
	return all
}

// ranked counts the rank of the key that was asked for.
func (s *summary) ranked(op history.Op) {
	if s.rank == nil {
		return
	}
	if rank, ok := s.rank(op.Seq, op.Key); ok {
		s.ranks[rank]++
	}
}

func (s *summary) count(op history.Op, bad bool) {
	s.load.Planned++
	s.load.ByClass[op.Class.String()]++
	if op.Class == history.Unsent {
		s.load.Unsent++
	} else {
		s.load.Sent++
	}
	if bad {
		s.load.Bad++
	} else {
		s.load.Good++
	}
}

// inDoubt is the outcome of those that may not be the system's doing.
const inDoubt = "in doubt"

// outcome splits "ok" into what kept the limit and what did not.
func (s *summary) outcome(op history.Op, bad bool) string {
	switch {
	case bad && s.doubt != nil && s.doubt(op):
		return inDoubt
	case op.Class != history.OK:
		return op.Class.String()
	case bad:
		return "slow"
	}
	return "good"
}

// time puts a sent request into the histograms. A request that was answered
// wrongly or not at all took its time as well: leaving it out would make an
// outage look fast.
func (s *summary) time(op history.Op, t int) {
	recordMicros(s.slip, op.Slip())
	recordMicros(open(s.slips, t), op.Slip())
	recordMicros(open(s.responses, t), op.Response())
	for i, p := range s.phases {
		if op.Due >= p.begin && op.Due < p.end {
			recordMicros(s.byPhase[i], op.Response())
		}
	}
	ms := float64(op.Response()) / 1e6
	row := int(math.Floor(math.Log10(max(ms, heatMinMs)/heatMinMs) * 10))
	s.series.Heat.Cells[t][min(max(row, 0), heatRows-1)]++
}

func open(by map[int]*hdrhistogram.Histogram, t int) *hdrhistogram.Histogram {
	h := by[t]
	if h == nil {
		h = newHistogram()
		by[t] = h
	}
	return h
}

func (s *summary) inScope(name string, t int, bad bool) {
	c := s.scopes[name]
	if c == nil {
		c = &scopeCounts{n: make([]int, len(s.series.Planned)), bad: make([]int, len(s.series.Planned))}
		s.scopes[name] = c
	}
	c.n[t]++
	if bad {
		c.bad[t]++
	}
}

// grow makes every list over time at least n long.
func (s *summary) grow(n int) {
	for _, class := range outcomeNames() {
		s.outcomes[class] = extend(s.outcomes[class], n)
	}
	s.series.Planned = extend(s.series.Planned, n)
	for _, c := range s.scopes {
		c.n, c.bad = extend(c.n, n), extend(c.bad, n)
	}
	for len(s.series.Heat.Cells) < n {
		s.series.Heat.Cells = append(s.series.Heat.Cells, make([]int, heatRows))
		s.series.Latency = append(s.series.Latency, reports.Point{})
		s.series.Slip = append(s.series.Slip, 0)
	}
}

func extend(list []int, n int) []int {
	for len(list) < n {
		list = append(list, 0)
	}
	return list
}

func outcomeNames() []string {
	names := []string{"good", "slow", inDoubt}
	for _, c := range history.Classes() {
		if c != history.OK {
			names = append(names, c.String())
		}
	}
	return names
}

// fold turns the histograms of every second up to and with last into
// percentiles.
func (s *summary) fold(last int) {
	for ; s.folded <= last; s.folded++ {
		if h := s.responses[s.folded]; h != nil {
			s.series.Latency[s.folded] = reports.Point{N: int(h.TotalCount()), P50: millis(h, 50), P90: millis(h, 90), P99: millis(h, 99), Max: millis(h, 100)}
			delete(s.responses, s.folded)
		}
		if h := s.slips[s.folded]; h != nil {
			s.series.Slip[s.folded] = millis(h, 99)
			delete(s.slips, s.folded)
		}
	}
}

// finish folds what is open and returns the series and the counts.
func (s *summary) finish() (reports.Series, reports.Load) {
	s.fold(len(s.series.Planned) - 1)
	s.series.SchemaVersion = reports.SchemaVersion
	s.series.Seconds = len(s.series.Planned)
	s.series.GoodMs = float64(s.good) / 1e6
	for _, class := range outcomeNames() {
		if slices.Max(append(s.outcomes[class], 0)) > 0 {
			s.series.Outcomes = append(s.series.Outcomes, reports.Outcome{Class: class, Count: s.outcomes[class]})
		}
	}
	for scope, c := range s.scopes {
		s.series.Strips = append(s.series.Strips, strip(scope, c))
	}
	slices.SortFunc(s.series.Strips, func(a, b reports.Strip) int { return compareNatural(a.Scope, b.Scope) })
	for i, p := range s.phases {
		s.series.Spectrum = append(s.series.Spectrum, spectrum(p.name, s.byPhase[i]))
	}
	return s.series, s.load
}

func strip(scope string, c *scopeCounts) reports.Strip {
	out := reports.Strip{Scope: scope, N: c.n, Bad: make([]*float64, len(c.n))}
	for t, n := range c.n {
		if n > 0 {
			share := float64(c.bad[t]) / float64(n)
			out.Bad[t] = &share
		}
	}
	return out
}

// spectrumAt are the quantiles of the percentile spectrum, evenly spread over
// the number of nines.
var spectrumAt = []float64{0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.9975, 0.999, 0.9995, 0.9999, 1}

func spectrum(phase string, h *hdrhistogram.Histogram) reports.SpectrumLine {
	line := reports.SpectrumLine{Phase: phase, Count: int(h.TotalCount())}
	for _, q := range spectrumAt {
		// A quantile needs as many requests as lie beyond it, or it is the maximum under another name.
		if q < 1 && float64(line.Count)*(1-q) < 1 {
			continue
		}
		line.At = append(line.At, reports.Quantile{Q: q, Ms: millis(h, q*100)})
	}
	return line
}

// latencies summarises the phases.
func (s *summary) latencies() map[string]reports.Latency {
	by := map[string]reports.Latency{}
	for i, p := range s.phases {
		h := s.byPhase[i]
		if h.TotalCount() == 0 {
			continue // missing data is a gap, never 0
		}
		by[p.name] = reports.Latency{P50: millis(h, 50), P90: millis(h, 90), P99: millis(h, 99), P999: millis(h, 99.9), Max: millis(h, 100), Count: int(h.TotalCount())}
	}
	return by
}
