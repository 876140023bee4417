package load

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// PollEvery is how often each replica is asked whether it is ready.
	PollEvery = 100 * time.Millisecond
	// ProbeTimeout is after what time a probe without an answer has failed:
	// the default of a Kubernetes readiness probe. A shorter one would take a
	// replica out of service for a hiccup of the host.
	ProbeTimeout = time.Second
)

// Service routes as a cluster's service does: round robin over the replicas
// that are ready. It asks each replica on its own every PollEvery, so that
// one that hangs does not delay the news of the others; one failure removes,
// one success admits. At first no replica is ready.
type Service struct {
	probe    func(context.Context, Endpoint) error
	onChange func(Endpoint, bool, time.Time)

	mu    sync.Mutex                 // guards changes of ready
	ready atomic.Pointer[[]Endpoint] // replaced whole, in order of Index
	next  atomic.Uint64

	ctx     context.Context // of the pollers
	stop    context.CancelFunc
	pollers sync.WaitGroup
}

// NewService begins to poll the endpoints, until Close. probe returns nil
// when the replica is ready; onChange (may be nil) hears of each change after
// it took effect, for one replica at a time and in order.
func NewService(endpoints []Endpoint, probe func(context.Context, Endpoint) error, onChange func(e Endpoint, ready bool, at time.Time)) *Service {
	ctx, stop := context.WithCancel(context.Background())
	if onChange == nil {
		onChange = func(Endpoint, bool, time.Time) {}
	}
	s := &Service{probe: probe, onChange: onChange, ctx: ctx, stop: stop}
	s.ready.Store(&[]Endpoint{})
	for _, e := range endpoints {
		s.Add(e)
	}
	return s
}

// Add begins to poll one endpoint more, which gets its share of the requests
// as soon as it is ready. It must not be called after Close.
func (s *Service) Add(e Endpoint) { s.pollers.Go(func() { s.poll(s.ctx, e) }) }

// Close ends the polling and waits for the probes under way. The replicas
// stay as they were last seen.
func (s *Service) Close() {
	s.stop()
	s.pollers.Wait()
}

func (s *Service) poll(ctx context.Context, e Endpoint) {
	tick := time.NewTicker(PollEvery)
	defer tick.Stop()
	was := false
	for {
		probing, cancel := context.WithTimeout(ctx, ProbeTimeout)
		err := s.probe(probing, e)
		cancel()
		if ctx.Err() != nil {
			return
		}
		// A probe that this machine could not send asked nothing: all stays as it was.
		if is := err == nil; is != was && !generatorsOwn(err) {
			s.set(e, is)
			s.onChange(e, is, time.Now())
			was = is
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (s *Service) set(e Endpoint, ready bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := slices.DeleteFunc(slices.Clone(*s.ready.Load()), func(o Endpoint) bool { return o.Index == e.Index })
	if ready {
		now = append(now, e)
		slices.SortFunc(now, func(a, b Endpoint) int { return int(a.Index) - int(b.Index) })
	}
	s.ready.Store(&now)
}

// Route is the next ready replica that is not to be avoided.
func (s *Service) Route(_ int, avoid []uint16) (Endpoint, bool) {
	ready := *s.ready.Load()
	if len(ready) == 0 {
		return Endpoint{}, false
	}
	first := s.next.Add(1)
	for i := range uint64(len(ready)) {
		e := ready[(first+i)%uint64(len(ready))]
		if !slices.Contains(avoid, e.Index) {
			return e, true
		}
	}
	return Endpoint{}, false
}

// Ready is the number of replicas that are ready.
func (s *Service) Ready() int { return len(*s.ready.Load()) }
