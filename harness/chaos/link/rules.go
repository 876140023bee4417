package link

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// rules are what all active faults together do to one direction of a link. They
// never change: a fault that comes or goes makes new ones. nil is none.
type rules struct {
	all    []*active
	shapes bool // makes bytes late, slows or withholds them
	drop   bool
	reject bool
	http   []*active
	rates  []*rate
}

// shaping tells whether bytes are made late, slowed or withheld.
func (r *rules) shaping() bool {
	return r != nil && r.shapes
}

func (r *Rule) shapes() bool {
	return r.Drop || r.Delay > 0 || r.Jitter > 0 || r.Loss > 0 || r.Rate > 0
}

// sameRates tells whether r and o let bytes through by the same tokens.
func (r *rules) sameRates(o *rules) bool {
	var a, b []*rate
	if r != nil {
		a = r.rates
	}
	if o != nil {
		b = o.rates
	}
	return slices.Equal(a, b)
}

// combine is what the faults do to one direction of pair from the instant now,
// after old, in the order of their names, so that it does not depend on which
// came first.
func combine(faults map[string][]*active, pair Pair, d Direction, old *rules, now int64) *rules {
	var to rules
	for _, name := range slices.Sorted(maps.Keys(faults)) {
		for _, r := range faults[name] {
			if r.Pair != pair || r.Direction != d {
				continue
			}
			to.all = append(to.all, r)
			to.shapes = to.shapes || r.shapes()
			to.drop = to.drop || r.Drop
			to.reject = to.reject || r.Reject
			if r.HTTP != nil {
				to.http = append(to.http, r)
			}
		}
	}
	if len(to.all) == 0 {
		return nil
	}
	to.rates = ratesOf(to.all, old, now)
	return &to
}

// ratesOf are the token buckets of all. While they are the ones of old, what
// waits for their tokens keeps its place; else it is offered again.
func ratesOf(all []*active, old *rules, now int64) []*rate {
	var kept, fresh []*rate
	for _, r := range all {
		if r.Rate == 0 {
			continue
		}
		i := -1
		if old != nil {
			i = slices.IndexFunc(old.rates, func(o *rate) bool { return o.rule == r })
		}
		if i < 0 {
			fresh = append(fresh, newSharedRate(newRate(r)))
			continue
		}
		kept = append(kept, old.rates[i])
		fresh = append(fresh, old.rates[i].again(now))
	}
	if old != nil && len(kept) == len(fresh) && slices.Equal(kept, old.rates) {
		return kept
	}
	return fresh
}

// longest bounds every duration of a rule: a day is beyond any experiment, and
// sums of such durations stay far from the end of int64.
const longest = 24 * time.Hour

// Check says what of a rule cannot be done, on whatever link.
func (r *Rule) Check() error {
	var all []error
	bad := func(wrong bool, what string, value any, want string) {
		if wrong {
			all = append(all, fmt.Errorf("%s %v: must be %s", what, value, want))
		}
	}
	share := func(x float64) bool { return !(x >= 0 && x <= 1) } // NaN too
	bad(r.Direction != Forward && r.Direction != Backward, "direction", fmt.Sprintf("%q", r.Direction), "forward or backward")
	bad(r.Delay < 0 || r.Delay > longest, "delay", r.Delay, "0 … 24h")
	bad(r.Jitter < 0 || r.Jitter > longest, "jitter", r.Jitter, "0 … 24h")
	bad(share(r.Correlation), "correlation", r.Correlation, "0 … 1")
	bad(share(r.Loss), "loss", r.Loss, "0 … 1")
	bad(share(r.LossCorrelation), "loss correlation", r.LossCorrelation, "0 … 1")
	bad(r.Rate < 0 || r.Rate > 1<<40, "rate", r.Rate, "0 … 2^40 bytes per second")
	bad(r.Bucket < 0 || r.Bucket > 1<<40, "bucket", r.Bucket, "0 … 2^40 bytes")
	bad(r.Limit < 0 || r.Limit > 1<<40, "limit", r.Limit, "0 … 2^40 bytes")
	if r.HTTP != nil {
		all = append(all, r.HTTP.check(r.Direction))
	}
	return errors.Join(all...)
}

// String names the link in messages: "client → mapper-1:8080".
func (p Pair) String() string { return fmt.Sprintf("%s → %s:%d", p.Source, p.Destination, p.Port) }
