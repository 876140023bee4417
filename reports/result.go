// Package reports holds what came of a run, as data, and every way to show
// it. It is at the end of the data's way: everything it draws comes from
// result.json and series.json, and it decides nothing.
package reports

// SchemaVersion is the version of result.json, series.json and suite.json
// written here.
const SchemaVersion = 1

// Verdict is the three-valued outcome of an objective or a run.
type Verdict string

// The verdicts. A run merges its objectives FAIL over INCONCLUSIVE over PASS.
const (
	Pass         Verdict = "PASS"
	Fail         Verdict = "FAIL"
	Inconclusive Verdict = "INCONCLUSIVE"
)

// The reasons why an objective did not pass.
const (
	LimitBroken         = "limit-broken"
	IntervalSpansLimit  = "interval-spans-limit"
	FaultUnproven       = "fault-unproven"
	TooFewSamples       = "too-few-samples"
	ObserveTooShort     = "observe-too-short"
	InstrumentDisturbed = "instrument-disturbed"
	CheckerTimeout      = "checker-timeout"
	Unreachable         = "unreachable"
	RunAborted          = "aborted"
)

// Result is result.json. All times are seconds from the run's origin, the
// beginning of the warm-up; latencies are milliseconds from due time.
type Result struct {
	SchemaVersion int     `json:"schemaVersion"`
	Experiment    string  `json:"experiment"`
	Hypothesis    string  `json:"hypothesis"`
	Verdict       Verdict `json:"verdict"`
	// Gate is the verdict that a pipeline acts on when a waiver makes it another
	// than Verdict; else "".
	Gate         Verdict  `json:"gate,omitempty"`
	Aborted      *Aborted `json:"aborted"`
	Why          string   `json:"why"` // one sentence
	Run          string   `json:"run"` // its id
	StartedAt    string   `json:"startedAt"`
	Seed         int64    `json:"seed"`
	Shift        float64  `json:"shift,omitempty"` // how much longer the baseline was, so that the faults met another phase
	Platform     string   `json:"platform"`
	Substitutes  []string `json:"substitutes"`
	Commit       string   `json:"commit"` // with "+dirty" when the tree had changes; "" outside a repository
	ConfigDigest string   `json:"configDigest"`
	Fingerprint  string   `json:"fingerprint"` // runs with the same one can be compared
	Control      string   `json:"control,omitempty"`
	Set          []string `json:"set,omitempty"` // PATH=VALUE of what the run had other than the experiment's file

	Phases       []Phase                 `json:"phases"`
	Load         Load                    `json:"load"`
	Validity     Validity                `json:"validity"`
	Faults       []Fault                 `json:"faults"`
	Episodes     []Episode               `json:"episodes"` // by scope, then time
	Recovery     *Recovery               `json:"recovery"` // the worst; null without a fault
	Availability map[string]Availability `json:"availability"`
	Budgets      []ErrorBudget           `json:"budgets"`          // by availability objective
	Latency      map[string]Latency      `json:"latency"`          // by phase
	Shares       []Share                 `json:"shares,omitempty"` // by phase, then operation
	// ProcessorMs is the processor time of the run for each request that it sent
	// from the baseline on, its generator's included; null where nobody looked.
	ProcessorMs *float64    `json:"processorMs,omitempty"`
	Consistency Consistency `json:"consistency"`
	Objectives  []Objective `json:"objectives"`
	Environment Environment `json:"environment"`
	Artifacts   []string    `json:"artifacts"` // file names in the run's folder
	Command     string      `json:"command"`   // runs it again

	// Folder is where the run's files are. It is no part of result.json, which
	// may be moved: who reads a result from a folder sets it.
	Folder string `json:"-"`
}

// Aborted says why a run ended early.
type Aborted struct {
	By string  `json:"by"` // "signal" (also when it was killed), "stop" or "error"
	At float64 `json:"at"`
	// Why is what ended it, in words; "" when nobody was left to say so.
	Why string `json:"why,omitempty"`
}

// Phase is warmup, baseline, fault or observe.
type Phase struct {
	Name  string  `json:"name"`
	Begin float64 `json:"begin"`
	End   float64 `json:"end"`
}

