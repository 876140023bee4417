package chaos

import (
	"iter"
	"time"
)

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

// mostBurning is how many workers a burner has at most.
const mostBurning = 1024

// leastHeld is the smallest memory that can be shown to be held: about 9 MiB are
// the burner's own.
const leastHeld = 16_000_000

// refused is what this version cannot do of s, by field.
func (s *Stress) refused() []Capability {
	var all []Capability
	if s.MemoryShare > 0 {
		all = append(all, Capability{Level: Refused, Field: "spec.stressors.memory.size", Reason: "a share of the memory is not supported in this version; write a size such as 256MB"})
	}
	if s.MemoryShare == 0 && s.MemoryBytes > 0 && s.MemoryBytes < leastHeld {
		all = append(all, Capability{Level: Refused, Field: "spec.stressors.memory.size", Reason: "less than 16MB cannot be told from the 9 MiB or so that the burner itself takes"})
	}
	if s.CPUWorkers > mostBurning {
		all = append(all, Capability{Level: Refused, Field: "spec.stressors.cpu.workers", Reason: "more than 1024 workers take nothing more from anybody"})
	}
	return all
}

// Burning is how many threads of burners compute at once at most, and of how
// many cores they ask for then, when fault i touches victims[i] replicas.
func Burning(faults []Timed, victims []int) (workers int, cores float64) {
	for _, at := range faults { // the most is reached when one begins
		n, asked := 0, 0.0
		for i, s := range stresses(faults, at.At) {
			n += s.CPUWorkers * victims[i]
			asked += float64(s.CPUWorkers*victims[i]*s.CPULoad) / 100
		}
		workers, cores = max(workers, n), max(cores, asked)
	}
	return workers, cores
}

// Holding is how many bytes of memory burners hold at once at most, when fault
// i touches victims[i] replicas: a sum that no integer may have room for.
func Holding(faults []Timed, victims []int) (most float64) {
	for _, at := range faults {
		held := 0.0
		for i, s := range stresses(faults, at.At) {
			held += float64(s.MemoryBytes) * float64(victims[i])
		}
		most = max(most, held)
	}
	return most
}

// stresses are those of the faults that are at work at an instant, with their
// places.
func stresses(faults []Timed, at time.Duration) iter.Seq2[int, *Stress] {
	return func(yield func(int, *Stress) bool) {
		for i, f := range faults {
			if f.Stress != nil && f.At <= at && at < f.At+f.Duration && !yield(i, f.Stress) {
				return
			}
		}
	}
}
