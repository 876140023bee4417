// Package load sends the traffic of an experiment and writes down what became
// of every request. One schedule S(n) says when request n is due; one vegeta
// attack sends it; the outcome goes to the history.
//
// The numbers are those of measurement.md, section 1: response time is done −
// due, so that waiting for a free worker counts; slip is sent − due, told
// apart into the part that passed with every worker busy and the generator's
// own lateness; a request that is not sent by due + timeout is never sent.
//
// A request for which this machine has no descriptor, port or memory left is
// history.Unsent too, with Blocked 0: what the target would have answered is
// not known, and nobody may hold it against the target. Start refuses a plan
// that the limit on open files is sure to cut short.
//
// Everything that request n is (its due time, operation, key, client and
// value) is a pure function of the plan and n, never of the order in which
// goroutines run: two runs of one plan ask for the same things.
package load
