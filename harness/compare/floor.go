package compare

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"gauntlet/harness/diagnostic"
)

// Floor is the difference that is worth a word: B is worse when it has more
// than A's (1 + Share) + Amount, in the measure's unit.
type Floor struct{ Share, Amount float64 }

// shift is the floor among differences as apart takes them.
func (f Floor) shift() float64 {
	if f.Share > 0 {
		return math.Log1p(f.Share)
	}
	return f.Amount
}

// leastAmount goes with a share alone: 1 ms of a recovery, 1 µs of a response.
// A recovery may take no time at all, and of nothing every share is nothing: B
// would be infinitely worse, or 0/0 times as bad, which no test survives.
const leastAmount = 1e-3

// beside is c = Amount/Share, what is added to both sides of a share.
func (f Floor) beside() float64 { return max(f.Amount, leastAmount) / f.Share }

// apart is how far B is from A. With a share in the floor it is the logarithm
// of (b + c)/(a + c), since that is above log(1 + Share) exactly when b is
// above the floor, and noise that is a share of a measure is alike in slow
// hours and in fast ones; else it is b − a. Either changes its sign, and
// nothing else, when the builds change places.
func (f Floor) apart(a, b float64) float64 {
	if f.Share > 0 {
		c := f.beside()
		return math.Log((b + c) / (a + c))
	}
	return b - a
}

// amount is a difference in the measure's unit, where A has typical.
func (f Floor) amount(d, typical float64) float64 {
	if f.Share > 0 {
		return math.Expm1(d) * (typical + f.beside())
	}
	return d
}

// Floors are those of the kinds of measures, by name.
type Floors map[string]Floor

// DefaultFloors are half a point of bad requests, a twentieth of a response
// time and a little for those that are next to nothing, a tenth and half a
// second of a recovery, and no lost write. Processor time, which holds the
// generator's own and grows with what others do on the machine, has more room.
func DefaultFloors() Floors {
	return Floors{
		KindBad:       {Amount: 0.005},
		KindP50:       {Share: 0.05, Amount: 0.5},
		KindP99:       {Share: 0.05, Amount: 1},
		KindRecovery:  {Share: 0.10, Amount: 0.5},
		KindLost:      {},
		KindProcessor: {Share: 0.15, Amount: 0.05},
	}
}

// forms say how the floor of a kind is written.
var forms = map[string]string{
	KindBad: "1%", KindP50: "5%+1ms", KindP99: "10%+5ms", KindRecovery: "10%+500ms", KindLost: "0", KindProcessor: "10%+20us",
}

// With is f with floors that were written as KIND → FLOOR: points of bad
// requests ("1%"), a share or a time or both of anything that is a time
// ("5%+1ms"), a number of lost writes ("2").
func (f Floors) With(set map[string]string) (Floors, error) {
	all := maps.Clone(f)
	for _, kind := range slices.Sorted(maps.Keys(set)) {
		form, known := forms[kind]
		if !known {
			return nil, fmt.Errorf("--floor %s=%s: nothing is measured by that name; %s", kind, set[kind], diagnostic.DidYouMean(kind, slices.Sorted(maps.Keys(forms))))
		}
		floor, err := parseFloor(kind, set[kind])
		if err != nil {
			return nil, fmt.Errorf("--floor %s=%s: %w\n  hint: --floor %s=%s", kind, set[kind], err, kind, form)
		}
		all[kind] = floor
	}
	return all, nil
}

func parseFloor(kind, text string) (f Floor, err error) {
	switch kind {
	case KindBad:
		share, ok := percentage(text)
		if !ok || share > 1 {
			return f, fmt.Errorf("want points of bad requests, from 0%% to 100%%")
		}
		return Floor{Amount: share}, nil
	case KindLost:
		n, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return f, fmt.Errorf("want a number of writes")
		}
		return Floor{Amount: float64(n)}, nil
	}
	for _, word := range strings.Split(text, "+") {
		if share, ok := percentage(word); ok && f.Share == 0 && share <= 10 {
			f.Share = share
			continue
		}
		length, err := time.ParseDuration(word)
		if err != nil || length < 0 || f.Amount != 0 {
			return f, fmt.Errorf("want a share, a time or both")
		}
		f.Amount = length.Seconds()
		if kind != KindRecovery {
			f.Amount *= 1000
		}
	}
	return f, nil
}

// percentage reads "5%" as 0.05.
func percentage(text string) (float64, bool) {
	digits, ok := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(digits, 64)
	return v / 100, ok && err == nil && v >= 0 && !math.IsInf(v, 0) && !math.IsNaN(v)
}
