package run

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"gauntlet/harness/experiment"
	"gauntlet/harness/load"
)

// reference matches ${NAME} in a header or a body: the environment's NAME.
var reference = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expand is the operation as it is sent, the environment's values in its
// headers and its body. They are never written down: what is kept of a run
// has the references.
func expand(o experiment.Operation) (load.Operation, error) {
	var missing error
	fill := func(text string) string {
		return reference.ReplaceAllStringFunc(text, func(ref string) string {
			name := reference.FindStringSubmatch(ref)[1]
			value, ok := os.LookupEnv(name)
			if !ok && missing == nil {
				missing = fmt.Errorf("load.operations.%s: the environment has no %s", o.Name, name)
			}
			return value
		})
	}
	all := load.Operation(o)
	all.Body = fill(o.Body)
	all.Header = make(map[string]string, len(o.Header))
	for name, text := range o.Header {
		all.Header[name] = fill(text)
		if strings.ContainsAny(all.Header[name], "\r\n\x00") && missing == nil {
			missing = fmt.Errorf("load.operations.%s: the header %s would have more than one line", o.Name, name)
		}
	}
	return all, missing
}

// sent is the operation as it is sent; preflight has found that nothing is
// missing.
func sent(o experiment.Operation) load.Operation {
	all, _ := expand(o)
	return all
}

// secretsOf lists what the requests of an experiment carry that must not be
// written down: the environment's values, and what stands in headers with a
// telling name.
func secretsOf(e *experiment.Experiment) []string {
	var all []string
	for _, o := range e.Load.Operations {
		texts := []string{o.Body}
		for name, text := range o.Header {
			texts = append(texts, text)
			if secretHeader.MatchString(name) && !reference.MatchString(text) {
				all = append(all, text)
			}
		}
		for _, text := range texts {
			for _, ref := range reference.FindAllStringSubmatch(text, -1) {
				all = append(all, os.Getenv(ref[1]))
			}
		}
	}
	return all
}

// secretHeader matches the names of headers that carry secrets.
var secretHeader = regexp.MustCompile(`(?i)(cookie|api-key|` + secret.String()[len("(?i)("):])
