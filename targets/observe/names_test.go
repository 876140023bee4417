package observe

import (
	"regexp"
	"slices"
	"testing"
)

var (
	quoted   = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	selector = regexp.MustCompile(`\{[^}]*\}`)
	window   = regexp.MustCompile(`\[[^\]]*\]`)
	// Lists of labels: by (job, instance), on (instance), ….
	grouping = regexp.MustCompile(`\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)`)
	function = regexp.MustCompile(`[a-zA-Z_][a-zA-Z0-9_]*\s*\(`)
	name     = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*`)
	number   = regexp.MustCompile(`\b[0-9][0-9.a-z]*`)
)

// words are those of PromQL that stand where a name could.
var words = []string{"and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring", "group_left", "group_right", "inf", "nan"}

// metrics is the names of the series that a PromQL expression asks for, in
// their order, each once. It removes everything that is no name of a series;
// that the expression is one at all is promtool's to say.
func metrics(expr string) []string {
	for _, remove := range []*regexp.Regexp{quoted, selector, window, grouping, function, number} {
		expr = remove.ReplaceAllString(expr, " ")
	}
	var names []string
	for _, n := range name.FindAllString(expr, -1) {
		if !slices.Contains(words, n) && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

func TestNamesOfAnExpression(t *testing.T) {
	for expr, want := range map[string][]string{
		`up`:                             {"up"},
		`absent(up{job="a"} == 1)`:       {"up"},
		`sum by (le, x) (rate(a_b[1m]))`: {"a_b"},
		`sum(rate(a{x=~"b}c"}[$__rate_interval])) by (c)`:   {"a"},
		`a:b:rate1m / (c > 0) and on (job) d == bool 1e3`:   {"a:b:rate1m", "c", "d"},
		`a + ignoring (s) group_left (t) (2 * b) offset 5m`: {"a", "b"},
		`max_over_time(count(up == 1)[10m:5s]) or up`:       {"up"},
		`label_values(up{job="m"}, instance)`:               {"up", "instance"}, // Grafana's, not PromQL
		`1 + 2`:                                             nil,
	} {
		if got := metrics(expr); !slices.Equal(got, want) {
			t.Errorf("%s: %q, not %q", expr, got, want)
		}
	}
}
