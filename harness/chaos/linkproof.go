package chaos

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gauntlet/harness/chaos/link"
)

// proof holds what was asked of each link against what was seen on it.
func (w *linkWitness) proof() (proven bool, at int64, detail string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	proven = len(w.links) > 0 && w.countErr == nil
	at = w.deed
	var details []string
	touched := false
	if w.last == nil {
		w.last = w.first // it goes on
	}
	for _, l := range w.links {
		e := l.evidence(w.first[l.pair], w.last[l.pair])
		missing := e.missing()
		proven = proven && missing == ""
		touched = touched || e.others > 0
		at = max(at, l.seen.effect)
		text := fmt.Sprintf("%s → %s: %s", l.pair.Source, l.pair.Destination, e)
		if missing != "" {
			text += ", " + missing
		}
		details = append(details, text)
	}
	switch {
	case w.countErr != nil:
		details = append(details, fmt.Sprintf("the links could not be asked what passed: %v", w.countErr))
	case proven && !touched:
		proven = false
		details = append(details, "nothing but the questions of this witness met the fault")
	}
	if !proven {
		at = w.set.Clock.Now()
	}
	return proven, at, strings.Join(details, ", ")
}

// evidence is what is known of one link in the fault.
type evidence struct {
	asked  link.Rule // of one direction, the same as of the other but for that
	late   time.Duration
	meets  bool // the rule meets the questions of the witness
	asks   bool // there were questions
	seen   linkSeen
	passed link.Stream // while the fault was active, in the directions asked
	others int64       // of that, bytes, messages or connections that were not of the witness
	held   time.Duration
}

// evidence takes together what was seen and what is counted of this fault, in
// the directions that the rules are for. What the witness put on the link itself is taken off
// generously: a question without an answer counts as if answered, and where
// none was asked a connection of before as if it was still to be served.
func (l *linkView) evidence(first, last link.Counters) evidence {
	e := evidence{asked: l.rules[0], late: l.late, meets: true, asks: l.asks(), seen: l.seen}
	mine := asked{
		connections: l.stop.connections - l.start.connections, questions: l.stop.questions - l.start.questions,
		sent: l.stop.sent - l.start.sent,
	}
	turns, before := mine.questions, l.start.questions
	if !e.asks { // it was greeted, at most
		mine.connections = l.stop.connections
		turns, before = mine.connections, l.start.connections
	}
	if before > 0 {
		mine.received = turns * (l.start.received/before + 1)
	}
	if e.asked.HTTP != nil {
		e.meets = l.asks() && meets(*e.asked.HTTP, l.ready.HTTP)
	}
	for _, r := range l.rules {
		before, after, own := first.Forward, last.Forward, mine.sent
		if r.Direction == link.Backward {
			before, after, own = first.Backward, last.Backward, mine.received
		}
		d := after.By[l.fault] // another on the same link proves nothing
		d.Bytes = after.Bytes - before.Bytes
		e.passed = e.passed.Plus(d)
		switch {
		case r.HTTP != nil:
			e.others += d.Changed
			if e.meets {
				e.others -= mine.questions
			}
		case r.Drop:
			e.others += max(0, d.Withheld-own) + max(0, d.Refused-mine.connections)
		case r.Reject:
			e.others++ // the kernel refuses, and counts for nobody
		default:
			e.others += max(0, d.Delayed-own)
		}
	}
	if e.passed.Chunks > 0 {
		e.held = e.passed.Held / time.Duration(e.passed.Chunks)
	}
	return e
}

// meets tells whether a rule for HTTP messages is sure to meet the answered
// question GET path.
func meets(h link.HTTP, path string) bool {
	return (h.Method == "" || h.Method == "GET") && (h.Code == 0 || h.Code == 200) &&
		slices.Contains([]string{"", "*", "/*", path}, h.Path) && len(h.RequestHeaders) == 0 && len(h.ResponseHeaders) == 0
}

// missing is what of the fault is not shown; "" when everything is.
func (e evidence) missing() string {
	if e.seen.beforeErr != nil {
		return fmt.Sprintf("which did not answer before the fault either (%v)", e.seen.beforeErr)
	}
	switch a := e.asked; {
	case a.Drop:
		return e.missingSilence()
	case a.Reject:
		return e.missingRefusal()
	case a.HTTP != nil:
		return e.missingChange()
	case e.passed.Delayed == 0:
		return "nothing was late"
	case a.Delay > 0 || a.Jitter > 0:
		return e.missingDelay()
	}
	return ""
}

