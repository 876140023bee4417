// Package verdicts reads what the server targets/truth wrote down: what it was
// going to do, and what it did to every request. The form is said there; a
// sample of it, which that server's own tests keep true, is what this package
// is tested with.
package verdicts

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// version is the latest form that is read here.
const version = 2

// Log is what one replica wrote down. Instants are ns since its own zero.
type Log struct {
	Replica   string
	Seed      uint64
	Stretches []Stretch // by time; none when its script never began
	Arrivals  []Arrival // in the order in which they were dealt with
	// Ended says that the replica ended in order, and that nothing is missing.
	Ended bool
}

// Stretch is a stretch of time [From, To) in which it misbehaved.
type Stretch struct {
	Event    int
	Deed     Deed
	From, To int64
	Share    float64 // of the requests, in (0, 1]
	Blunt    bool    // the share rises and falls, so that the edges are no instants
}

// Arrival is a request that it got.
type Arrival struct {
	At, Took int64
	Put      bool
	Did      Deed
	Event    int    // −1: it met none
	Value    int    // the number of the value that it wrote or was given; 0: none
	ID       string // "-" without one
}

// Deed is what became of a request.
type Deed string

// What becomes of requests. The first three are no events of a script.
const (
	OK        Deed = "ok"
	Missing   Deed = "missing" // 404
	Bad       Deed = "bad"     // 400
	Fail      Deed = "fail"
	Delay     Deed = "delay"
	Hang      Deed = "hang"
	Reset     Deed = "reset"
	Blackhole Deed = "blackhole"
	Stale     Deed = "stale"
	Lag       Deed = "lag"
	Lose      Deed = "lose"
	Wrong     Deed = "wrong"
)

var deeds = []Deed{OK, Missing, Bad, Fail, Delay, Hang, Reset, Blackhole, Stale, Lag, Lose, Wrong}

// Read reads a log, or the output of a replica that holds one: lines that do
// not begin with + are none of it, and a last line without an end, of a
// process that was killed, is left out. Errors name the line.
func Read(from io.Reader) (*Log, error) {
	r := reader{log: &Log{}}
	in := bufio.NewReader(from)
	for n := 1; ; n++ {
		line, err := in.ReadString('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		text, ours := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "+")
		if !ours {
			continue
		}
		if err := r.line(text); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if !r.begun {
		return nil, errors.New("no line of a log: it is not the output of a truth server")
	}
	return r.log, nil
}

type reader struct {
	log   *Log
	begun bool
}

func (r *reader) line(text string) error {
	kind, rest, _ := strings.Cut(text, " ")
	if (kind == "truth") == r.begun {
		if r.begun {
			return errors.New("the log begins a second time: its replica was started again")
		}
		return errors.New("the log does not begin with its first line")
	}
	if r.log.Ended {
		return errors.New("the log goes on after its end")
	}
	f := fields{all: strings.Fields(rest)}
	switch kind {
	case "truth":
		r.begun = true
		if v := f.number(); f.err == nil && v != version {
			return fmt.Errorf("form %d: this gauntlet reads form %d", v, version)
		}
		r.log.Replica, r.log.Seed = f.word(), f.unsigned()
	case "stretch":
		s := Stretch{Event: int(f.number()), Deed: f.deed(), From: f.instant(), To: f.instant(), Share: f.share()}
		s.Blunt = f.number() != 0
		if f.err == nil && (s.To < s.From || s.Event < 0) {
			return fmt.Errorf("a stretch of event %d from %d to %d", s.Event, s.From, s.To)
		}
		r.log.Stretches = append(r.log.Stretches, s)
	case "end":
		if n := f.number(); f.err == nil && n != int64(len(r.log.Arrivals)) {
			return fmt.Errorf("%d arrivals were counted and %d are written down", n, len(r.log.Arrivals))
		}
		r.log.Ended = true
	default:
		f.all = append([]string{kind}, f.all...)
		r.log.Arrivals = append(r.log.Arrivals, f.arrival())
	}
	return f.finished()
}

// fields are the words of a line; the first that cannot be read stays as err.
type fields struct {
	all []string
	err error
}

func (f *fields) fail(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf(format, args...)
	}
}

func (f *fields) word() string {
	if len(f.all) == 0 {
		f.fail("it is cut off")
		return ""
	}
	w := f.all[0]
	f.all = f.all[1:]
	return w
}

func (f *fields) number() int64 {
	w := f.word()
	n, err := strconv.ParseInt(w, 10, 64)
	if err != nil {
		f.fail("%q is no number", w)
	}
	return n
}

func (f *fields) unsigned() uint64 {
	w := f.word()
	n, err := strconv.ParseUint(w, 10, 64)
	if err != nil {
		f.fail("%q is no number", w)
	}
	return n
}

// instant is a number of µs, in ns.
func (f *fields) instant() int64 {
	const most = 1 << 50 // 35 years, in µs
	n := f.number()
	if n < 0 || n > most {
		f.fail("%d µs is no instant of a log", n)
		return 0
	}
	return n * 1000
}

func (f *fields) share() float64 {
	w := f.word()
	s, err := strconv.ParseFloat(w, 64)
	if err != nil || !(s > 0 && s <= 1) {
		f.fail("%q is no share", w)
	}
	return s
}

func (f *fields) deed() Deed {
	w := f.word()
	i := slices.Index(deeds, Deed(w))
	if i < 0 {
		f.fail("%q is no deed", w)
		return ""
	}
	return deeds[i] // not w, which would keep its line in memory
}

func (f *fields) arrival() Arrival {
	a := Arrival{At: f.instant(), Took: f.instant()}
	switch w := f.word(); w {
	case "G":
	case "P":
		a.Put = true
	default:
		f.fail("%q is no method", w)
	}
	a.Did, a.Event = f.deed(), f.counted("event", 0, -1)
	a.Value = f.counted("value", 1, 0)
	a.ID = strings.Clone(f.word())
	return a
}

// counted is a number from least, or - for none.
func (f *fields) counted(what string, least, none int) int {
	w := f.word()
	if w == "-" {
		return none
	}
	n, err := strconv.Atoi(w)
	if err != nil || n < least {
		f.fail("%q is no %s", w, what)
	}
	return n
}

// finished is what was wrong with the line.
func (f *fields) finished() error {
	if f.err == nil && len(f.all) > 0 {
		f.fail("%q is too much", f.all[0])
	}
	return f.err
}
