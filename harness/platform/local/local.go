// Package local runs a system as processes of this machine, on loopback. A
// service says in x-local how; everything that is started is labelled with
// the run, supervised the way a Deployment would, and gone when it is over.
package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

// Options says where a system runs and what it may leave there.
type Options struct {
	RunID  string          // the run's id: the label of every process
	Dir    string          // logs/ stays; volumes/, work/ and bin/ are removed by Down
	Root   string          // where Package paths start; "": the Compose file's folder
	Cache  string          // where built packages are kept from run to run; "": not kept
	Ledger platform.Ledger // may be nil

	Seed uint64 // of what links draw

	NoSubstitute    bool // refuse to run a substitute
	ForceSubstitute bool // run the substitute though the command is installed

	// StartTimeout is how long a service may take until all its replicas are
	// ready. 0: what GAUNTLET_START_TIMEOUT says (a duration), else 30 s.
	StartTimeout time.Duration

	// OnState is told, when not nil, of every replica that starts ("starting":
	// its process runs) and ends ("down"), as soon as it is known. It is called
	// by the goroutine that supervises the replica and must not block.
	OnState func(replica, state string, at time.Time)

	// Burner is the command of a burner (package burn), to which its work is
	// appended; nil: no replica can be stressed.
	Burner []string

	pick func() (int, error) // chooses a port for a replica; nil: a free one
}

// The states that OnState is told.
const (
	StateStarting = "starting"
	StateDown     = "down"
)

// StartTimeoutVariable is the environment variable for slow machines.
const StartTimeoutVariable = "GAUNTLET_START_TIMEOUT"

const (
	defaultStartTimeout = 30 * time.Second
	maxReplicas         = 64 // of all services together
	maxAttempts         = 3  // to start when another program takes a port in between
)

// Local is the platform. It implements platform.Platform.
type Local struct{ options Options }

// New makes a Local. Mistakes in o are reported by Up.
func New(o Options) *Local { return &Local{options: o} }

// Up builds what has to be built, then starts every service in its order and
// waits until it is ready. The System also implements Killer, Holder, Logger
// and Substituter. When Up fails, or ctx ends while it runs, nothing is left
// but the logs.
func (l *Local) Up(ctx context.Context, stack topology.Stack) (platform.System, error) {
	o, err := l.options.complete()
	if err != nil {
		return nil, err
	}
	programs, substitutes, err := o.choose(stack)
	if err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		binaries, err := o.build(ctx, stack.Dir, programs) // a failed attempt has removed them
		if err != nil {
			return nil, err
		}
		s, err := o.attempt(ctx, stack, programs, binaries)
		if err == nil {
			s.substitutes = substitutes
			return s, nil
		}
		taken := s.takenPorts()
		if len(taken) == 0 || attempt == maxAttempts || ctx.Err() != nil {
			return nil, err
		}
	}
}

// complete checks o and fills in what was left out.
func (o Options) complete() (Options, error) {
	if o.RunID == "" || o.Dir == "" {
		return o, errors.New("local platform: no run id or no folder")
	}
	var err error
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return o, fmt.Errorf("local platform: %w", err)
	}
	if o.OnState == nil {
		o.OnState = func(string, string, time.Time) {}
	}
	if o.pick == nil {
		o.pick = newPortPicker().pick
	}
	if o.StartTimeout == 0 {
		o.StartTimeout = defaultStartTimeout
		if text := os.Getenv(StartTimeoutVariable); text != "" {
			if o.StartTimeout, err = time.ParseDuration(text); err != nil || o.StartTimeout <= 0 {
				return o, fmt.Errorf("%s=%q is not a duration like 90s", StartTimeoutVariable, text)
			}
		}
	}
	return o, nil
}

// attempt starts the system on freshly chosen ports. When it fails everything
// is stopped, and the system is still returned, to ask about its ports.
func (o Options) attempt(ctx context.Context, stack topology.Stack, programs map[string]program, binaries map[string]string) (*System, error) {
	s := &System{options: o, spawner: newSpawner()}
	err := s.prepare(stack, programs, binaries)
	if err == nil {
		err = s.start(ctx, stack)
	}
	if err == nil {
		return s, nil
	}
	// Nobody has been promised anything yet: no grace.
	now, cancel := context.WithCancel(context.WithoutCancel(ctx))
	cancel()
	if downErr := s.Down(now); downErr != nil {
		err = errors.Join(err, fmt.Errorf("cleaning up: %w", downErr))
	}
	return s, err
}
