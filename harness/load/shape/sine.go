package shape

import (
	"fmt"
	"math"
	"time"
)

// Phase is where in its period a sine begins.
type Phase string

// The phases, by the names that vegeta gives them.
const (
	MeanUp   Phase = "meanUp"   // at the mean, rising
	Peak     Phase = "peak"     // at the highest rate
	MeanDown Phase = "meanDown" // at the mean, falling
	Trough   Phase = "trough"   // at the lowest rate
)

func (p Phase) radians() float64 {
	switch p {
	case Peak:
		return math.Pi / 2
	case MeanDown:
		return math.Pi
	case Trough:
		return 3 * math.Pi / 2
	}
	return 0
}

// Sine is a rate that rises and falls around Mean, for ever:
// λ(t) = Mean + Amplitude·sin(2πt/Period + phase).
type Sine struct {
	Mean, Amplitude float64 // requests per second; Amplitude ≤ Mean
	Period          time.Duration
	StartAt         Phase
}

// Check says what is wrong with the sine.
func (s Sine) Check() error {
	if s.Amplitude > s.Mean {
		return fmt.Errorf("the amplitude, %s, is above the mean, %s: the rate would fall below 0", perSecond(s.Amplitude), perSecond(s.Mean))
	}
	return nil
}

// Schedule is the inverse of Count. It has no closed form: the root is found
// within each period, to a tenth of a nanosecond.
func (s Sine) Schedule(func(uint64) uint64) Schedule { return s }

// Due is S(n).
func (s Sine) Due(n uint64) int64 {
	number, m := cycle(n, s.Mean*s.Period.Seconds())
	return plus(cycles(number, s.Period), min(int64(math.Round(s.when(m)*float64(time.Second))), int64(s.Period)))
}

// when is after how many seconds of a period m requests have come. Newton's
// method within a bracket that closes: where the rate is near 0 its step would
// lead away, and the bracket is halved.
func (s Sine) when(m float64) float64 {
	const enough = 1e-10 // seconds
	low, high := 0.0, s.Period.Seconds()
	x := min(m/s.Mean, high)
	for range 200 {
		over := s.within(x) - m
		if over > 0 {
			high = x
		} else {
			low = x
		}
		next := x - over/s.rate(x)
		if !(next > low && next < high) {
			next = low + (high-low)/2
		}
		if math.Abs(next-x) < enough {
			return next
		}
		x = next
	}
	return x
}

// rate is λ, x seconds into a period.
func (s Sine) rate(x float64) float64 {
	return s.Mean + s.Amplitude*math.Sin(2*math.Pi*x/s.Period.Seconds()+s.StartAt.radians())
}

// within is the requests in the first x seconds of a period.
func (s Sine) within(x float64) float64 {
	period, phase := s.Period.Seconds(), s.StartAt.radians()
	return s.Mean*x + s.Amplitude*period/(2*math.Pi)*(math.Cos(phase)-math.Cos(2*math.Pi*x/period+phase))
}

// Count is the integral of the rate.
func (s Sine) Count(t time.Duration) float64 {
	if t <= 0 {
		return 0
	}
	return float64(t/s.Period)*s.Mean*s.Period.Seconds() + s.within((t % s.Period).Seconds())
}

// Peak is Mean + Amplitude.
func (s Sine) Peak(time.Duration) float64 { return s.Mean + s.Amplitude }

func (s Sine) String() string {
	at := ""
	if s.StartAt != MeanUp {
		at = ", beginning at " + string(s.StartAt)
	}
	return fmt.Sprintf("a sine of %s ± %s every %v%s", perSecond(s.Mean), perSecond(s.Amplitude), s.Period, at)
}
