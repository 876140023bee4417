// Package platform is where a system runs. The interface is small, because
// most of what an experiment needs is the same everywhere: start it, name its
// replicas, stop it. What a platform can do beyond that is told by the
// interfaces below, found by assertion before any load is sent.
package platform

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gauntlet/harness/chaos/link"
	"gauntlet/harness/topology"
)

// Platform can bring a system up.
type Platform interface {
	// Up starts every service of s and returns when each replica is ready. When
	// it fails nothing is left running, and the error carries the last lines of
	// what did not start.
	Up(ctx context.Context, s topology.Stack) (System, error)
}

// System is a system that runs.
type System interface {
	// Replicas lists every replica, in an order that does not change.
	Replicas(ctx context.Context) ([]Replica, error)
	// Down stops the system and removes what it left. It is idempotent.
	Down(ctx context.Context) error
}

// Replica is one replica of a service as it is now.
type Replica struct {
	Name    string // "mapper-1": the same across restarts
	Service string
	Labels  map[string]string
	Address string         // host:port of the service's first port, the same across restarts
	Ports   map[int]string // container port → host:port
	Ready   topology.Ready
	State   State
	// StopGrace is what the replica is given to end by itself, from SIGTERM on.
	StopGrace time.Duration
	// Incarnation tells one life of the replica from the next ("pid@start",
	// a container's start time); "" while it is down.
	Incarnation string
	Started     time.Time // when this incarnation was started (monotonic where the platform can)
}

// State is what the platform knows of a replica; whether it is ready to serve
// is asked of the replica itself (see Probe).
type State string

// The states.
const (
	Running State = "running"
	Down    State = "down"
)

// Killer can kill a replica whose replacement starts at once, as a Deployment
// would start it.
type Killer interface {
	// Kill sends SIGKILL, or with grace > 0 SIGTERM and after grace SIGKILL, and
	// returns when that incarnation is gone.
	Kill(ctx context.Context, replica string, grace time.Duration) error
}

// Holder can take a replica away and bring it back.
type Holder interface {
	// Hold kills the replica (SIGKILL), keeps it down, and returns when it is gone.
	Hold(ctx context.Context, replica string) error
	// Release starts it again and returns once its process runs. Releasing what
	// is not held, or has left since its service is smaller, does nothing.
	Release(ctx context.Context, replica string) error
}

// Scaler can change how many replicas a service has while the system runs.
type Scaler interface {
	// Scale makes the service have to replicas, ≥ 1: SERVICE-1 … SERVICE-to. New
	// ones are started as the others were, and it returns when their processes
	// run, ready or not. The last of too many are asked to end, given their grace,
	// and when it returns they are gone and listed no more. Having the number
	// already is no error.
	Scale(ctx context.Context, service string, to int) error
}

// Limiter can give a replica less of the processor.
type Limiter interface {
	// Limit lets the replica use at most cores, > 0, in this life and in those to
	// come, until Unlimit.
	Limit(ctx context.Context, replica string, cores float64) error
	// Unlimit gives it back what it had. Of what is not limited it does nothing.
	Unlimit(ctx context.Context, replica string) error
	// Throttling is what is seen of the replica's present life, from its side.
	// While it is down that is an error.
	Throttling(replica string) (Throttling, error)
}

// Throttling is what keeps a replica from the processor. All but Cores are sums
// since some beginning in its present life: only differences mean anything.
type Throttling struct {
	How   string        // what keeps it: "a quota of its control group"
	Cores float64       // the limit that is in force; 0: none
	Times int64         // how often it was held back
	Total time.Duration // for how long
	Used  time.Duration // processor time
}

// Stresser can make something compute and hold memory beside a replica.
type Stresser interface {
	// Stress returns when the burner computes and holds its memory. It goes on
	// over restarts of the replica, until Relieve.
	Stress(ctx context.Context, replica string, s Stress) error
	// Relieve ends it. Of what is not stressed it does nothing.
	Relieve(ctx context.Context, replica string) error
	// Stressing is what is seen of the burner, if there is one, and of the
	// replica's present life. While that is down it is an error.
	Stressing(replica string) (Stressing, error)
}

