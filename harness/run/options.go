// Package run carries out an experiment: the phases in order, the faults at
// their times, clean-up on every way out, and at the end the verdict, which is
// a function of what the run wrote down (see Judge).
package run

import (
	"errors"
	"fmt"
	"io"
	"time"

	"gauntlet/harness/chaos"
	"gauntlet/harness/experiment"
	"gauntlet/reports"
)

// Options says what to run and how.
type Options struct {
	Experiment      *experiment.Experiment
	Faults          []chaos.Timed // the experiment's, decoded
	Platform        string        // "local", "docker" or "external"
	Kernel          chaos.Kernel  // of this machine, as far as the faults need it
	Seed            int64         // of everything random
	Shift           time.Duration // the baseline is this much longer, so that the faults meet the system in another phase; ≥ 0
	Build           Build         // of the target's service; the zero Build is what its Compose file says
	Out             string        // folder of the runs
	History         string        // history.ndjson
	Command         string        // runs it again
	Set             []string      // PATH=VALUE of what this run has other than the experiment's file
	Wait            bool          // wait for another run on this host instead of being refused
	AllowHosts      []string      // hosts beyond this machine that may receive load
	NoSubstitute    bool          // refuse an embedded substitute
	ForceSubstitute bool          // run the substitute even where the real thing is installed
	Echo            []string      // command that runs observe.ServeEcho; nil: no control stream
	Link            []string      // command that runs link.Serve, for containers: a program that needs no other file
	Burner          []string      // command of a burner (package burn), its work left out; nil: no StressChaos
	Progress        io.Writer     // plain lines for a person
	Events          io.Writer     // the run's events, as they happen; nil: only in its folder
}

// Build is a build of the target's service: a program of this machine, or an
// image.
type Build struct {
	Name    string // as it is told, its digest included
	Program string // path; "": as the Compose file says
	Image   string // name; "": as the Compose file says
}

// Outcome is what came of a run.
type Outcome struct {
	Result *reports.Result
	Dir    string // the run's folder
	// Unclean is what could not be undone or removed; the verdict stands
	// regardless.
	Unclean error
}

// Mistake is an error of whoever asked for the run, to be mended in a file or
// on the command line. Every other error of Run is the machine's or the
// system's, and tells nothing about whether the target keeps its objectives.
type Mistake struct{ Err error }

func (e *Mistake) Error() string { return e.Err.Error() }
func (e *Mistake) Unwrap() error { return e.Err }

func mistake(format string, args ...any) error { return &Mistake{fmt.Errorf(format, args...)} }

// ErrInterrupted is the cause with which a caller cancels a run on a signal;
// its Name is "SIGINT", "SIGTERM" or "SIGHUP".
type ErrInterrupted struct{ Name string }

func (e ErrInterrupted) Error() string { return "interrupted by " + e.Name }

// interrupted tells whether err is, or was caused by, a signal.
func interrupted(err error) bool {
	var i ErrInterrupted
	return errors.As(err, &i)
}
