package reports

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// sample is a run that never was, made from a seed: every request is drawn,
// and result and series are counted from the requests.
type sample struct {
	result *Result
	series *Series
	extra  Extra
}

func ptr[T any](v T) *T { return &v }

// The phases of the samples, in seconds.
const (
	sampleFault   = 25
	sampleHeal    = 85
	sampleSeconds = 115
	sampleRate    = 1000
)

// passSample is a redis-outage that went well: slower for the minute, and a
// third of a second of refusals at its beginning.
func passSample() sample {
	sm := newSample(1, func(t float64, rng *rand.Rand) (float64, string) {
		ms := 2.1 * math.Exp(0.55*rng.NormFloat64())
		switch {
		case t >= 25.004 && t < 25.312 && rng.Float64() < 0.13:
			return 1 + rng.Float64(), "5xx"
		case t >= 25 && t < 85.003:
			ms *= 2.6 * math.Exp(0.25*rng.NormFloat64())
		}
		if rng.Float64() < 0.002 {
			ms += 20 * rng.ExpFloat64()
		}
		return ms, "good"
	})
	r := sm.result
	r.Verdict, r.Why = Pass, "All 7 objectives are kept: degraded for 0.31 s at the outage's beginning, answered from memory for the rest of the minute, and lost none of 21 418 acknowledged writes."
	r.Recovery = &Recovery{Degraded: true, Recovered: true, FromInject: Duration{ptr(0.31), 0.30, ptr(0.33)}, FromHeal: Duration{ptr(0.0), 0, ptr(0.0)}, Scope: "overall", Fault: "redis-down"}
	r.Faults[0].Recovery = r.Recovery
	r.Episodes = []Episode{{"op:get", 25.004, 25.003, 25.005, ptr(25.312), 25.301, 25.330, 0.036, 0.13, 3, 36, 0}, {"overall", 25.004, 25.003, 25.005, ptr(25.312), 25.302, 25.331, 0.040, 0.13, 3, 40, 0}, {"replica:mapper-2", 25.005, 25.004, 25.006, ptr(25.310), 25.28, 25.34, 0.04, 0.13, 3, 13, 0}}
	r.Objectives = []Objective{
		{"recovery", "≤ 15 s", "0.31 s", ptr(0.30), ptr(0.33), "+14.7 s (98 %)", 115000, Pass, "", "The first and only episode after the injection ended after 0.31 s.", 31, nil},
		sm.availability("availability:get", 0.999, 0),
		sm.availability("availability:put", 0.99, 1),
		{"lostWrites", "0", "0", ptr(0.0), ptr(0.0), "0", 21418, Pass, "", "Every acknowledged write was read back from every replica.", 33, nil},
		{"foreign", "0", "0", ptr(0.0), ptr(0.0), "0", 104000, Pass, "", "No answer carried a value that was never written to its key.", 0, nil},
		{"residual", "≤ 0.3 %", "0.002 %", ptr(0.0), ptr(0.0002), "+0.28 pp", 57600, Pass, "", "After recovery the bad share is that of the baseline.", 0, nil},
		{"steadyState", "≤ 1 %", "0 %", ptr(0.0), ptr(0.0002), "+0.98 pp", 20000, Pass, "", "The system was sound before the fault.", 0, nil},
	}
	recoveries := []float64{0.30, 0.33, 0.29, 16.2, 0.31, 0.30, 0.28, 0.32, 0.30}
	for i, s := range recoveries {
		e := HistoryOf(r)
		e.Folder = fmt.Sprintf("reports/runs/redis-outage/2026-11-%02dT0409Z-%02d", 13+i, i)
		e.Run, e.StartedAt, e.RecoverySeconds = fmt.Sprint("earlier-", i), fmt.Sprintf("2026-11-%02dT04:09:00Z", 13+i), ptr(s)
		if s > 15 {
			e.Verdict = Fail
		}
		sm.extra.Recent = append(sm.extra.Recent, e)
	}
	return sm
}

