package chaos

// row is a line of the capability table.
type row struct {
	kind, action string
	on           map[string]Capability
}

// table is the one source of what can be done where. What is not in it is
// refused.
var table = []row{
	processRow(PodChaos, PodKill, "SIGKILL (with gracePeriod SIGTERM first); the supervisor starts the replacement at once, as a Deployment would",
		"kill (with gracePeriod SIGTERM first), explicit start at once: the same container, its volumes and address kept"),
	processRow(PodChaos, ContainerKill, "SIGKILL of the replica's process, its one container; the supervisor restarts it in place",
		"kill of the replica's container, explicit start at once"),
	processRow(PodChaos, PodFailure, "SIGKILL, held down for the duration, started at its end",
		"kill, held down for the duration, explicit start at its end"),

	processRow(Restart, "", "SIGTERM, SIGKILL after the service's grace; the supervisor starts the replacement at once; the next replica when it is ready",
		"SIGTERM, SIGKILL after the service's grace; explicit start at once; the next replica when it is ready"),
	processRow(Scale, "", "processes like the others, at ports of their own; those that leave get SIGTERM and their grace",
		"containers like the others, on ports of their own; those that leave get SIGTERM and their grace"),
	doneRow(Limit, "", Capability{Level: Approximate, Reason: "exact as root, with control groups; otherwise the process is stopped and continued in turns, which its clients see",
		How: "a quota of a control group made for the run; without root the process is stopped when it has used its share of each tenth of a second"},
		Capability{Level: Faithful, How: "the engine's limit on the container, which lasts over its restarts; what had none before may use every processor afterwards"}),

	linkRow(NetworkChaos, NetworkDelay, Approximate, lateBytes),
	linkRow(NetworkChaos, NetworkLoss, Approximate, stalls),
	linkRow(NetworkChaos, NetworkBandwidth, Approximate, ownRate),
	linkRow(NetworkChaos, NetworkPartition, Approximate, accepted),
	linkRow(NetworkChaos, NetworkNetem, Approximate, lateBytes+"; "+stalls+"; "+ownRate),
	refusedRow(NetworkChaos, NetworkDuplicate, hiddenByTCP),
	refusedRow(NetworkChaos, NetworkCorrupt, hiddenByTCP),
	linkRow(HTTPChaos, "", Faithful, ""),
	doneRow(StressChaos, "", Capability{Level: Approximate, Reason: "the burner shares the limits of the process only where it has any; otherwise it competes with everything on the machine, the generator included",
		How: "a process of gauntlet's own beside the replica, in its control group when it has one"},
		Capability{Level: Faithful, How: "a container of gauntlet's own binary within the replica's control group (version 1 and the engine's driver cgroupfs)"}),

	refusedRow("DNSChaos", "", "names are resolved by the machine and not by gauntlet: a NetworkChaos partition makes a service unreachable, by whatever name"),
	refusedRow("IOChaos", "", "it takes a file system of FUSE between a process and its files, and the right to mount one into it"),
	refusedRow("TimeChaos", "", "it takes ptrace to change a process's clock, and programs of Go read theirs past it (vDSO)"),
	refusedRow("JVMChaos", "", "it takes an agent within a Java virtual machine"),
	refusedRow("KernelChaos", "", "it takes a kernel built for the injection of faults, and it would hit the generator as well"),
	refusedRow("BlockChaos", "", "it takes a kernel module, and it would hit the generator as well"),
	refusedRow("AWSChaos", "", ofTheCloud),
	refusedRow("AzureChaos", "", ofTheCloud),
	refusedRow("GCPChaos", "", ofTheCloud),
	refusedRow("CloudStackVMChaos", "", ofTheCloud),
	refusedRow("PhysicalMachineChaos", "", "it takes the daemon of Chaos Mesh (chaosd) on another machine"),
	refusedRow("Workflow", "Task", "it runs a container that decides how the Workflow goes on: the experiment would not know its own length"),
	refusedRow("Workflow", "StatusCheck", "whether the system is well is decided from the requests: see slo"),
}

const (
	// notYet is the reason of the platforms that this version does not run.
	notYet = "not supported in this version, which runs systems on local, docker and external"
	// notOurs is the reason of external.
	notOurs     = "an external system is not started by gauntlet, which therefore has no hold on its replicas"
	hiddenByTCP = "TCP hides it from both ends: the bytes arrive once, whole and in order, only later"
	// What a proxy makes of what happens to packets.
	lateBytes = "the delay is on the stream of bytes: those that follow wait for those ahead, and a new connection waits for its first bytes, not in its handshake"
	stalls    = "a loss is what it costs a connection, a stall of 200 ms or more until the packet is sent again: no packet is lost"
	ownRate   = "each connection between two replicas has the rate for itself, where a cluster lets all that a replica exchanges with the target share it"
	accepted  = "under drop a new connection is accepted, by the proxy's kernel, and then stays silent; reject is as it would be"

	ofTheCloud = "it acts on the machines of a cloud provider"
)

// byKernel is what becomes of a loss where the kernel can drop packets between
// containers (see Kernel).
var byKernel = Capability{Level: Faithful, By: "the kernel",
	How: "iptables (statistic, DROP) in the network namespace of the container where a packet arrives, so that its sender learns of it as on a network; put there again when the container is started again"}

// processRow is a row of what both platforms do faithfully.
func processRow(kind, action, local, docker string) row {
	return doneRow(kind, action, Capability{Level: Faithful, How: local}, Capability{Level: Faithful, How: docker})
}

// linkRow is a row of what the proxies between the replicas do.
func linkRow(kind, action string, level Level, reason string) row {
	return doneRow(kind, action,
		Capability{Level: level, Reason: reason, How: "a proxy of gauntlet's own on each connection that is touched, in the harness"},
		Capability{Level: level, Reason: reason, How: "a proxy of gauntlet's own on each connection that is touched, in a container beside the replicas"})
}

// doneRow is a row of what gauntlet does itself.
func doneRow(kind, action string, local, docker Capability) row {
	return row{kind: kind, action: action, on: map[string]Capability{
		Local: local, Docker: docker,
		Kubernetes: {Level: Refused, Reason: notYet},
		External:   {Level: Refused, Reason: notOurs},
	}}
}

// refusedRow is a row of what no platform does.
func refusedRow(kind, action, reason string) row {
	r := row{kind: kind, action: action, on: map[string]Capability{}}
	for _, p := range Platforms {
		r.on[p] = Capability{Level: Refused, Reason: reason}
	}
	r.on[Kubernetes] = Capability{Level: Refused, Reason: notYet}
	return r
}
