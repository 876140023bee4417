package shape

import (
	"errors"
	"fmt"
	"sort"
	"time"
)

// Arrivals is requests that came at known instants, repeated for ever.
type Arrivals struct {
	name   string
	at     []time.Duration
	repeat time.Duration
}

// NewArrivals takes the instants of requests, in order, the first at 0 or
// later. They begin anew after repeat; when that is 0, a mean gap after the
// last. name is what they are called.
func NewArrivals(name string, at []time.Duration, repeat time.Duration) (*Arrivals, error) {
	if len(at) < 2 || at[0] < 0 {
		return nil, errors.New("it takes two instants, none before the beginning")
	}
	for i := range at[1:] {
		if at[i+1] < at[i] {
			return nil, fmt.Errorf("the instant %v comes after %v", at[i+1], at[i])
		}
	}
	first, last := at[0], at[len(at)-1]
	if repeat == 0 {
		repeat = last + (last-first)/time.Duration(len(at)-1)
	}
	if repeat < last || repeat <= 0 {
		return nil, fmt.Errorf("it repeats after %v, before its last request at %v", repeat, last)
	}
	return &Arrivals{name: fmt.Sprintf("%s, repeated every %v", name, repeat), at: at, repeat: repeat}, nil
}

// Schedule is the instants themselves.
func (a *Arrivals) Schedule(func(uint64) uint64) Schedule { return a }

// Due is S(n).
func (a *Arrivals) Due(n uint64) int64 {
	count := uint64(len(a.at))
	return plus(cycles(float64(n/count), a.repeat), int64(a.at[n%count]))
}

// Count is the number of instants before t.
func (a *Arrivals) Count(t time.Duration) float64 {
	if t <= 0 {
		return 0
	}
	rest := t % a.repeat
	before := sort.Search(len(a.at), func(i int) bool { return a.at[i] >= rest })
	return float64(t/a.repeat)*float64(len(a.at)) + float64(before)
}

// Peak is the most instants in any stretch of the length of window, as a rate.
func (a *Arrivals) Peak(window time.Duration) float64 {
	window = max(window, 1)
	rest, most, j := window%a.repeat, 0, 0
	for i := range a.at { // what begins at instant i holds those up to j
		for a.instant(j)-a.at[i] < rest {
			j++
		}
		most = max(most, j-i)
	}
	whole := float64(window/a.repeat) * float64(len(a.at))
	return (whole + float64(most)) / window.Seconds()
}

// instant is that of request n, for n below two repetitions.
func (a *Arrivals) instant(n int) time.Duration {
	if n >= len(a.at) {
		return a.at[n-len(a.at)] + a.repeat
	}
	return a.at[n]
}

func (a *Arrivals) String() string { return a.name }
