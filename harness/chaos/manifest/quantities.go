package manifest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"
)

// share reads a percentage, which upstream writes as a string without a sign,
// as a share from 0 to 1.
func (r *reader) share(root *node, at []string, text string) float64 {
	if text == "" {
		return 0
	}
	p, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(p) || p < 0 || p > 100 {
		hint := `write it in quotes and without a sign: "25"`
		r.wrong(r.near(root, at...), fmt.Sprintf("%s %q is not a percentage from 0 to 100", at[len(at)-1], text), hint)
		return 0
	}
	return p / 100
}

// length reads a duration that is not negative.
func (r *reader) length(root *node, at []string, text string) time.Duration {
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		r.wrong(r.near(root, at...), fmt.Sprintf("%q is not a duration", text), "write it like 30s, 500ms or 1h10m")
	case d < 0:
		r.wrong(r.near(root, at...), fmt.Sprintf("%s %s is negative", at[len(at)-1], text), "")
	case d > longest:
		r.wrong(r.near(root, at...), fmt.Sprintf("%s %s is longer than a week", at[len(at)-1], text), "")
	}
	return max(0, min(d, longest))
}

// rates are tc's units in bytes per second; tc's "bps" is bytes, and its
// prefixes are decimal.
var rates = []struct {
	unit  string
	bytes float64
}{
	{"tbit", 1e12 / 8}, {"gbit", 1e9 / 8}, {"mbit", 1e6 / 8}, {"kbit", 1e3 / 8},
	{"tbps", 1e12}, {"gbps", 1e9}, {"mbps", 1e6}, {"kbps", 1e3}, {"bps", 1}, {"bit", 1. / 8},
}

// rate reads a bandwidth, in bytes per second.
func (r *reader) rate(root *node, at []string, text string) int64 {
	number := strings.ToLower(strings.TrimSpace(text))
	for _, u := range rates {
		digits, ok := strings.CutSuffix(number, u.unit)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(digits), 10, 64)
		if bytes := float64(n) * u.bytes; err == nil && bytes >= 1 && bytes < 1e15 {
			return int64(bytes)
		}
		break
	}
	r.wrong(r.near(root, at...), fmt.Sprintf("rate %q is not a bandwidth of 1 byte per second or more", text), "write it like 1mbps (a million bytes per second) or 8mbit")
	return 0
}

// size reads an amount of memory, "256MB" or a share of what there is, "50%".
func (r *reader) size(root *node, at []string, text string) (bytes int64, percent int) {
	const hint = `write it like 256MB, 1GiB or "50%"`
	if digits, ok := strings.CutSuffix(text, "%"); ok {
		p, err := strconv.Atoi(digits)
		if err != nil || p < 1 || p > 100 {
			r.wrong(r.near(root, at...), fmt.Sprintf("size %q is not a percentage from 1%% to 100%%", text), hint)
		}
		return 0, p
	}
	n, err := units.FromHumanSize(text)
	if strings.HasSuffix(text, "iB") {
		n, err = units.RAMInBytes(text)
	}
	if err != nil || n < 1 {
		r.wrong(r.near(root, at...), fmt.Sprintf("size %q is not an amount of memory", text), hint)
	}
	return n, 0
}
