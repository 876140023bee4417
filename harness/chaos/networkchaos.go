package chaos

import "time"

// NetworkChaos and its actions.
const (
	NetworkChaos     = "NetworkChaos"
	NetworkDelay     = "delay"
	NetworkLoss      = "loss"
	NetworkDuplicate = "duplicate"
	NetworkCorrupt   = "corrupt"
	NetworkBandwidth = "bandwidth"
	NetworkPartition = "partition"
	NetworkNetem     = "netem" // several of delay, loss, duplicate, corrupt and rate together
)

// The behaviors of a partition.
const (
	BehaviorDrop   = "drop"   // silence
	BehaviorReject = "reject" // connections are reset and refused
)

// Network is what a NetworkChaos does to the packets that it selects. What is
// zero is not asked for.
type Network struct {
	Delay, Jitter    time.Duration // a packet is late by Delay ± Jitter
	DelayCorrelation float64       // of one packet's delay with that of the one before, 0 … 1

	Loss, LossCorrelation           float64 // share of packets, 0 … 1
	Duplicate, DuplicateCorrelation float64 // share of packets, 0 … 1
	Corrupt, CorruptCorrelation     float64 // share of packets, 0 … 1
	Reorder, ReorderCorrelation     float64 // share of packets, 0 … 1
	ReorderGap                      int

	Rate   int64 // bytes per second
	Limit  int64 // bytes that may wait for tokens
	Buffer int64 // bytes that may go at once

	Behavior string // of a partition: BehaviorDrop or BehaviorReject

	// Direction: "to" are the packets from the selected replicas to the target,
	// "from" those the other way, "both" both.
	Direction string
	Target    *Target  // nil: everybody, unless External names some
	External  []string // hosts beyond the selected: a name, an address or host:port
}

// Target is the other end of what a NetworkChaos does.
type Target struct {
	Mode     Mode
	Value    int
	Selector Selector
}
