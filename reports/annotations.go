package reports

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Annotations writes what did not pass as GitHub shows it beside the line of
// the experiment that demanded it: an error for a FAIL, a warning for what
// could not be decided. file is the experiment's, relative to the repository.
//
// https://docs.github.com/actions/reference/workflow-commands-for-github-actions
func Annotations(w io.Writer, file string, r *Result) error {
	b := bufio.NewWriter(w)
	for _, o := range failedFirst(r.Objectives) {
		if o.Verdict != Pass {
			annotate(b, o.Verdict, file, o.Line, r.Experiment+": "+o.Name+" "+o.ended(), o.reasoned())
		}
	}
	return b.Flush()
}

// SuiteAnnotations writes the same for a suite: an annotation for each
// objective, merged over the repetitions, and one for each entry that could
// not be run as it was asked for.
func SuiteAnnotations(w io.Writer, s *Suite) error {
	b := bufio.NewWriter(w)
	for _, e := range failedEntriesFirst(s.Entries) {
		told := false
		for _, o := range failedFirst(e.Objectives) {
			if o.Verdict != Pass && o.Reason != TooFewConclusive {
				annotate(b, o.Verdict, e.File, o.Line, e.Name+": "+o.Name+" "+o.ended(), o.reasoned())
				told = true
			}
		}
		if e.Verdict != Pass && (!told || e.Reason == Budget || e.Reason == Infrastructure) {
			annotate(b, e.Verdict, e.File, 0, e.Name+" "+string(e.Verdict), e.Why)
		}
	}
	return b.Flush()
}

// ComparisonAnnotations writes the same for a comparison: an annotation for each
// measure in which B is worse or that is open, and one in the place of all of
// them where there were too few pairs to decide any.
func ComparisonAnnotations(w io.Writer, file string, c *Comparison) error {
	b := bufio.NewWriter(w)
	title := c.Experiment + ": B against A"
	switch c.Reason {
	case TooFewPairs, RunAborted, Infrastructure:
		annotate(b, c.Verdict, file, 0, title+" "+string(c.Verdict), c.Why)
		return b.Flush()
	}
	for _, m := range measuresFirst(c.Measures) {
		if m.Gates && m.Verdict != Pass {
			annotate(b, m.Verdict, file, 0, title+", "+m.Name+" "+string(m.Verdict), m.Why)
		}
	}
	return b.Flush()
}

func annotate(b *bufio.Writer, v Verdict, file string, line int, title, message string) {
	command := "warning"
	if v == Fail {
		command = "error"
	}
	// Values are escaped as the runner takes them: a message may hold commas and
	// colons, a property may not, and neither a line break.
	text := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	fmt.Fprintf(b, "::%s file=%s", command, property.Replace(plain(file)))
	if line > 0 {
		fmt.Fprintf(b, ",line=%d", line)
	}
	fmt.Fprintf(b, ",title=%s::%s\n", property.Replace(plain(title)), text.Replace(plain(message)))
}
