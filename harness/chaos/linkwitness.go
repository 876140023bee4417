package chaos

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"gauntlet/harness/chaos/link"
)

const (
	// askEvery is how often each link of a victim is asked over: often enough to
	// see a fault of a second, and nothing beside the load.
	askEvery = 200 * time.Millisecond
	// askTimeout is how long an answer may take beyond what the fault asks for.
	askTimeout = time.Second
	// asksBefore is how often is asked before the deed.
	asksBefore = 5
	// countTimeout bounds a look at the counters.
	countTimeout = 5 * time.Second
)

// linkWitness sees what a fault does to the links of one victim: by questions
// of its own that pass the same links, as the victim's would, and by the
// counters of what else passed.
type linkWitness struct {
	set     Settings
	victim  string
	shaper  link.Control
	links   []*linkView
	ends    context.CancelFunc // of the questions of the fault
	pending sync.WaitGroup     // links that are not back

	returned chan struct{} // closed when all are
	looked   chan struct{} // closed when the counters were read last

	mu       sync.Mutex
	first    map[link.Pair]link.Counters
	last     map[link.Pair]link.Counters
	countErr error
	deed     int64 // acted was called, in ns of the run's clock
	free     int64 // mayReturn was called
	returnAt int64 // the last link was back
}

// linkView is one link as the witness saw it. mu of the witness guards what is
// seen.
type linkView struct {
	fault string // that the link's counters know the rules by
	pair  link.Pair
	rules []link.Rule
	late  time.Duration // by which a round trip is expected to be longer
	*exchange

	start asked // what the exchange had asked when the counters were read first
	stop  asked // and last
	seen  linkSeen
}

// linkSeen is what questions over a link saw.
type linkSeen struct {
	before    []time.Duration
	beforeErr error
	during    []time.Duration // of the answers
	statuses  []int           // theirs
	effect    int64           // when the first question of the fault ended otherwise than those before
	silent    int             // questions without an answer in time
	broken    int             // connections refused or broken off
	last      error           // why the last was not answered
	isBack    bool
}

func newLinkWitness(set Settings, victim string, shaper link.Control, links []*linkView) *linkWitness {
	return &linkWitness{set: set, victim: victim, shaper: shaper, links: links, returned: make(chan struct{}), looked: make(chan struct{})}
}

// watch asks over every link, for the time before, and goes on asking.
func (w *linkWitness) watch(ctx context.Context) {
	var all sync.WaitGroup
	for _, l := range w.links {
		all.Go(func() { l.askBefore(ctx) })
	}
	all.Wait()
	w.first, w.countErr = w.count()
	during, ends := context.WithCancel(ctx)
	w.ends = ends
	for _, l := range w.links {
		l.start = l.asked
		w.pending.Go(func() { w.follow(ctx, during, l) })
	}
	go func() {
		w.pending.Wait()
		close(w.returned)
	}()
}

// askBefore asks for the time before the deed.
func (l *linkView) askBefore(ctx context.Context) {
	for range asksBefore {
		ctx, cancel := context.WithTimeout(ctx, askTimeout)
		a, err := l.ask(ctx)
		cancel()
		if err != nil {
			l.seen.beforeErr = err
			return
		}
		l.seen.before = append(l.seen.before, a.took)
	}
}

// count reads the counters. It must also work when the run is interrupted.
func (w *linkWitness) count() (map[link.Pair]link.Counters, error) {
	ctx, cancel := context.WithTimeout(context.Background(), countTimeout)
	defer cancel()
	return w.shaper.Counters(ctx)
}

func (w *linkWitness) acted() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deed = w.set.Clock.Now()
}

// mayReturn ends the questions of the fault and looks at the counters while it
// is still active.
func (w *linkWitness) mayReturn() {
	w.mu.Lock()
	if w.free != 0 {
		w.mu.Unlock()
		return
	}
	w.free = w.set.Clock.Now()
	w.mu.Unlock()
	w.ends()
	last, err := w.count()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last, w.countErr = last, errors.Join(w.countErr, err)
	close(w.looked)
}

// follow asks over l in the fault, and after it until the answers come as they
// came before.
func (w *linkWitness) follow(ctx, during context.Context, l *linkView) {
	defer l.close()
	for rest(ctx, askEvery, nil, during.Done()) {
		w.askDuring(during, l)
	}
	w.mu.Lock()
	l.stop = l.asked
	w.mu.Unlock()
	select { // a question that came before the last look would be taken for another's
	case <-w.looked:
	case <-ctx.Done():
	}
	for ctx.Err() == nil {
		begin := w.set.Clock.Now()
		took, err := l.askAfter(ctx)
		if err == nil && l.seen.asBefore(took, l.late) {
			at := w.set.Clock.Now()
			if !l.asks() {
				at = begin // it has only lasted since
			}
			w.mu.Lock()
			l.seen.isBack, w.returnAt = true, max(w.returnAt, at)
			w.mu.Unlock()
			return
		}
		if !rest(ctx, lookEvery, nil, nil) {
			return
		}
	}
}

// askAfter asks on a connection of its own time: those of the fault are spoilt.
func (l *linkView) askAfter(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	a, err := l.ask(ctx)
	return a.took, err
}

// askDuring asks once while the fault is active, or about to be.
func (w *linkWitness) askDuring(during context.Context, l *linkView) {
	ctx, cancel := context.WithTimeout(during, askTimeout+6*l.late)
	defer cancel()
	begin := w.set.Clock.Now()
	a, err := l.ask(ctx)
	end := w.set.Clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	s := &l.seen
	if w.deed == 0 || begin < w.deed {
		return // not wholly of the fault
	}
	switch {
	case during.Err() != nil:
		if err == nil || time.Duration(end-begin) < max(askEvery, 10*middle(s.before), 4*l.late) {
			return
		}
		s.silent++ // it was not answered as long as the fault went on
	case err == nil:
		s.during, s.statuses = append(s.during, a.took), append(s.statuses, a.status)
		if !l.asks() || a.took-middle(s.before) < l.late/2 {
			return
		}
	case errors.Is(err, context.DeadlineExceeded):
		s.silent++
		s.last = err
	default:
		s.broken++
		s.last = err
	}
	if s.effect == 0 {
		s.effect = end
	}
}

// asBefore tells whether an answer that took so long is as those before the
// fault, whose delay was expected.
func (s *linkSeen) asBefore(took, expected time.Duration) bool {
	return expected == 0 || took-middle(s.before) < max(expected/2, 5*time.Millisecond)
}

// middle is the median; 0 of none.
func middle(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// back is asked for once the fault is undone: what passed before that only
// happened to pass.
func (w *linkWitness) back(ctx context.Context) (began, ready int64, ok bool) {
	undone := w.set.Clock.Now()
	select {
	case <-w.returned:
	case <-ctx.Done():
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.links {
		if !l.seen.isBack {
			return 0, 0, false
		}
	}
	return w.free, max(undone, w.returnAt), true
}