// failSample is the same outage with a broken way back: reads fail for as
// long as Redis is away and half a minute more, on one replica longer.
func failSample() sample {
	sm := newSample(2, func(t float64, rng *rand.Rand) (float64, string) {
		ms := 2.1 * math.Exp(0.55*rng.NormFloat64())
		if t < 25.002 || t > 103.4 {
			return ms, "good"
		}
		u := rng.Float64()
		fade := 1.0
		if t > 85 {
			fade = (103.4 - t) / 18.4
		}
		switch {
		case u < 0.22*fade:
			return 2000, "timeout"
		case u < 0.46*fade:
			return 2 + rng.Float64(), "5xx"
		case u < 0.52*fade:
			return 1, "refused"
		case u < 0.60*fade:
			return 260 + 400*rng.ExpFloat64(), "slow"
		case u < 0.61*fade:
			return 2000, "unsent"
		}
		return min(249, ms*(1+30*fade*rng.Float64())), "good"
	})
	r := sm.result
	r.Verdict, r.Why = Fail, "Recovery took 78.4 s against a limit of 15 s: from 25.002 s on reads failed with time-outs and 5xx on all three replicas, 18.4 s longer than Redis was away; availability broke its limits with it."
	r.Commit = "4f2c9e1+dirty"
	r.Recovery = &Recovery{Degraded: true, Recovered: true, Relapses: 1, FromInject: Duration{ptr(78.4), 78.38, ptr(78.43)}, FromHeal: Duration{ptr(18.4), 18.37, ptr(18.43)}, Scope: "overall", Fault: "redis-down"}
	r.Faults[0].Recovery = r.Recovery
	r.Episodes = []Episode{{"op:get", 25.002, 25.001, 25.003, ptr(103.4), 103.38, 103.43, 41.2, 0.55, 3, 37080, 0.02}, {"overall", 25.002, 25.001, 25.003, ptr(103.4), 103.38, 103.43, 41.5, 0.55, 3, 41500, 0.02}, {"shard:7", 90.1, 90.09, 90.11, ptr(90.6), 90.5, 90.7, 0.3, 0.6, 3, 5, 0.8}}
	r.Consistency.Lost, r.Consistency.Verdict = 3, Fail
	r.Consistency.Examples = []string{"d-17-204 acknowledged at 41.207 s by mapper-2, absent from mapper-1 and mapper-3 at 112.8 s", "d-17-209 acknowledged at 41.311 s by mapper-2, absent from all replicas at 112.8 s"}
	r.Consistency.Stale, r.Consistency.MaxStalenessMs = 31, ptr(812.4)
	r.Consistency.Registers, r.Consistency.RegisterReads, r.Consistency.RegisterWrites, r.Consistency.Level, r.Consistency.DeltaMs = 48, 2712, 2688, "bounded staleness", ptr(812.4)
	r.Consistency.WorstKeys = []WorstKey{{"r-17", 61, 52, 9, 812.4, 92.107, ptr(812.4), 1}, {"r-3", 58, 60, 2, 140, 40.5, nil, 0}}
	sm.series.Picture = samplePicture()
	r.Objectives = []Objective{
		{"recovery", "≤ 15 s", "78.4 s", ptr(78.38), ptr(78.43), "−63.4 s (−423 %)", 115000, Fail, LimitBroken, "The first episode after the injection ended only after 78.4 s.", 31, nil},
		sm.availability("availability:get", 0.999, 0),
		sm.availability("availability:put", 0.99, 1),
		{"lostWrites", "0", "3", ptr(3.0), ptr(3.0), "−3", 21418, Fail, LimitBroken, "Three acknowledged writes were gone from at least one replica.", 33, nil},
		{"foreign", "0", "0", ptr(0.0), ptr(0.0), "0", 104000, Pass, "", "No answer carried a value that was never written to its key.", 0, nil},
		{"residual", "≤ 0.3 %", "0.2 %", ptr(0.001), ptr(0.004), "+0.1 pp", 9600, Inconclusive, IntervalSpansLimit, "The interval of the bad share after recovery holds the limit.", 0, nil},
		{"steadyState", "≤ 1 %", "0 %", ptr(0.0), ptr(0.0002), "+0.98 pp", 20000, Pass, "", "The system was sound before the fault.", 0, nil},
	}
	sm.disturb(100, 104)
	before := passSample()
	sm.extra.Recent, sm.extra.Previous = before.extra.Recent, before.result
	r.Environment.Config["mapper.MAPPER_JOURNAL_MAX"] = "1MiB"
	return sm
}

