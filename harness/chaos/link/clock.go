package link

import (
	"sync"
	"time"
)

// clock gives instants in ns since the proxy began, wakes at such instants, and
// knows every goroutine of the proxy.
type clock struct {
	base    time.Time
	running sync.WaitGroup
}

func (c *clock) now() int64 { return int64(time.Since(c.base)) }

// alarm wakes one goroutine.
type alarm struct {
	clock *clock
	timer *time.Timer
}

func (c *clock) alarm() *alarm { return &alarm{clock: c} }

// wait returns at the instant at, or earlier when there is something in wake.
func (a *alarm) wait(at int64, wake <-chan struct{}) {
	if at == never {
		<-wake
		return
	}
	left := time.Duration(at - a.clock.now())
	if a.timer == nil {
		a.timer = time.NewTimer(left)
	} else {
		a.timer.Reset(left)
	}
	select {
	case <-a.timer.C:
	case <-wake:
	}
}

func (a *alarm) stop() {
	if a.timer != nil {
		a.timer.Stop()
	}
}
