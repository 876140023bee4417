package history

import (
	"errors"
	"fmt"
	"iter"
	"slices"
)

// Merge is the logs of one run's generators as one log: what a single
// generator would have written, had it sent everything. Each log must say
// which of how many it is of, all of them must be there, and their times count
// from one origin; the error says what does not belong together. Closing the
// merged log closes them, and so does an error.
//
// Its requests are in order of their due times as far as those of each log
// are: within a log nothing changes places, so that what must stay in order
// (the reads of one key at the end) has to come from one generator. No request
// is further behind the latest due time than it was in its own log.
//
// A replica is known by its name: the indexes are those of the first log, with
// what only others know behind them.
func Merge(logs ...*Log) (*Log, error) {
	if err := belongTogether(logs); err != nil {
		for _, l := range logs {
			l.Close()
		}
		return nil, err
	}
	if len(logs) == 1 {
		return logs[0], nil
	}
	merged := &Log{Header: logs[0].Header, parts: logs}
	merged.Header.Generator, merged.Header.Generators = 0, 0
	return merged, nil
}

// belongTogether refuses logs that are not all of those of one run.
func belongTogether(logs []*Log) error {
	if len(logs) == 0 {
		return errors.New("no log to merge")
	}
	first, seen := logs[0], map[int]string{}
	for _, l := range logs {
		h, path := l.Header, l.f.Name()
		differs := func(what string, own, other any) error {
			return fmt.Errorf("%s has the %s %v and %s %v: they are not of one run", path, what, own, first.f.Name(), other)
		}
		switch want := first.Header; {
		case h.Run != want.Run:
			return differs("run", h.Run, want.Run)
		case h.StartedAt != want.StartedAt:
			return differs("origin", h.StartedAt, want.StartedAt)
		case !slices.Equal(h.Operations, want.Operations):
			return differs("operations", h.Operations, want.Operations)
		case h.Clients != want.Clients:
			return differs("number of clients", h.Clients, want.Clients)
		case max(1, h.Generators) != len(logs):
			return fmt.Errorf("%s is of one of %d generators, and there are %d logs: what is missing cannot be judged", path, max(1, h.Generators), len(logs))
		case h.Generators == 0:
			return nil // the one log of a run with one generator
		case h.Generator < 1 || h.Generator > h.Generators:
			return fmt.Errorf("%s is of generator %d of %d", path, h.Generator, h.Generators)
		case seen[h.Generator] != "":
			return fmt.Errorf("%s and %s are both of generator %d", seen[h.Generator], path, h.Generator)
		}
		seen[h.Generator] = path
	}
	return nil
}

// lane is a log that is being merged.
type lane struct {
	log  *Log
	next func() (Op, error, bool)
	head Op       // the request that is next, when there is one
	more bool     // there is one
	torn bool     // the log ended in the middle of a block
	name []uint16 // the merged index of each replica of the log
}

// merged delivers the requests of all parts, the one that is due first first,
// and of several due at once that of the first log. A torn log ends by itself:
// what the others wrote stands.
func (l *Log) merged(yield func(Op, error) bool) {
	l.Replicas = l.Replicas[:0]
	lanes := make([]*lane, len(l.parts))
	for i, part := range l.parts {
		next, stop := iter.Pull2(part.Ops())
		defer stop()
		lanes[i] = &lane{log: part, next: next}
		if err := l.advance(lanes[i]); err != nil {
			yield(Op{}, err)
			return
		}
	}
	for i := earliest(lanes); i >= 0; i = earliest(lanes) {
		op := lanes[i].head
		if op.Replica != NoReplica {
			op.Replica = lanes[i].name[op.Replica]
		}
		l.Generator = i
		if !yield(op, nil) {
			return
		}
		if err := l.advance(lanes[i]); err != nil {
			yield(Op{}, err)
			return
		}
	}
	if slices.ContainsFunc(lanes, func(a *lane) bool { return a.torn }) {
		yield(Op{}, ErrTorn)
	}
}

// earliest is the lane whose next request is due first; -1 when none has one.
func earliest(lanes []*lane) int {
	first := -1
	for i, a := range lanes {
		if a.more && (first < 0 || a.head.Due < lanes[first].head.Due) {
			first = i
		}
	}
	return first
}

// advance takes the lane to its next request, and takes over the replicas that
// its log has come to know.
func (l *Log) advance(a *lane) (err error) {
	a.head, err, a.more = a.next()
	for _, name := range a.log.Replicas[len(a.name):] {
		i := slices.Index(l.Replicas, name)
		if i < 0 {
			i = len(l.Replicas)
			l.Replicas = append(l.Replicas, name)
		}
		a.name = append(a.name, uint16(i))
	}
	switch {
	case errors.Is(err, ErrTorn):
		a.more, a.torn = false, true
	case err != nil:
		return fmt.Errorf("%s: %w", a.log.f.Name(), err)
	case a.more && a.head.Replica != NoReplica && int(a.head.Replica) >= len(a.name):
		return fmt.Errorf("%s: a request to replica #%d, which the log does not name: the log is damaged", a.log.f.Name(), a.head.Replica)
	}
	return nil
}