// inconclusiveSample is a control whose fault does nothing, on a substitute.
func inconclusiveSample() sample {
	sm := newSample(3, func(t float64, rng *rand.Rand) (float64, string) {
		return 2.1 * math.Exp(0.55*rng.NormFloat64()), "good"
	})
	r := sm.result
	r.Verdict, r.Why = Inconclusive, "Nothing shows that redis-down took effect, so recovery cannot be judged: redis-1 kept answering throughout."
	r.Control, r.Substitutes = "inert-fault", []string{"redis is an embedded Redis (miniredis), because redis-server is not installed"}
	r.Faults[0].Proven, r.Faults[0].Proof = false, "redis-1 answered PING throughout; its process never changed"
	r.Recovery = &Recovery{Scope: "overall", Fault: "redis-down"}
	r.Faults[0].Recovery = r.Recovery
	sm.series.Lanes[1].Spans = []Span{{0, sampleSeconds, "ready"}}
	r.Objectives = []Objective{
		{"recovery", "≤ 15 s", "–", nil, nil, "", 115000, Inconclusive, FaultUnproven, "The fault is not known to have worked.", 31, nil},
		{"availability", "≥ 99.9 %", "100 %", ptr(0.9999), ptr(1.0), "+0.1 pp", 90000, Inconclusive, FaultUnproven, "The fault is not known to have worked.", 32, nil},
		{"lostWrites", "0", "0", ptr(0.0), ptr(0.0), "0", 21418, Pass, "", "Every acknowledged write was read back from every replica.", 33, nil},
	}
	return sm
}

// disturb lets others take the processors for some seconds, and puts what was
// slow meanwhile in doubt.
func (sm sample) disturb(from, until int) {
	h := &Host{ReadyMs: make([]float64, sampleSeconds), PauseMs: make([]float64, sampleSeconds), HeldUp: make([]float64, sampleSeconds)}
	doubt := Outcome{"in doubt", make([]int, sampleSeconds)}
	for t := range sampleSeconds {
		others, pressure := 0.04, 0.1
		if t >= from && t < until {
			others, pressure, h.HeldUp[t], h.ReadyMs[t], doubt.Count[t] = 0.7, 0.55, 0.4, 24, 12
		}
		h.Others, h.Pressure = append(h.Others, ptr(others)), append(h.Pressure, ptr(pressure))
	}
	h.Others[3], h.Pressure[3] = nil, nil
	sm.series.Host = h
	sm.series.Outcomes = append(sm.series.Outcomes, doubt)
	v := &sm.result.Validity
	v.HeldUpSeconds, v.ReadyMaxMs, v.PauseMaxMs, v.MaskedRatio = 0.4*float64(until-from), 24, 0.3, 0.0004
	v.ExcludedRatio += v.MaskedRatio
}

// availability is the objective of a strip's scope, from the fault on.
func (sm sample) availability(name string, limit float64, strip int) Objective {
	bad, n := 0.0, 0
	for t, share := range sm.series.Strips[strip].Bad[sampleFault:] {
		k := sm.series.Strips[strip].N[sampleFault+t]
		bad, n = bad+*share*float64(k), n+k
	}
	ratio := 1 - bad/float64(n)
	off := 1.96 * math.Sqrt(ratio*(1-ratio)/float64(n))
	o := Objective{name, "≥ " + percent(limit), percent(ratio), ptr(ratio - off), ptr(min(1, ratio+off)), fmt.Sprintf("%+.2f pp", 100*(ratio-limit)), n, Pass, "", "", 32, nil}
	o.Why = fmt.Sprintf("%.0f of %s requests were bad.", bad, count(n))
	if ratio < limit {
		o.Verdict, o.Reason = Fail, LimitBroken
	}
	return o
}

