package experiment

import (
	"cmp"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"gauntlet/harness/diagnostic"
)

// unit is a kind of value as the file writes it.
type unit[V any] struct {
	what   string // "a duration such as 15s"
	schema schema
	parse  func(word) (V, error) // the error is of type wrong
}

// word is a scalar of the file.
type word struct {
	text string
	kind wordKind
}

type wordKind int

const (
	textWord wordKind = iota
	integerWord
	decimalWord
	boolWord
)

// wrong says what is the matter with a word. Without a problem the word is
// simply of another kind.
type wrong struct{ problem, hint string }

func (w wrong) Error() string { return w.problem }

func wordOf(n ast.Node) (word, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return word{n.Value, textWord}, true
	case *ast.LiteralNode:
		return word{n.Value.Value, textWord}, true
	case *ast.IntegerNode:
		return word{n.GetToken().Value, integerWord}, true
	case *ast.FloatNode:
		return word{n.GetToken().Value, decimalWord}, true
	case *ast.BoolNode:
		return word{n.GetToken().Value, boolWord}, true
	}
	return word{}, false
}

// read is the value of n; a mistake is entered in r.
func (u unit[V]) read(r *reader, path string, n ast.Node) (v V, ok bool) {
	w, ok := wordOf(n)
	if !ok {
		r.refuse(n, "", "%s must be %s, not %s", path, u.what, kindOf(n))
		return v, false
	}
	v, err := u.parse(w)
	if err == nil {
		return v, true
	}
	e, _ := err.(wrong)
	if e.problem == "" {
		r.refuse(n, e.hint, "%s must be %s, not %s", path, u.what, kindOf(n))
	} else {
		r.refuse(n, e.hint, "%s: %s", path, e.problem)
	}
	return v, false
}

// words is any text that is not empty.
func words(what string) unit[string] {
	return unit[string]{what, schema{"type": "string", "minLength": 1}, func(w word) (string, error) {
		if w.kind != textWord {
			return "", wrong{hint: fmt.Sprintf("quote it: %q", w.text)}
		}
		if strings.TrimSpace(w.text) == "" {
			return "", wrong{problem: "is empty"}
		}
		return w.text, nil
	}}
}

// prose is words that a person reads: whose name is made of NULs has none.
func prose(what string) unit[string] {
	text := words(what)
	return unit[string]{text.what, text.schema, func(w word) (string, error) {
		if strings.ContainsFunc(w.text, func(r rune) bool { return unicode.IsControl(r) && !unicode.IsSpace(r) }) {
			return "", wrong{problem: "holds a control character, which nobody can read"}
		}
		return text.parse(w)
	}}
}

// anyText is any text, the empty one included.
var anyText = unit[string]{"text", schema{"type": "string"}, func(w word) (string, error) {
	if w.kind != textWord {
		return "", wrong{hint: fmt.Sprintf("quote it: %q", w.text)}
	}
	return w.text, nil
}}

// processText is what a process can be given as an argument, or the value of a
// variable: any text without a NUL, which would end it.
var processText = unit[string]{anyText.what, anyText.schema, func(w word) (string, error) {
	if strings.ContainsRune(w.text, 0) {
		return "", wrong{problem: "holds a NUL byte, which no process can be given"}
	}
	return anyText.parse(w)
}}

// pattern is text that re matches whole.
func pattern(what, re string) unit[string] {
	compiled := regexp.MustCompile(re)
	return unit[string]{what, schema{"type": "string", "pattern": re}, func(w word) (string, error) {
		if w.kind != textWord || !compiled.MatchString(w.text) {
			return "", wrong{}
		}
		return w.text, nil
	}}
}

// oneOf is one of known; of those in later it says that this version cannot.
func oneOf(known []string, later ...string) unit[string] {
	return unit[string]{"one of " + list(known), schema{"enum": known}, func(w word) (string, error) {
		for _, k := range known {
			if w.text == k {
				return k, nil
			}
		}
		for _, l := range later {
			if w.text == l {
				return "", wrong{problem: fmt.Sprintf("%q is not supported in this version", l), hint: "supported: " + list(known)}
			}
		}
		return "", wrong{problem: fmt.Sprintf("%q is unknown", w.text), hint: diagnostic.DidYouMean(w.text, known)}
	}}
}

var boolean = unit[bool]{"true or false", schema{"type": "boolean"}, func(w word) (bool, error) {
	if w.kind != boolWord {
		return false, wrong{}
	}
	return w.text == "true" || w.text == "True" || w.text == "TRUE", nil
}}

// integer is a whole number in [least, most].
func integer(what string, least, most int) unit[int] {
	s := schema{"type": "integer", "minimum": least, "maximum": most}
	return unit[int]{what, s, func(w word) (int, error) {
		if w.kind != integerWord {
			return 0, wrong{}
		}
		n, err := strconv.ParseInt(strings.ReplaceAll(w.text, "_", ""), 0, 64)
		if err != nil {
			return 0, wrong{problem: fmt.Sprintf("%s is no integer that fits", w.text)}
		}
		return int(n), within(int(n), least, most, fmt.Sprint)
	}}
}

