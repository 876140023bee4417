package calibrate

import (
	"slices"
	"testing"
	"time"

	"gauntlet/harness/consistency"
	"gauntlet/harness/history"
	"gauntlet/reports"
)

// What is wrong with data is told by the objective whose matter it is, and by no
// other, of all that are asked at once.
func TestEachTroubleIsNamedByItsObjective(t *testing.T) {
	const lag = 400 * milli
	limited := promised(func(p *consistency.Promise) { p.Fault = time.Second })
	for _, c := range []struct {
		trouble   string
		play      func(seed uint64) (Truth, Told)
		objective string
	}{
		{"none, copies lag", registers{promise: promised(), lag: lag, apart: true, deletes: true}.play, ""},
		{"none, by a hair", registers{promise: promised(), lag: lag, plant: justKept()}.play, ""},
		{"none, one copy", registers{promise: promised(oneOrder), deletes: true}.play, ""},
		{"an acknowledged write that is lost", data{writes: 1000, lost: 0.01}.play, "lostWrites"},
		{"another key's value", data{writes: 1000, foreign: 0.01}.play, "foreign"},
		{"a stale read", registers{promise: promised(), lag: lag, plant: older(0.1, tooOld)}.play, "staleness"},
		{"a stale read in the fault", registers{promise: limited, lag: lag, plant: older(0.3, tooOldBroken)}.play, "staleness"},
		{"a read that is stale by a hair", registers{promise: promised(), lag: lag, plant: justTooOld()}.play, "staleness"},
		{"data that does not converge by a hair", registers{promise: promised(), lag: lag, plant: justLeft()}.play, "convergence"},
		{"data that does not converge", registers{promise: promised(), lag: lag, apart: true, forgets: true}.play, "convergence"},
		{"a session that is put back", registers{promise: promised(), lag: lag, plant: older(0.5, goneBack)}.play, "order"},
		{"an old read where there is one order", registers{promise: promised(oneOrder), plant: older(0.1, disordered)}.play, "order"},
		{"reads in the wrong order", registers{promise: promised(oneOrder), plant: inverted(1)}.play, "order"},
		{"a delete that comes back", registers{promise: promised(oneOrder), deletes: true, plant: older(0.5, resurrected)}.play, "order"},
	} {
		t.Run(c.trouble, func(t *testing.T) {
			const n = 10
			broken := 0
			for seed := range uint64(n) {
				truth, told := c.play(1000 + seed)
				var want, got []string
				if c.objective != "" && len(truth.Broken) > 0 {
					want = []string{c.objective}
					broken++
				}
				for _, o := range told.Objectives {
					if o.Verdict != reports.Pass {
						got = append(got, o.Name)
					}
					if o.Verdict == reports.Inconclusive {
						t.Errorf("seed %d: %s: %s", seed, o.Name, o.Why)
					}
				}
				if !slices.Equal(truth.Broken, want) || !slices.Equal(got, want) {
					t.Errorf("seed %d: %v FAIL, %v are broken, want %v of both", seed, got, truth.Broken, want)
				}
			}
			if c.objective != "" && broken < n*2/3 {
				t.Errorf("%d of %d histories have the trouble", broken, n)
			}
		})
	}
}

// Where nothing else is stale, what the evidence proves is what was planted, one
// by one.
func TestTheEvidenceProvesWhatWasPlanted(t *testing.T) {
	for _, c := range []struct {
		name  string
		plant plant
		count func(Registers) int
	}{
		{"none", nil, func(r Registers) int { return r.Stale + r.Disordered }},
		{"too old", older(0.2, tooOld), func(r Registers) int { return r.Stale }},
		{"back", older(0.5, goneBack), func(r Registers) int { return r.Disordered }},
		{"back, and stale", older(0.5, goneBack), func(r Registers) int { return r.Stale }},
	} {
		all := 0
		for seed := range uint64(10) {
			p := registers{promise: promised(), plant: c.plant}.made(seed)
			planted := 0
			for _, n := range p.broke {
				planted += n
			}
			truth, _ := p.judged()
			if got := c.count(*truth.Registers); got != planted {
				t.Errorf("%s, seed %d: %d are proven, %d were planted", c.name, seed, got, planted)
			}
			all += planted
		}
		if c.plant != nil && all < 10 {
			t.Errorf("%s: %d were planted", c.name, all)
		}
	}
}

// A register whose order cannot be found in the time there is leaves the order
// open, and nothing else.
func TestAnOrderThatIsNotFoundInTime(t *testing.T) {
	p := registers{promise: promised(oneOrder), deletes: true}.made(1)
	const at, lasts = 33 * second, second
	request := func(seq uint64, sent, done int64) request {
		return request{op: history.Op{Stream: history.Register, Seq: seq, Attempts: 1, Sent: sent, Done: done}}
	}
	for seq := range uint64(40) { // at once, in any order, and then read as none of them allows
		w := request(10_000+seq, at, at+lasts)
		w.op.Kind, w.op.Effect = writes, history.Acknowledged
		p.requests = append(p.requests, w)
	}
	for i, value := range []int{10_001, 10_002, 10_001} {
		r := request(20_000+uint64(i), at+lasts+int64(2*i+1)*milli, at+lasts+int64(2*i+2)*milli)
		r.give(value)
		p.requests = append(p.requests, r)
	}
	q := p.question()
	q.Registers.Search = 1
	told := p.asked(q)
	for _, o := range told.Objectives {
		want := reports.Pass
		if o.Name == "order" {
			want = reports.Inconclusive
		}
		if o.Verdict != want || o.Name == "order" && o.Reason != reports.CheckerTimeout {
			t.Errorf("%s is %s %s, want %s: %s", o.Name, o.Verdict, o.Reason, want, o.Why)
		}
	}
}
