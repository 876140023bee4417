package calibrate

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"gauntlet/harness/calibrate/verdicts"
	"gauntlet/harness/history"
)

// name is a request as its id tells it: CLIENT/KEY/SEQ.
type name struct {
	stream history.Stream
	seq    uint64
}

// nameOf reads an id; ok is false for one that is none of the load's, the
// durability stream's or the registers', such as of a request that populates. The final reads
// have the ids of the writes they ask about, and are told apart by their
// method.
func nameOf(a verdicts.Arrival) (n name, ok bool) {
	client, rest, _ := strings.Cut(a.ID, "/")
	key, number, _ := strings.Cut(rest, "/")
	seq, err := strconv.ParseUint(number, 10, 64)
	if err != nil || client == "p" {
		return n, false
	}
	n = name{history.Load, seq}
	switch {
	case strings.HasPrefix(key, "r-"):
		n.stream = history.Register
	case strings.HasPrefix(key, "d-") && a.Put:
		n.stream = history.Durability
	case strings.HasPrefix(key, "d-"):
		n.stream = history.Final
	}
	return n, true
}

// offset is how far a server's clock is ahead of the run's: server − run, ns,
// and how far that can be off.
type offset struct{ by, within int64 }

// align tells the offset from the requests themselves: a server got each of
// them after it was sent, and was done with it before its answer was there (F.
// Cristian, "Probabilistic clock synchronization", Distributed Computing 3,
// 1989). Of thousands the narrowest bounds are a fraction of a millisecond
// apart. It is an error when they contradict one another.
func align(ops map[name]history.Op, arrivals []verdicts.Arrival) (offset, error) {
	low, high := int64(math.MinInt64), int64(math.MaxInt64)
	for _, a := range arrivals {
		n, ok := nameOf(a)
		op, sent := ops[n]
		answered := a.Did == verdicts.OK || a.Did == verdicts.Missing // an experiment may expect the latter
		if !ok || !sent || op.Class != history.OK || !answered {
			continue
		}
		high = min(high, a.At+1000-op.Sent) // instants of the log are cut to µs
		low = max(low, a.At+a.Took-op.Done)
	}
	switch {
	case high == math.MaxInt64:
		return offset{}, errors.New("no request of the run is in the server's log")
	case low > high:
		return offset{}, fmt.Errorf("the clocks of the run and the server contradict each other by %.3f ms: one of them was set", float64(low-high)/1e6)
	}
	return offset{by: low + (high-low)/2, within: (high - low) / 2}, nil
}