// Load counts the load's requests of all phases: Planned = Sent + Unsent =
// Good + Bad.
type Load struct {
	Rate    float64        `json:"rate"`            // requests per second asked for; on average when it changes
	Shape   string         `json:"shape,omitempty"` // how it changes; "" when it does not
	Planned int            `json:"planned"`
	Sent    int            `json:"sent"`
	Unsent  int            `json:"unsent"`
	Good    int            `json:"good"`
	Bad     int            `json:"bad"`
	ByClass map[string]int `json:"byClass"`
	Workers int            `json:"workers"`
	// Undersized: the experiment asked for fewer workers than Little's law wants.
	Undersized bool `json:"undersized,omitempty"`
}

// Validity says how sound the instrument was.
type Validity struct {
	ExcludedRatio float64 `json:"excludedRatio"` // of the requests from the baseline on, those whose outcome is in doubt
	SlipP99Ms     float64 `json:"slipP99Ms"`
	MaskedRatio   float64 `json:"maskedRatio"` // the part of ExcludedRatio that is in doubt for what others did
	// HeldUpSeconds is for how long, at most, others kept the run from the
	// processors.
	HeldUpSeconds float64 `json:"heldUpSeconds"`
	// ReadyMaxMs and PauseMaxMs are the longest that the generator's runtime kept
	// a goroutine waiting that could run, and that it stood still for garbage
	// collection; 0 where nobody looked.
	ReadyMaxMs float64  `json:"readyMaxMs"`
	PauseMaxMs float64  `json:"pauseMaxMs"`
	Reasons    []string `json:"reasons"`
}

// Fault is a fault as it was done.
type Fault struct {
	Name        string    `json:"name"`
	Kind        string    `json:"kind"`
	Capability  string    `json:"capability"` // "faithful", or "approximate: reason"
	Targets     []string  `json:"targets"`
	Group       int       `json:"group"`
	InjectBegin *float64  `json:"injectBegin"` // null: never injected
	InjectEnd   *float64  `json:"injectEnd"`
	HealBegin   *float64  `json:"healBegin"`
	HealEnd     *float64  `json:"healEnd"`
	Proven      bool      `json:"proven"`
	Proof       string    `json:"proof"`
	Recovery    *Recovery `json:"recovery"`
}

// Episode is a stretch of time in which a scope did worse than its baseline.
type Episode struct {
	Scope         string   `json:"scope"` // "overall", "op:NAME", "replica:NAME" or "shard:N"
	DegradedAt    float64  `json:"degradedAt"`
	DegradedLow   float64  `json:"degradedLow"` // both 0 in results of before there was an interval
	DegradedHigh  float64  `json:"degradedHigh"`
	RecoveredAt   *float64 `json:"recoveredAt"` // null: the run ended first
	RecoveredLow  float64  `json:"recoveredLow"`
	RecoveredHigh float64  `json:"recoveredHigh"`
	ImpactSeconds float64  `json:"impactSeconds"` // equivalent seconds of full outage
	Depth         float64  `json:"depth"`         // share of bad requests within
	Breadth       int      `json:"breadth"`       // scopes with an episode at the same time
	LostRequests  float64  `json:"lostRequests"`
	Doubt         float64  `json:"doubt,omitempty"` // share of its bad requests that may be the instrument's or the host's doing; above ½ it is inconclusive
}

// Recovery is how fast the system came back.
type Recovery struct {
	Degraded   bool     `json:"degraded"`
	Recovered  bool     `json:"recovered"`
	Censored   bool     `json:"censored"`
	Relapses   int      `json:"relapses"`
	FromInject Duration `json:"fromInject"`
	FromHeal   Duration `json:"fromHeal"`
	Scope      string   `json:"scope"`
	Fault      string   `json:"fault"`
}

// Duration is a measured duration with its 95 % interval; Seconds is null
// when only a bound is known.
type Duration struct {
	Seconds *float64 `json:"seconds"`
	Low     float64  `json:"low"`
	High    *float64 `json:"high"` // null: no upper bound is known
}

