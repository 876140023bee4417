package reports

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Numbers as a reader wants them. A no-break space stands between a number
// and its unit, a narrow one between thousands, so that a number never breaks
// over two lines.
const (
	space  = "\u00a0"
	narrow = "\u202f"
	absent = "–"
)

// count is a whole number with its thousands apart.
func count(n int) string {
	s := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, s = "−", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + narrow + s[i:]
	}
	return sign + s
}

// milliseconds is a latency, three significant digits at most; from a second
// on it is told in seconds.
func milliseconds(v float64) string {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return absent
	case v >= 999.5:
		return seconds(v / 1000)
	case v >= 9.95:
		return strconv.FormatFloat(v, 'f', 0, 64) + space + "ms"
	case v >= 0.0995 || v == 0:
		return trim(strconv.FormatFloat(v, 'f', 1, 64)) + space + "ms"
	}
	return strconv.FormatFloat(v*1000, 'f', 0, 64) + space + "µs"
}

// tick is a latency on an axis: always a round number.
func tick(v float64) string {
	if v >= 999.5 {
		return trim(strconv.FormatFloat(v/1000, 'f', 1, 64)) + space + "s"
	}
	return milliseconds(v)
}

// seconds is a duration.
func seconds(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return absent
	}
	return bareSeconds(v) + space + "s"
}

func bareSeconds(v float64) string {
	switch {
	case v == 0:
		return "0"
	case math.Abs(v) < 0.0995:
		return strconv.FormatFloat(v, 'f', 3, 64)
	case math.Abs(v) < 9.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case math.Abs(v) < 99.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

// Margin is how much of an allowance is left, "+98 %", or by how much of it it
// is overdrawn, "−10 %": rounded down, so that no more is told than there is. ""
// where nothing is allowed.
func Margin(left, allowance float64) string {
	if allowance <= 0 {
		return ""
	}
	m := math.Floor(100*left/allowance + 1e-9)
	return strings.Replace(fmt.Sprintf("%+.0f %%", m), "-", "−", 1)
}

// instant is a time of the run, to the millisecond.
func instant(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) + space + "s" }

// percent is a share with as many digits as tell it from 0 and from all. It
// is cut, not rounded, above one half: 99.96 % never reads as 100 %, and a
// missed limit never as a kept one.
func percent(share float64) string { return barePercent(share) + space + "%" }

func barePercent(share float64) string {
	p := share * 100
	switch {
	case math.IsNaN(p):
		return absent
	case p <= 0 || p >= 100:
		return strconv.FormatFloat(p, 'f', 0, 64)
	}
	digits := percentDigits(p)
	if p > 50 {
		return trim(strconv.FormatFloat(cut(p, digits), 'f', digits, 64))
	}
	return trim(strconv.FormatFloat(p, 'f', digits, 64))
}

// percentDigits is how many decimals show two digits of the distance to the
// nearer end.
func percentDigits(p float64) int {
	return min(max(1, 1+int(math.Ceil(-math.Log10(min(p, 100-p))-1e-9))), 6)
}

func cut(v float64, digits int) float64 {
	scale := math.Pow10(digits)
	return math.Floor(v*scale+1e-6) / scale
}

// outwards is the ends of an interval with as many digits as tell them apart,
// within the bounds given, rounded away from each other.
func outwards(low, high float64, least, most int) (string, string) {
	digits := least
	if d := high - low; d > 0 {
		digits = min(max(least, int(math.Ceil(-math.Log10(d)-1e-9))), most)
	}
	from, to := cut(low, digits), -cut(-high, digits)
	return strconv.FormatFloat(from+0, 'f', digits, 64), strconv.FormatFloat(to+0, 'f', digits, 64)
}

func trim(s string) string {
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// interval is [low, high] in the unit of an objective; "" when neither end is
// known.
func interval(objective string, low, high *float64) string {
	if low == nil && high == nil {
		return ""
	}
	bare, unit := unitOf(objective)
	if low != nil && high != nil {
		switch kind, _ := cutScope(objective); kind {
		case "availability", "budget", "residual", "steadyState":
			from, to := outwards(*low*100, *high*100, 1, 6)
			return "[" + trim(from) + ", " + trim(to) + "]" + unit
		case "recovery", "convergence":
			from, to := outwards(*low, *high, 1, 3)
			return "[" + from + ", " + to + "]" + unit
		}
	}
	end := func(v *float64, unknown string) string {
		if v == nil {
			return unknown
		}
		return bare(*v)
	}
	if unit == "" && low != nil && high != nil && *low == *high {
		return ""
	}
	return "[" + end(low, "−∞") + ", " + end(high, "∞") + "]" + unit
}

// unitOf says how the numbers of an objective are told; see Objective.Low.
func unitOf(objective string) (bare func(float64) string, unit string) {
	kind, _, _ := strings.Cut(objective, ":")
	switch kind {
	case "recovery", "convergence":
		return bareSeconds, space + "s"
	case "availability", "budget", "residual", "steadyState":
		return barePercent, space + "%"
	case "staleness":
		return func(v float64) string { return trim(strconv.FormatFloat(v, 'f', 1, 64)) }, space + "ms"
	}
	return func(v float64) string { return trim(strconv.FormatFloat(v, 'f', 2, 64)) }, ""
}

// plural is "1 objective", "2 objectives".
func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return count(n) + space + noun
}

// glyph is a verdict's sign; colour is never its only mark.
func glyph(v Verdict) string {
	switch v {
	case Pass:
		return "✓"
	case Fail:
		return "✗"
	case Inconclusive:
		return "?"
	}
	return absent
}

// tone is the name under which the style sheet knows a verdict.
func tone(v Verdict) string {
	switch v {
	case Pass:
		return "pass"
	case Fail:
		return "fail"
	case Inconclusive:
		return "inconclusive"
	}
	return "none"
}

// startedAt is the wall time of a run, short: what is not a time stays.
func startedAt(s string) string {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return s
	}
	return t.UTC().Format("2006-01-02 15:04") + space + "UTC"
}

// clip shortens s to n runes, an ellipsis included.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// unitApart finds a number and its unit, parted by a space that can break.
var unitApart = regexp.MustCompile(`([0-9)]) (ms|s|µs|%|pp|MB)\b|([0-9]) (%)`)

// tie makes s fit for display: units stay with their numbers, and marks that
// would reorder the text around them are made visible.
func tie(s string) string {
	s = unitApart.ReplaceAllString(plain(s), "$1$3"+space+"$2$4")
	return strings.NewReplacer("≤ ", "≤"+space, "≥ ", "≥"+space).Replace(s)
}

// list joins words as a sentence does.
func list(words []string) string {
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0]
	}
	return fmt.Sprintf("%s and %s", strings.Join(words[:len(words)-1], ", "), words[len(words)-1])
}

// phaseName is a phase in words.
func phaseName(phase string) string {
	if phase == "warmup" {
		return "warm-up"
	}
	return phase
}

// scopeName is an episode's or strip's scope in words.
func scopeName(scope string) string {
	kind, name, found := strings.Cut(scope, ":")
	switch {
	case !found:
		return scope
	case kind == "op":
		return name
	case kind == "replica":
		return name
	}
	return kind + " " + name
}

// cutScope splits "op:get" into its kind and name.
func cutScope(scope string) (kind, name string) {
	kind, name, _ = strings.Cut(scope, ":")
	return kind, name
}