// decimal is a number without a unit in [least, most].
func decimal(what string, least, most float64) unit[float64] {
	s := schema{"type": "number", "minimum": least, "maximum": most}
	return unit[float64]{what, s, func(w word) (float64, error) {
		if w.kind != integerWord && w.kind != decimalWord {
			return 0, wrong{}
		}
		t := token.ToNumber(w.text)
		if t == nil {
			return 0, wrong{problem: w.text + " is no number that fits"}
		}
		f, err := strconv.ParseFloat(strings.ReplaceAll(w.text, "_", ""), 64)
		if err != nil || math.IsNaN(f) {
			return 0, wrong{problem: w.text + " is no number that fits"}
		}
		return f, within(f, least, most, fmt.Sprint)
	}}
}

const durationPattern = `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`

// duration is a length of time with its unit in [least, most].
func duration(least, most time.Duration) unit[time.Duration] {
	const example = "a duration such as 15s"
	return unit[time.Duration]{example, schema{"type": "string", "pattern": durationPattern}, func(w word) (time.Duration, error) {
		if w.kind != textWord {
			return 0, noUnit(w, example)
		}
		d, err := time.ParseDuration(w.text)
		if err != nil || !regexpDuration.MatchString(strings.TrimPrefix(w.text, "-")) {
			return 0, wrong{problem: fmt.Sprintf("%q is no duration", w.text), hint: "units are ns, us, ms, s, m and h: 250ms, 15s, 1m30s"}
		}
		return d, within(d, least, most, func(a ...any) string { return a[0].(time.Duration).String() })
	}}
}

var regexpDuration = regexp.MustCompile(durationPattern)

// noUnit is the mistake of a bare number.
func noUnit(w word, example string) error {
	if w.kind == boolWord {
		return wrong{}
	}
	return wrong{problem: w.text + " has no unit", hint: "write " + example}
}

// share is a percentage above 0 and up to 100, as a ratio. open leaves 100 %
// out: an availability that no number of requests can show.
func share(example string, open bool) unit[float64] {
	s := schema{"type": "string", "pattern": `^[0-9]+(\.[0-9]+)?%$`}
	return unit[float64]{"a share such as " + example, s, func(w word) (float64, error) {
		if w.kind != textWord {
			return 0, noUnit(w, "a share such as "+example)
		}
		digits, percent := strings.CutSuffix(w.text, "%")
		f, err := strconv.ParseFloat(digits+"e-2", 64) // rounded once: 99.9/100 is not 0.999
		if !percent || err != nil || strings.ContainsAny(digits, "xXeEpPiInN_+") {
			return 0, wrong{problem: fmt.Sprintf("%q is no share", w.text), hint: "write " + example}
		}
		if f <= 0 || f > 1 || open && f == 1 {
			end := "up to 100%"
			if open {
				end = "below 100%"
			}
			return 0, wrong{problem: fmt.Sprintf("%s is out of range: more than 0%%, %s", w.text, end)}
		}
		return f, nil
	}}
}

// rate is a frequency with its unit, in requests per second: 1000/s, 90/m.
var rate = unit[float64]{"a rate such as 1000/s", schema{"type": "string", "pattern": `^[0-9]+(\.[0-9]+)?/(s|m|h)$`}, func(w word) (float64, error) {
	if w.kind != textWord {
		return 0, noUnit(w, "a rate such as 1000/s")
	}
	number, per, _ := strings.Cut(w.text, "/")
	seconds, known := map[string]float64{"s": 1, "m": 60, "h": 3600}[per]
	f, err := strconv.ParseFloat(number, 64)
	if !known || err != nil || strings.ContainsAny(number, "xXeEpPiInN_+") {
		return 0, wrong{problem: fmt.Sprintf("%q is no rate", w.text), hint: "write requests per second, minute or hour: 1000/s"}
	}
	f /= seconds
	if f <= 0 || f > maxRate {
		return 0, wrong{problem: fmt.Sprintf("%s is out of range: more than 0/s, up to %d/s", w.text, maxRate)}
	}
	return f, nil
}}

// rateOrNone is a rate that may also be 0/s.
var rateOrNone = unit[float64]{rate.what, rate.schema, func(w word) (float64, error) {
	if w.text == "0/s" {
		return 0, nil
	}
	return rate.parse(w)
}}

// maxRate bounds the load (requests per second), so that no count of requests
// overflows; one machine does not get near it.
const maxRate = 1_000_000

// address is an absolute http or https URL.
var address = unit[string]{"an address such as http://127.0.0.1:8080", schema{"type": "string", "pattern": "^https?://"}, func(w word) (string, error) {
	u, err := url.Parse(w.text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", wrong{problem: fmt.Sprintf("%q is no http or https address", w.text), hint: "write it with scheme and host: http://127.0.0.1:8080"}
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return "", wrong{problem: "the address has a query or a fragment", hint: "the path of a request is said in target.request"}
	}
	return strings.TrimSuffix(w.text, "/"), nil
}}

func within[V cmp.Ordered](v, least, most V, show func(...any) string) error {
	if v < least {
		return wrong{problem: fmt.Sprintf("%s is too small: at least %s", show(v), show(least))}
	}
	if v > most {
		return wrong{problem: fmt.Sprintf("%s is too large: at most %s", show(v), show(most))}
	}
	return nil
}

// percent is a ratio as the file writes it.
func percent(ratio float64) string {
	return strconv.FormatFloat(math.Round(ratio*1e11)/1e9, 'f', -1, 64) + "%"
}
