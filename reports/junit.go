package reports

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

type junitSuite struct {
	XMLName   xml.Name    `xml:"testsuite"`
	Name      string      `xml:"name,attr"`
	Tests     int         `xml:"tests,attr"`
	Failures  int         `xml:"failures,attr"`
	Errors    int         `xml:"errors,attr,omitempty"`
	Skipped   int         `xml:"skipped,attr"`
	Timestamp string      `xml:"timestamp,attr,omitempty"`
	Time      string      `xml:"time,attr"`
	Cases     []junitCase `xml:"testcase"`
	Out       string      `xml:"system-out,omitempty"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Failure *junitMessage `xml:"failure"`
	Error   *junitMessage `xml:"error"`
	Skipped *junitMessage `xml:"skipped"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// JUnit writes the objectives as test cases: one that failed is a failure, one
// that could not be decided is skipped, each with why. The format has no third
// verdict; a gate reads the exit code.
func JUnit(w io.Writer, r *Result) error {
	name := r.Experiment
	if r.Control != "" {
		name += " (control " + r.Control + ")"
	}
	suite := junitSuite{Name: valid(name), Timestamp: valid(r.StartedAt), Time: "0", Out: valid(r.Why)}
	if n := len(r.Phases); n > 0 {
		suite.Time = fmt.Sprintf("%.3f", r.Phases[n-1].End)
	}
	for _, o := range r.Objectives {
		suite.addObjective("gauntlet."+r.Experiment, o)
	}
	if r.Aborted != nil && suite.green() {
		suite.add("the run came to its end", "gauntlet."+r.Experiment, r.Verdict, RunAborted, r.Why, "")
	}
	suite.Tests = len(suite.Cases)
	return writeJUnit(w, suite)
}

// measurement is what was measured of an objective, against what.
func measurement(o Objective) string {
	measured := strings.TrimSpace(o.Measured + " " + interval(o.Name, o.Low, o.High))
	return fmt.Sprintf("target %s, measured %s, margin %s, n = %s", o.Target, measured, o.Margin, count(o.Samples))
}

// green says that every test case passed.
func (s *junitSuite) green() bool { return s.Failures+s.Errors+s.Skipped == 0 }

// addObjective appends an objective. One that failed and is waived is skipped, as
// other test tools tell a failure that is known (pytest's xfail): as a failure
// it would turn a pipeline red that goes by this file (Jenkins, GitLab), which
// is what the waiver is to prevent, and as a pass nobody would see it.
func (s *junitSuite) addObjective(class string, o Objective) {
	if !o.Waived() {
		s.add(o.Name, class, o.Verdict, o.Reason, o.reasoned(), measurement(o))
		return
	}
	s.Skipped++
	s.Cases = append(s.Cases, junitCase{Name: valid(o.Name), Class: valid(class),
		Skipped: &junitMessage{Message: valid("FAIL, waived: " + o.reasoned()), Type: "waived", Text: valid(measurement(o))}})
}

// add appends a test case and counts it.
func (s *junitSuite) add(name, class string, verdict Verdict, reason, why, told string) {
	c := junitCase{Name: valid(name), Class: valid(class)}
	switch {
	case verdict == Pass:
		c.Out = valid(told)
	case verdict == Fail:
		s.Failures++
		c.Failure = &junitMessage{Message: valid(why), Type: valid(reason), Text: valid(told)}
	case reason == Infrastructure:
		s.Errors++
		c.Error = &junitMessage{Message: valid(why), Type: reason, Text: valid(told)}
	default:
		s.Skipped++
		c.Skipped = &junitMessage{Message: valid(strings.TrimSpace("inconclusive (" + reason + "): " + why)), Text: valid(told)}
	}
	s.Cases = append(s.Cases, c)
}

func writeJUnit(w io.Writer, suites ...junitSuite) error {
	b, err := xml.MarshalIndent(struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}{Suites: suites}, "", "  ")
	if err != nil {
		return fmt.Errorf("junit: %w", err)
	}
	_, err = w.Write(append([]byte(xml.Header), append(b, '\n')...))
	return err
}

// valid replaces what XML 1.0 cannot hold.
func valid(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' && r != '\t' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return '\uFFFD'
		}
		return r
	}, s)
}
