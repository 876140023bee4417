package experiment

import (
	"math"
	"slices"
	"strings"
	"time"

	"gauntlet/harness/diagnostic"
)

// check finds the mistakes that lie between fields.
func (d *draft) check(r *reader) {
	if d.checkTarget(r); len(r.found) > 0 {
		return // the rest follows from what the target is
	}
	d.checkKeys(r)
	d.checkMix(r)
	d.chooseOperations(r)
	d.checkSLO(r)
	d.checkPromise(r)
	d.checkWaivers(r)
	d.checkWorkers(r)
	d.checkRetries(r)
	d.checkExpectation(r)
}

func (d *draft) checkTarget(r *reader) {
	_, external := r.written["target.url"]
	for _, name := range []string{"compose", "service", "routing", "env", "args"} {
		if at := "target." + name; external && r.written[at].key != nil {
			r.refuseAt(at, "leave it out, or target.url", "%s is for a system that gauntlet starts, and target.url is one that runs", at)
		}
	}
	if at := "target.request"; !external && r.written[at].key != nil {
		r.refuseAt(at, "use load.operations for a system that gauntlet starts", "target.request belongs to target.url")
	}
}

func (d *draft) checkKeys(r *reader) {
	d.Load.Keys.check(r, d.Load.Populate)
	if d.Load.Populate > d.Load.Keys.Count {
		r.refuseAt("load.populate.count", "populate at most as many as load.keys.count", "%d keys are to be populated, and there are %d", d.Load.Populate, d.Load.Keys.Count)
	}
}

func (d *draft) checkMix(r *reader) {
	if len(d.Load.Mix) == 0 {
		r.refuseAt("load.mix", "say how the traffic is shared: mix: {get: 100%}", "there is no load.mix")
		return
	}
	sum := 0.0
	for _, s := range d.Load.Mix {
		sum += s.Share
	}
	if math.Abs(sum-1) > 1e-9 {
		r.refuseAt("load.mix", "", "the shares of load.mix add up to %s, not to 100%%", percent(sum))
	}
	for _, s := range d.Load.Mix {
		if _, known := d.operation(s.Operation); !known {
			r.refuseAt("load.mix."+s.Operation, diagnostic.DidYouMean(s.Operation, d.operationNames()), "load.mix names %q, which is no operation", s.Operation)
		}
	}
}

func (d *draft) operationNames() []string {
	var names []string
	if d.Target.URL == "" {
		names = []string{"get", "put"}
	}
	for _, o := range d.operations {
		if !slices.Contains(names, o.Name) {
			names = append(names, o.Name)
		}
	}
	return names
}

// chooseOperations is what the run needs: the mix, and what populating and
// the questions about the data use beside it.
func (d *draft) chooseOperations(r *reader) {
	for _, s := range d.Load.Mix {
		if o, known := d.operation(s.Operation); known {
			d.Load.Operations = append(d.Load.Operations, o)
		}
	}
	if d.sent != nil {
		d.recall()
		return
	}
	if d.Load.Populate > 0 && !d.need(Operation.stores) {
		r.refuseAt("load.populate", "define one under load.operations with writes: true and {value} in its request, or say load.populate: none",
			"populating needs an operation that writes a value, and there is none")
	}
	if d.Consistency != nil && !(d.need(Operation.stores) && d.need(Operation.tells)) {
		r.refuseAt("consistency", "define them under load.operations (writes: true; value: header:NAME or body), or say consistency: none",
			"consistency needs an operation that writes a value and one whose answer carries it")
	}
	if d.Consistency != nil {
		d.need(Operation.removes) // the registers do without when there is none
	}
	if d.Load.Populate > 0 {
		d.need(Operation.tells) // to read each key once; without it they are written only
	}
	d.checkUse(r)
}

// recall adds what a run that was made sent beside its mix.
func (d *draft) recall() {
	for _, name := range d.sent {
		sent := func(o Operation) bool { return o.Name == name }
		if o, known := d.operation(name); known && !slices.ContainsFunc(d.Load.Operations, sent) {
			d.Load.Operations = append(d.Load.Operations, o)
		}
	}
}

// checkUse refuses an operation that nothing sends: who wrote it means it to
// be sent, and would read a verdict without it.
func (d *draft) checkUse(r *reader) {
	if len(d.Load.Mix) == 0 {
		return // which is said already
	}
	used := func(name string) bool {
		return slices.ContainsFunc(d.Load.Operations, func(o Operation) bool { return o.Name == name })
	}
	for _, o := range d.operations {
		if !used(o.Name) {
			r.refuseAt("load.operations."+o.Name, "give it a share of load.mix, or leave it out", "%q is in no load.mix, so that it would never be sent", o.Name)
		}
	}
}

