package local

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"gauntlet/harness/platform"
	"gauntlet/harness/platform/monitor"
)

// replica supervises one replica: whenever it is wanted and does not run, it
// is started.
type replica struct {
	plan
	options Options
	spawner *spawner
	log     *replicaLog
	workDir string
	ended   chan struct{} // closed when it is no longer supervised

	limiting sync.Mutex // held while the brake or the burner is put on or taken off

	mu       monitor.Monitor // of what follows
	held     bool            // it is to stay down
	left     bool            // its service is smaller now: it is held, and nobody's business
	stopping bool            // it is to stay down for good
	starting bool            // a life is about to begin
	life     *life           // nil while it is down
	brake    brake           // nil while it is not limited
	burner   *burner         // nil while it is not stressed
	lives    int             // that began
	exits    int             // that ended by themselves
	lastExit string          // how the last life ended
	startErr error           // why it could not be started the last time
}

// newReplica makes a replica that is supervised, and held until it is released
// for the first time.
func newReplica(p plan, o Options, s *spawner) (*replica, error) {
	workDir := filepath.Join(o.Dir, folderWork, p.name)
	if err := os.MkdirAll(workDir, 0o755); err != nil {
		return nil, fmt.Errorf("the working directory of %s: %w", p.name, err)
	}
	log, err := openLog(o.Dir, p.name)
	if err != nil {
		return nil, err
	}
	r := &replica{plan: p, options: o, spawner: s, log: log, workDir: workDir, held: true,
		ended: make(chan struct{})}
	go r.supervise()
	return r, nil
}

// supervise runs one life after the other until the replica is stopped.
func (r *replica) supervise() {
	defer close(r.ended)
	var wait backoff
	for {
		r.mu.Await(context.Background(), func() bool {
			r.starting = !r.held && !r.stopping
			return r.starting || r.stopping
		})
		if !r.starting { // only this goroutine writes it
			return
		}
		lived, onPurpose := r.live()
		r.pause(wait.next(lived, onPurpose))
	}
}

// live is one life, from its start to its end.
func (r *replica) live() (lived time.Duration, onPurpose bool) {
	r.mu.Lock()
	number := r.lives + 1
	r.mu.Unlock()
	r.log.note("%s starts (life %d): %s", r.name, number, filepath.Base(r.path))
	l, err := begin(r.plan, r.workDir, r.log, r.spawner, r.options.Ledger)
	if err != nil {
		r.log.note("%s: %v", r.name, err)
		r.mu.Update(func() { r.starting, r.startErr, r.exits, r.lastExit = false, err, r.exits+1, err.Error() })
		return 0, false
	}
	unwanted := false
	r.braked(l) // before anybody sees it
	r.mu.Update(func() {
		r.starting, r.life, r.lives, r.startErr = false, l, number, nil
		unwanted = r.held || r.stopping
	})
	r.braked(l)   // again: a limit may have come in between
	if unwanted { // Hold or stop came while it was being started
		l.kill()
	}
	r.options.OnState(r.name, StateStarting, l.started)
	<-l.gone
	onPurpose = l.wasOnPurpose()
	r.log.note("%s ended: %s", r.name, l.exit)
	r.mu.Update(func() {
		r.life, r.lastExit = nil, l.exit
		if !onPurpose {
			r.exits++
		}
	})
	r.options.OnState(r.name, StateDown, l.ended)
	return l.ended.Sub(l.started), onPurpose
}

// pause waits before the next life, or until the replica is held or stopped.
func (r *replica) pause(d time.Duration) {
	if d <= 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	r.mu.Await(ctx, func() bool { return r.held || r.stopping })
}

// current is the life of the moment, nil while it is down. One that is about
// to begin is waited for.
func (r *replica) current(ctx context.Context) (l *life, err error) {
	err = r.mu.Await(ctx, func() bool { l = r.life; return !r.starting })
	return l, err
}

// kill ends the present life. The next begins by itself.
func (r *replica) kill(ctx context.Context, grace time.Duration) error {
	l, err := r.current(ctx)
	if err == nil && l == nil {
		err = platform.ErrDown
	}
	if err == nil {
		err = l.end(ctx, grace)
	}
	if err == nil {
		err = r.awaitEnd(ctx, l)
	}
	if err != nil {
		return fmt.Errorf("kill %s: %w", r.name, err)
	}
	return nil
}

// awaitEnd waits until the supervisor has seen the end of l, too, so that the
// next look at the replica does not show it running.
func (r *replica) awaitEnd(ctx context.Context, l *life) error {
	return r.mu.Await(ctx, func() bool { return r.life != l })
}

// hold ends the present life and lets none follow.
func (r *replica) hold(ctx context.Context, grace time.Duration) error {
	r.mu.Update(func() { r.held = true })
	l, err := r.current(ctx)
	if err == nil && l != nil {
		if err = l.end(ctx, grace); err == nil {
			err = r.awaitEnd(ctx, l)
		}
	}
	if err != nil {
		return fmt.Errorf("hold %s: %w", r.name, err)
	}
	return nil
}

// release lets a held replica run again, unless it has left.
func (r *replica) release(ctx context.Context) error {
	held := false
	r.mu.Update(func() {
		if held = r.held && !r.left; held {
			r.held, r.startErr = false, nil
		}
	})
	if !held {
		return nil
	}
	var startErr error
	err := r.mu.Await(ctx, func() bool { startErr = r.startErr; return r.life != nil || startErr != nil || r.stopping })
	if err == nil {
		err = startErr
	}
	if err != nil {
		return fmt.Errorf("release %s: %w", r.name, err)
	}
	return nil
}

// stop ends the replica for good.
func (r *replica) stop(ctx context.Context) error {
	var l *life
	r.mu.Update(func() { r.stopping, l = true, r.life })
	if l != nil {
		if err := l.end(ctx, r.grace); err != nil {
			return fmt.Errorf("stop %s: %w", r.name, err)
		}
	}
	timer := time.NewTimer(killTimeout)
	defer timer.Stop()
	select {
	case <-r.ended:
		r.log.file.Close() // the second time, when Down is repeated, it is closed already
		return nil
	case <-timer.C:
		return fmt.Errorf("stop %s: it is still being started after %v", r.name, killTimeout)
	}
}

// view is the replica as others see it.
func (r *replica) view() platform.Replica {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := platform.Replica{Name: r.name, Service: r.service, Labels: r.labels, Address: r.address, Ports: r.ports, Ready: r.ready, State: platform.Down, StopGrace: r.grace}
	if r.life != nil {
		v.State, v.Incarnation, v.Started = platform.Running, r.life.incarnation(), r.life.started
	}
	return v
}