// Stress is what a burner does.
type Stress struct {
	Workers int   // that compute
	Load    int   // of a core by each of them, in percent
	Memory  int64 // held, in bytes
}

// Stressing is what a burner does to a replica. Times are sums since some
// beginning: only differences mean anything.
type Stressing struct {
	How    string        // where the burner is
	Used   time.Duration // processor time of the burner
	Held   int64         // memory that the burner has for itself, in bytes
	Waited time.Duration // for which threads of the replica were ready to run and had no processor
}

// ErrUnknownService is returned for a service that the system does not have.
var ErrUnknownService = errors.New("no such service")

// Linker is a system whose marked edges pass links (topology.Edge.Link).
type Linker interface {
	// Links are the links between the replicas that were started with the system,
	// and to them from the load generator (link.Client), in an order that does not
	// change; none when the stack marked none. A replica reaches itself without
	// one.
	Links() []Link
	// Shaper applies rules to them; nil when there are none.
	Shaper() link.Control
}

// Link is where this process reaches a link.
type Link struct {
	link.Pair
	Address string // host:port
}

// Dropper can have the kernel drop packets between replicas: they do not
// arrive, and whoever sent them learns of it as on a network.
type Dropper interface {
	// Connections are those that are declared between the replicas that were
	// started with the system, in an order that does not change.
	Connections() []link.Pair
	// Drop drops share, more than 0 and at most 1, of the packets of each stream,
	// each by a draw of its own, until Undrop. It goes on over restarts of either
	// end. A name that is in use is an error.
	Drop(ctx context.Context, name string, streams []Stream, share float64) error
	// Undrop ends what has the name, and returns when the kernel has no rule of it
	// any more. Of what is not there it does nothing.
	Undrop(ctx context.Context, name string) error
	// Dropped is what became of each stream of the name, none of what is not there.
	Dropped(ctx context.Context, name string) ([]Dropped, error)
}

// Stream is one direction of the connections of a pair.
type Stream struct {
	link.Pair
	Direction link.Direction
}

// Dropped is what became of the packets of a stream, in sums since Drop.
type Dropped struct {
	Stream
	Packets int64 // that came to the other end
	Lost    int64 // of them, those that were dropped there
	Resent  int64 // TCP segments that the kernel at the sender's end sent again meanwhile, to whomever
}

// String shows it to people.
func (d Dropped) String() string {
	return fmt.Sprintf("%s %s: %d of %d packets dropped, %d segments sent again", d.Pair, d.Direction, d.Lost, d.Packets, d.Resent)
}

// Logger can show what a replica printed.
type Logger interface {
	// Tail is the last n lines of the replica's output, all incarnations.
	Tail(replica string, n int) ([]string, error)
}

// Substituter tells what runs in place of what the Compose file asks for.
type Substituter interface {
	// Substitutes has one sentence for each substitute; none is the normal case.
	Substitutes() []string
}

// Ledger is where a platform enters what it is about to leave on the machine,
// so that a later gauntlet can remove it after this one was killed.
type Ledger interface {
	// Process enters a child by pid and start time (clock ticks since boot, field
	// 22 of /proc/PID/stat).
	Process(pid int, start uint64) error
	// Folder enters a folder to be removed with everything in it.
	Folder(path string) error
	// Undo enters how to undo what is about to be done, and Undone takes it back.
	Undo(kind string, args ...string) error
	Undone(kind string, args ...string) error
}

// ErrUnknownReplica is returned for a name that the system does not have.
var ErrUnknownReplica = errors.New("no such replica")

// ErrDown is returned for what can be done to a replica that runs only, such as
// Kill, when it is down already.
var ErrDown = errors.New("the replica is down")

// RunLabel names what belongs to a run: the environment variable of a process
// whose value is the run's id. A later gauntlet finds by it what an earlier
// one could not remove.
const RunLabel = "GAUNTLET_RUN"

// BesideLabel stands in the environment of those processes of a run that are
// no part of the system it tests, as burners: how long they wait for a
// processor says nothing of a request.
const BesideLabel = "GAUNTLET_BESIDE=1"