// newSample draws a run, a request every millisecond; outcome says how long
// the one due at t took (ms) and what became of it.
func newSample(seed uint64, outcome func(t float64, rng *rand.Rand) (float64, string)) sample {
	rng := rand.New(rand.NewPCG(seed, 42))
	s := &Series{Seconds: sampleSeconds, GoodMs: 250, Heat: Heat{MinMs: 0.1, Factor: 1.25, Rows: 48}}
	r := sampleResult()
	bySecond, byPhase := make([][]float64, sampleSeconds), map[string][]float64{}
	classes := map[string][]int{}
	scopes := []string{"op:get", "op:put", "replica:mapper-1", "replica:mapper-2", "replica:mapper-3"}
	bad := map[string][]float64{}
	all := map[string][]int{}
	for _, sc := range scopes {
		bad[sc], all[sc] = make([]float64, sampleSeconds), make([]int, sampleSeconds)
	}
	for sec := range sampleSeconds {
		s.Heat.Cells = append(s.Heat.Cells, make([]int, s.Heat.Rows))
		s.Planned = append(s.Planned, sampleRate)
		s.Slip = append(s.Slip, 0.15+0.1*rng.ExpFloat64())
		for i := range sampleRate {
			ms, class := outcome(float64(sec)+float64(i)/sampleRate, rng)
			ms = math.Round(ms*1000) / 1000 // whole µs: the same on every processor
			if class == "good" && ms > s.GoodMs {
				class = "slow"
			}
			bySecond[sec] = append(bySecond[sec], ms)
			for _, p := range r.Phases {
				if float64(sec) >= p.Begin && float64(sec) < p.End {
					byPhase[p.Name] = append(byPhase[p.Name], ms)
				}
			}
			row := int(math.Log(ms/s.Heat.MinMs) / math.Log(s.Heat.Factor))
			s.Heat.Cells[sec][min(max(row, 0), s.Heat.Rows-1)]++
			if classes[class] == nil {
				classes[class] = make([]int, sampleSeconds)
			}
			classes[class][sec]++
			op := "op:get"
			if i%10 == 0 {
				op = "op:put"
			}
			for _, sc := range []string{op, scopes[2+i%3]} {
				all[sc][sec]++
				if class != "good" {
					bad[sc][sec]++
				}
			}
		}
		s.Latency = append(s.Latency, pointOf(bySecond[sec]))
	}
	for _, l := range looks {
		if n := classes[l.class]; n != nil {
			s.Outcomes = append(s.Outcomes, Outcome{l.class, n})
			for _, k := range n {
				r.Load.ByClass[l.class] += k
			}
		}
	}
	for _, sc := range scopes {
		strip := Strip{Scope: sc, N: all[sc]}
		for sec := range sampleSeconds {
			strip.Bad = append(strip.Bad, ptr(bad[sc][sec]/float64(all[sc][sec])))
		}
		s.Strips = append(s.Strips, strip)
	}
	for _, p := range r.Phases {
		s.Spectrum = append(s.Spectrum, spectrumOf(p.Name, byPhase[p.Name]))
		v := byPhase[p.Name]
		slices.Sort(v)
		r.Latency[p.Name] = Latency{nearest(v, 0.5), nearest(v, 0.9), nearest(v, 0.99), nearest(v, 0.999), v[len(v)-1], len(v)}
	}
	total := sampleSeconds * sampleRate
	r.Load.Planned, r.Load.Good, r.Load.Unsent = total, r.Load.ByClass["good"], r.Load.ByClass["unsent"]
	r.Load.Bad, r.Load.Sent = total-r.Load.Good, total-r.Load.Unsent
	judged := 90.0 * sampleRate
	ratio := (judged - float64(r.Load.Bad)) / judged
	r.Availability["overall"] = Availability{ratio, ratio - 0.0003, min(1, ratio+0.0003)}
	s.Lanes = []Lane{{"redis-down", "fault", []Span{{sampleFault, sampleHeal + 0.003, "active"}}},
		{"redis-1", "replica", []Span{{0, 25, "ready"}, {25, 84.94, "down"}, {84.94, 85.003, "starting"}, {85.003, sampleSeconds, "ready"}}}}
	for i := range 3 {
		s.Lanes = append(s.Lanes, Lane{fmt.Sprint("mapper-", i+1), "replica", []Span{{0, sampleSeconds, "ready"}}})
	}
	for rank := 1; rank <= 100000; rank = max(rank+1, rank*5/4) {
		e := 115000 * 0.07826 / math.Pow(float64(rank), 0.99)
		s.Keys = append(s.Keys, KeyCount{rank, int(math.Max(0, math.Round(e+math.Sqrt(e)*rng.NormFloat64()))), e})
	}
	s.Shards = &ShardLoad{Until: sampleFault, Shards: 64, Uneven: ptr(0.4)}
	for i := range 64 {
		place := (i*37 + 11) % 64
		n := 800 + 8600/(1+place)
		s.Shards.Requests = append(s.Shards.Requests, n+n*(i%3-1)/40)
		s.Shards.Chance = append(s.Shards.Chance, ShardChance{720 + 7500/(1+i), 800 + 8600/(1+i), 850 + 10_800/(1+i)})
	}
	return sample{r, s, sampleExtra()}
}

