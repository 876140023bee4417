// Package campaign makes the runs that the harness is calibrated by, many of
// them and one after the other, and keeps account of what came of each.
//
// # The ledger
//
// A run is entered when it is over, as a line of a file that is synced before
// the run's folder may go. Whoever begins again reads the ledger first, and
// makes the runs that are missing. Between a run's end and its entry a campaign
// can be killed: the next one enters what it finds, so that no FAIL gets lost,
// and a run's id is entered once, so that none counts twice. What was cut short
// is no run, unless it is a FAIL.
//
// # Claims
//
// A claim is what must come of an experiment with a defect of its target, or
// without one. It names its row, so that runs of what a file once demanded are
// no runs of what it demands now. A run that decided nothing for the host's
// reason is neither a defect missed nor a false alarm: it is made again, a few
// times, and told.
//
// # What a line holds
//
// The truth and what was told of it, not what follows from them: a table is
// drawn from the ledger, and the judges that are wrong on purpose are judged by
// the very runs that the right one was.
package campaign
