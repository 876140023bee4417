package calibrate

import (
	"math/rand/v2"
	"time"

	"gauntlet/harness/history"
	"gauntlet/harness/slo"
)

// Noise is what befalls the requests of a system that is not broken, in runs
// of a length (ns). The random source is the run's.
type Noise func(r *rand.Rand, length int64) weather

// weather is the noise of one run. Requests come by their due times.
type weather interface {
	request(due int64) fare
	masks() []slo.Mask // when other work on the host disturbed the run
}

// fare is how a request does by itself.
type fare struct {
	slip, blocked int64 // ns after its due time that it is sent, and the part that passed without a free worker
	service       int64 // ns from then on until it is answered
	class         history.Class
}

// lapse says whether the next request errs.
type lapse func() bool

// independent errors: each request errs by itself, with probability p.
func independent(p float64) func(*rand.Rand) lapse {
	return func(r *rand.Rand) lapse { return func() bool { return r.Float64() < p } }
}

// clustered errors: a cluster begins with probability p and errs on a mean of
// size requests in a row.
func clustered(p, size float64) func(*rand.Rand) lapse {
	return func(r *rand.Rand) lapse {
		in := false
		return func() bool {
			if in {
				in = r.Float64() > 1/size
			} else {
				in = r.Float64() < p
			}
			return in
		}
	}
}

// madeUp is noise of a formula: requests take 1 ms and an exponential 2 ms
// more, and are sent 50 µs late.
func madeUp(of func(*rand.Rand) lapse) Noise {
	return func(r *rand.Rand, _ int64) weather { return &formula{r: r, errs: of(r)} }
}

// late is the same of a generator on a busy host, which about every 5 s stalls
// for up to 400 ms and then works off at once what was due.
func late(of func(*rand.Rand) lapse) Noise {
	return func(r *rand.Rand, _ int64) weather { return &formula{r: r, errs: of(r), stalls: true} }
}

type formula struct {
	r      *rand.Rand
	errs   lapse
	stalls bool
	until  int64 // of the stall
}

func (f *formula) request(due int64) fare {
	x := fare{slip: int64(50 * time.Microsecond), service: int64(time.Millisecond) + int64(f.r.ExpFloat64()*2e6)}
	if f.stalls {
		if due > f.until && f.r.Float64() < 0.0002 {
			f.until = due + f.r.Int64N(int64(400*time.Millisecond))
		}
		x.slip += max(0, f.until-due)
	}
	if f.errs() {
		x.class = history.Status5xx
	}
	return x
}

func (f *formula) masks() []slo.Mask { return nil }
