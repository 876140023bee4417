package reports

// Series is series.json: what the charts are drawn from. Element i of every
// list over time covers [i, i+1) s from the origin, by due time.
type Series struct {
	SchemaVersion int            `json:"schemaVersion"`
	Seconds       int            `json:"seconds"` // length of every list over time
	GoodMs        float64        `json:"goodMs"`  // the limit of a good response, ms
	Planned       []int          `json:"planned"` // requests due
	Outcomes      []Outcome      `json:"outcomes"`
	Latency       []Point        `json:"latency"` // of all operations together
	Heat          Heat           `json:"heat"`
	Strips        []Strip        `json:"strips"` // by operation, replica and shard
	Lanes         []Lane         `json:"lanes"`  // faults and replica states
	Slip          []float64      `json:"slipP99Ms"`
	Host          *Host          `json:"host,omitempty"` // null when nobody looked
	Spectrum      []SpectrumLine `json:"spectrum"`       // response times by phase
	Keys          []KeyCount     `json:"keys,omitempty"`
	Shards        *ShardLoad     `json:"shards,omitempty"`  // null when there is nothing to compare
	Picture       *Picture       `json:"picture,omitempty"` // of the worst register
}

// Picture is what happened to one register around the read that shows most.
type Picture struct {
	Key  string      `json:"key"`
	What string      `json:"what"` // in a sentence
	Ops  []PictureOp `json:"ops"`  // in the order in which they began
}

// PictureOp is an operation of a Picture.
type PictureOp struct {
	Client  int      `json:"client"`
	Replica string   `json:"replica"`
	Kind    string   `json:"kind"`  // "write", "read" or "delete"
	Value   string   `json:"value"` // the write that it did, or saw; "" for nothing
	Begin   float64  `json:"begin"`
	End     *float64 `json:"end"`  // null: its outcome never became known
	Role    string   `json:"role"` // what it is to the story; "" for nothing
}

// The roles of a PictureOp.
const (
	RoleStale  = "stale"  // the read that shows it
	RoleSource = "source" // the write that it saw
	RoleMissed = "missed" // what it should have seen
)

// Host is what was seen of the generator's host and of its runtime. A share that
// was not told is null.
type Host struct {
	Others   []*float64 `json:"others"`   // of the processors, that others had
	Pressure []*float64 `json:"pressure"` // of the last ten seconds, in which something waited for a processor
	HeldUp   []float64  `json:"heldUp"`   // of the second, for which others kept the run from the processors at most
	ReadyMs  []float64  `json:"readyMs"`  // the longest that something within the generator could run and did not
	PauseMs  []float64  `json:"pauseMs"`  // the longest that it stood still for garbage collection
}

// Outcome counts one class of outcome; "good" and "slow" split "ok", and "in
// doubt" are those bad ones of any class that may not be the system's doing.
type Outcome struct {
	Class string `json:"class"`
	Count []int  `json:"count"`
}

// Point is a second's response times (ms) of the requests that were due in
// it; N is 0 when there was none, and then there is no point to draw.
type Point struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Heat counts every request by due second and response time. Row r covers
// [MinMs·Factor^r, MinMs·Factor^(r+1)) ms; the first also holds what is
// faster, the last what is slower.
type Heat struct {
	MinMs  float64 `json:"minMs"`
	Factor float64 `json:"factor"`
	Rows   int     `json:"rows"`
	Cells  [][]int `json:"cells"` // [second][row]
}

// Strip is the share of bad requests of a scope, second by second, of those
// that are not in doubt; null where there was none.
type Strip struct {
	Scope string     `json:"scope"`
	N     []int      `json:"n"`
	Bad   []*float64 `json:"bad"`
}

// Lane is a row of the timeline.
type Lane struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"` // "fault" or "replica"
	Spans []Span `json:"spans"`
}

// Span is a stretch of a lane, in seconds; the states of a replica are those
// of history, of a fault "active".
type Span struct {
	Begin float64 `json:"begin"`
	End   float64 `json:"end"`
	State string  `json:"state"`
}

// SpectrumLine is the percentile spectrum of a phase.
type SpectrumLine struct {
	Phase string     `json:"phase"`
	Count int        `json:"count"`
	At    []Quantile `json:"at"`
}

// Quantile is one point of a spectrum: the share Q of responses took at most
// Ms.
type Quantile struct {
	Q  float64 `json:"q"`
	Ms float64 `json:"ms"`
}

// KeyCount is how often the key of a rank was asked for, and how often the
// distribution says it should be.
type KeyCount struct {
	Rank     int     `json:"rank"` // from 1
	Seen     int     `json:"seen"`
	Expected float64 `json:"expected"`
}

// ShardLoad is how the requests of the load, until the first fault or until
// there are enough, lie on the shards that its answers named.
type ShardLoad struct {
	Until    float64       `json:"until,omitempty"`    // by due time, s from the origin; 0: to the end
	Shards   int           `json:"shards"`             // how many there are, up to the highest that was named; of each replica, where these are listed
	Replicas []string      `json:"replicas,omitempty"` // those that hash each in a way of its own
	Chosen   bool          `json:"chosen,omitempty"`   // the load asks for one shard
	Requests []int         `json:"requests"`           // of shard i mod Shards, of replica i / Shards
	Chance   []ShardChance `json:"chance"`             // of the busiest shard, of the next, and so on
	Uneven   *float64      `json:"uneven"`             // by how many standard deviations the keys lie less evenly than chance has it; null: too few
}

// ShardChance is how many requests a shard gets of the very same when each key
// goes to any shard alike: about 2.5 % of the cases are below Low, half below
// Median, about 2.5 % above High.
type ShardChance struct {
	Low    int `json:"low"`
	Median int `json:"median"`
	High   int `json:"high"`
}
