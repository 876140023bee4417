package load

import "fmt"

// spareDescriptors is what a run keeps open besides a connection for each
// worker: the reads and writes that nobody schedules (besides), the polls of
// readiness, records and logs.
const spareDescriptors = 2 * besides

// enoughDescriptors says what to do when limit, the most files that this
// process may have open, does not suffice for workers connections. Without
// the error the run would find out in its midst, when the target is slow and
// every worker waits.
func enoughDescriptors(limit uint64, workers int) error {
	need := uint64(workers) + spareDescriptors
	if limit >= need {
		return nil
	}
	return fmt.Errorf("load: %d workers need %d open files, and this process may have %d: allow more (ulimit -n %d) or use fewer workers",
		workers, need, limit, need)
}
