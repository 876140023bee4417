// Package docker runs a stack as containers, through testcontainers-go: every
// replica is a container on a network of the run's own, its ports published on
// an address that only this machine reaches, and everything that is made carries
// the label gauntlet.run, by which it is found again and removed.
package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

// Label marks every container, network and volume of a run with its id.
const Label = "gauntlet.run"

// Options says for which run, and where its logs go.
type Options struct {
	RunID string
	Dir   string // what the replicas print is written to Dir/logs when the system goes down
	// Ledger is where the run is entered before anything is made; it may be nil.
	Ledger Ledger
	// StartTimeout bounds the time from the start of a service to its replicas
	// being ready; 0: 60 s.
	StartTimeout time.Duration
	// Link is the command line of the edge proxy (`gauntlet link`): a program of
	// this machine that needs no other file, and its arguments, to which --listen
	// and --seed are appended. Needed when the stack marks a connection.
	Link []string
	// Burner is the command line of a burner (`gauntlet burn`), to which its work
	// is appended: a program like Link's; nil: no replica can be stressed.
	Burner []string
	Seed   uint64 // of what links draw
	// Drops says that packets between replicas are to be dropped: Up finds out
	// whether it reaches the network namespace of each container.
	Drops bool
	// OnState is told, when not nil, of every start ("starting") and death
	// ("down") of a replica, with the engine's own instant. It must not block.
	OnState func(replica, state string, at time.Time)
}

// Ledger is where is entered, on disk, what a later gauntlet has to undo after
// this one was killed; see Undo.
type Ledger interface {
	Undo(kind string, args ...string) error
	Undone(kind string, args ...string) error
}

// The states that OnState is told.
const (
	StateStarting = "starting"
	StateDown     = "down"
)

const (
	defaultStartTimeout = time.Minute
	maxAttempts         = 3 // to start when another program takes a port in between
)

// Docker is the platform. It implements platform.Platform.
type Docker struct{ o Options }

// New makes a platform for one run. Mistakes in o are reported by Up.
func New(o Options) *Docker { return &Docker{o: o} }

var _ platform.Platform = (*Docker)(nil)

// Up creates network, volumes and containers and returns when every replica
// is ready. The System also implements Killer, Holder, Scaler, Limiter, Stresser,
// Linker, Dropper, Logger and Substituter.
// An image that is neither here nor to be had, an engine that does not answer,
// a replica that does not become ready: each is an error that says so, and
// nothing is left but the logs. So it is when ctx ends meanwhile.
func (d *Docker) Up(ctx context.Context, stack topology.Stack) (platform.System, error) {
	o, err := d.o.complete()
	if err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		s, err := o.attempt(ctx, stack)
		if err == nil {
			return s, nil
		}
		if !portTaken(err) || attempt == maxAttempts || ctx.Err() != nil {
			return nil, err
		}
	}
}

// complete checks o and fills in what was left out.
func (o Options) complete() (Options, error) {
	if o.RunID == "" || o.Dir == "" {
		return o, errors.New("docker platform: no run id or no folder")
	}
	if o.StartTimeout == 0 {
		o.StartTimeout = defaultStartTimeout
	}
	if o.OnState == nil {
		o.OnState = func(string, string, time.Time) {}
	}
	if err := os.MkdirAll(filepath.Join(o.Dir, "logs"), 0o755); err != nil {
		return o, fmt.Errorf("docker platform: %w", err)
	}
	return o, nil
}

// attempt starts the system on freshly chosen ports. When it fails everything
// is removed again.
func (o Options) attempt(ctx context.Context, stack topology.Stack) (*system, error) {
	s, err := newSystem(ctx, o, stack)
	if err != nil {
		return nil, err
	}
	if err = s.up(ctx, stack); err == nil {
		return s, nil
	}
	if ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		err = fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	// Nobody has been promised anything yet: no grace.
	now, cancel := context.WithCancel(context.WithoutCancel(ctx))
	cancel()
	if downErr := s.Down(now); downErr != nil {
		err = errors.Join(err, fmt.Errorf("cleaning up: %w", downErr))
	}
	return nil, err
}

// portTaken tells whether err is that somebody else listens on a port that was
// free when it was chosen. The engine has no other sign of it than its words.
func portTaken(err error) bool {
	text := err.Error()
	return strings.Contains(text, "port is already allocated") || strings.Contains(text, "address already in use")
}
