package chaos

// The kinds that are no Chaos Mesh objects: what an experiment's `action`
// asks for, done, proven and undone like a fault.
const (
	Scale   = "scale"   // a service gets more replicas, or fewer
	Limit   = "limit"   // a replica gets less of the processor
	Restart = "restart" // the replicas of a service are restarted one after the other
)

// Change is the part of a Fault that is no Chaos Mesh object. Its Service is
// the Fault's selector.
type Change struct {
	Service string
	To      int     // scale: the number of replicas, ≥ 1
	Cores   float64 // limit: of a processor, > 0
	// Strategy of a restart: "rolling", one replica at a time, the next when the
	// one before is ready.
	Strategy string
}
