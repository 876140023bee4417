package chaos

// StressChaos has no action field: what it does follows from its stressors.
const StressChaos = "StressChaos"

// Stress is what a StressChaos makes run beside each selected replica, within
// its limits.
type Stress struct {
	CPUWorkers int // processes that compute
	CPULoad    int // of a core by each of them, in percent, 1 … 100

	MemoryWorkers int   // processes that hold memory
	MemoryBytes   int64 // held by all of them together; 0 with MemoryShare
	MemoryShare   int   // of the memory limit or of the machine's memory, in percent; 0 with MemoryBytes
}
