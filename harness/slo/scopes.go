package slo

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"gauntlet/harness/history"
)

const (
	horizonFloor = 2 * second // H of a scope with traffic enough
	horizonCount = 400        // requests that H must hold
	leastRate    = 20.0       // per second; a thinner scope is drawn, never judged
)

// dimension is what a scope divides the load by.
type dimension uint8

const (
	everything dimension = iota
	byOperation
	byReplica
	byShard
)

// scope is a part of the load that has episodes of its own (§4). Baseline,
// rate, impact and H are those of the scope.
type scope struct {
	by    dimension
	index int    // operation, replica or shard
	name  string // as reports name it

	rate     float64 // requests per second, of the baseline; overall: of the schedule
	pace     pace    // how the rate changes
	lowest   float64 // rate of the quietest H from the baseline on
	horizon  int64   // H, which follows from it
	baseline tally   // requests of the baseline, as the view takes them
	epsilon  float64 // ε
	test     evidence

	gates   bool    // it counts for the recovery objective
	pending float64 // evidence at the end of the run that an episode begins (see find)
}

// tally counts judged requests.
type tally struct{ n, bad int }

func (t *tally) add(bad bool) {
	t.n++
	if bad {
		t.bad++
	}
}

// thin scopes are not judged.
func (sc *scope) thin() bool { return sc.lowest < leastRate || sc.baseline.n == 0 }

// gates says whether a scope of that dimension counts for the recovery
// objective.
func (s Spec) gates(by dimension) bool {
	switch by {
	case byReplica:
		return s.Recovery != nil && s.Recovery.Replicas
	case byShard:
		return s.Recovery != nil && s.Recovery.Shards
	}
	return true
}

func (sc *scope) has(s *sample) bool {
	switch sc.by {
	case byOperation:
		return int(s.operation) == sc.index
	case byReplica:
		return int(s.replica) == sc.index
	case byShard:
		return int(s.shard) == sc.index+1
	}
	return true
}

// spoken names the scope in a sentence.
func (sc *scope) spoken() string {
	switch sc.by {
	case byOperation:
		return "operation " + sc.name[len("op:"):]
	case byReplica, byShard:
		return strings.Replace(sc.name, ":", " ", 1)
	}
	return "the service"
}

func nameOf(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return "#" + strconv.Itoa(i)
}

// scopes lists overall, and every operation, replica and shard that had a
// request in the baseline or is named in the input.
func (j *judge) scopes(v view) []*scope {
	seen, pace := j.baseline(v), j.pace()
	lowest := pace.lowest(j.whole)
	all := []*scope{{by: everything, name: "overall"}}
	add := func(by dimension, count int, name func(int) string) {
		for i := range count {
			all = append(all, &scope{by: by, index: i, name: name(i)})
		}
	}
	add(byOperation, max(len(j.Operations), len(seen[byOperation])), func(i int) string { return "op:" + nameOf(j.Operations, i) })
	add(byReplica, max(len(j.Replicas), len(seen[byReplica])), func(i int) string { return "replica:" + nameOf(j.Replicas, i) })
	add(byShard, len(seen[byShard]), func(i int) string { return fmt.Sprintf("shard:%d", i) })
	for _, sc := range all {
		var c counted
		if sc.index < len(seen[sc.by]) {
			c = seen[sc.by][sc.index]
		}
		sc.pace, sc.gates = pace, j.Spec.gates(sc.by)
		sc.settle(c, j.Phases.Baseline, j.Rate, lowest)
	}
	return all
}

// counted is the baseline of a scope: every request due, and those judged.
type counted struct {
	due int
	tally
}

func (sc *scope) settle(c counted, baseline Span, rate, lowest float64) {
	if d := baseline.seconds(); d > 0 {
		sc.rate = float64(c.due) / d
	}
	if sc.by == everything && rate > 0 {
		sc.rate = rate
	}
	sc.lowest = sc.rate * min(1, lowest)
	sc.baseline = c.tally
	sc.horizon = horizonFloor
	if sc.rate > 0 {
		sc.horizon = max(horizonFloor, int64(math.Ceil(horizonCount/max(sc.lowest, 1)*float64(second))))
	}
	sc.epsilon = share(c.bad, c.n)
	sc.test = evidenceBetween(hypotheses(sc.epsilon))
}

// baseline counts the baseline's requests by dimension and index, in one pass.
func (j *judge) baseline(v view) [4][]counted {
	var seen [4][]counted
	seen[everything] = make([]counted, 1)
	for s, doubtful := range j.requests(j.Phases.Baseline) {
		bad, judged := v.judge(s, doubtful)
		count := func(by dimension, i int) {
			for len(seen[by]) <= i {
				seen[by] = append(seen[by], counted{})
			}
			seen[by][i].due++
			if judged {
				seen[by][i].tally.add(bad)
			}
		}
		count(everything, 0)
		count(byOperation, int(s.operation))
		if s.replica != history.NoReplica {
			count(byReplica, int(s.replica))
		}
		if s.shard > 0 {
			count(byShard, int(s.shard)-1)
		}
	}
	return seen
}

// series is the judged requests of one scope, as parallel lists by due time.
type series struct {
	due      []int64
	bad      []bool
	slip     []uint32 // µs
	doubtful []int64  // due times of those in doubt
	view     view     // which says what became of these
	whole    Span
	scope    *scope
}

// fill reads the scope's requests into s, whose lists are used again.
func (s *series) fill(j *judge, sc *scope, v view) {
	s.due, s.bad, s.slip, s.doubtful = s.due[:0], s.bad[:0], s.slip[:0], s.doubtful[:0]
	s.whole, s.scope, s.view = j.whole, sc, v
	if cap(s.due) == 0 { // the first scope is the largest
		from, to := j.Samples.within(j.whole)
		n := to - from
		s.due, s.bad, s.slip = make([]int64, 0, n), make([]bool, 0, n), make([]uint32, 0, n)
	}
	for x, doubtful := range j.requests(j.whole) {
		if !sc.has(x) {
			continue
		}
		if doubtful {
			s.doubtful = append(s.doubtful, x.due)
		}
		if bad, judged := v.judge(x, doubtful); judged {
			s.due, s.bad, s.slip = append(s.due, x.due), append(s.bad, bad), append(s.slip, x.slip)
		}
	}
}

// excluded is the due times of what the view leaves out.
func (s *series) excluded() []int64 {
	if s.view == measured {
		return s.doubtful
	}
	return nil
}

// count is the judged requests due in [from, to).
func (s *series) count(from, to int64) tally {
	var t tally
	for _, bad := range s.bad[s.at(from):max(s.at(from), s.at(to))] {
		t.add(bad)
	}
	return t
}
