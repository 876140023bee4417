package chaos

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"gauntlet/harness/platform"
)

const (
	// probeTimeout bounds a question for readiness.
	probeTimeout = time.Second
	// lookEvery is how often the platform is asked for the victim's incarnation,
	// and the victim whether it is ready.
	lookEvery = 10 * time.Millisecond
	// lookSlowly is how often while the victim is held down, limited or stressed.
	lookSlowly = 100 * time.Millisecond
)

// death is the witness of a replica's death and return. Its death is proven by
// two observations, neither of them the word of who killed it: the incarnation
// is gone, and a connection to its address was refused where one was accepted
// before; or, of one whose replacement starts at once, one that was open broke.
type death struct {
	sys     platform.System
	set     Settings
	victim  platform.Replica // as it was before the deed
	oneShot bool
	// mayBeUnlisted: one that is not listed is down, as when its service has
	// fewer replicas.
	mayBeUnlisted bool

	look     chan struct{} // wakes follow: look now
	returned chan struct{} // closed when the victim is ready again
	released chan struct{} // closed when no connection is held any more; nil: none was

	mu      sync.Mutex
	earlier error     // what the connection before the deed said
	edge    time.Time // since when the dialling is attentive
	isDone  bool      // acted was called
	isFree  bool      // mayReturn was called
	since   int64     // watch was called
	saw
}

// saw is what was seen, in ns of the run's clock; 0: not seen.
type saw struct {
	accepted int   // connections during the fault
	other    error // the last attempt that was neither accepted nor refused
	refused  int64 // first refused connection
	broke    int64 // the connection that was held, see hold
	gone     int64 // the incarnation was no longer there
	early    int64 // it ran again before it was released
	began    int64 // the incarnation that became ready was started
	ready    int64
	last     platform.Replica // at the last look
	lastFrom int64            // first seen so
	lookErr  error            // why the platform could not be asked, the last time
}

func newDeath(sys platform.System, set Settings, r platform.Replica, oneShot bool) *death {
	return &death{sys: sys, set: set, victim: r, oneShot: oneShot,
		look: make(chan struct{}, 1), returned: make(chan struct{})}
}

func (d *death) watch(ctx context.Context) {
	// It may have lived through another fault since it was chosen.
	if r, err := d.now(ctx); err == nil {
		d.victim = r
	}
	d.last = d.victim
	d.earlier = dial(ctx, d.victim.Address)
	if d.oneShot && d.earlier == nil {
		if conn := d.hold(ctx); conn != nil {
			d.released = make(chan struct{})
			go d.keep(ctx, conn)
		}
	}
	d.edge, d.since = time.Now(), d.set.Clock.Now()
	go d.dialOn(ctx)
	go d.follow(ctx)
}

func (d *death) acted()     { d.mark(func() { d.isDone = true }) }
func (d *death) mayReturn() { d.mark(func() { d.isFree = true }) }

// mark notes that something changed, which makes the witness attentive.
func (d *death) mark(change func()) {
	d.mu.Lock()
	change()
	d.edge = time.Now()
	d.mu.Unlock()
	select {
	case d.look <- struct{}{}:
	default:
	}
}

// follow asks for the victim's incarnation, and once it may be back whether it
// is ready, until it is.
func (d *death) follow(ctx context.Context) {
	for {
		r, err := d.now(ctx)
		if ctx.Err() != nil {
			return
		}
		pause, mayBeBack := d.note(r, err)
		if mayBeBack && d.isReady(ctx, r) {
			close(d.returned)
			return
		}
		if !rest(ctx, pause, d.look, nil) {
			return
		}
	}
}

// now is the victim as the platform knows it.
func (d *death) now(ctx context.Context) (platform.Replica, error) {
	replicas, err := d.sys.Replicas(ctx)
	if err != nil {
		return platform.Replica{}, err
	}
	for _, r := range replicas {
		if r.Name == d.victim.Name {
			return r, nil
		}
	}
	if d.mayBeUnlisted {
		r := d.victim
		r.State, r.Incarnation = platform.Down, ""
		return r, nil
	}
	return platform.Replica{}, fmt.Errorf("%w: %s", platform.ErrUnknownReplica, d.victim.Name)
}

