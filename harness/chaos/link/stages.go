package link

import (
	"math/rand/v2"
	"time"
)

// delayState draws delays: Delay + Jitter·(2x−1), x = ρ·last + (1−ρ)·new as
// netem correlates (tc-netem(8), "correlation").
type delayState struct {
	rule *active
	last float64 // 0 … 1; before the first draw −1
}

func newDelay(r *active) delayState { return delayState{rule: r, last: -1} }

func (d delayState) of() *active { return d.rule }

func (d *delayState) draw(rnd *rand.Rand) (ns int64) {
	if d.rule.Jitter == 0 {
		return int64(d.rule.Delay)
	}
	x := rnd.Float64()
	if d.last >= 0 {
		x = d.rule.Correlation*d.last + (1-d.rule.Correlation)*x
	}
	d.last = x
	return max(0, int64(d.rule.Delay)+int64((2*x-1)*float64(d.rule.Jitter)))
}

// lossState loses segments as a chain of two states whose share of losses is
// Loss and whose correlation from one to the next is LossCorrelation.
type lossState struct {
	rule   *active
	before bool // the segment before was lost
	began  bool
}

func newLoss(r *active) lossState { return lossState{rule: r} }

func (l lossState) of() *active { return l.rule }

// stall is by how much a segment is late whose first time-out is rto.
func (l *lossState) stall(rnd *rand.Rand, rto time.Duration) (ns int64) {
	if l.rule.Loss >= 1 {
		return never
	}
	for range stalls {
		if !l.lost(rnd) {
			break
		}
		ns += int64(rto)
		rto *= 2
	}
	return ns
}

func (l *lossState) lost(rnd *rand.Rand) bool {
	p := l.rule.Loss
	if rho := l.rule.LossCorrelation; l.began && rho > 0 {
		p *= 1 - rho
		if l.before {
			p += rho
		}
	}
	l.began, l.before = true, rnd.Float64() < p
	return l.before
}

// rateState is a token bucket, kept as the instant at which it will be full
// (the generic cell rate algorithm, ITU-T I.371): no token is counted, so none
// is lost to rounding.
type rateState struct {
	rule          *active
	bucket, limit int64 // bytes
	full          int64 // ns
}

func newRate(r *active) rateState {
	bucket := r.Bucket
	if bucket == 0 {
		bucket = r.Rate / 100
	}
	limit := r.Limit
	if limit == 0 {
		limit = max(64<<10, r.Rate/10)
	}
	return rateState{rule: r, bucket: max(bucket, segment), limit: min(limit, Window)}
}

// from is the state for what is offered again at the instant now: a new bucket
// is full; one that was in use has counted what did not leave, so it begins
// empty, and the rate is never exceeded.
func (b rateState) from(now int64) rateState {
	if b.full > now {
		b.full = now + b.fill(b.bucket)
	}
	return b
}

// fill is how long n bytes of tokens take to come, in ns.
func (b *rateState) fill(n int64) int64 {
	return int64(float64(n) * float64(time.Second) / float64(b.rule.Rate))
}

// pass is when n bytes that come at the instant at go on; n is at most bucket.
func (b *rateState) pass(at int64, n int) int64 {
	if at == never || n == 0 {
		return at
	}
	need := b.fill(int64(n))
	// There are tokens for n when, after taking them, the bucket would be full no
	// later than a whole filling from then.
	at = max(at, b.full+need-b.fill(b.bucket))
	b.full = max(b.full, at) + need
	return at
}
