package truth

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"gauntlet/targets/truth/script"
)

// version is that of the log's form.
const version = 2

// flushEvery is how old a line of the log may get before it is out: a process
// that is killed takes no more than this along.
const flushEvery = 100 * time.Millisecond

// record writes the log. It is safe for concurrent use.
type record struct {
	zero time.Time

	mu       sync.Mutex
	out      *bufio.Writer
	line     []byte
	arrivals int
	err      error // the first that writing met
}

func newRecord(out io.Writer, replica string, seed uint64) *record {
	r := &record{zero: time.Now(), out: bufio.NewWriterSize(out, 64<<10)}
	r.write("+truth %d %s %d\n", version, word(replica), seed)
	return r
}

// now is the time since the log's zero.
func (r *record) now() time.Duration { return time.Since(r.zero) }

func (r *record) write(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := fmt.Fprintf(r.out, format, args...); err != nil && r.err == nil {
		r.err = err
	}
}

// stretches writes down what the script, which begins at an instant of the
// log, is going to do.
func (r *record) stretches(begin time.Duration, all []script.Stretch) {
	for _, x := range all {
		blunt := 0
		if x.Ramp > 0 {
			blunt = 1
		}
		r.write("+stretch %d %s %d %d %g %d\n", x.Number, x.Do, (begin + x.From).Microseconds(), (begin + x.To).Microseconds(), x.Share, blunt)
	}
	r.flush()
}

// arrival is a request, and what was done to it.
type arrival struct {
	at, took time.Duration
	op       script.Operation
	did      string
	event    int // −1: none
	value    int // its number, of what was written or given; 0: none
	id       string
}

// arrived writes an arrival down. It is called for every request, and makes no
// garbage.
func (r *record) arrived(a arrival) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.arrivals++
	b := append(r.line[:0], '+')
	b = append(strconv.AppendInt(b, a.at.Microseconds(), 10), ' ')
	b = append(strconv.AppendInt(b, a.took.Microseconds(), 10), ' ')
	method := byte('G')
	if a.op == script.Put {
		method = 'P'
	}
	b = append(append(append(b, method, ' '), a.did...), ' ')
	if a.event < 0 {
		b = append(b, '-')
	} else {
		b = strconv.AppendInt(b, int64(a.event), 10)
	}
	b = append(b, ' ')
	if a.value == 0 {
		b = append(b, '-')
	} else {
		b = strconv.AppendInt(b, int64(a.value), 10)
	}
	b = append(append(append(b, ' '), a.id...), '\n')
	r.line = b
	if _, err := r.out.Write(b); err != nil && r.err == nil {
		r.err = err
	}
}

func (r *record) flush() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.out.Flush(); err != nil && r.err == nil {
		r.err = err
	}
}

// end writes the last line, and tells whether everything could be written.
func (r *record) end() error {
	r.mu.Lock()
	n := r.arrivals
	r.mu.Unlock()
	r.write("+end %d\n", n)
	r.flush()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// word is text as one word of a line: printable, without spaces, and short.
func word(text string) string {
	if text == "" || len(text) > 128 {
		return "-"
	}
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return "-"
		}
	}
	return text
}
