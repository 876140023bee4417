package suite

import (
	"math/rand/v2"
	"time"
)

// shiftWithin is how far apart the phases of repetitions lie: what a target
// does by itself in a rhythm (a breaker's window, a poll, a flush) is faster
// than a second.
const shiftWithin = time.Second

// seedLimit keeps seeds short enough to be typed.
const seedLimit = 1_000_000

// Attempt is what tells one run of an experiment from the next.
type Attempt struct {
	Seed  int64
	Shift time.Duration // in [0, shiftWithin): see run.Options.Shift
}

// Shifts are the shifts that an Attempt may have, to a tenth of a second: the
// requests of less are too few for anything that is decided.
func Shifts() []time.Duration {
	var all []time.Duration
	for shift := time.Duration(0); shift < shiftWithin; shift += 100 * time.Millisecond {
		all = append(all, shift)
	}
	return append(all, shiftWithin)
}

// AttemptOf is the i-th run, from 0, of an experiment whose suite has the seed.
// The first is that of the seed itself and without a shift, as if it were run
// by itself; the others are drawn from the seed, each by its number alone, so
// that a run does not depend on how often others were repeated.
func AttemptOf(seed int64, i int) Attempt {
	if i == 0 {
		return Attempt{Seed: seed}
	}
	rng := rand.New(rand.NewPCG(uint64(seed), uint64(i)))
	return Attempt{
		Seed:  rng.Int64N(seedLimit),
		Shift: time.Duration(rng.Int64N(int64(shiftWithin/time.Millisecond))) * time.Millisecond,
	}
}
