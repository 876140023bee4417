// Package history is the boundary between doing and judging: what was sent
// and what came back (Op), what was done to the system (Event), and the log
// of a run on disk that holds both. Load, chaos and observation write it;
// everything that decides reads only it, so that a run can be judged again,
// bit for bit, long after the system is gone.
//
// Every instant is an int64 of nanoseconds since the run's one monotonic
// origin, the beginning of the warm-up; what happened before it is negative.
package history
