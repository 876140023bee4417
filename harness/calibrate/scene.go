package calibrate

import (
	"math/rand/v2"
	"time"

	"gauntlet/harness/history"
	"gauntlet/harness/slo"
)

// scene is a run as it could have been: a baseline, a fault, and time to see
// what comes of it.
type scene struct {
	rate     float64       // requests per second
	baseline time.Duration // before the fault
	lasts    time.Duration // the fault; 0: there is none
	observe  time.Duration // after it
	noise    Noise
	fault    fault
	felt     felt // nil: to the fault's end
	blunt    bool // the fault has no sharp edges
}

// play is one seeded run of the scene: what happened, and what the judge makes
// of it.
func (s scene) play(seed uint64) (Truth, Told) {
	r := rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))
	inject := int64(s.baseline) + r.Int64N(milli)
	heal := inject + int64(s.lasts) + r.Int64N(milli)
	samples, masks, bad := s.requests(r, inject, heal)
	judged := slo.Judge(s.input(samples, masks, inject, heal))
	told := Told{Episodes: judged.Episodes, Objectives: judged.Objectives}
	if s.lasts == 0 {
		return Truth{}, told
	}
	to := heal
	if s.felt != nil {
		to = s.felt(inject, heal)
	}
	return Truth{Outages: []Outage{{From: inject, To: to, Bad: bad, Blunt: s.blunt}}}, told
}

// requests are those of the load, and how many the fault made bad.
func (s scene) requests(r *rand.Rand, inject, heal int64) (samples *slo.Samples, masks []slo.Mask, bad int) {
	total := int64(s.baseline + s.lasts + s.observe)
	weather := s.noise(r, total)
	c := slo.NewCollector(slo.Rules{GoodLatency: goodLatency, Timeout: timeout})
	for i := range int(s.rate * seconds(total)) {
		due := int64(float64(i) * 1e9 / s.rate)
		op := history.Op{Seq: uint64(i), Due: due, Kind: kind(r), Replica: uint16(i % 3), Attempts: 1}
		x := weather.request(due)
		op.Sent, op.Blocked, op.Class = due+x.slip, x.blocked, x.class
		op.Done = op.Sent + x.service
		if s.lasts > 0 {
			fails, delay := s.fault(r, due, inject, heal, i%3)
			if fails || delay > int64(goodLatency) {
				bad++
			}
			hurt(&op, fails, delay)
		}
		c.Add(op)
	}
	return c.Samples(), weather.masks(), bad
}

// hurt does to a request what the fault does. One that was never sent does not
// meet it.
func hurt(op *history.Op, fails bool, delay int64) {
	switch {
	case op.Class == history.Unsent:
		return
	case fails && delay > 0:
		op.Class = history.Timeout
	case fails:
		op.Class = history.Status5xx
	}
	op.Done = max(op.Done, op.Due+delay)
}

// kind is a read nine times of ten.
func kind(r *rand.Rand) uint8 {
	if r.IntN(10) == 0 {
		return 1
	}
	return 0
}

// input is what the judge gets: demands that the scene keeps.
func (s scene) input(samples *slo.Samples, masks []slo.Mask, inject, heal int64) slo.Input {
	faultBegin, faultEnd := int64(s.baseline), int64(s.baseline+s.lasts)
	end := faultEnd + int64(s.observe)
	in := slo.Input{
		Samples: samples, Operations: []string{"get", "put"}, Replicas: []string{"mapper-1", "mapper-2", "mapper-3"}, Rate: s.rate, Masks: masks,
		Phases: slo.Phases{Baseline: slo.Span{End: faultBegin}, Observe: slo.Span{Begin: faultEnd, End: end}},
		Spec:   slo.Spec{Recovery: &slo.Limit{Within: 15 * time.Second, From: "inject"}, Availability: availability(0.99)},
	}
	if s.lasts == 0 {
		return in
	}
	took, begun := inject+milli, heal-milli
	in.Spec.Availability = availability(0.3)
	in.Phases.Fault = &slo.Span{Begin: faultBegin, End: faultEnd}
	in.Faults = []slo.Fault{{Name: "down", Kind: "PodChaos pod-failure", Proven: true, InjectBegin: &inject, InjectEnd: &took, HealBegin: &begun, HealEnd: &heal}}
	return in
}

func availability(ratio float64) []slo.Availability {
	return []slo.Availability{{Ratio: ratio}, {Operation: "get", Ratio: ratio}, {Operation: "put", Ratio: ratio}}
}
