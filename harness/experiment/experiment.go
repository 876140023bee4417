// Package experiment reads an experiment file: YAML in, a checked Experiment
// out, every mistake with file:line:column, the line, and a hint. It knows
// what can be decided (see Decide) before any load is sent. It does not know
// what a fault does: a fault's object stays as it was written until package
// chaos reads it.
package experiment

import (
	"time"

	"github.com/goccy/go-yaml/ast"

	"gauntlet/harness/diagnostic"
	"gauntlet/harness/load/shape"
)

// Experiment is a checked experiment file, every default filled in.
type Experiment struct {
	Name       string
	Hypothesis string
	File       string // the file it was read from, as the user named it
	Source     []byte // its text; with a control applied, the text of the experiment as run

	Target      Target
	Load        Load
	Phases      Phases
	Faults      []Fault // in order of At
	Limits      Limits
	Inert       bool         // faults are prepared, targets chosen, and nothing is done (a control)
	Consistency *Consistency // nil when nothing is promised
	SLO         SLO
	Stop        *Stop // when a run is ended before its time; nil: never
	Repeat      int   // how often it is run, ≥ 1
	Controls    []Control
	Expect      *Expectation // how it must end; nil for the experiment itself, set for a control
	Applied     string       // the control that this is; "" for the experiment itself

	tree   *tree   // the file as it was written: controls and overrides are applied to it
	places *reader // where each field stands, for what is found to be wrong later
}

// Mistake is something wrong with the field at path ("target.service") that
// only shows beside other files, at its place; at that of the nearest field
// around it which the file has when path is a default.
func (e *Experiment) Mistake(path, hint, format string, args ...any) *diagnostic.Diagnostic {
	return e.places.diagnose(path, hint, format, args...)
}

// Target says what is tested: a Compose file or an address that answers
// already.
type Target struct {
	Compose string                       // path of the Compose file; "" with URL
	Service string                       // the service that receives the traffic
	Routing Routing                      // how a request finds a replica
	Env     map[string]map[string]string // by service, merged over the Compose file's
	Args    map[string][]string          // by service, appended to its command
	URL     string                       // an external system; "" with Compose
}

// Routing is how a request finds a replica.
type Routing string

// The routings.
const (
	RouteService Routing = "service" // round robin over the ready replicas
	RoutePinned  Routing = "pinned"  // a client keeps its replica
	RouteDirect  Routing = "direct"  // always the first replica, ready or not
)

// Load is the traffic.
type Load struct {
	Rate       shape.Shape   // requests over time, from the beginning of the warm-up
	Trace      Trace         // the file that Rate was read from, if it is a trace
	Workers    int           // 0: by Little's law (see WorkersFor)
	Undersized bool          // the file accepts fewer workers than Little's law asks for
	Timeout    time.Duration // of a request, all attempts included, from its sending
	Retries    int           // further attempts after a failed one, each on another ready replica
	Backoff    time.Duration // before the first of them, and twice as long before each next one
	RetryOn    []string      // outcomes that are tried again; nil: the usual ones
	Clients    int           // request n is sent by virtual client n mod Clients
	Keys       Keys
	Populate   int         // keys written before the warm-up, from rank 0; 0: none
	Mix        []Share     // of operations; shares add up to 1
	Operations []Operation // every operation that Mix or populating needs, in the order of Mix
}

// Trace is the file of a load that was written down; none without a File.
type Trace struct {
	File   string // its path
	Source string // its text
}

// Keys says which keys are asked for.
type Keys struct {
	Distribution string        // see keyForms
	Theta        float64       // of zipf and latest, ≥ 0
	Count        int           // size of the key space, ≥ 1; of families the sum of theirs
	Hot          int           // how many keys are hot, of a hot set
	Share        float64       // of the requests that are for the hot keys
	Every        time.Duration // after which a hot set moves on
	Shard        int           // whose keys are hot; −1: that of the first key
	Slot         int           // of Redis, in which all keys are
	RedisKey     string        // what the target calls a key in Redis, "{key}" standing for it
	Families     []Family
}

// Family is keys of one prefix.
type Family struct {
	Prefix string
	Count  int
	Share  float64 // of the requests
	Theta  float64 // the skew among its keys
}

// Share is an operation's part of the traffic, in (0, 1].
type Share struct {
	Operation string
	Share     float64
}

// Operation says how a request is made and which answers are right. In Path,
// Body, Header, Equals and Contains "{key}", "{value}", "{client}" and "{seq}"
// stand for the key, the value, the virtual client and the request's number; in
// Header and Body ${NAME} for the environment's NAME.
type Operation struct {
	Name   string
	Method string
	Path   string
	Body   string
	Header map[string]string
	Status []int  // the statuses that are right; empty: every one below 400
	Failed string // an answer whose body begins so is an error, whatever its status; "" for none
	Value  string // where a right answer carries the value: "header:Location" or "body"; "" when it carries none
	Writes bool   // it changes the system: an unacknowledged one may still have an effect

	Equals   string // what the body of a right answer is, to the letter; "" for any
	Contains string // what it contains, within its first 16 KiB; "" for anything
}

