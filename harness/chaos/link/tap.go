package link

import (
	"bufio"
	"errors"
	"os"
	"time"
)

const (
	// maxHead bounds a message's head; what is longer passes unread.
	maxHead = 1 << 20
	// headPatience is how long the beginning of a head waits for the rest of it.
	// What does not come by then may be no HTTP at all, and passes unread.
	headPatience = time.Second
)

var errLongHead = errors.New("the head of the message is too long")

// tap lies between a connection and what parses its messages, and keeps every
// byte as it came until it is taken: what is only looked at passes unchanged.
type tap struct {
	from    *reader
	parse   *bufio.Reader // which reads from the tap
	pending []byte        // read, and not parsed
	raw     []byte        // parsed, or in parse's buffer; from untaken on it is to be passed on
	untaken int
	heading bool  // a head is being parsed
	timed   bool  // there is a deadline
	err     error // how the connection ended
}

func newTap(from *reader) *tap {
	t := &tap{from: from}
	t.parse = bufio.NewReader(t)
	return t
}

// Read is for parse.
func (t *tap) Read(p []byte) (int, error) {
	if t.err != nil {
		return 0, t.err
	}
	if t.heading {
		if len(t.raw)-t.untaken > maxHead {
			return 0, errLongHead
		}
		if !t.timed && len(t.raw) > t.untaken {
			t.timed = true
			t.from.from.SetReadDeadline(time.Now().Add(headPatience))
		}
	}
	if len(t.pending) == 0 {
		data, err := t.from.next()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return 0, err
		}
		if err != nil {
			t.err = err
			return 0, err
		}
		t.pending = data
	}
	n := copy(p, t.pending)
	t.pending = t.pending[n:]
	t.raw = append(t.raw[:copy(t.raw, t.raw[t.untaken:])], p[:n]...)
	t.untaken = 0
	return n, nil
}

// head tells that a head is being parsed, or no longer.
func (t *tap) head(is bool) {
	t.heading = is
	if !is && t.timed {
		t.timed = false
		t.from.from.SetReadDeadline(time.Time{})
	}
}

// parsed is how many bytes were parsed and are still to be passed on.
func (t *tap) parsed() int { return len(t.raw) - t.untaken - t.parse.Buffered() }

// take returns what was parsed since it was last called, until the next Read.
func (t *tap) take() []byte {
	to := len(t.raw) - t.parse.Buffered()
	b := t.raw[t.untaken:to]
	t.untaken = to
	return b
}

// rest returns all that came and was not taken; what comes from now on is not
// parsed.
func (t *tap) rest() []byte {
	t.head(false)
	b := append(t.raw[t.untaken:], t.pending...)
	t.raw, t.pending, t.untaken = nil, nil, 0
	return b
}

// forget lets go of memory that a large message needed.
func (t *tap) forget() {
	if len(t.raw) == t.untaken && cap(t.raw) > 8<<10 {
		t.raw, t.untaken = nil, 0
	}
}
