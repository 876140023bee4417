// Package capacity estimates how many requests a second a generator can send
// beside a stress that takes its processors. It is arithmetic alone: what a
// request costs is measured by whoever asks.
package capacity

import (
	"fmt"
	"math"
	"time"
)

// Generator is a load generator on this machine.
type Generator struct {
	Processors int
	PerRequest time.Duration // processor time that it spends on a request; > 0
	// Weight is how many times one of its threads weighs one of a burner, ≥ 1.
	Weight float64
	// Grouped says that it is in a control group of its own, below the one of
	// everything: then the kernel divides between groups first, and its threads'
	// weight means nothing to whoever is in another.
	Grouped bool
}

// Stress is what computes beside it.
type Stress struct {
	Workers int     // threads that compute
	Cores   float64 // that they use when nobody is in their way
	Grouped bool    // they are in a control group with the weight of one thread, as containers are
}

// For is g when each request that is asked for makes it send times as many.
func (g Generator) For(times float64) Generator {
	g.PerRequest = time.Duration(times * float64(g.PerRequest))
	return g
}

// spare is the part of what it can get that a generator may count on. The rest
// is for the system, whose needs nobody knows before the run, and for the
// moment: a generator that needs all that it gets sends late.
const spare = 0.5

// Cores is how many cores the generator can have beside s: what s leaves, or
// what the kernel divides by weight when both want all, whichever is more.
func (g Generator) Cores(s Stress) float64 {
	n := float64(g.Processors)
	left := max(0, n-s.Cores)
	if s.Workers == 0 {
		return left
	}
	ours, theirs := n*g.Weight, float64(s.Workers)
	if s.Grouped {
		theirs = 1
		if g.Grouped {
			ours = 1
		}
	}
	return max(left, n*ours/(ours+theirs))
}

// Most is how many requests a second it can send beside s.
func (g Generator) Most(s Stress) float64 {
	return spare * g.Cores(s) / g.PerRequest.Seconds()
}

// named is the part of the most that is proposed to who asked for more, so that
// the next measurement, which comes out a little different, accepts it.
const named = 0.8

// Rate is the rate, in requests a second, to propose to who asked for more than
// the most: two digits of it. 0: none of at least one a second.
func Rate(most float64) float64 {
	r := named * most
	if r < 1 {
		return 0
	}
	digit := math.Pow(10, math.Floor(math.Log10(r))-1)
	if digit < 1 {
		digit = 1
	}
	return math.Floor(r/digit) * digit
}

// TooMuch says why a rate (requests a second) cannot be sent beside s, and what
// to ask for instead; both are "" when it can.
func (g Generator) TooMuch(rate float64, s Stress) (why, instead string) {
	most := g.Most(s)
	if rate <= most {
		return "", ""
	}
	why = fmt.Sprintf("%.0f requests a second are more than this machine can send beside the stress: burners ask for %.3g of %d processors, at least %.3g are left to the generator, which may count on half of that, and a request costs it %v: at most %.0f a second",
		rate, s.Cores, g.Processors, g.Cores(s), g.PerRequest.Round(time.Microsecond), most)
	instead = "fewer workers of stressors.cpu, or a machine with more processors"
	if rate := Rate(most); rate > 0 {
		instead = fmt.Sprintf("--set load.rate=%g/s (of a shape: no higher peak), %s", rate, instead)
	}
	return why, instead
}