func (e evidence) missingSilence() string {
	switch {
	case e.asks && len(e.seen.during) > 0:
		return "which still answered"
	case e.asks && e.seen.silent == 0:
		return "and no question waited in vain"
	case e.passed.Withheld == 0 && e.passed.Refused == 0:
		return "nothing was withheld"
	}
	return ""
}

// missingRefusal takes no single connection for an answer where none is asked
// for: a proxy before the link may be slow to hang up.
func (e evidence) missingRefusal() string {
	switch n := len(e.seen.during); {
	case n > 0 && (e.asks || n >= e.seen.broken):
		return "which still answered"
	case e.seen.broken == 0:
		return "and no connection was refused"
	}
	return ""
}

func (e evidence) missingChange() string {
	h := e.asked.HTTP
	switch {
	case e.passed.Changed == 0:
		return "no message was changed"
	case !e.meets:
		return ""
	case h.Abort && len(e.seen.during) > 0:
		return "which still answered"
	case h.ReplaceCode > 0 && slices.ContainsFunc(e.seen.statuses, func(s int) bool { return s != h.ReplaceCode }):
		return "not always with the status asked for"
	case h.Delay > 0:
		return e.missingDelay()
	}
	return ""
}

// missingDelay holds the round trip against the delay, or where there is none
// to be had the time for which bytes were held.
func (e evidence) missingDelay() string {
	switch {
	case !e.asks && e.held < e.asked.Delay/2:
		return fmt.Sprintf("which is not the %s asked for", short(e.asked.Delay))
	case !e.asks:
	case len(e.seen.during) == 0 && e.asked.Loss < 1:
		return "no question was answered"
	case len(e.seen.during) > 0 && middle(e.seen.during)-middle(e.seen.before) < e.late/2:
		return fmt.Sprintf("not longer by the %s asked for", short(e.late))
	}
	return ""
}

// String says what was seen.
func (e evidence) String() string {
	var parts []string
	if e.asks {
		parts = append(parts, fmt.Sprintf("round trip %s before, %s in the fault", short(middle(e.seen.before)), e.inFault()))
	} else if e.seen.broken > 0 {
		parts = append(parts, several(int64(e.seen.broken), "connection")+" refused or broken off")
	}
	if counted := e.counted(); counted != "" {
		parts = append(parts, "("+counted+")")
	}
	return strings.Join(parts, " ")
}

func (e evidence) inFault() string {
	var parts []string
	if n := len(e.seen.during); n > 0 {
		parts = append(parts, short(middle(e.seen.during)))
	}
	if e.seen.silent > 0 {
		parts = append(parts, "no answer to "+several(int64(e.seen.silent), "question"))
	}
	if e.seen.broken > 0 {
		parts = append(parts, several(int64(e.seen.broken), "connection")+" refused or broken off")
	}
	if len(parts) == 0 {
		return "not measured"
	}
	return strings.Join(parts, " and ")
}

// counted is what the links counted.
func (e evidence) counted() string {
	var parts []string
	add := func(n int64, what, happened string) {
		if n > 0 {
			parts = append(parts, several(n, what)+" "+happened)
		}
	}
	if e.passed.Delayed > 0 {
		parts = append(parts, fmt.Sprintf("%s late by %s in the mean", several(e.passed.Chunks, "chunk"), short(e.held)))
	}
	if e.asked.Rate > 0 {
		add(e.passed.Bytes, "byte", "passed")
	}
	add(e.passed.Withheld, "byte", "withheld")
	add(e.passed.Refused, "connection", "left unanswered")
	add(e.passed.Reset, "connection", "broken off")
	add(e.passed.Changed, "message", "changed")
	return strings.Join(parts, ", ")
}

// short shows a duration with two or three digits.
func short(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms < 1:
		return fmt.Sprintf("%.2f ms", ms)
	case ms < 10:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 10_000:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.1f s", ms/1000)
}

// several is n of what, counted in words.
func several(n int64, what string) string {
	if n != 1 {
		what += "s"
	}
	return thousands(n) + " " + what
}

// thousands shows a number with commas.
func thousands(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
