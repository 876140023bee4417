package slo

// pace is how fast the load goes, compared with its baseline. The zero value
// goes on as in the baseline.
type pace struct {
	offered Offered
	before  float64 // requests per second of the baseline
}

// pace is that of the input.
func (j *judge) pace() pace {
	if j.Offered == nil {
		return pace{}
	}
	return pace{offered: j.Offered, before: j.Offered.Mean(j.Phases.Baseline)}
}

// in is the factor by which the rate in span is above that of the baseline.
func (p pace) in(span Span) float64 {
	if p.offered == nil || p.before <= 0 || span.End <= span.Begin {
		return 1
	}
	return p.offered.Mean(span) / p.before
}

// lowest is the factor in the quietest H of span.
func (p pace) lowest(span Span) float64 {
	if p.offered == nil || p.before <= 0 {
		return 1
	}
	return p.offered.Lowest(span, horizonFloor) / p.before
}

// rateIn is the scope's rate (requests per second) in span: a part of the load
// grows and falls with all of it.
func (sc *scope) rateIn(span Span) float64 { return sc.rate * sc.pace.in(span) }