// Phases are the lengths of the phases. The fault phase lasts from the end of
// the baseline to the last heal.
type Phases struct {
	Warmup   time.Duration
	Baseline time.Duration
	Observe  time.Duration // from the last heal
}

// Limits bound what the faults may touch.
type Limits struct {
	Replicas int // at one time; 0: no limit
}

// Fault is one entry of the timeline: a Chaos Mesh object, or an action.
type Fault struct {
	At     time.Duration // from the end of the baseline
	For    time.Duration // how long a Schedule goes on; 0: not said
	Chaos  Manifest      // its Node is nil for an action
	Action *Action       // nil for an object
}

// Manifest is a Chaos Mesh object as it was written, with its place.
type Manifest struct {
	File   string   // where it stands
	Source []byte   // the whole text of File
	Node   ast.Node // the object within it; its tokens carry line and column
}

// Consistency is what is sent beside the load to ask about the data.
type Consistency struct {
	Share   float64 // of the load's rate, sent in addition
	Promise Promise
}

// Rest is how long a register is written before it is left alone for as long
// (see load.RegisterStream): three times the convergence, so that a third of
// those that rested when the last fault was healed still do when the data must
// have converged; at least 3 s.
func (c *Consistency) Rest() time.Duration {
	if c.Promise.Convergence == Unbounded {
		return 30 * time.Second
	}
	return max(3*c.Promise.Convergence, 3*time.Second)
}

// Promise is what the target declares about its data.
type Promise struct {
	Durable      bool
	Staleness    Staleness
	Convergence  time.Duration // after a heal, until no answer is older than Staleness.Healthy; Unbounded: none is promised
	Session      []string      // guarantees to a client that keeps its replica, of sessionGuarantees
	Linearizable bool          // one order explains everything
}

// Staleness is how old an answer may be; Unbounded where no limit holds.
type Staleness struct{ Healthy, Fault time.Duration }

// Bounded says that some limit holds.
func (s Staleness) Bounded() bool { return s.Healthy != Unbounded || s.Fault != Unbounded }

// Converges says that the answers are promised to be as young again as they
// were, some time after a heal.
func (p Promise) Converges() bool {
	return p.Convergence != Unbounded && p.Staleness.Healthy != Unbounded
}

// Ordered says that something is promised about the order in which writes are
// seen.
func (p Promise) Ordered() bool { return p.Linearizable || len(p.Session) > 0 }

// Unbounded is a Staleness without a limit.
const Unbounded = time.Duration(1<<63 - 1)

// SLO is what the run is held to.
type SLO struct {
	GoodLatency  time.Duration  // a right answer is good up to this response time
	Recovery     *Recovery      // nil: not an objective
	Availability []Availability // overall first, then by operation
	LostWrites   *int           // acknowledged writes that may be lost; nil: not an objective
	Budget       Budget         // over which the bad requests of a run are counted
	Waivers      []Waiver       // objectives whose FAIL is accepted for a while
	Lines        map[string]int // objective name → line in the file, for annotations
}

// Recovery is the limit on the time to recover.
type Recovery struct {
	Within time.Duration
	From   string   // "inject", "heal" or "both"
	Scopes []string // "replicas", "shards": what is held to it beside the service and its operations
}

// Availability is the least share of good requests.
type Availability struct {
	Operation string  // "" for all operations together
	Ratio     float64 // in (0, 1)
}

// Budget is how much may be bad over a period: 1 − the availability's target.
type Budget struct {
	Period time.Duration // whole days
	Most   float64       // the share of it that the run may use; 0: any
}

// Waiver accepts for a while that an objective FAILs.
type Waiver struct {
	Objective string
	Owner     string
	Until     time.Time // its last day, UTC
	Reason    string
	Reference string // may be empty

	path string // where it stands
}

// Stop ends a run when less than AvailabilityBelow of the requests were good,
// over a stretch of For.
type Stop struct {
	AvailabilityBelow float64 // in (0, 1)
	For               time.Duration
}

// Control is the same experiment made to end badly.
type Control struct {
	Name   string
	Expect Expectation
}

// Expectation is how a control must end: with this verdict, and among the
// objectives that end so must be Objective, for Reason when one is named.
type Expectation struct {
	Verdict   string `json:"verdict"`
	Objective string `json:"objective"`
	Reason    string `json:"reason,omitempty"`
}
