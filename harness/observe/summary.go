package observe

import (
	"fmt"
	"time"
)

// highPressure is the share of ten seconds in which something waited for a
// processor that a reader of the run must know of.
const highPressure = 0.40

// longStall is the stall of the generator from which a reader must know of it.
const longStall = ControlGood

// Summary is what the samples of a stretch of time say of it.
type Summary struct {
	Pressure     float64       // the highest share of ten seconds in which something waited for a processor
	Ready, Pause time.Duration // the longest stalls of the generator (see Sample)
	Gaps         []string      // why nothing is known from some instant on
}

// Summarize looks at the samples of a stretch of time, and at all gaps.
func Summarize(samples []Sample, in Span) (s Summary) {
	for _, x := range samples {
		if x.Gap != "" {
			s.Gaps = append(s.Gaps, x.Gap)
		}
		if x.At <= in.Begin || x.From >= in.End {
			continue
		}
		if x.Pressure != nil {
			s.Pressure = max(s.Pressure, *x.Pressure)
		}
		s.Ready, s.Pause = max(s.Ready, time.Duration(x.Ready)), max(s.Pause, time.Duration(x.Pause))
	}
	return s
}

// Warnings say what a reader must know of the host and of the generator on it,
// in words; none when both were quiet.
func (s Summary) Warnings() []string {
	out := []string{}
	for _, gap := range s.Gaps {
		out = append(out, "disturbances by other work on the host cannot be told from the target's own: "+gap)
	}
	if s.Pressure > highPressure {
		out = append(out, fmt.Sprintf("the host was under pressure: in up to %.0f %% of ten seconds something waited for a processor (a quiet host stays below %.0f %%)", 100*s.Pressure, 100*highPressure))
	}
	if s.Pause > longStall {
		out = append(out, fmt.Sprintf("the generator stood still for up to %v to collect garbage", s.Pause.Round(time.Millisecond)))
	}
	if s.Ready > longStall {
		out = append(out, fmt.Sprintf("what the generator had to do waited for up to %v within it", s.Ready.Round(time.Millisecond)))
	}
	return out
}

// Second is what the samples say of one second of the run.
type Second struct {
	Covered      bool          // there is a sample of it
	Others       float64       // share of the processors that others had, of the time that is covered
	Pressure     *float64      // the highest that was told; nil: none
	Ready, Pause time.Duration // the longest stalls of the generator that were told in it
}

// Means is the first n seconds of the run.
func Means(samples []Sample, n int) []Second {
	all, covered := make([]Second, n), make([]int64, n)
	for _, s := range samples {
		if s.Gap != "" || s.At <= s.From {
			continue
		}
		for i := max(0, s.From/int64(time.Second)); i < int64(n) && i*int64(time.Second) < s.At; i++ {
			part := min(s.At, (i+1)*int64(time.Second)) - max(s.From, i*int64(time.Second))
			m := &all[i]
			m.Others += s.Others * float64(part)
			covered[i] += part
			m.Covered = true
			if s.Pressure != nil && (m.Pressure == nil || *s.Pressure > *m.Pressure) {
				m.Pressure = s.Pressure
			}
			m.Ready, m.Pause = max(m.Ready, time.Duration(s.Ready)), max(m.Pause, time.Duration(s.Pause))
		}
	}
	for i := range all {
		if covered[i] > 0 {
			all[i].Others /= float64(covered[i])
		}
	}
	return all
}

// Taken is the processor time that the run took in a stretch of time: that
// which neither others had nor nobody. Not known unless the samples cover the
// stretch but for a second and say how many processors there are.
func Taken(samples []Sample, in Span) (took time.Duration, known bool) {
	covered := int64(0)
	for _, s := range samples {
		part := min(s.At, in.End) - max(s.From, in.Begin)
		switch {
		case s.Gap != "" || part > 0 && s.Processors == 0:
			return 0, false
		case part <= 0:
			continue
		}
		covered += part
		took += time.Duration(max(0, 1-s.Others-s.Free) * float64(s.Processors) * float64(part))
	}
	return took, covered > 0 && covered >= in.End-in.Begin-int64(time.Second)
}
