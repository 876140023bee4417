package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// Proxy is every link of one process. It implements Control and Edges; its
// methods may be called at any time, from anywhere.
type Proxy struct {
	seed  uint64
	clock clock
	pool  pool

	mu     sync.Mutex
	closed bool
	edges  map[Pair]*edge
	faults map[string][]*active
}

// New makes a Proxy without links. Whatever it draws follows from seed and from
// the order in which connections and bytes come.
func New(seed uint64) *Proxy {
	return &Proxy{seed: seed, clock: clock{base: time.Now()}, edges: map[Pair]*edge{}, faults: map[string][]*active{}}
}

// Open begins to listen, and returns the address that it listens on.
func (p *Proxy) Open(ctx context.Context, o Opening) (string, error) {
	if _, _, err := net.SplitHostPort(o.Target); err != nil {
		return "", fmt.Errorf("open %s: target: %w", o.Pair, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return "", errClosed
	}
	if e := p.edges[o.Pair]; e != nil {
		return "", fmt.Errorf("open %s: it is open, on %s", o.Pair, e.address)
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return "", fmt.Errorf("open %s: %w", o.Pair, err)
	}
	e := newEdge(p, o, l)
	p.edges[o.Pair] = e
	p.clock.running.Go(func() { e.accept(l) })
	return e.address, nil
}

var errClosed = errors.New("the edge proxy is closed")

// Retarget passes new connections on to target from now on.
func (p *Proxy) Retarget(_ context.Context, pair Pair, target string) error {
	if _, _, err := net.SplitHostPort(target); err != nil {
		return fmt.Errorf("retarget %s: %w", pair, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.edges[pair]
	if e == nil {
		return fmt.Errorf("retarget %s: no such link", pair)
	}
	e.target.Store(&target)
	return nil
}

// Close ends every link and returns when nothing runs any more. What waits is
// thrown away.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	edges := p.edges
	p.edges = map[Pair]*edge{}
	p.mu.Unlock()
	for _, e := range edges {
		e.close()
	}
	p.clock.running.Wait()
}

// Counters are those of every open link.
func (p *Proxy) Counters(context.Context) (map[Pair]Counters, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make(map[Pair]Counters, len(p.edges))
	for pair, e := range p.edges {
		all[pair] = e.read()
	}
	for fault, list := range p.faults {
		for _, r := range list {
			if c, open := all[r.Pair]; open {
				c.side(r.Direction).add(fault, r.done.read())
				all[r.Pair] = c
			}
		}
	}
	return all, nil
}

// Apply makes the rules of the fault take effect.
func (p *Proxy) Apply(_ context.Context, fault string, list []Rule) (Applied, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return Applied{}, errClosed
	}
	fresh := make([]*active, len(list))
	for i, r := range list {
		if err := p.check(&r); err != nil {
			return Applied{}, fmt.Errorf("fault %q, rule %d for %s: %w", fault, i+1, r.Pair, err)
		}
		fresh[i] = &active{Rule: r}
	}
	old := p.faults[fault]
	p.faults[fault] = fresh
	return p.enforce(old, fresh)
}

// check says why a rule cannot be done on the links that there are.
func (p *Proxy) check(r *Rule) error {
	e := p.edges[r.Pair]
	if e == nil {
		return errors.New("no such link")
	}
	if r.HTTP != nil && !e.http {
		return errors.New("the link was not opened for HTTP rules")
	}
	return r.Check()
}

// Clear ends what the fault does.
func (p *Proxy) Clear(_ context.Context, fault string) (Applied, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return Applied{}, errClosed
	}
	old := p.faults[fault]
	delete(p.faults, fault)
	return p.enforce(old, nil)
}

// enforce makes the faults true on the links that old and fresh are for, and
// brackets the instant. Fresh rules are those that begin now.
func (p *Proxy) enforce(old, fresh []*active) (Applied, error) {
	var touched []*edge
	for _, r := range slices.Concat(old, fresh) {
		if e := p.edges[r.Pair]; e != nil && !slices.Contains(touched, e) {
			touched = append(touched, e)
		}
	}
	slices.SortFunc(touched, func(a, b *edge) int { return strings.Compare(a.pair.String(), b.pair.String()) })
	applied := Applied{From: time.Now()}
	for _, e := range touched {
		for _, d := range []Direction{Forward, Backward} {
			at := &e.side(d).rules
			at.Store(combine(p.faults, e.pair, d, at.Load(), p.clock.now()))
		}
	}
	var all []error
	for _, e := range touched {
		if err := e.refuseOrAdmit(); err != nil {
			all = append(all, fmt.Errorf("listen again for %s: %w (stop what took %s)", e.pair, err, e.address))
		}
	}
	for _, r := range fresh {
		if r.Reset || r.Reject {
			p.edges[r.Pair].breakOff(r)
		}
	}
	for _, e := range touched {
		e.poke()
	}
	applied.Until = time.Now()
	return applied, errors.Join(all...)
}

// refuseOrAdmit makes the link refuse new connections, or not, as its rules
// say.
func (e *edge) refuseOrAdmit() error {
	for _, d := range []Direction{Forward, Backward} {
		if r := e.side(d).rules.Load(); r != nil && r.reject {
			e.refuse()
			return nil
		}
	}
	return e.admit()
}
