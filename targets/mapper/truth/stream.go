package truth

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gauntlet/targets/mapper/entry"

	"github.com/redis/rueidis"
)

// ErrStreamEnded: the connection of the push stream is gone.
var ErrStreamEnded = errors.New("push stream ended")

// Change is one published write. Sequence numbers have no holes; a hole in
// what arrives means that something was missed.
type Change struct {
	Sequence int64
	Entry    *entry.Entry
}

// Stream is the changes since Base.
type Stream struct {
	Changes <-chan Change
	Base    int64        // the sequence number that a scan begun now includes
	RunID   string       // of the Redis process; empty when it does not say
	Ended   <-chan error // one error, when the connection is gone
	conn    rueidis.DedicatedClient
	close   func()
}

// Close ends the stream.
func (s *Stream) Close() { s.close() }

// streamBuffer bounds the changes that arrive while the copy is loaded. When
// it is full the connection waits, and in the end Redis cuts it.
const streamBuffer = 16 << 10

// subscribeTimeout is for a connection that nobody waits for.
const subscribeTimeout = time.Second

// Subscribe follows the changes on a connection of its own.
func (r *Redis) Subscribe(ctx context.Context) (*Stream, error) {
	c := r.client.Load()
	if c == nil {
		return nil, ErrUnavailable
	}
	ctx, cancel := r.bound(ctx, subscribeTimeout)
	defer cancel()
	start := time.Now()
	s := r.openStream(*c)
	if err := s.begin(ctx, *c); err != nil {
		s.Close()
		err = classify(err)
		r.record(start, err)
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	return s, nil
}

// openStream takes a connection and hands on what is pushed there.
func (r *Redis) openStream(c rueidis.Client) *Stream {
	conn, release := c.Dedicate()
	changes := make(chan Change, streamBuffer)
	stop := make(chan struct{})
	ended := conn.SetPubSubHooks(rueidis.PubSubHooks{OnMessage: func(m rueidis.PubSubMessage) {
		change, err := parseChange(m.Message)
		if err != nil {
			r.Log.Error("push stream", "error", err) // the hole in the sequence will be noticed
			return
		}
		select {
		case changes <- change:
		case <-stop:
		}
	}})
	return &Stream{Changes: changes, Ended: ended, conn: conn, close: func() {
		close(stop)
		conn.Close()
		release()
	}}
}

// begin subscribes, and only then asks for the sequence number: what is
// written after that number will be pushed.
func (s *Stream) begin(ctx context.Context, c rueidis.Client) error {
	if err := s.conn.Do(ctx, s.conn.B().Subscribe().Channel(channel).Build()).Error(); err != nil {
		return err
	}
	base, err := sequence(c.Do(ctx, c.B().Get().Key(sequenceKey).Build()))
	if err != nil {
		return err
	}
	s.Base, s.RunID = base, runID(ctx, c)
	return nil
}

// runID names the Redis process; empty when it cannot be had, as from an
// embedded substitute.
func runID(ctx context.Context, c rueidis.Client) string {
	info, err := c.Do(ctx, c.B().Info().Section("server").Build()).ToString()
	if err != nil {
		return ""
	}
	for line := range strings.Lines(info) {
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), "run_id:"); ok {
			return id
		}
	}
	return ""
}

func parseChange(text string) (Change, error) {
	number, line, _ := strings.Cut(text, " ")
	seq, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return Change{}, fmt.Errorf("change %q: %w", number, err)
	}
	e, err := entry.ParseLine(line)
	return Change{Sequence: seq, Entry: e}, err
}

const (
	// ScanBatch keeps Redis busy for about a millisecond.
	ScanBatch   = 1000
	scanTimeout = 2 * time.Second // for one batch
)

// Scan visits every entry that Redis has throughout the scan, in batches of
// about so many, pausing between them so that requests come between. An entry may be visited
// twice.
func (r *Redis) Scan(ctx context.Context, batch int64, pause time.Duration, visit func(*entry.Entry)) error {
	c := r.client.Load()
	if c == nil {
		return ErrUnavailable
	}
	var keys []string
	for cursor, first := uint64(0), true; first || cursor != 0 || len(keys) > 0; first = false {
		scanned, err := r.scanStep(ctx, *c, scanning{cursor, batch, first || cursor != 0, keys}, visit)
		if err != nil {
			return fmt.Errorf("scan: %w", classify(err))
		}
		cursor, keys = scanned.Cursor, scanned.Elements
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	return nil
}

// scanning is where a scan is: more keys after the cursor, and the keys whose
// values are to be read.
type scanning struct {
	cursor uint64
	batch  int64
	more   bool
	keys   []string
}

// scanStep reads the values of the last batch of keys and the next batch of
// keys in one round trip.
func (r *Redis) scanStep(ctx context.Context, c rueidis.Client, at scanning, visit func(*entry.Entry)) (rueidis.ScanEntry, error) {
	ctx, cancel := r.bound(ctx, scanTimeout)
	defer cancel()
	var next rueidis.ScanEntry
	var calls rueidis.Commands
	if at.more {
		calls = append(calls, c.B().Scan().Cursor(at.cursor).Match(keyPrefix+"*").Count(at.batch).Build())
	}
	if len(at.keys) > 0 {
		calls = append(calls, c.B().Mget().Key(at.keys...).Build())
	}
	answers := c.DoMulti(ctx, calls...)
	if at.more {
		var err error
		if next, err = answers[0].AsScanEntry(); err != nil {
			return next, err
		}
	}
	if len(at.keys) == 0 {
		return next, nil
	}
	values, err := answers[len(answers)-1].ToArray()
	if err != nil {
		return next, err
	}
	for i, v := range values {
		if v.IsNil() { // expired between the two
			continue
		}
		text, err := v.ToString()
		if err != nil {
			return next, err
		}
		e, err := entry.Parse(strings.TrimPrefix(at.keys[i], keyPrefix), text)
		if err != nil {
			return next, err
		}
		visit(e)
	}
	return next, nil
}
