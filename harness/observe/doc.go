// Package observe looks at what happens beside the load: who uses the
// processors of the host, and how promptly a process answers that no fault
// touches.
//
// # The witnesses
//
// On a busy host a healthy system is slow because it does not get a processor,
// and a verdict on it would be one on its neighbours. Two witnesses, who know
// nothing of what the target answers, tell that apart from a fault:
//
//   - An echo process, outside the harness and outside the system, is asked 50
//     times a second. When it answers late (more than 20 ms from the due time,
//     or not at all), something at that instant kept processes from running.
//   - The kernel writes down for how long each thread of the system was ready to
//     run and had no processor. The echo alone is not enough: a process that
//     mostly sleeps is let in at once where one that works has to wait, and the
//     generator and its echo have more weight than what they test.
//
// Neither says who is to blame. For that a sampler notes every 100 ms how much
// of the host's processors was taken by others: by anything that is neither
// the harness, the echo, nor part of the run, plus what the hypervisor took
// (steal). Only while that is more than a quarter does a witness count: a late
// echo alone may be the doing of a target that burns every core, or of a fault
// that does; a busy host alone has hurt nobody as long as nothing waits for it.
// A thread that waits must besides have found no processor free, and must not
// be held back by a quota, which looks the same; and others are blamed for no
// more of its wait than they ran in it.
//
// # Which way errors lean
//
// A mask can only make a verdict INCONCLUSIVE, but one that covers what the
// target did would hide a defect. So wherever the accounting is in doubt it
// counts for the run: a process of the run that is found late, one whose time
// nobody collected, a sample that is missing, and a part of the system whose
// use cannot be read at all, mask nothing.
package observe
