package experiment

import (
	"math"
	"time"
)

// The constants of the judge (package slo, section 4 of measurement.md) that
// decide what it can see.
const (
	h             = 20                     // evidence at which an episode is accepted
	leastImpact   = 100 * time.Millisecond // of full outage: smaller episodes are shown, never gated on
	settling      = 2 * time.Second        // H: so much good traffic closes an episode
	settlingCount = 400                    // a scope with fewer requests in H has a longer H
	leastRate     = 20                     // requests per second: a scope below is drawn, never judged
	// certainty is how many standard deviations of luck a Floor allows for: 1 in 2,000.
	certainty = 3.29
)

// Floor is the shortest outage that the judge finds.
type Floor struct {
	Share  float64       // of the requests that fail
	Seen   time.Duration // from this length on it is an episode
	Counts time.Duration // from this length on it is one that objectives gate on
}

// FloorOf is the Floor of an outage in which share of the requests fail, at
// rate requests per second, after a baseline of n requests without a failure.
//
// The judge adds b = ln(p1/p0) for a bad request and takes g =
// ln((1−p0)/(1−p1)) for a good one. So after m requests its sum has grown by
// m·d, d = q·b − (1−q)·g, give or take σ·√m, σ = √(q(1−q))·(b+g). Seen is the
// time of the m requests after which it is past h even with bad luck:
// m·d − certainty·σ·√m = h. Counts is when the impact, q − p0 a second, has
// come to the least that counts. A share whose d is not positive is never
// seen; both are then Unbounded.
//
// The floors of measurement.md for 1,000/s, found in experiments (50 ms for
// all requests, 100 ms for a third, 1 s for 5 %), lie between the two.
func FloorOf(share, rate float64, n int) Floor {
	p0, p1 := hypotheses(n)
	b, g := math.Log(p1/p0), math.Log((1-p0)/(1-p1))
	d := share*b - (1-share)*g
	if d <= 0 {
		return Floor{Share: share, Seen: Unbounded, Counts: Unbounded}
	}
	luck := certainty * math.Sqrt(share*(1-share)) * (b + g)
	root := (luck + math.Sqrt(luck*luck+4*d*h)) / (2 * d)
	seen := seconds(root * root / rate)
	return Floor{Share: share, Seen: seen, Counts: max(seen, seconds(leastImpact.Seconds()/(share-p0)))}
}

// hypotheses are the bad shares between which the judge decides: that of a
// healthy system, after a baseline of n good requests, and that of an outage.
func hypotheses(n int) (p0, p1 float64) {
	epsilon := 0.5 / float64(n+1)
	p0 = min(0.05, max(epsilon, 1e-3))
	return p0, min(0.5, max(0.05, 10*p0))
}

// settlingAt is H of a scope with rate requests per second.
func settlingAt(rate float64) time.Duration {
	return max(settling, seconds(settlingCount/rate))
}

// seconds is s as a length of time; Unbounded when it is more than one can be,
// as the time of any number of requests is at a rate of 0.
func seconds(s float64) time.Duration {
	if !(s < Unbounded.Seconds()) {
		return Unbounded
	}
	return time.Duration(s * float64(time.Second))
}

// roundTo is d as precisely as a floor is worth: milliseconds.
func roundTo(d time.Duration) time.Duration {
	if d == Unbounded {
		return d
	}
	return (d + time.Millisecond - 1).Truncate(time.Millisecond)
}
