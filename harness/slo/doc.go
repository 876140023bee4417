// Package slo decides whether a system under fault kept its objectives. It is
// pure: no I/O, no clock, no randomness, so that a run can be judged again
// from its log, bit for bit. Time is int64 nanoseconds since the run's origin
// throughout; seconds appear only in the types of package reports.
//
// # From requests to a verdict
//
// A Collector turns the load's requests into compact Samples: bad or good
// (an error, a wrong answer, never sent, or slower than the declared limit
// from its due time), and ambiguous when the generator's own lateness decides
// which. For each scope (the service as a whole, each operation, replica and
// shard) a CUSUM test finds stretches that are worse than the scope's
// baseline; their edges are refined by maximum likelihood and carry an
// interval; episodes worth 0.1 s of full outage or more count. Episodes
// belong to faults, recovery times to episodes, verdicts to objectives.
//
// # Symbols
//
//	ε   bad share of the baseline, (bad + ½)/(n + 1)
//	p0  min(0.05, max(ε, 10⁻³)), the share that is still healthy
//	p1  max(0.05, 10·p0) but at most ½, the share that is surely not
//	h   20, the evidence (a log-likelihood ratio) that opens an episode
//	H   2 s, or the time of 400 requests in a thin scope: how much good
//	    traffic ends an episode, and how far an edge's influence reaches
//
// Sources: E. S. Page, "Continuous inspection schemes", Biometrika 41 (1954)
// for the CUSUM; E. B. Wilson, "Probable inference", JASA 22 (1927) for
// intervals of shares; S. S. Wilks (1938) for intervals by likelihood ratio.
// Wilks' bound for a smooth parameter is 3.84/2 = 1.92; a split point is not
// one, and the bound that covers it 95 times in 100 here is 3.7.
//
// # Where the rules needed a decision
//
//   - An instant between two requests cannot be told: degradedAt is the due
//     time of the first request of an episode, recoveredAt that of the first
//     one after it, and both intervals reach back to the request before.
//   - Refining an episode of two depths (an outage that ends in a limp) keeps
//     the deeper part; what it cuts off, before or after, is tested again as
//     an episode of its own and merges when it has impact. Nothing is lost.
//   - Bad requests that bring S to a new maximum before it has fallen by the
//     evidence of H continue an episode, however few they are; the rule that
//     small episodes never bridge is for episodes that were closed in between.
//   - The worst of several scopes is the service as a whole unless an operation
//     was surely later (its interval lies above): a thin scope tells its edges
//     later for being thin.
//   - Slip widens an edge whatever caused it, blocked workers included; only
//     the generator's own lateness makes a request ambiguous.
//   - Of the edges in [degradedAt − H, degradedAt] or within the onset's
//     interval the origin is the one next to degradedAt, the latest of those
//     before it. When one lies behind degradedAt, it and the latest before are
//     both possible: the interval then holds the time from either.
//   - The return of a one-shot fault's victim is an edge only when the injection
//     is out of reach. It follows from the injection within milliseconds where a
//     supervisor restarts at once, and nobody undid anything: counting from it
//     would count from nothing that was done to the system.
//   - The time from an edge is at least recoveredLow − the latest instant at
//     which it took effect, at most recoveredHigh − its begin. An injection took
//     effect by injectEnd. A heal lasts until its victims are ready, often past
//     the recovery, and took effect by healEnd or, before that, by the time that
//     what it caused had surely begun (the upper end of the onset's interval).
//   - An episode that was already open at an injection, and follows no earlier
//     one, is held to that fault from its injection: a system that was down
//     before does not count as never degraded.
//   - A never degraded fault's upper bound takes every small episode from its
//     own origin, and the fault passes: small episodes are never gated on. But
//     it needs H of traffic after the injection, else observe was too short.
//     A thin operation, whose H is longer, needs no more than the service does
//     when it had 50 requests in that time (an outage of its own would have
//     shown) and S at the end is not above the evidence of one bad request
//     (nothing begins). One that was degraded needs all of its own H after it:
//     what ended less than H before the end may be a pause.
//   - With from: heal, what ended before the heal is not held to the limit;
//     what begins later than the episode at the heal is a relapse.
//   - Availability and residual of a run whose fault is unproven cannot pass;
//     that they break their limit is a fact, and stands. Recovery is measured
//     from the fault and is inconclusive either way.
//   - An aborted run passes nothing, its steadyState included: each objective is
//     FAIL, or INCONCLUSIVE for being aborted, whatever else is in the way.
//     Availability fails only when it would with every request still to come
//     (up to Input.PlannedEnd) good.
//   - Where nothing was injected because the baseline was not fit for it, the
//     objectives that the fault was for are INCONCLUSIVE: for the reason of
//     steadyState when it is, too-few-samples (there is nothing to judge by) when
//     it FAILs. That the fault is unproven is said of one that
//     was injected, or was not in spite of a steady baseline.
//   - Residual is judged for the scopes that have an availability objective,
//     after the last episode of any fault.
//   - Under a mask a bad request is in doubt only when it could have been good
//     without the hold-up (excuses); a good one is good in spite of it. So a busy
//     host alone neither excludes nor fails anything, and what no waiting makes
//     (a wrong answer, an error at once on a host that is merely busy, a time-out
//     of which the run was held up for a part) counts whatever the host did.
//   - An episode of which more than half of the bad requests are in doubt breaks
//     no limit. It keeps one that it keeps with all of them bad: what is within
//     the limit whoever did it needs no one to blame.
//   - More than a tenth of the requests in doubt for the generator's lateness
//     leaves every objective on timing open, and in doubt for what others did
//     does not. Nothing else tells what the generator's own clock does, and when
//     it is off that often the rest of its instants are worth little; others are
//     seen from outside, request by request, and what they can have done is
//     bounded: with all that is in doubt good or bad the verdict says itself
//     whether it rests on it. A share above which nothing counts would hide the
//     outage of a minute that is in doubt for ten seconds.
//   - An objective to which requests in doubt leave too few is INCONCLUSIVE,
//     instrument-disturbed, even when all the others are good.
//   - A baseline operation of fewer than 100 requests breaks steadyState only
//     when the Wilson interval does: one error of 50 is not 2 %. Of a larger one
//     more than 1 % keeps the fault from being injected; the objective FAILs when
//     the whole interval lies above, and is INCONCLUSIVE while it spans the limit.
//   - What was due and is not in the log counts as not sent by the generator.
//   - Where the rate changes, impact is divided by the mean rate of the episode
//     itself, a part of the load taking the same share of it as in the baseline:
//     a second of full outage is one second at every rate. H, and whether a scope
//     is judged at all, follow from its quietest 2 s from the baseline on.
//   - Who asks for every replica or shard is not told a PASS of some of them: one
//     that had requests and is too thin to judge leaves recovery open. One without
//     a request of the baseline has nothing to be compared with, and is left out.
//     Nor where so many bad requests named no shard that an outage of one may lie
//     among them: a silent shard answers nothing that could name it.
//   - A waiver changes no verdict, since what is broken is broken; it changes what
//     a pipeline is told, on the day on which the run began.
//   - An error budget is used up by what was bad: an aborted run breaks a limit on
//     it as soon as the lower end of the interval does.
//   - A run is stopped by the whole interval, and by requests that are not in doubt
//     for the generator's lateness.
package slo
