package calibrate

import "time"

// Socket is a row of the socket layer's table: an experiment against servers
// that follow a script, and what is demanded of the harness then.
type Socket struct {
	Name       string
	Experiment string // in experiments/calibration
	Goal       Goal
}

// Sockets are all rows. What can be decided on sockets is the host's to say,
// so that no share of INCONCLUSIVE is demanded: it is reported.
func Sockets() []Socket {
	const ms = time.Millisecond
	within := func(d, most time.Duration) Goal {
		return Goal{Error: d, Most: most, Coverage: 0.95, Lost: 0.02, Open: 1, Found: true}
	}
	return []Socket{
		{"full outage", "edges", within(10*ms, 50*ms)},
		{"one of three replicas", "thirds", within(25*ms, 0)},
		{"a third of all requests", "partial", within(25*ms, 0)},
		{"5 % brown-out", "brown-out", within(150*ms, 0)},
		{"pauses, flaps and ramps", "shapes", within(10*ms, 50*ms)},
		{"writes and reads", "data", Goal{Lost: 0.02, Open: 1}},
		{"registers, kept", "registers-kept", Goal{Lost: 0.02, Open: 1}},
		{"registers, answers too old", "registers", Goal{Lost: 0.02, Open: 1}},
		{"registers, clients put back", "registers-order", Goal{Lost: 0.02, Open: 1}},
	}
}