// note takes down a look at the victim and tells when to look again, and
// whether it may be back.
func (d *death) note(r platform.Replica, err error) (pause time.Duration, mayBeBack bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lookErr = err; err != nil {
		return lookEvery, false
	}
	if r.Incarnation != d.last.Incarnation {
		d.lastFrom = d.set.Clock.Now()
	}
	d.last = r
	another := r.Incarnation != d.victim.Incarnation
	runs := r.State == platform.Running
	if another && d.gone == 0 {
		d.gone = d.set.Clock.Now()
	}
	if d.oneShot && !d.isFree {
		return lookEvery, runs && another
	}
	if !d.isFree {
		if runs && another && d.early == 0 {
			d.early = d.set.Clock.Now()
		}
		if d.isDone {
			return lookSlowly, false
		}
		return lookEvery, false
	}
	return lookEvery, runs
}

// isReady asks r, and takes the answer down when it is yes.
func (d *death) isReady(ctx context.Context, r platform.Replica) bool {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if d.set.Probe(ctx, r) != nil {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ready = d.set.Clock.Now()
	d.began = d.lastFrom
	if !r.Started.IsZero() {
		d.began = d.set.Clock.At(r.Started)
	}
	d.began = min(max(d.began, d.since), d.ready)
	return true
}

func (d *death) back(ctx context.Context) (began, ready int64, ok bool) {
	select {
	case <-d.returned:
	case <-ctx.Done():
		select {
		case <-d.returned: // both: that it is back is the better news
		default:
			return 0, 0, false
		}
	}
	d.settle(ctx)
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.began, d.ready, true
}

func (d *death) proof() (proven bool, at int64, detail string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	seen, as := d.refused, "first refused connection"
	if seen == 0 && d.oneShot && d.brokeThen() {
		seen, as = d.broke, "a connection that was open broke"
	}
	if !d.wasDown() && d.earlier == nil && d.gone != 0 && seen != 0 && d.early == 0 {
		detail = fmt.Sprintf("%s stopped at %s, %s %s", d.victim.Name, seconds(d.gone), as, seconds(seen))
		if d.ready != 0 {
			detail += ", back " + seconds(d.ready)
		} else {
			detail += ", not back"
		}
		return true, max(d.gone, seen), detail
	}
	return false, d.set.Clock.Now(), d.victim.Name + " " + strings.Join(d.insteadOf(), ", ")
}

// wasDown is whether the victim was down when its death was due.
func (d *death) wasDown() bool { return d.victim.Incarnation == "" }

// insteadOf is what was seen of a victim whose death is not proven.
func (d *death) insteadOf() []string {
	var all []string
	switch {
	case d.wasDown():
		all = append(all, "was down before it was touched")
	case d.earlier != nil:
		all = append(all, fmt.Sprintf("accepted no connection before it was touched (%v)", d.earlier))
	}
	switch {
	case d.wasDown() && d.gone != 0: // of one without a life, this is the next one
		all = append(all, "came up at "+seconds(d.gone))
	case d.wasDown():
	case d.gone == 0:
		all = append(all, "still runs as "+d.victim.Incarnation)
	case d.early != 0:
		all = append(all, fmt.Sprintf("ran again at %s as %s, while it was to be held down", seconds(d.early), d.last.Incarnation))
	default:
		all = append(all, fmt.Sprintf("stopped at %s", seconds(d.gone)))
	}
	switch {
	case d.wasDown(): // that it refuses connections goes without saying
	case d.refused != 0:
		all = append(all, "first refused connection "+seconds(d.refused))
	default:
		all = append(all, fmt.Sprintf("%d connections were accepted and none refused", d.accepted))
	}
	if d.other != nil {
		all = append(all, fmt.Sprintf("the last that was neither: %v", d.other))
	}
	if d.lookErr != nil {
		all = append(all, fmt.Sprintf("the platform could not be asked: %v", d.lookErr))
	}
	return all
}

// seconds shows an instant of the run's clock.
func seconds(ns int64) string {
	return fmt.Sprintf("%.3f s", float64(ns)/1e9)
}
