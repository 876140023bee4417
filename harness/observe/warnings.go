package observe

import "fmt"

// highPressure is the share of ten seconds in which something waited for a
// processor that a reader of the run must know of.
const highPressure = 0.40

// Warnings say what a reader must know of the host during [begin, end), in
// words; none when it was quiet, or when there are no samples at all.
func Warnings(samples []Sample, in Span) []string {
	out := []string{}
	most := 0.0
	for _, s := range samples {
		if s.Gap != "" {
			out = append(out, "disturbances by other work on the host cannot be told from the target's own: "+s.Gap)
		}
		if s.Pressure != nil && s.At > in.Begin && s.From < in.End {
			most = max(most, *s.Pressure)
		}
	}
	if most > highPressure {
		out = append(out, fmt.Sprintf("the host was under pressure: in up to %.0f %% of ten seconds something waited for a processor (a quiet host stays below %.0f %%)", 100*most, 100*highPressure))
	}
	return out
}
