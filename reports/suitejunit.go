package reports

import (
	"fmt"
	"io"
	"strings"
)

// SuiteJUnit writes a test suite for each entry, with a test case for each of
// its objectives, merged over the repetitions. What could not be carried out
// is an error, what was not started or could not be decided is skipped, and a
// control is one test case: that it ends as it must. An entry that did not pass
// never has passed cases alone: each objective may have been decided often
// enough where too few repetitions were.
func SuiteJUnit(w io.Writer, s *Suite) error {
	var suites []junitSuite
	for _, e := range s.Entries {
		suites = append(suites, entryJUnit(s, e))
	}
	return writeJUnit(w, suites...)
}

func entryJUnit(s *Suite, e SuiteEntry) junitSuite {
	class := "gauntlet." + s.Suite + "." + e.Name
	took := 0.0
	var runs []string
	for _, r := range e.Runs {
		took += r.Took
		runs = append(runs, runLine(e, r))
	}
	suite := junitSuite{Name: valid(s.Suite + "/" + e.Name), Timestamp: valid(s.StartedAt), Time: fmt.Sprintf("%.3f", took),
		Out: valid(strings.Join(append([]string{e.Why}, runs...), "\n"))}
	for _, o := range e.Objectives {
		suite.addObjective(class, o)
	}
	switch {
	case e.Control != "":
		suite.add("ends as it must", class, e.Verdict, e.Reason, e.Why, strings.Join(runs, "\n"))
	case len(e.Objectives) == 0 || e.Reason == Budget || e.Reason == Infrastructure || e.Reason == RunAborted:
		suite.add("every repetition was run", class, e.Verdict, e.Reason, e.Why, strings.Join(runs, "\n"))
	case e.Verdict != Pass && suite.green():
		suite.add("enough repetitions were decided", class, e.Verdict, e.Reason, e.Why, strings.Join(runs, "\n"))
	}
	suite.Tests = len(suite.Cases)
	return suite
}

// runLine is a run in a line of plain text.
func runLine(e SuiteEntry, r SuiteRun) string {
	line := "run"
	if e.Repeat > 1 {
		line = fmt.Sprintf("repetition %d", r.Repetition)
	}
	if r.Attempt > 1 {
		line += fmt.Sprintf(", attempt %d", r.Attempt)
	}
	line += fmt.Sprintf(": %s, seed %d", r.Verdict, r.Seed)
	if r.Reason != "" {
		line += " (" + r.Reason + ")"
	}
	return line + ": " + r.Why
}
