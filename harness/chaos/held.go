package chaos

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"time"
)

const (
	// lasting is how long a connection must have been left alone before its break
	// says something: some servers hang up on whoever does not speak at once, and
	// so does the proxy before a container's published port when nobody listens.
	lasting = 50 * time.Millisecond
	// apart is how far the break of a connection may lie from the death that broke
	// it. Both are stamped when they are seen, which a busy host delays.
	apart = 500 * time.Millisecond
)

// hold opens a connection to the victim that stays open, and nil when the
// victim does not leave it so. It takes lasting.
//
// A replacement that listens within a millisecond or two can be there before
// any attempt to connect was refused. What was open breaks all the same, and
// goes on where the process died and a child of it still serves.
func (d *death) hold(ctx context.Context) net.Conn {
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", d.victim.Address)
	if err != nil {
		return nil
	}
	if lasts(conn, conn) != nil || conn.SetReadDeadline(time.Time{}) != nil {
		_ = conn.Close() // nobody is there, and it is of no use
		return nil
	}
	return conn
}

// lasts is nil when conn, which is read from r, is open for lasting. A greeting
// is no break.
func lasts(conn net.Conn, r io.Reader) error {
	if err := conn.SetReadDeadline(time.Now().Add(lasting)); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, r)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return cmp.Or(err, io.EOF)
}

// keep notes when the connection breaks, unless ctx ends first.
func (d *death) keep(ctx context.Context, conn net.Conn) {
	defer close(d.released)
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	_, err := io.Copy(io.Discard, conn)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broke = d.set.Clock.Now()
}

// settle waits, when nobody was refused, until the break of the connection that
// was held is known: the victim may be back before it was noticed.
func (d *death) settle(ctx context.Context) {
	d.mu.Lock()
	open := d.released != nil && d.refused == 0
	d.mu.Unlock()
	if !open {
		return
	}
	timer := time.NewTimer(apart)
	defer timer.Stop()
	select {
	case <-d.released:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// brokeThen says whether the connection that was held broke as the victim died,
// and not before anything was done to it. By itself that would be a weak proof,
// as a server may hang up at that very time; beside a life that is over it only
// has to tell that nobody else, a child of the dead process, goes on serving.
func (d *death) brokeThen() bool {
	return d.broke >= d.since && d.broke != 0 && max(d.broke-d.gone, d.gone-d.broke) <= int64(apart)
}
