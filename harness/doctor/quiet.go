package doctor

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// coresGood leaves one core to the load and one to the system.
const coresGood = 2

func lookCores(_ context.Context, m Machine, _ Needs) finding {
	if m.CPUs < coresGood {
		return finding{state: Warn, found: fmt.Sprintf("%d: load and system take turns on it", m.CPUs)}
	}
	return finding{state: OK, found: strconv.Itoa(m.CPUs)}
}

// pressureHigh is the share of the last ten seconds, in per cent, in which
// something waited for a core. Above a quarter the sends slip visibly; it is
// also the share from which the control stream calls the machine busy.
const pressureHigh = 25

func lookPressure(_ context.Context, m Machine, _ Needs) finding {
	if f, not := notHere(m); not {
		return f
	}
	text, err := m.ReadFile("/proc/pressure/cpu")
	if err != nil {
		return finding{Unknown, err.Error(), "a kernel with CONFIG_PSI, and psi=1 where it is off by default"}
	}
	avg10, avg60, err := parsePressure(string(text))
	if err != nil {
		return finding{state: Unknown, found: err.Error()}
	}
	found := fmt.Sprintf("something waited for a core in %.0f %% of the last 10 s, %.0f %% of the last minute", avg10, avg60)
	if avg10 > pressureHigh {
		return finding{state: Warn, found: found}
	}
	return finding{state: OK, found: found}
}

// parsePressure reads the line "some avg10=1.53 avg60=0.87 avg300=0.73
// total=1157622151" of /proc/pressure/cpu: shares in per cent.
func parsePressure(text string) (avg10, avg60 float64, err error) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 3 || f[0] != "some" {
			continue
		}
		avg10, err1 := strconv.ParseFloat(strings.TrimPrefix(f[1], "avg10="), 64)
		avg60, err2 := strconv.ParseFloat(strings.TrimPrefix(f[2], "avg60="), 64)
		if err1 == nil && err2 == nil && avg10 >= 0 && avg10 <= 100 && avg60 >= 0 && avg60 <= 100 {
			return avg10, avg60, nil
		}
	}
	return 0, 0, fmt.Errorf("/proc/pressure/cpu cannot be read: %q", text)
}

const (
	timerBudget = 500 * time.Millisecond
	// fewSleeps are too few to speak of a 99th percentile.
	fewSleeps = 50
	// lateGood is about the error of a recovery of a third of the traffic at
	// 1,000/s: a smaller slip is lost in it.
	lateGood = 5 * time.Millisecond
)

func lookTimer(ctx context.Context, m Machine, _ Needs) finding {
	late := m.Lateness(ctx, timerBudget)
	if len(late) == 0 {
		return finding{state: Unknown, found: fmt.Sprintf("no sleep of 1 ms ended within %v", timerBudget)}
	}
	late = slices.Sorted(slices.Values(late))
	p50, p99, most := quantile(late, 50), quantile(late, 99), late[len(late)-1]
	found := fmt.Sprintf("%d sleeps of 1 ms end late by %s (p50), %s (p99), %s (largest)", len(late), millis(p50), millis(p99), millis(most))
	switch {
	case len(late) < fewSleeps:
		return finding{state: Warn, found: found + fmt.Sprintf(": so few in %v is a machine that stands still", timerBudget)}
	case p99 > lateGood:
		return finding{state: Warn, found: found + ": one request in a hundred leaves that late; those whose verdict it could change are excluded, and a recovery is told no more exactly"}
	}
	return finding{state: OK, found: found + ": less than what a recovery is uncertain by anyway"}
}

// quantile is the p-th of 100 of a sorted list that holds something, by
// nearest rank.
func quantile(sorted []time.Duration, p int) time.Duration {
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}

func millis(d time.Duration) string {
	return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 2, 64) + " ms"
}
