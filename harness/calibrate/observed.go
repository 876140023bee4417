package calibrate

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"gauntlet/harness/calibrate/verdicts"
	"gauntlet/harness/consistency"
	"gauntlet/harness/history"
	"gauntlet/reports"
)

// Observation is a run against truth servers: what they say that happened,
// what the harness told, and how well the two clocks are known to agree.
type Observation struct {
	Truth    Truth
	Told     Told
	Outcomes Share         // requests of the load whose outcome, and reads of registers whose value is the same on both sides
	Within   time.Duration // how far a server's clock can be off the run's
}

// Demand is what the run's experiment demands of an answer.
type Demand struct {
	Good    time.Duration       // response time up to which a right answer is good
	Promise consistency.Promise // about registers
}

// Observe reads the run in dir, whose result is given.
func Observe(dir string, result *reports.Result, of Demand) (*Observation, error) {
	ops, err := readOps(filepath.Join(dir, opsFile))
	if err != nil {
		return nil, err
	}
	logs, err := readVerdicts(filepath.Join(dir, "logs"))
	if err != nil {
		return nil, err
	}
	o, err := observation(ops, logs, of.Good)
	if err == nil {
		err = o.registers(ops, logs, of.Promise, baseline(result))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	o.Told = ToldBy(result)
	return o, nil
}

// baseline is when the run began to be judged, ns.
func baseline(r *reports.Result) int64 {
	for _, p := range r.Phases {
		if p.Name == "baseline" {
			return int64(p.Begin * float64(second))
		}
	}
	return 0
}

// registers adds what the registers proved.
func (o *Observation) registers(ops map[name]history.Op, logs []*verdicts.Log, p consistency.Promise, begin int64) error {
	f, read, err := registersOf(ops, logs, p, begin)
	if err != nil || f == nil {
		return err
	}
	o.Truth.Registers, o.Truth.Broken = &f.Registers, append(o.Truth.Broken, f.broken()...)
	o.Outcomes = Share{o.Outcomes.So + read.So, o.Outcomes.Of + read.Of}
	return nil
}

// ToldBy is what a run's result tells. Episodes of a part of the service are
// left out: nobody is asked about them.
func ToldBy(r *reports.Result) Told {
	t := Told{Objectives: r.Objectives, Consistency: r.Consistency}
	for _, e := range r.Episodes {
		if overall(e) {
			t.Episodes = append(t.Episodes, e)
		}
	}
	return t
}

func readOps(path string) (map[name]history.Op, error) {
	log, err := history.Open(path)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	ops := map[name]history.Op{}
	for op, err := range log.Ops() {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if op.Stream == history.Load || op.Stream == history.Durability || op.Stream == history.Register {
			ops[name{op.Stream, op.Seq}] = op
		}
	}
	return ops, nil
}

// readVerdicts reads the logs of the servers that a run asked.
func readVerdicts(dir string) ([]*verdicts.Log, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil {
		return nil, err
	}
	var all []*verdicts.Log
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		l, err := verdicts.Read(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if !l.Ended {
			return nil, fmt.Errorf("%s: the log has no end: its server was killed, and what it did last is not known", path)
		}
		if len(l.Arrivals) > 0 {
			all = append(all, l)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: no truth server got a request", dir)
	}
	return all, nil
}

// together is H: outages that are less than this apart are one.
const together = 2 * second

func observation(ops map[name]history.Op, logs []*verdicts.Log, limit time.Duration) (*Observation, error) {
	o := &Observation{}
	var parts []Outage
	for _, l := range logs {
		clock, err := align(ops, l.Arrivals)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.Replica, err)
		}
		o.Within = max(o.Within, time.Duration(clock.within))
		parts = append(parts, outages(l, clock, limit)...)
		o.count(ops, l.Arrivals, limit)
	}
	o.Truth.Outages = join(parts)
	if o.Truth.LostWrites > 0 {
		o.Truth.Broken = append(o.Truth.Broken, "lostWrites")
	}
	if o.Truth.Foreign > 0 {
		o.Truth.Broken = append(o.Truth.Broken, "foreign")
	}
	return o, nil
}