// need adds the first operation that does what is asked, unless one is there.
// The mapper's are none of a system whose mix has nothing of its protocol:
// that would be written to at paths that it does not have.
func (d *draft) need(does func(Operation) bool) bool {
	if slices.ContainsFunc(d.Load.Operations, does) {
		return true
	}
	for _, name := range d.operationNames() {
		if o, _ := d.operation(name); does(o) && !d.lent(name) {
			d.Load.Operations = append(d.Load.Operations, o)
			return true
		}
	}
	return false
}

// lent: the operation is the mapper's, and the system another.
func (d *draft) lent(name string) bool {
	return d.Target.URL == "" && !d.ours[name] && !slices.ContainsFunc(d.Load.Mix, func(s Share) bool { return !d.ours[s.Operation] })
}

// stores: it writes a value that the harness chose.
func (o Operation) stores() bool {
	carried := strings.Contains(o.Path, "{value}") || strings.Contains(o.Body, "{value}")
	for _, v := range o.Header {
		carried = carried || strings.Contains(v, "{value}")
	}
	return o.Writes && carried
}

// removes: it takes the key away.
func (o Operation) removes() bool {
	return o.Writes && o.Method == "DELETE" && strings.Contains(o.Path, "{key}") && !o.stores()
}

// tells: its answer carries the value of the key.
func (o Operation) tells() bool { return o.Value != "" && !o.Writes }

func (d *draft) checkSLO(r *reader) {
	for _, a := range d.SLO.Availability {
		if !d.mixes(a.Operation) {
			r.refuseAt("slo.availability."+a.Operation, "name an operation of load.mix, or \"all\"", "%q is not in load.mix", a.Operation)
		}
	}
	if l := d.SLO.Recovery; l != nil && d.Target.URL != "" && slices.Contains(l.Scopes, ScopeReplicas) {
		r.refuseAt("slo.recovery.scopes", "leave replicas out, or test a system that gauntlet starts", "the replicas of a system that runs already are not known, so that none could be held to it")
	}
	if d.SLO.Budget.Most > 0 && len(d.SLO.Availability) == 0 {
		r.refuseAt("slo.budget.most", "say what is promised: availability: 99.9%", "a budget is what an availability leaves, and there is none")
	}
	if d.SLO.LostWrites != nil && (d.Consistency == nil || !d.Consistency.Promise.Durable) {
		r.refuseAt("slo.lostWrites", "promise it: consistency: {promise: {durable: true}}", "lostWrites needs writes that are promised to be durable")
	}
}

func (d *draft) checkPromise(r *reader) {
	if d.Consistency == nil {
		return
	}
	p := d.Consistency.Promise
	if p.Linearizable && len(p.Session) > 0 {
		r.refuseAt("consistency.promise.session", "leave session out", "linearizable promises more than any session guarantee")
	}
	if p.Staleness.Fault < p.Staleness.Healthy {
		r.refuseAt("consistency.promise.staleness", "raise fault, or lower healthy", "answers may be %s old while nothing is broken, and only %s while something is", orUnbounded(p.Staleness.Healthy), orUnbounded(p.Staleness.Fault))
	}
	_, wrote := r.written["consistency.promise.convergence"]
	if wrote && p.Convergence != Unbounded && p.Staleness.Healthy == Unbounded {
		r.refuseAt("consistency.promise.convergence", "promise staleness.healthy, or convergence: unbounded", "what converges in %v is the age of the answers, and that has no limit", p.Convergence)
	}
}

func orUnbounded(d time.Duration) string {
	if d == Unbounded {
		return "unbounded"
	}
	return d.String()
}

func (d *draft) checkWorkers(r *reader) {
	if _, err := d.Load.Pool(); err != nil {
		at := "load.workers"
		if d.Load.Workers == 0 {
			at = "load.rate"
		}
		r.refuseAt(at, "shorten load.timeout, lower load.rate, or accept it with undersized: true", "%v", err)
	}
}

func (d *draft) checkRetries(r *reader) {
	if d.Load.Backoff >= d.Load.Timeout {
		r.refuseAt("load.retries.backoff", "", "after a backoff of %v no time is left of the timeout of %v", d.Load.Backoff, d.Load.Timeout)
	}
}

func (d *draft) checkExpectation(r *reader) {
	if d.Inert && len(d.Faults) == 0 {
		r.refuseAt("control.faults", "", "there are no faults that could be inert")
	}
	if d.Expect == nil || d.Expect.Objective == "" {
		return
	}
	if known := d.Objectives(); !slices.Contains(known, d.Expect.Objective) {
		r.refuseAt("control.expect.objective", diagnostic.DidYouMean(d.Expect.Objective, known), "%q is no objective of this experiment", d.Expect.Objective)
	}
}
