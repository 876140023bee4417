package history

// EventType says what kind of thing an Event reports.
type EventType string

// The events of a run. The names are on disk.
const (
	EventUp      EventType = "up"      // the system was started: At … Until
	EventPhase   EventType = "phase"   // a phase, written when it ends: Name, At … Until
	EventInject  EventType = "inject"  // a fault took effect between At and Until: Name, Kind, Targets, Group
	EventHeal    EventType = "heal"    // a fault was undone between At and Until: Name
	EventProof   EventType = "proof"   // whether the fault Name is known to have worked: Proven, Detail
	EventReplica EventType = "replica" // the replica Name is now State
	EventFinal   EventType = "final"   // the final reads, At … Until: Detail is empty, or why they are incomplete
	EventEnd     EventType = "end"     // the run came to its end, or to that of its baseline; a run that was killed has none
	EventAbort   EventType = "abort"   // the run ended early: Name is "signal" or "stop", Detail why
	EventNote    EventType = "note"    // something a reader of the run should know: Detail
)

// Event is something that happened beside the requests. Fields that a type
// does not use are left out.
type Event struct {
	At      int64     `json:"at"`              // ns since the origin
	Until   int64     `json:"until,omitempty"` // ns; for what takes time
	Type    EventType `json:"type"`
	Name    string    `json:"name,omitempty"`
	Kind    string    `json:"kind,omitempty"`    // of a fault: "PodChaos pod-kill"
	Targets []string  `json:"targets,omitempty"` // names of the replicas that a fault touches
	OneShot bool      `json:"oneShot,omitempty"` // a fault without a duration: its heal is the victim's own return
	State   string    `json:"state,omitempty"`
	Proven  bool      `json:"proven,omitempty"`
	Detail  string    `json:"detail,omitempty"`
}

// The states of a replica, as events tell them.
const (
	ReplicaStarting = "starting" // its process runs, it is not ready
	ReplicaReady    = "ready"
	ReplicaUnready  = "unready" // it was ready, and is not
	ReplicaDown     = "down"
)

// The phases of a run, as events and results name them.
const (
	PhaseWarmup   = "warmup"
	PhaseBaseline = "baseline"
	PhaseFault    = "fault"
	PhaseObserve  = "observe"
)
