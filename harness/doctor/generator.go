package doctor

import (
	"context"
	"fmt"
	"time"

	"gauntlet/harness/capacity"
)

// generatorName is that of the check.
const generatorName = "generator"

// lookGenerator tells which rates can be sent from here: that of an experiment,
// else any, alone and beside burners that take every processor.
func lookGenerator(ctx context.Context, m Machine, n Needs) finding {
	g, err := m.Generator(ctx)
	if err != nil {
		return finding{state: Unknown, found: err.Error()}
	}
	if n.Load == nil {
		all := capacity.Stress{Workers: g.Processors, Cores: float64(g.Processors)}
		return finding{state: OK, found: fmt.Sprintf("%.0f requests a second alone, %.0f beside burners of all %d processors; one costs %v of a processor",
			g.Most(capacity.Stress{}), g.Most(all), g.Processors, g.PerRequest.Round(time.Microsecond))}
	}
	l := *n.Load
	g = g.For(l.Times)
	can := fmt.Sprintf("%s asks for %.0f requests a second, and this machine can send %.0f", l.Name, l.Rate, g.Most(l.Stress))
	if l.Stress.Workers > 0 {
		can += " beside its stress"
	}
	why, instead := g.TooMuch(l.Rate, l.Stress)
	switch {
	case why == "":
		return finding{state: OK, found: can}
	case l.Stress.Workers == 0: // such a run finds out by itself
		return finding{Warn, can, "a lower rate, or a machine with more processors"}
	}
	return finding{Missing, fmt.Sprintf("%s: %s", l.Name, why), instead}
}