// Availability is a share of good requests with its Wilson 95 % interval.
type Availability struct {
	Ratio float64 `json:"ratio"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Share counts the requests of an operation that were due in a phase. Those
// whose outcome is in doubt are in neither number.
type Share struct {
	Phase     string `json:"phase"`
	Operation string `json:"operation"`
	Judged    int    `json:"judged"`
	Bad       int    `json:"bad"`
}

// ErrorBudget is what the run used of the error budget of an availability objective:
// of the requests that its target leaves to be bad.
type ErrorBudget struct {
	Operation  string   `json:"operation"` // "" for all of them
	Target     float64  `json:"target"`
	Burn       Burn     `json:"burn"`       // over all that the objective counts, from the first injection on
	Phases     []Burn   `json:"phases"`     // before, in and after the faults; one without a request is absent
	PeriodDays float64  `json:"periodDays"` // that the target is promised over
	OfPeriod   Estimate `json:"ofPeriod"`   // share of that period's budget that Burn used, when its traffic is that of the run
}

// Burn is how fast a budget was used: 1 is as fast as lasts its whole period.
type Burn struct {
	Phase    string  `json:"phase,omitempty"`
	Seconds  float64 `json:"seconds"`
	Judged   int     `json:"judged"`
	Bad      int     `json:"bad"`
	Estimate         // bad/judged ÷ (1 − target)
}

// Estimate is a number with its 95 % interval.
type Estimate struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Latency summarises the response times of a phase, in milliseconds.
type Latency struct {
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
	Count int     `json:"count"`
}

// Consistency is what the questions about the data found.
type Consistency struct {
	Verdict        Verdict  `json:"verdict"` // "" when nothing was asked
	Acked          int      `json:"acked"`
	Lost           int      `json:"lost"`
	Stale          int      `json:"stale"`
	Foreign        int      `json:"foreign"`
	Unknown        int      `json:"unknown"`
	Unreachable    int      `json:"unreachable"`
	Resurrected    int      `json:"resurrected"`
	MaxStalenessMs *float64 `json:"maxStalenessMs"`     // of any one read; null: not measured
	Examples       []string `json:"examples,omitempty"` // a few violations in words

	// What the registers showed, whatever was promised; nothing in a run that had none.
	Registers      int        `json:"registers,omitempty"`
	RegisterReads  int        `json:"registerReads,omitempty"`  // that were answered
	RegisterWrites int        `json:"registerWrites,omitempty"` // that had, or may have had, an effect
	Level          string     `json:"level,omitempty"`          // "linearizable", "session guarantees" or "bounded staleness"; "": not known
	DeltaMs        *float64   `json:"deltaMs,omitempty"`        // the smallest staleness with which one order explains everything; null: not known
	WorstKeys      []WorstKey `json:"worstKeys,omitempty"`
}

// WorstKey is a register that was stale, or whose answers came in a wrong order.
type WorstKey struct {
	Key      string   `json:"key"`
	Reads    int      `json:"reads"`
	Writes   int      `json:"writes"`
	Stale    int      `json:"stale"`    // reads of a value that was surely over
	OldestMs float64  `json:"oldestMs"` // for how long, at the longest
	OldestAt float64  `json:"oldestAt"` // when that read began
	DeltaMs  *float64 `json:"deltaMs"`  // the smallest staleness that explains it; null: not known
	Broken   int      `json:"broken"`   // reads that did not keep a session guarantee, promised or not
}

// Objective is one thing that was demanded, and what came of it. Low and High
// are in the objective's unit: seconds for recovery and convergence, a share
// in [0, 1] for availability, residual and steadyState, milliseconds for
// staleness, a number of things for all others.
type Objective struct {
	Name     string   `json:"name"`
	Target   string   `json:"target"`
	Measured string   `json:"measured"`
	Low      *float64 `json:"low"`
	High     *float64 `json:"high"`
	Margin   string   `json:"margin"` // see Margin; "" where there is none
	Samples  int      `json:"samples"`
	Verdict  Verdict  `json:"verdict"`
	Reason   string   `json:"reason"` // "" for a PASS
	Why      string   `json:"why"`    // one sentence
	Line     int      `json:"line,omitempty"`
	Waiver   *Waiver  `json:"waiver,omitempty"` // nil: none
}

// Waiver is that somebody accepts for a while that an objective FAILs. Its
// verdict stays; a pipeline goes on in spite of it.
type Waiver struct {
	Owner     string `json:"owner"`
	Until     string `json:"until"`    // its last day, UTC: 2026-12-31
	DaysLeft  int    `json:"daysLeft"` // from the day of the run; negative when it had ended
	Holds     bool   `json:"holds"`    // it had not ended on the day of the run
	Reason    string `json:"reason"`
	Reference string `json:"reference,omitempty"`
}

// Environment is where it ran.
type Environment struct {
	Gauntlet string            `json:"gauntlet"` // version
	Go       string            `json:"go"`
	OS       string            `json:"os"`
	CPUs     int               `json:"cpus"`
	MemoryMB int               `json:"memoryMB"`
	Kernel   string            `json:"kernel"`
	Priority string            `json:"priority,omitempty"` // what the generator has of the processor before the system, in words; "" of a run of before it was written
	Config   map[string]string `json:"config"`             // of the target: service.NAME → value, secrets redacted
}