func sampleResult() *Result {
	return &Result{Experiment: "redis-outage", Hypothesis: "With Redis dead for a minute, the mapper keeps answering from memory and loses no acknowledged write.",
		Run: "01JD8Q4Z", StartedAt: "2026-11-22T19:09:00.123456789Z", Seed: 42, Platform: "local", Commit: "4f2c9e1", ConfigDigest: "c0ffee12", Fingerprint: "9b1d",
		Phases: []Phase{{"warmup", 0, 5}, {"baseline", 5, 25}, {"fault", 25, 85}, {"observe", 85, 115}},
		Load:   Load{Rate: sampleRate, ByClass: map[string]int{}, Workers: 2200}, Validity: Validity{ExcludedRatio: 0.0002, SlipP99Ms: 0.42},
		Faults: []Fault{{Name: "redis-down", Kind: "PodChaos pod-failure", Capability: "faithful", Targets: []string{"redis-1"}, Group: 1, InjectBegin: ptr(25.0), InjectEnd: ptr(25.001), HealBegin: ptr(84.94), HealEnd: ptr(85.003),
			Proven: true, Proof: "redis-1 stopped at 25.000 s, first refused connection 25.001 s, back 85.003 s"}},
		Availability: map[string]Availability{}, Latency: map[string]Latency{},
		Consistency: Consistency{Verdict: Pass, Acked: 21418, Unknown: 12, MaxStalenessMs: ptr(38.0)},
		Environment: Environment{Gauntlet: "0.1.0", Go: "go1.26.0", OS: "linux/amd64", CPUs: 4, MemoryMB: 16384, Kernel: "6.12.0", Priority: "generator and control stream are at a nice level better by 11: a thread of theirs weighs 11.6 times one of the system", Config: map[string]string{"mapper.MAPPER_JOURNAL_MAX": "64MiB", "mapper.MAPPER_REDIS": "redis:6379", "redis.appendonly": "yes"}},
		Artifacts:   []string{"result.json", "series.json", "report.html", "junit.xml", "summary.md", "ops.log", "events.jsonl", "experiment.yaml", "logs/mapper-1.log"},
		Command:     "gauntlet run redis-outage --seed 42",
		Folder:      "reports/runs/redis-outage/2026-11-22T1909Z-01JD8Q4Z",
	}
}

func sampleExtra() Extra {
	return Extra{Experiment: "name: redis-outage\nload: {rate: 1000/s}\nphases: {warmup: 5s, baseline: 20s, observe: 30s}\n",
		Logs: []LogExcerpt{{"mapper-2", "around the injection of redis-down", 25, "25.003 WARN redis unreachable: connection refused\n25.310 INFO answering from memory, 100000 keys, journal open\n"},
			{"mapper-2", "around the heal of redis-down", 85.003, "85.120 INFO redis is back\n85.944 INFO journal written back, 1204 entries\n"}}}
}

func pointOf(ms []float64) Point {
	v := slices.Clone(ms)
	slices.Sort(v)
	return Point{len(v), nearest(v, 0.5), nearest(v, 0.9), nearest(v, 0.99), v[len(v)-1]}
}

func spectrumOf(phase string, ms []float64) SpectrumLine {
	v := slices.Clone(ms)
	slices.Sort(v)
	l := SpectrumLine{Phase: phase, Count: len(v)}
	for miss := 1.0; miss*float64(len(v)) >= 1; miss /= math.Pow(10, 0.125) {
		l.At = append(l.At, Quantile{1 - miss, nearest(v, 1-miss)})
	}
	for _, q := range []float64{0.5, 0.9, 0.99, 0.999, 0.9999, 1} {
		l.At = append(l.At, Quantile{q, nearest(v, q)})
	}
	slices.SortFunc(l.At, func(a, b Quantile) int { return int(math.Copysign(1, a.Q-b.Q)) })
	return l
}

// nearest is the nearest-rank quantile of sorted values.
func nearest(sorted []float64, q float64) float64 {
	i := int(math.Ceil(q*float64(len(sorted)))) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}

// samplePicture is a register whose write B one replica never took.
func samplePicture() *Picture {
	op := func(client int, kind, value string, begin, ms float64, role string) PictureOp {
		return PictureOp{client, "mapper-2", kind, value, begin, ptr(begin + ms/1000), role}
	}
	unknown := op(5, "write", "write 4107", 91.52, 0, "")
	unknown.End = nil
	return &Picture{Key: "r-17", What: "r-17, read through mapper-2 at 92.107 s, still had the value of write 4001, 812 ms after write 4093 was acknowledged", Ops: []PictureOp{
		op(1, "write", "write 4001", 84.2, 3.1, RoleSource), op(2, "read", "write 4001", 91.21, 2, ""), op(5, "write", "write 4093", 91.29, 4.6, RoleMissed),
		op(3, "read", "write 4093", 91.41, 2.2, ""), unknown, op(2, "read", "write 4093", 91.7, 90, ""), op(1, "read", "write 4093", 91.9, 2, ""), op(7, "delete", "", 92.0, 1.4, ""),
		op(2, "read", "write 4001", 92.107, 2.4, RoleStale), op(3, "read", "", 92.19, 2.4, ""),
	}}
}
