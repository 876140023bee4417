// Package priority gives the threads of the harness more of the processor than
// what it tests, by their nice level (sched(7)): a generator that waits for a
// processor beside the stress that it asked for measures itself.
//
// The harness is raised, and the system is never lowered. Lowered it would lose
// against everything else on the machine as well, and the verdict would be one
// on its neighbours. So nothing is made that has to be undone after a death: a
// level goes with its process.
package priority

import (
	"errors"
	"fmt"
	"math"
	"os/exec"
	"sync"
)

// Levels is by how many nice levels the harness is better: the fewest that make
// a thread weigh more than ten times one of the system.
const Levels = 11

// Weight is how many times a thread weighs one that is levels worse: the kernel
// counts a level as 1.25 (sched_prio_to_weight in kernel/sched/core.c).
func Weight(levels int) float64 { return math.Pow(1.25, float64(levels)) }

// ErrNotHere is returned where threads have no nice level of their own.
var ErrNotHere = errors.New("only Linux has nice levels of single threads")

// state is what Raise has done to this process.
var state struct {
	sync.Mutex
	raised bool
	usual  int // the level without it
}

// Raise gives every thread of this process, and all that they start from now
// on, a level that is better by Levels, until lower is called. The echo of the
// control stream inherits it; what is started by Start does not. It takes root,
// CAP_SYS_NICE or a limit that allows it (RLIMIT_NICE): without, nothing is
// changed and the error says so. Raising what is raised is an error.
func Raise() (lower func() error, err error) {
	state.Lock()
	defer state.Unlock()
	if state.raised {
		return nil, errors.New("this process has its better nice level already")
	}
	usual, err := own()
	if err != nil {
		return nil, err
	}
	if err := everyThread(max(usual-Levels, best)); err != nil {
		return nil, errors.Join(fmt.Errorf("a better nice level: %w", err), everyThread(usual))
	}
	state.raised, state.usual = true, usual
	return drop, nil
}

// best is the best nice level that there is.
const best = -20

// drop takes back what Raise did; a second time it does nothing.
func drop() error {
	state.Lock()
	defer state.Unlock()
	if !state.raised {
		return nil
	}
	if err := everyThread(state.usual); err != nil {
		return fmt.Errorf("back to the usual nice level: %w", err)
	}
	state.raised = false
	return nil
}

// Start is cmd.Start for a process of the system: its level is the one that
// this process had before Raise. A child has the level of the thread that
// creates it, so that thread is the usual one meanwhile.
func Start(cmd *exec.Cmd) error {
	state.Lock()
	defer state.Unlock()
	if !state.raised {
		return cmd.Start()
	}
	return asUsual(state.usual, cmd.Start)
}
