package load

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"gauntlet/harness/history"
)

// Plan is everything that an attack is made from.
type Plan struct {
	Stream   history.Stream
	Run      string // the run's id, part of every value
	Schedule Schedule
	Workers  int           // requests at once, ≥ 1; started in advance (Little's law: experiment.WorkersFor)
	Timeout  time.Duration // of a request, all its attempts included, from its sending; > 0
	Retries  int           // further attempts after a failed one, each on another ready replica
	Backoff  time.Duration // before the first further attempt, and twice as long before each next one
	RetryOn  []Trigger     // what is tried again; nil: DefaultTriggers
	Clients  int           // request n is sent by virtual client n mod Clients; ≥ 1

	Operations []Operation // in the order of history.Header.Operations
	Mix        []float64   // the weight of each operation, 0 for one that is not sent
	Sampler    Sampler
	KeyName    func(key uint32) string // letters, digits, - and _ only, distinct between streams
	Shards     []int32                 // by key, as Populated has them: of a request whose answers name none; nil: not known
	Seed       int64

	Good  time.Duration   // a right answer is good up to this response time (Live); 0: always
	Other func(err error) // hears of the first error of class history.Other, if not nil

	mix *Mix
}

// check completes the plan, or says what is wrong with it.
func (p *Plan) check() error {
	switch {
	case p.Schedule == nil || p.Sampler == nil || p.KeyName == nil:
		return errors.New("load: a plan needs a schedule, a sampler and names of keys")
	case p.Workers < 1 || p.Clients < 1 || p.Timeout <= 0 || p.Retries < 0 || p.Backoff < 0:
		return fmt.Errorf("load: a plan of %d workers, %d clients, %d retries and a timeout of %v", p.Workers, p.Clients, p.Retries, p.Timeout)
	case len(p.Operations) > 64 || len(p.Operations) != len(p.Mix):
		return fmt.Errorf("load: %d operations and %d weights; up to 64 operations with a weight each are possible", len(p.Operations), len(p.Mix))
	}
	for _, o := range p.Operations {
		if err := o.Check(); err != nil {
			return err
		}
	}
	var err error
	p.mix, err = NewMix(p.Seed, p.Mix)
	return err
}

// shard is where a key lies as far as is known beforehand, plus one: what is
// never answered would else be of no shard, and one that is silent have no bad
// request. 0 when it is not known.
func (p *Plan) shard(key uint32) uint16 {
	if int(key) >= len(p.Shards) || p.Shards[key] < 0 {
		return 0
	}
	return uint16(p.Shards[key] + 1)
}

// kind is the operation of request n, as an index.
func (p *Plan) kind(n uint64) uint8 { return p.mix.Kind(n) }

// client is the virtual client that sends request n.
func (p *Plan) client(n uint64) int { return int(n % uint64(p.Clients)) }

// value is what request n writes to the key, "" for one that writes nothing.
func (p *Plan) value(o *Operation, key string, n uint64) string {
	if !o.Writes {
		return ""
	}
	return Written{Run: p.Run, Key: key, Client: strconv.Itoa(p.client(n)), Seq: n}.String()
}
