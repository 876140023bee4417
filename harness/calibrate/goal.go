package calibrate

import (
	"fmt"
	"math"
	"time"
)

// Goal is what a row of the table demands. What is 0 is not demanded, except
// that no run may FAIL what was kept, and none may pass what was broken.
type Goal struct {
	Error    time.Duration // p95 of the errors of onset and recovery
	Most     time.Duration // the largest of them
	Coverage float64       // the share of the intervals that hold the truth
	Lost     float64       // how far the number of lost requests, and each of what is counted of the data, may be off; of requests the p95 of the outages
	Open     float64       // the share of runs that may be INCONCLUSIVE; 1: any
	Found    bool          // every outage is an episode, and nothing else is one
}

// Broken says in words what of the goal t does not keep.
func (g Goal) Broken(t Tally) []string {
	var broken []string
	say := func(wrong bool, format string, args ...any) {
		if wrong {
			broken = append(broken, fmt.Sprintf(format, args...))
		}
	}
	say(t.FalseFails > 0, "%d of %d runs FAIL what was kept", t.FalseFails, t.Runs)
	say(t.FalsePasses > 0, "%d objectives pass that were broken", t.FalsePasses)
	share := float64(t.Undecided) / float64(max(1, t.Runs))
	say(share > g.Open, "%.1f %% of %d runs are INCONCLUSIVE, at most %.1f %% may be", 100*share, t.Runs, 100*g.Open)
	say(g.Found && t.Found < t.Outages, "%d of %d outages were found", t.Found, t.Outages)
	say(g.Found && t.Extra > 0, "%d episodes that nothing caused", t.Extra)
	for _, e := range []struct {
		name string
		all  []float64
	}{{"recovery", t.Recovery}, {"onset", t.Onset}} {
		say(g.Error > 0 && !(Quantile(e.all, 0.95) <= ms(g.Error)), "the p95 of the %s's error is %.2f ms, at most %.0f may be", e.name, Quantile(e.all, 0.95), ms(g.Error))
		say(g.Most > 0 && !(Quantile(e.all, 1) <= ms(g.Most)), "the largest error of the %s is %.2f ms, at most %.0f may be", e.name, Quantile(e.all, 1), ms(g.Most))
	}
	say(t.Intervals.Ratio() < g.Coverage, "%.1f %% of %d intervals hold the truth, %.0f %% must", 100*t.Intervals.Ratio(), t.Intervals.Of, 100*g.Coverage)
	if g.Lost > 0 {
		worst := Quantile(t.Losses, 0.95)
		say(!math.IsNaN(worst) && worst > g.Lost, "the p95 of the error in lost requests is %.1f %%, at most %.0f may be", 100*worst, 100*g.Lost)
		say(t.Lost.Off() > g.Lost, "%d lost writes were told, %d were lost", t.Lost.Told, t.Lost.Truth)
		say(t.Foreign.Off() > g.Lost, "%d foreign values were told, %d were", t.Foreign.Told, t.Foreign.Truth)
		say(t.Stale.Off() > g.Lost, "%d stale reads were told, %d were", t.Stale.Told, t.Stale.Truth)
		say(t.Disordered.Off() > g.Lost, "%d breaches of the order were told, %d were", t.Disordered.Told, t.Disordered.Truth)
	}
	return broken
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
