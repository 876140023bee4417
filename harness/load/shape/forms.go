package shape

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// maxSteps bounds the steps of a staircase.
const maxSteps = 10_000

// Step is a staircase: the rate From for After and one Every, then By more, or
// fewer, every Every, until it is To, which it holds.
type Step struct {
	From, To, By float64 // requests per second
	Every, After time.Duration
}

// Curve is the staircase, or what is wrong with it.
func (s Step) Curve() (*Curve, error) {
	if s.From == s.To {
		return nil, fmt.Errorf("from and to are both %s: that is a constant rate", perSecond(s.To))
	}
	steps := math.Ceil(math.Abs(s.To-s.From)/s.By - 1e-9)
	if steps > maxSteps {
		return nil, fmt.Errorf("it takes %.0f steps of %s from %s to %s; %d is the limit", steps, perSecond(s.By), perSecond(s.From), perSecond(s.To), maxSteps)
	}
	c := &Curve{held: s.To, text: fmt.Sprintf("steps of %s every %v, from %s to %s%s",
		perSecond(s.By), s.Every, perSecond(s.From), perSecond(s.To), afterwards(s.After))}
	c.add(s.After, s.From, s.From)
	for i := range int(steps) {
		rate := s.From + math.Copysign(float64(i)*s.By, s.To-s.From)
		c.add(s.Every, rate, rate)
	}
	return c, nil
}

// Ramp is the rate From for After, then a straight line to To within Over, and
// To from then on.
type Ramp struct {
	From, To    float64 // requests per second
	Over, After time.Duration
}

// Curve is the ramp, or what is wrong with it.
func (r Ramp) Curve() (*Curve, error) {
	if r.From == r.To {
		return nil, fmt.Errorf("from and to are both %s: that is a constant rate", perSecond(r.To))
	}
	c := &Curve{held: r.To, text: fmt.Sprintf("a ramp from %s to %s over %v%s", perSecond(r.From), perSecond(r.To), r.Over, afterwards(r.After))}
	c.add(r.After, r.From, r.From)
	c.add(r.Over, r.From, r.To)
	return c, nil
}

func afterwards(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf(", beginning after %v", d)
}

// Spike is the rate Base, but Peak from At on for For; once, or again every
// Every.
type Spike struct {
	Base, Peak     float64 // requests per second
	At, For, Every time.Duration
}

// Curve is the spike, or what is wrong with it.
func (s Spike) Curve() (*Curve, error) {
	if s.Peak <= s.Base {
		return nil, fmt.Errorf("the peak, %s, is not above the base, %s", perSecond(s.Peak), perSecond(s.Base))
	}
	c := &Curve{held: s.Base, text: fmt.Sprintf("%s, a spike of %s at %v for %v", perSecond(s.Base), perSecond(s.Peak), s.At, s.For)}
	c.add(s.At, s.Base, s.Base)
	c.add(s.For, s.Peak, s.Peak)
	if s.Every > 0 {
		if s.Every < s.At+s.For {
			return nil, fmt.Errorf("the spike ends %v after its period of %v began", s.At+s.For, s.Every)
		}
		c.add(s.Every-s.At-s.For, s.Base, s.Base)
		c.repeat = true
		c.text += fmt.Sprintf(" of every %v", s.Every)
	}
	return c, nil
}

// Level is a rate (requests per second, ≥ 0) from an instant on.
type Level struct {
	At   time.Duration
	Rate float64
}

// Levels is rates that were written down, each until the next: the first is at
// 0, they come in order, and one at least is above 0. With repeat they begin
// anew after so long, else the last is held. name is what they are called.
func Levels(name string, levels []Level, repeat time.Duration) (*Curve, error) {
	if len(levels) == 0 || levels[0].At != 0 {
		return nil, errors.New("the first rate is not that of the beginning")
	}
	c := &Curve{held: levels[len(levels)-1].Rate, repeat: repeat > 0, text: name}
	for i, l := range levels[1:] {
		if l.At <= levels[i].At {
			return nil, fmt.Errorf("the rate at %v comes after that at %v", l.At, levels[i].At)
		}
		c.add(l.At-levels[i].At, levels[i].Rate, levels[i].Rate)
	}
	if repeat > 0 {
		last := levels[len(levels)-1]
		if repeat <= last.At {
			return nil, fmt.Errorf("it repeats after %v, before its last rate at %v", repeat, last.At)
		}
		c.add(repeat-last.At, last.Rate, last.Rate)
		c.text += fmt.Sprintf(", repeated every %v", repeat)
	}
	if c.Peak(0) == 0 {
		return nil, errors.New("no rate is above 0")
	}
	return c, nil
}
