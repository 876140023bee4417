package local

import "time"

// backoff is how long a replica waits before it is started again. One that
// was killed on purpose, or lived long, comes back at once, as does one that
// dies young for the first time or two; after that every young death doubles
// the wait. So a crash loop costs at most maxRestartsPerMinute starts a minute.
type backoff struct{ young int }

const (
	youngAge             = 10 * time.Second
	freeDeaths           = 2
	firstDelay           = 100 * time.Millisecond
	longestDelay         = 5 * time.Second
	maxRestartsPerMinute = 30
)

// next is the wait after a life that lasted lived.
func (b *backoff) next(lived time.Duration, onPurpose bool) time.Duration {
	if onPurpose || lived >= youngAge {
		b.young = 0
		return 0
	}
	b.young++
	if b.young <= freeDeaths {
		return 0
	}
	delay := firstDelay
	for range b.young - freeDeaths - 1 {
		if delay *= 2; delay >= longestDelay {
			return longestDelay
		}
	}
	return delay
}
