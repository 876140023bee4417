// Package entry is one mapping of a key to a URL with the version that orders
// it among all writes of that key, and the one line of text that carries it
// through Redis, the journal and a peer's snapshot.
package entry

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unique"
)

// TombstoneLife is how long a deleted or expired key keeps its version, so
// that an older write which is replayed late cannot bring it back.
const TombstoneLife = 24 * time.Hour

// Version orders the writes of a key: by hybrid logical time, then by node.
type Version struct {
	Time int64  // microseconds since 1970; exact as a double, which Redis's Lua computes in, until the year 2255
	Node string // the replica that acknowledged the write
}

// Compare is negative when v is older than w, zero when they are one write.
func (v Version) Compare(w Version) int {
	return cmp.Or(cmp.Compare(v.Time, w.Time), cmp.Compare(v.Node, w.Node))
}

// Entry is the state of a key after a write. It never changes once made, so
// that readers share it without a lock.
type Entry struct {
	Key     string
	Version Version
	Expiry  int64 // absolute, milliseconds since 1970; 0: never
	Deleted bool  // a tombstone: URL is empty
	// url is an array so that Location can be handed to net/http as the
	// slice that a header is, without an allocation for each answer.
	url [1]string
}

// New makes the entry of a PUT. Expiry is absolute in milliseconds, 0 for never.
func New(key, url string, expiry int64) *Entry {
	return &Entry{Key: key, Expiry: expiry, url: [1]string{url}}
}

// NewTombstone makes the entry of a DELETE.
func NewTombstone(key string) *Entry {
	return &Entry{Key: key, Deleted: true}
}

// At returns the same write with another version.
func (e *Entry) At(v Version) *Entry {
	c := *e
	c.Version = Version{Time: v.Time, Node: intern(v.Node)}
	return &c
}

// URL is where the key points to; empty for a tombstone.
func (e *Entry) URL() string { return e.url[0] }

// Location is URL as the value of a header. It must not be changed.
func (e *Entry) Location() []string { return e.url[:] }

// Live says whether the key points somewhere at a time (milliseconds).
func (e *Entry) Live(nowMillis int64) bool {
	return !e.Deleted && (e.Expiry == 0 || nowMillis < e.Expiry)
}

// Forgettable says whether even the version may be dropped at a time
// (milliseconds): TombstoneLife after the end of the key.
func (e *Entry) Forgettable(nowMillis int64) bool {
	switch {
	case e.Deleted:
		return nowMillis > e.Version.Time/1000+TombstoneLife.Milliseconds()
	case e.Expiry != 0:
		return nowMillis > e.Expiry+TombstoneLife.Milliseconds()
	}
	return false
}

// Newer says whether e replaces old, which may be nil.
func (e *Entry) Newer(old *Entry) bool {
	return old == nil || e.Version.Compare(old.Version) > 0
}

const (
	flagSet     = "s"
	flagDeleted = "d"
)

// Flag is how the text says set or deleted.
func (e *Entry) Flag() string {
	if e.Deleted {
		return flagDeleted
	}
	return flagSet
}

// Value is the text of everything but the key, as Redis stores it:
// "<time> <node> <expiry> <flag> <url>".
func (e *Entry) Value() string {
	b := make([]byte, 0, 48+len(e.Version.Node)+len(e.url[0]))
	return string(e.appendValue(b))
}

func (e *Entry) appendValue(b []byte) []byte {
	b = strconv.AppendInt(b, e.Version.Time, 10)
	b = append(append(b, ' '), e.Version.Node...)
	b = strconv.AppendInt(append(b, ' '), e.Expiry, 10)
	b = append(append(b, ' '), e.Flag()...)
	return append(append(b, ' '), e.url[0]...)
}

// AppendLine appends "<key> <value>", without an end of line.
func (e *Entry) AppendLine(b []byte) []byte {
	b = append(append(b, e.Key...), ' ')
	return e.appendValue(b)
}

// ErrMalformed is a text that no replica wrote.
var ErrMalformed = errors.New("malformed entry")

// Parse reads what Value wrote.
func Parse(key, value string) (*Entry, error) {
	bad := func(what string) (*Entry, error) {
		return nil, fmt.Errorf("%w: key %q: %s", ErrMalformed, key, what)
	}
	clock, rest, _ := strings.Cut(value, " ")
	node, rest, _ := strings.Cut(rest, " ")
	expiry, rest, _ := strings.Cut(rest, " ")
	flag, url, ok := strings.Cut(rest, " ")
	if !ok || key == "" || node == "" {
		return bad("too few fields")
	}
	e := &Entry{Key: strings.Clone(key), url: [1]string{strings.Clone(url)}}
	e.Version.Node = intern(node)
	var err error
	if e.Version.Time, err = strconv.ParseInt(clock, 10, 64); err != nil || e.Version.Time < 0 {
		return bad("version")
	}
	if e.Expiry, err = strconv.ParseInt(expiry, 10, 64); err != nil || e.Expiry < 0 {
		return bad("expiry")
	}
	switch {
	case flag == flagSet && url != "":
	case flag == flagDeleted && url == "":
		e.Deleted = true
	default:
		return bad("flag")
	}
	return e, nil
}

// ParseLine reads what AppendLine wrote.
func ParseLine(line string) (*Entry, error) {
	key, value, _ := strings.Cut(line, " ")
	return Parse(key, value)
}

// intern keeps one copy of each node's name however many entries hold it.
func intern(node string) string { return unique.Make(node).Value() }
