package calibrate

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Socket is a row of the socket layer's table: an experiment against servers
// that follow a script, and what is demanded of the harness then.
type Socket struct {
	Name       string
	Experiment string // in experiments/calibration
	Goal       Goal
	// AnyHost: the goal is no less on a busy host, where what is told of times is
	// not held to one.
	AnyHost bool
}

// Sockets are all rows. What can be decided on sockets is the host's to say,
// so that no share of INCONCLUSIVE is demanded: it is reported.
func Sockets() []Socket {
	const ms = time.Millisecond
	within := func(d, most time.Duration) Goal {
		return Goal{Error: d, Most: most, Coverage: 0.95, Lost: 0.02, Open: 1, Found: true}
	}
	told := Goal{Lost: 0.02, Open: 1}
	return []Socket{
		{Name: "full outage", Experiment: "edges", Goal: within(10*ms, 50*ms)},
		{Name: "one of three replicas", Experiment: "thirds", Goal: within(25*ms, 0)},
		{Name: "a third of all requests", Experiment: "partial", Goal: within(25*ms, 0)},
		{Name: "5 % brown-out", Experiment: "brown-out", Goal: within(150*ms, 0)},
		{Name: "pauses, flaps and ramps", Experiment: "shapes", Goal: within(10*ms, 50*ms)},
		{Name: "writes and reads", Experiment: "data", Goal: told},
		{Name: "registers, kept", Experiment: "registers-kept", Goal: told, AnyHost: true},
		{Name: "registers, answers too old", Experiment: "registers", Goal: told, AnyHost: true},
		{Name: "registers, clients put back", Experiment: "registers-order", Goal: told, AnyHost: true},
	}
}

// SocketsOf are the rows of those experiments, all for none. The error names an
// experiment that no row has.
func SocketsOf(experiments []string) ([]Socket, error) {
	all := Sockets()
	if len(experiments) == 0 {
		return all, nil
	}
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.Experiment
	}
	for _, e := range experiments {
		if !slices.Contains(names, e) {
			return nil, fmt.Errorf("no row has the experiment %q; there are: %s", e, strings.Join(names, ", "))
		}
	}
	return slices.DeleteFunc(all, func(s Socket) bool { return !slices.Contains(experiments, s.Experiment) }), nil
}
