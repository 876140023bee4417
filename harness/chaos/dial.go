package chaos

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

const (
	// dialEvery is how often the victim is dialled while its death is expected.
	dialEvery = time.Millisecond
	// dialSlowly is how often after attentive passed: a death that did not happen
	// need not be missed to the millisecond, and the host has other work.
	dialSlowly = 10 * time.Millisecond
	attentive  = time.Second
	// dialTimeout bounds a connection attempt: one that got no answer because the
	// victim's backlog is full must not outlast its death.
	dialTimeout = 50 * time.Millisecond
)

// dialOn dials the victim until it refuses or is back.
func (d *death) dialOn(ctx context.Context) {
	for {
		err := dial(ctx, d.victim.Address)
		now := d.set.Clock.Now()
		if ctx.Err() != nil {
			return
		}
		d.mu.Lock()
		switch {
		case errors.Is(err, syscall.ECONNREFUSED):
			d.refused = now
		case err == nil:
			d.accepted++
		default:
			d.other = err
		}
		pause := dialEvery
		if time.Since(d.edge) > attentive {
			pause = dialSlowly
		}
		seen := d.refused != 0
		d.mu.Unlock()
		if seen || !rest(ctx, pause, nil, d.returned) {
			return
		}
	}
}

// dial connects and hangs up. It resets the connection instead of closing it:
// thousands of them in TIME_WAIT would take the generator's ports away.
func dial(ctx context.Context, address string) error {
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the port is only busy for longer
	}
	return conn.Close()
}

// rest waits for d, less when woken, and tells whether to go on: not when ctx
// or over ended.
func rest(ctx context.Context, d time.Duration, wake, over <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-wake:
	case <-over:
		return false
	case <-ctx.Done():
		return false
	}
	return true
}
