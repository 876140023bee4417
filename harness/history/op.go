package history

import "fmt"

// Op is one request of the run, as it was due, sent and answered.
type Op struct {
	Stream   Stream // why it was sent
	Seq      uint64 // its place in the stream's schedule, from 0
	Kind     uint8  // index into Header.Operations
	Class    Class  // how it ended
	Effect   Effect // what it may have done to the system
	Attempts uint8  // requests on the wire: the client's retries and the transport's repeats counted
	Status   uint16 // HTTP status of the last answer, 0 without one
	Replica  uint16 // index into Log.Replicas of the last attempt, or NoReplica
	Shard    uint16 // X-Shard plus one: of the answer or, where none named it, of the key when it was populated; 0: not known
	Key      uint32 // index into the stream's key space
	Value    Value  // what a read returned
	BytesIn  uint32 // size of the answer's body

	Due     int64 // S(Seq): when the schedule wanted it sent
	Sent    int64 // when the generator sent it; equal to Due when it was never sent
	Done    int64 // when its outcome was known
	Blocked int64 // the part of Sent-Due that passed with every worker busy, ns ≥ 0
}

// NoReplica is Op.Replica of a request that reached none.
const NoReplica = ^uint16(0)

// Response is the response time, from due time to outcome (ns). Waiting for
// a free worker is part of it: leaving it out would be coordinated omission.
func (o Op) Response() int64 { return o.Done - o.Due }

// Service is the service time, from sending to outcome (ns).
func (o Op) Service() int64 { return o.Done - o.Sent }

// Slip is how late the request was sent (ns): Blocked, plus the generator's
// own lateness.
func (o Op) Slip() int64 { return o.Sent - o.Due }

// Stream says why a request was sent. Only Load counts for objectives on
// timing; the others ask about the data.
type Stream uint8

// The streams of a run. The numbers are on disk: append only.
const (
	Load       Stream = iota // the experiment's own traffic
	Durability               // write-once keys, written beside the load
	Register                 // small hot keys, read and written beside the load
	Final                    // reads of every durability key through every replica, after quiescence
	Control                  // requests to a process that no fault touches
	streams
)

var streamNames = [...]string{"load", "durability", "register", "final", "control"}

func (s Stream) String() string { return name(streamNames[:], int(s), "stream") }

// Class is how a request ended, decided once, by the generator.
type Class uint8

// The classes of outcome. The numbers are on disk: append only.
const (
	OK          Class = iota
	Refused           // the connection was refused, or no replica was ready to take it
	Reset             // the connection broke while in use
	Timeout           // no answer within the client's timeout
	EOF               // the peer closed the connection without an answer
	DNS               // the name did not resolve
	Status4xx         // an answer of the client's fault that was not expected
	Status5xx         // an answer of the server's fault
	WrongAnswer       // an answer in time that is not true: wrong status, content or value
	Unsent            // not sent by due + timeout, hence never
	Other             // anything else; the event log has the first error of this class
	classes
)

var classNames = [...]string{"ok", "refused", "reset", "timeout", "eof", "dns", "4xx", "5xx", "wrong-answer", "unsent", "other"}

func (c Class) String() string { return name(classNames[:], int(c), "class") }

// Classes lists every class in order, for tables and legends.
func Classes() []Class {
	all := make([]Class, classes)
	for i := range all {
		all[i] = Class(i)
	}
	return all
}

// Effect is what a request may have done to the system, the generator's
// knowledge of it: an unacknowledged write may still be seen.
type Effect uint8

// The effects. The numbers are on disk: append only.
const (
	NoEffect      Effect = iota // surely none: never written to a connection, or refused before any effect
	UnknownEffect               // it may or may not have happened
	Acknowledged                // the system said that it happened
	effects
)

var effectNames = [...]string{"none", "unknown", "acknowledged"}

func (e Effect) String() string { return name(effectNames[:], int(e), "effect") }

// Value names the write whose value a read returned.
type Value uint64

// The values that are no write of the stream.
const (
	NoValue        Value = iota // nothing was read, or the operation carries no value
	ForeignValue                // a value that this run never wrote to this key
	PopulatedValue              // the value written before the warm-up
	firstWrite
)

// WriteOf is the value written by request seq of the stream that owns the key.
func WriteOf(seq uint64) Value { return firstWrite + Value(seq) }

// Write is the number of the request that wrote v; ok is false for the
// values that no request of the stream wrote.
func (v Value) Write() (seq uint64, ok bool) {
	if v < firstWrite {
		return 0, false
	}
	return uint64(v - firstWrite), true
}

func name(names []string, i int, kind string) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s(%d)", kind, i)
}