// leastShare is the least share of bad requests that is an outage; less is told
// from the errors of a healthy system by nobody.
const leastShare = 0.05

// outages are a server's stretches in which it made requests of the load bad.
func outages(l *verdicts.Log, clock offset, limit time.Duration) []Outage {
	var all []Outage
	for _, s := range l.Stretches {
		met := meeting(l, s)
		x := Outage{From: s.From - clock.by, To: s.To - clock.by, Blunt: s.Blunt}
		last := s.From // that was bad
		for _, a := range met {
			if bad(a, limit) {
				x.Bad++
				last = max(last, a.At)
			}
		}
		if s.Deed == verdicts.Hang {
			x.To = released(met, last, s.To) - clock.by
		}
		if x.Bad > 0 && x.To > x.From && s.Share >= leastShare {
			all = append(all, x)
		}
	}
	return all
}

// meeting are the requests of the load that met a stretch.
func meeting(l *verdicts.Log, s verdicts.Stretch) (met []verdicts.Arrival) {
	for _, a := range l.Arrivals {
		n, ok := nameOf(a)
		if ok && n.stream == history.Load && a.Event == s.Event && a.At >= s.From && a.At < s.To {
			met = append(met, a)
		}
	}
	return met
}

// released is when a hang ceased to be felt: who comes late enough waits for
// less than the limit, unless there is a queue before him.
func released(met []verdicts.Arrival, last, end int64) int64 {
	for _, a := range met {
		if a.At > last {
			end = min(end, a.At)
		}
	}
	return end
}

// bad says whether what a server did to a request makes it bad.
func bad(a verdicts.Arrival, limit time.Duration) bool {
	switch a.Did {
	case verdicts.Fail, verdicts.Reset, verdicts.Blackhole, verdicts.Wrong, verdicts.Bad:
		return true
	}
	return a.Took > int64(limit)
}

// join makes one of outages that belong together.
func join(parts []Outage) []Outage {
	slices.SortFunc(parts, func(a, b Outage) int { return cmp.Compare(a.From, b.From) })
	var all []Outage
	for _, p := range parts {
		last := len(all) - 1
		if last < 0 || p.From-all[last].To >= together {
			all = append(all, p)
			continue
		}
		all[last].To, all[last].Bad, all[last].Blunt = max(all[last].To, p.To), all[last].Bad+p.Bad, all[last].Blunt || p.Blunt
	}
	return all
}

// count compares what became of the requests, one by one, and counts what a
// server did to the data.
func (o *Observation) count(ops map[name]history.Op, arrivals []verdicts.Arrival, limit time.Duration) {
	for _, a := range arrivals {
		n, ok := nameOf(a)
		if !ok {
			continue
		}
		op, sent := ops[n]
		switch {
		case a.Did == verdicts.Wrong:
			o.Truth.Foreign++ // whoever asked
		case a.Did == verdicts.Lose && n.stream == history.Durability && op.Effect == history.Acknowledged:
			o.Truth.LostWrites++
		}
		if sent && n.stream == history.Load {
			o.Outcomes.held(agrees(op, a, limit))
		}
	}
}

// agrees says whether the class of a request is what the server's doing makes
// of it.
func agrees(op history.Op, a verdicts.Arrival, limit time.Duration) bool {
	switch a.Did {
	case verdicts.Fail:
		return op.Class == history.Status5xx
	case verdicts.Missing: // an answer that an experiment may expect
		return op.Class == history.Status4xx || op.Class == history.OK
	case verdicts.Bad:
		return op.Class == history.Status4xx
	case verdicts.Reset:
		return op.Class == history.Reset || op.Class == history.EOF
	case verdicts.Blackhole:
		return op.Class == history.Timeout
	case verdicts.Wrong:
		return op.Class == history.WrongAnswer
	}
	if a.Took > int64(limit) {
		return op.Response() > int64(limit)
	}
	return op.Class == history.OK
}
