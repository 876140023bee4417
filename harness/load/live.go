package load

import (
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"gauntlet/harness/history"
	"gauntlet/harness/load/shape"
)

// Live is what an attack knows of itself while it runs, for progress lines
// and for the decision whether the steady state holds. The verdict is not
// made from it. It is some 10 ms behind.
type Live struct {
	Planned  uint64 // requests due so far
	Recorded uint64 // of them, those whose outcome is known
	Unsent   uint64 // of these, those that were never sent
	InFlight int    // workers that are busy now

	Since  []Count // by operation: requests due since the mark, whose outcome is known
	Recent Count   // requests that ended in the RecentSpan before the second under way
	P50    time.Duration
	P99    time.Duration // response time over all outcomes of Recent; 0 without any
}

// Count is how many requests were good (right, and within Plan.Good of their
// due time, the generator's own lateness left out) and how many bad.
type Count struct{ Good, Bad uint64 }

// RecentSpan is the span of Live.Recent: whole seconds of the run's clock that
// are over. With the one under way a load that keeps its rate would look slower
// than it is.
const RecentSpan = recentSeconds * time.Second

const recentSeconds = 5

// keptSeconds has room for the second under way.
const keptSeconds = recentSeconds + 1

// live counts. Response times are kept in histograms of a second (3 digits,
// 1 µs … 60 s) by the second in which a request ended.
type live struct {
	good     time.Duration
	recorded uint64
	unsent   uint64
	mark     int64
	since    []Count
	seconds  [keptSeconds]second
}

type second struct {
	at        int64 // which second of the run
	count     Count
	responses *hdrhistogram.Histogram // in µs
}

func newLive(p *Plan) live {
	l := live{good: p.Good, mark: math.MinInt64, since: make([]Count, len(p.Operations))}
	for i := range l.seconds {
		l.seconds[i] = second{at: math.MinInt64, responses: newResponses()}
	}
	return l
}

func newResponses() *hdrhistogram.Histogram { return hdrhistogram.New(1, 60_000_000, 3) }

func (l *live) count(op history.Op) {
	l.recorded++
	if op.Class == history.Unsent {
		l.unsent++
	}
	// What only the generator's own lateness made slow says nothing about the
	// system; the judge weighs it, a look at the run in passing does not.
	late := max(0, op.Slip()-op.Blocked)
	good := op.Class == history.OK && (l.good == 0 || op.Response()-late <= int64(l.good))
	if op.Due >= l.mark {
		l.since[op.Kind].add(good)
	}
	at := floorDiv(op.Done, int64(time.Second))
	s := &l.seconds[((at%keptSeconds)+keptSeconds)%keptSeconds]
	if s.at > at {
		return // recorded too late to be recent
	}
	if s.at < at {
		s.at, s.count = at, Count{}
		s.responses.Reset()
	}
	s.count.add(good)
	s.responses.RecordValue(min(max(op.Response()/1000, 1), 60_000_000)) // in range: cannot fail
}

func (c *Count) add(good bool) {
	if good {
		c.Good++
	} else {
		c.Bad++
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// Live is a snapshot.
func (a *Attack) Live() Live {
	now := a.clock.Now()
	end, _ := a.floor.limits()
	s := Live{Planned: shape.Before(a.plan.Schedule, min(now, end)), InFlight: a.floor.inFlight()}
	t := a.tally
	t.writing.Lock()
	defer t.writing.Unlock()
	l := &t.live
	s.Recorded, s.Unsent = l.recorded, l.unsent
	s.Since = append(s.Since, l.since...)
	all := newResponses()
	current := floorDiv(now, int64(time.Second))
	for _, second := range l.seconds {
		if second.at < current && second.at >= current-recentSeconds {
			s.Recent.Good += second.count.Good
			s.Recent.Bad += second.count.Bad
			all.Merge(second.responses)
		}
	}
	if all.TotalCount() > 0 {
		s.P50 = time.Duration(all.ValueAtQuantile(50)) * time.Microsecond
		s.P99 = time.Duration(all.ValueAtQuantile(99)) * time.Microsecond
	}
	return s
}

// Mark makes Live.Since count anew: the requests due from ns on whose outcome
// becomes known from now on.
func (a *Attack) Mark(ns int64) {
	t := a.tally
	t.flush()
	t.writing.Lock()
	defer t.writing.Unlock()
	t.live.mark = ns
	clear(t.live.since)
}
