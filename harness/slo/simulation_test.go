package slo

import (
	"math/rand/v2"
	"time"

	"gauntlet/harness/history"
)

// The deterministic layer of calibration (measurement.md §7): seeded
// histories with a truth that is known, straight into Judge, no sockets.

const (
	ms          = int64(1e6)
	goodLatency = 250 * time.Millisecond
	timeout     = 2 * time.Second
)

var rules = Rules{GoodLatency: goodLatency, Timeout: timeout}

// scene is a run as it could have been.
type scene struct {
	rate                     float64
	baseline, fault, observe int64 // ns
	background               background
	script                   script
	truth                    truth // nil: the script's end
	slip                     bool  // the generator is late now and then
}

// background makes the errors of a healthy system.
type background func(r *rand.Rand) func() bool

// independent errors, each request by itself.
func independent(p float64) background {
	return func(r *rand.Rand) func() bool { return func() bool { return r.Float64() < p } }
}

// clustered errors: a cluster begins with probability p and errs on a mean of
// size requests in a row.
func clustered(p, size float64) background {
	return func(r *rand.Rand) func() bool {
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

// script is what the fault does to a request due at t, the fault lasting over
// [begin, end): it fails, or its answer takes delay.
type script func(r *rand.Rand, t, begin, end int64, replica int) (fails bool, delay int64)

func failing(p float64) script {
	return func(r *rand.Rand, t, begin, end int64, _ int) (bool, int64) {
		return t >= begin && t < end && (p >= 1 || r.Float64() < p), 0
	}
}

func oneReplica(r *rand.Rand, t, begin, end int64, replica int) (bool, int64) {
	return replica == 1 && t >= begin && t < end, 0
}

// ramp rises over a second, holds, and falls over a second.
func ramp(r *rand.Rand, t, begin, end int64, _ int) (bool, int64) {
	p := min(float64(t-begin), float64(end-t)) / float64(second)
	return r.Float64() < p, 0
}

// flap is 400 ms down, 400 ms up.
func flap(r *rand.Rand, t, begin, end int64, _ int) (bool, int64) {
	return t >= begin && t < end && (t-begin)%(800*ms) < 400*ms, 0
}

// hang answers what it kept waiting when it ends, 5,000 a second.
func hang(r *rand.Rand, t, begin, end int64, _ int) (bool, int64) {
	if t < begin || t >= end {
		return false, 0
	}
	delay := end - t + (t-begin)/5
	return delay > int64(timeout), min(delay, int64(timeout))
}

func nothing(*rand.Rand, int64, int64, int64, int) (bool, int64) { return false, 0 }

// truth is when a script that runs over [begin, end) makes requests bad or,
// for a brown-out, more likely to be bad: until this instant.
type truth func(begin, end int64) int64

// flapEnd is the end of the last time down.
func flapEnd(begin, end int64) int64 {
	last := begin + (end-1-begin)/(800*ms)*(800*ms)
	return min(end, last+400*ms)
}

// hangEnd is when end − t + (t − begin)/5 has come down to the limit of a good
// answer; a long hang has a queue that never does before its end.
func hangEnd(begin, end int64) int64 {
	return min(end, (end-begin/5-int64(goodLatency))*5/4)
}

// history is one seeded run of the scene: its input and the truth, the edges
// of the fault as the requests feel it.
func (s scene) history(seed uint64) (in Input, from, to int64) {
	r := rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))
	c := NewCollector(rules)
	total := s.baseline + s.fault + s.observe
	inject := s.baseline + r.Int64N(ms)
	heal := inject + s.fault + r.Int64N(ms)
	errs := s.background(r)
	late := lateness{on: s.slip}
	n := int(s.rate * float64(total) / 1e9)
	for i := range n {
		due := int64(float64(i) * 1e9 / s.rate)
		replica := i % 3
		op := history.Op{Seq: uint64(i), Due: due, Kind: kind(r), Replica: uint16(replica), Attempts: 1}
		op.Sent = due + late.next(r, due)
		op.Done = op.Sent + ms + int64(r.ExpFloat64()*2e6)
		fails, delay := s.script(r, due, inject, heal, replica)
		if errs() || fails {
			op.Class = history.Status5xx
		}
		if fails && delay > 0 {
			op.Class = history.Timeout
		}
		op.Done = max(op.Done, due+delay)
		c.Add(op)
	}
	to = heal
	if s.truth != nil {
		to = s.truth(inject, heal)
	}
	return s.input(c.Samples(), inject, heal), inject, to
}

func kind(r *rand.Rand) uint8 {
	if r.IntN(10) == 0 {
		return 1
	}
	return 0
}

func (s scene) input(samples *Samples, inject, heal int64) Input {
	faultEnd := s.baseline + s.fault
	in := Input{
		Samples: samples, Operations: []string{"get", "put"}, Replicas: []string{"mapper-1", "mapper-2", "mapper-3"}, Rate: s.rate,
		Phases: Phases{Baseline: Span{0, s.baseline}, Observe: Span{s.baseline, s.baseline + s.fault + s.observe}},
		Spec: Spec{Recovery: &Limit{Within: 15 * time.Second, From: "inject"},
			Availability: []Availability{{"", 0.5}, {"get", 0.5}, {"put", 0.5}}},
	}
	if s.fault == 0 {
		return in
	}
	in.Phases.Fault = &Span{s.baseline, faultEnd}
	in.Phases.Observe = Span{faultEnd, s.baseline + s.fault + s.observe}
	in.Faults = []Fault{{Name: "down", Kind: "PodChaos pod-failure", Proven: true,
		InjectBegin: pointer(inject), InjectEnd: pointer(inject + ms), HealBegin: pointer(heal - ms), HealEnd: pointer(heal)}}
	return in
}

// lateness is a generator on a busy host: 50 µs as a rule, and stalls of up to
// 400 ms about every 5 s, which it then works off at once.
type lateness struct {
	on    bool
	until int64
}

func (l *lateness) next(r *rand.Rand, due int64) int64 {
	if !l.on {
		return 50_000
	}
	if due > l.until && r.Float64() < 0.0002 {
		l.until = due + r.Int64N(400*ms)
	}
	return 50_000 + max(0, l.until-due)
}
