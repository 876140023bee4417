package load

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	convergeTime  = 10 * time.Second
	writeTries    = 4
	retryPause    = 100 * time.Millisecond
	progressEvery = 500 * time.Millisecond
)

// Population is what the target is given before the warm-up, so that a GET
// has an answer to be right about: keys 0 … Count−1, each with its value of
// client "p" and its rank as number.
type Population struct {
	Run      string
	Count    int
	KeyName  func(key uint32) string
	Write    Operation
	Read     Operation
	Timeout  time.Duration         // of one request
	Progress func(done, total int) // hears of the requests that ended, twice a second and at the end; may be nil
}

// Populated is what was found while reading back.
type Populated struct {
	// Shards is the X-Shard of the answers about each key: Untold when none had
	// one, Torn when they differed, as where each replica hashes its own way.
	Shards []int32

	// Foreign reads returned the value of another key. They are the target's
	// mistake and no reason not to measure it: the first is described.
	Foreign      int
	FirstForeign string
}

// What Populated.Shards says of a key whose shard is not known.
const (
	Untold int32 = -1
	Torn   int32 = -2
)

// Populate writes every key through the router, then reads each once through
// every replica, besides at a time. A write is tried a few times; a read that
// is not right yet is repeated for ten seconds, the time in which replicas
// must converge. The error names a key that could not be written or read
// back, and what was answered.
func Populate(ctx context.Context, p Population, router Router, replicas []Endpoint) (Populated, error) {
	transport := newTransport(besides, p.Timeout)
	defer transport.CloseIdleConnections()
	run := populating{Population: p, wire: &wire{transport: transport}, router: router, shards: make([]atomic.Int32, p.Count)}
	for i := range run.shards {
		run.shards[i].Store(Untold)
	}
	defer run.report(p.Count * (1 + len(replicas)))()

	err := forEach(ctx, p.Count, run.write)
	if err == nil {
		err = forEach(ctx, p.Count*len(replicas), func(ctx context.Context, i int) error {
			return run.read(ctx, uint32(i/len(replicas)), replicas[i%len(replicas)])
		})
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("populate: %w", context.Cause(ctx))
	}
	found := Populated{Foreign: int(run.foreign.Load()), Shards: make([]int32, p.Count)}
	for i := range run.shards {
		found.Shards[i] = run.shards[i].Load()
	}
	if first := run.first.Load(); first != nil {
		found.FirstForeign = *first
	}
	return found, err
}

type populating struct {
	Population
	wire    *wire
	router  Router
	done    atomic.Int64
	foreign atomic.Int64
	first   atomic.Pointer[string]
	shards  []atomic.Int32
}

// learn takes note of the shard that an answer about a key named.
func (p *populating) learn(key uint32, a attempt) {
	if said := int32(a.shard); said >= 0 && !p.shards[key].CompareAndSwap(Untold, said) && p.shards[key].Load() != said {
		p.shards[key].Store(Torn)
	}
}

// report tells of the progress until the function that it returns is called.
func (p *populating) report(total int) func() {
	if p.Progress == nil {
		return func() {}
	}
	tick, quit, ended := time.NewTicker(progressEvery), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-tick.C:
				p.Progress(int(p.done.Load()), total)
			case <-quit:
				p.Progress(int(p.done.Load()), total)
				return
			}
		}
	}()
	return func() {
		tick.Stop()
		close(quit)
		<-ended
	}
}

func (p *populating) written(key uint32) Written {
	return Written{Run: p.Run, Key: p.KeyName(key), Client: Populator, Seq: uint64(key)}
}

func (p *populating) write(ctx context.Context, i int) error {
	w := p.written(uint32(i))
	last := "no replica is ready"
	for try := range writeTries {
		if try > 0 && !pause(ctx, retryPause<<try) {
			break
		}
		to, ok := p.router.Route(i, nil)
		if !ok {
			continue
		}
		got := p.try(ctx, to, &p.Write, w, w.String())
		if got.err == nil && p.Write.right(got) {
			p.learn(uint32(i), got)
			p.done.Add(1)
			return nil
		}
		last = "through " + to.Name + ": " + got.describe()
	}
	return fmt.Errorf("populate: the key %s cannot be written %s", w.Key, last)
}

func (p *populating) read(ctx context.Context, key uint32, from Endpoint) error {
	want := p.written(key)
	until := time.Now().Add(convergeTime)
	for {
		got := p.try(ctx, from, &p.Read, want, "")
		right := got.err == nil && p.Read.right(got)
		if right && (p.Read.Value == "" || got.value == want.String()) {
			p.learn(key, got)
			p.done.Add(1)
			return nil
		}
		if w, err := ParseValue(got.value); right && err == nil && w.Key != want.Key {
			p.done.Add(1)
			p.foreign.Add(1)
			text := fmt.Sprintf("%s through %s: %s", want.Key, from.Name, got.describe())
			p.first.CompareAndSwap(nil, &text)
			return nil
		}
		if time.Now().After(until) || !pause(ctx, retryPause) {
			return fmt.Errorf("populate: the key %s cannot be read back through %s: %s", want.Key, from.Name, got.describe())
		}
	}
}

func (p *populating) try(ctx context.Context, to Endpoint, o *Operation, w Written, value string) attempt {
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	return p.wire.try(ctx, to, o, blanks{key: w.Key, value: value, client: w.Client, seq: w.Seq})
}

// describe is the answer in words, for an error.
func (a attempt) describe() string {
	switch {
	case a.err != nil:
		return a.err.Error()
	case a.value != "":
		return "status " + strconv.Itoa(a.status) + " with the value " + strconv.Quote(a.value[:min(len(a.value), 200)])
	}
	return "status " + strconv.Itoa(a.status)
}
