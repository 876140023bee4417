package load

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"time"

	"gauntlet/harness/history"
)

const (
	// leastRegisters is so many that a mistake which strikes one key in thirty
	// strikes some: of 96 keys three, and none only where 4 % of such mistakes are.
	leastRegisters = 96
	// mostOperations on one register: what a search for an order can still take.
	mostOperations = 2000
	// registerClients share the registers between them, so that a client meets
	// again what it wrote or read before.
	registerClients = 4
)

// Registers is how many registers a stream of so many requests is spread over:
// so many that none gets more than 2,000 of them, the chance of it below one in
// a million, and 96 at the least. It is even.
func Registers(requests float64) int {
	const fullest = mostOperations - 5*45 // 45: the deviation of 2,000 that come at random
	return 2 * max(leastRegisters/2, int(math.Ceil(requests/fullest/2)))
}

// RegisterClient is the virtual client that sends request seq of the register
// stream, in a run with so many clients.
func RegisterClient(clients int, seq uint64) int {
	return int(seq % uint64(registerClientsOf(clients)))
}

func registerClientsOf(clients int) int { return max(1, min(clients, registerClients)) }

// RegisterKey is the name of a register: r-<i>.
func RegisterKey(i uint32) string { return "r-" + strconv.FormatUint(uint64(i), 10) }

// RegisterPlan says what the register stream is.
type RegisterPlan struct {
	Schedule Schedule
	Workers  int
	Write    string        // the operation that writes a value
	Read     string        // the one that reads it
	Delete   string        // one that removes the key; "" for none
	Count    int           // of registers, even (see Registers)
	Rest     time.Duration // how long a register is written, and how long it then rests; > 0
}

// RegisterStream is the plan of the stream that asks in which order writes are
// seen, and how late: a few keys r-<i>, read and written by a few of the load's
// virtual clients, routed like theirs. All but what r says is the load's.
//
// Half of the requests read and half write: how stale a system is shows in a
// read that comes soon after a write, and of such pairs there are the most when
// there are as many of the one as of the other. One write in five is a delete,
// when there is an operation for it.
//
// Keys are chosen uniformly, of a read among all, of a write among those that
// do not rest. In turns a register is written for Rest and then left alone for
// as long, each at a phase of its own: a value that a write wiped out is
// evidence destroyed, and what a fault left in the wrong order shows for as long
// as nobody writes over it.
func RegisterStream(load Plan, r RegisterPlan) (Plan, error) {
	p := load
	p.Stream, p.Schedule, p.Workers = history.Register, r.Schedule, r.Workers
	p.Seed = int64(seedFor(load.Seed, useRegisters))
	p.Clients = registerClientsOf(load.Clients)
	p.KeyName = RegisterKey
	p.Shards = nil // its keys are others
	p.Mix = make([]float64, len(load.Operations))
	var err error
	if p.Mix, err = r.mix(load.Operations); err != nil {
		return Plan{}, err
	}
	mix, err := NewMix(p.Seed, p.Mix)
	if err != nil {
		return Plan{}, err
	}
	if r.Count < 2 || r.Count%2 != 0 || r.Rest <= 0 {
		return Plan{}, fmt.Errorf("load: %d registers that rest for %v; it takes an even number, and some time", r.Count, r.Rest)
	}
	p.Sampler = &registers{
		seed: seedFor(p.Seed, useKeys), count: uint64(r.Count), schedule: r.Schedule, rest: int64(r.Rest),
		writes: func(n uint64) bool { return p.Operations[mix.Kind(n)].Writes },
	}
	return p, nil
}

// mix is the weights of the operations.
func (r RegisterPlan) mix(operations []Operation) ([]float64, error) {
	weights := make([]float64, len(operations))
	give := func(name, does string, share float64, fits func(Operation) bool) error {
		i := slices.IndexFunc(operations, func(o Operation) bool { return o.Name == name && fits(o) })
		if i < 0 {
			return fmt.Errorf("load: no operation %q that %s, for the registers", name, does)
		}
		weights[i] = share
		return nil
	}
	deletes := 0.0
	if r.Delete != "" {
		deletes = 0.1
	}
	writes := func(o Operation) bool { return o.Writes }
	err := give(r.Read, "reads a value", 0.5, func(o Operation) bool { return o.Value != "" && !o.Writes })
	if err == nil {
		err = give(r.Write, "writes", 0.5-deletes, writes)
	}
	if err == nil && r.Delete != "" {
		err = give(r.Delete, "deletes", deletes, writes)
	}
	return weights, err
}

// registers is the sampler of the register stream.
type registers struct {
	seed, count uint64
	schedule    Schedule
	rest        int64 // ns
	writes      func(n uint64) bool
}

// Key is any register for a read, and one that does not rest for a write.
func (r *registers) Key(n uint64) uint32 {
	a, _ := draw(r.seed, n)
	if !r.writes(n) {
		i, _ := bits.Mul64(a, r.count)
		return uint32(i)
	}
	awake, _ := bits.Mul64(a, r.count/2)
	return uint32((awake + r.firstAwake(r.schedule.Due(n))) % r.count)
}

// firstAwake is the register that woke last before t: it and the half of the
// registers behind it are awake, each of which woke a step sooner. All wake and
// rest once in every 2·rest.
func (r *registers) firstAwake(t int64) uint64 {
	steps := uint64(float64(t%(2*r.rest)) / float64(2*r.rest) * float64(r.count))
	return (r.count - steps) % r.count
}
