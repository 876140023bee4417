package slo

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"gauntlet/harness/history"
	"gauntlet/reports"
)

// held holds replicas, shards or both to the limit.
func held(within time.Duration, replicas, shards bool) func(*Input) {
	return func(in *Input) {
		in.Spec.Recovery = &Limit{Within: within, Replicas: replicas, Shards: shards}
	}
}

// sharded gives each request a shard of n.
func sharded(n uint64) mark { return func(op *history.Op) { op.Shard = uint16(op.Seq%n) + 1 } }

// nameless is what was not answered well, of keys that were not populated.
func nameless(op *history.Op) {
	if op.Class != history.OK {
		op.Shard = 0
	}
}

// What is too little to be an episode of the service is a full outage of a
// replica or a shard: it counts for recovery when the experiment asks.
func TestScopesThatAreAskedFor(t *testing.T) {
	shard := marks(sharded(20), fails(5.002, 6.8, 20, history.Status5xx))
	replica := marks(fails(5.002, 5.25, 3, history.Reset))
	for _, c := range []verdictCase{
		{name: "a shard, not asked for", marks: shard, change: held(time.Second, false, false), verdict: pass},
		{name: "a shard, replicas asked for", marks: shard, change: held(time.Second, true, false), verdict: pass},
		{name: "a shard", marks: shard, change: held(time.Second, false, true), verdict: fail, reason: reports.LimitBroken, why: []string{"Shard 0 recovered 1.8", "89 of 89 requests were bad (89 5xx)"}},
		{name: "a shard within the limit", marks: shard, change: held(3*time.Second, false, true), verdict: pass},
		{name: "a replica, not asked for", marks: replica, change: held(100*time.Millisecond, false, false), verdict: pass},
		{name: "a replica", marks: replica, change: held(100*time.Millisecond, true, true), rate: 1000, verdict: fail, reason: reports.LimitBroken, why: []string{"Replica m-1 recovered 0.25"}},
		{name: "no shard was seen", change: held(time.Second, false, true), verdict: inc, reason: reports.TooFewSamples, why: []string{"no answer of the baseline named one"}},
		{name: "shards too thin", marks: marks(sharded(64)), change: held(time.Second, false, true), verdict: inc, reason: reports.TooFewSamples, why: []string{"Shard 0 had 15.", "at least 20"}},
		{name: "shards too thin, and the service broken", marks: marks(sharded(64), down(5.002, 9)), change: held(time.Second, false, true), verdict: fail, reason: reports.LimitBroken},
		{name: "a silent shard that nobody can name", marks: marks(sharded(20), fails(5.002, 6.8, 20, history.Timeout), nameless), change: held(time.Second, false, true), verdict: inc, reason: reports.TooFewSamples, why: []string{"89 bad requests named none", "load.populate"}},
		{name: "a few that nobody can name", marks: marks(sharded(20), fails(5.002, 5.1, 20, history.Timeout), nameless), change: held(time.Second, false, true), verdict: pass},
		{name: "an outage within the limit, of shards that nobody can name", marks: marks(sharded(20), down(5.002, 5.8), nameless), change: held(time.Second, false, true), verdict: pass},
		{name: "the same, and shards are not asked for", marks: marks(sharded(20), fails(5.002, 6.8, 20, history.Timeout), nameless), change: held(time.Second, true, false), verdict: pass},
		{name: "a replica that joins later", change: all(held(3*time.Second, true, false), func(in *Input) { in.Replicas = append(in.Replicas, "m-4") }), verdict: pass},
		{name: "none, aborted", change: all(held(time.Second, false, true), aborted), verdict: inc, reason: reports.RunAborted},
	} {
		c.objective = "recovery"
		t.Run(c.name, func(t *testing.T) { c.check(t, c.name) })
	}
}

// To ask for more never makes a verdict better.
func TestAskingForMoreIsStricter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in, _ := anyTrial(t)
		plain := Judge(in)
		limit := *in.Spec.Recovery
		limit.Replicas, limit.Shards = rapid.Bool().Draw(t, "replicas"), rapid.Bool().Draw(t, "shards")
		in.Spec.Recovery = &limit
		asked := Judge(in)
		verdict := func(j Judgement) reports.Verdict {
			for _, o := range j.Objectives {
				if o.Name == "recovery" {
					return o.Verdict
				}
			}
			t.Fatal("no recovery")
			return ""
		}
		if rank(verdict(asked)) < rank(verdict(plain)) {
			t.Fatalf("%s, and %s without asking", verdict(asked), verdict(plain))
		}
	})
}
