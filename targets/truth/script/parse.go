package script

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

const (
	maxBytes     = 64 << 10
	maxStretches = 10_000
	longest      = 24 * time.Hour
)

// Parse reads a script; file is what its mistakes are reported under. All of
// them are found, as Mistakes.
func Parse(file string, source []byte) (*Script, error) {
	if len(source) > maxBytes {
		return nil, Mistakes{{File: file, Line: 1, Column: 1, Message: fmt.Sprintf("the script has %d bytes; %d is the limit", len(source), maxBytes)}}
	}
	tree, err := parse(source)
	if err != nil {
		return nil, syntax(file, err)
	}
	r := &reader{file: file}
	s := &Script{Seed: 1}
	switch body := tree.(type) {
	case nil, *ast.NullNode:
		return s, nil // no event: a server that behaves
	default:
		r.script(body, s)
	}
	if len(r.found) > 0 {
		slices.SortStableFunc(r.found, func(a, b Mistake) int { return (a.Line-b.Line)*1000 + a.Column - b.Column })
		return nil, r.found
	}
	return s, nil
}

// parse is the tree of the one document of source. The parser is shielded: a
// text can be wrong in ways that its authors did not think of.
func parse(source []byte) (body ast.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the parser gave up: %v", r)
		}
	}()
	file, err := parser.ParseBytes(source, 0)
	if err != nil {
		return nil, err
	}
	for _, d := range file.Docs {
		if d.Body == nil {
			continue
		}
		if body != nil {
			return nil, fmt.Errorf("there is a second document")
		}
		body = d.Body
	}
	return body, nil
}

// reader gathers the mistakes of a script.
type reader struct {
	file  string
	found Mistakes
}

func (r *reader) refuse(n ast.Node, hint, format string, args ...any) {
	line, column := place(first(n))
	r.found = append(r.found, Mistake{r.file, line, column, fmt.Sprintf(format, args...), hint})
}

// fields calls the reader of every field of the mapping n.
func (r *reader) fields(n ast.Node, what string, known map[string]func(ast.Node)) (written map[string]ast.Node) {
	written = map[string]ast.Node{}
	m, ok := n.(*ast.MappingNode)
	if !ok {
		r.refuse(n, "", "%s must be a mapping", what)
		return written
	}
	for _, v := range m.Values {
		name := v.Key.GetToken().Value
		read, ok := known[name]
		if !ok {
			r.refuse(v.Key, "known here: "+strings.Join(sorted(known), ", "), "unknown field %q in %s", name, what)
			continue
		}
		written[name] = v.Value
		read(v.Value)
	}
	return written
}

func sorted(known map[string]func(ast.Node)) []string {
	var names []string
	for name := range known {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (r *reader) script(n ast.Node, s *Script) {
	stretches := 0
	r.fields(n, "the script", map[string]func(ast.Node){
		"seed": func(n ast.Node) {
			seed, err := strconv.ParseUint(text(n), 10, 64)
			if err != nil {
				r.refuse(n, "", "seed must be a whole number from 0, not %q", text(n))
			}
			s.Seed = seed
		},
		"events": func(n ast.Node) {
			list, ok := n.(*ast.SequenceNode)
			if !ok {
				r.refuse(n, "", "events must be a list")
				return
			}
			for _, item := range list.Values {
				e := r.event(item)
				s.Events = append(s.Events, e)
				if stretches += e.parts(); stretches > maxStretches {
					r.refuse(item, "fewer times, or a longer flap", "the events have more than %d stretches", maxStretches)
					return
				}
			}
		},
	})
}

// parts is the number of stretches of the event, without making them.
func (e Event) parts() int {
	parts := 1
	if e.Flap > 0 && e.For > 0 {
		parts = int((e.For + 2*e.Flap - 1) / (2 * e.Flap))
	}
	return min(parts, maxStretches+1) * max(1, e.Times)
}

func (r *reader) event(n ast.Node) Event {
	e := Event{Share: 1, Times: 1}
	span := func(name string, least time.Duration, at *time.Duration) func(ast.Node) {
		return func(n ast.Node) { *at = r.duration(n, name, least) }
	}
	written := r.fields(n, "an event", map[string]func(ast.Node){
		"at":     span("at", 0, &e.At),
		"for":    span("for", time.Millisecond, &e.For),
		"by":     span("by", 0, &e.By),
		"jitter": span("jitter", 0, &e.Jitter),
		"ramp":   span("ramp", time.Millisecond, &e.Ramp),
		"flap":   span("flap", time.Millisecond, &e.Flap),
		"every":  span("every", time.Millisecond, &e.Every),
		"shift":  span("shift", 0, &e.Shift),
		"do":     func(n ast.Node) { e.Do = oneOf(r, n, "do", deeds) },
		"only":   func(n ast.Node) { e.Only = oneOf(r, n, "only", []Operation{Get, Put}) },
		"on":     func(n ast.Node) { e.On = r.word(n, "on", "write the name of a replica such as third-2") },
		"keys":   func(n ast.Node) { e.Keys = r.word(n, "keys", "write how they begin, such as r-") },
		"share":  func(n ast.Node) { e.Share = r.share(n) },
		"drain":  func(n ast.Node) { e.Drain = r.rate(n) },
		"times":  func(n ast.Node) { e.Times = r.times(n) },
	})
	if len(r.found) == 0 { // what lies between fields is worth a look when each is right
		r.check(n, e, written)
	}
	return e
}

// check finds what contradicts itself in an event.
func (r *reader) check(n ast.Node, e Event, written map[string]ast.Node) {
	for _, name := range []string{"at", "for", "do"} {
		if written[name] == nil {
			r.refuse(n, "", "an event needs %s", name)
		}
	}
	only := func(name string, deeds ...Deed) {
		if written[name] != nil && !slices.Contains(deeds, e.Do) {
			r.refuse(written[name], "leave it out", "%s belongs to do: %s", name, words(deeds, " or "))
		}
	}
	only("by", Delay, Lag, Stale)
	only("jitter", Delay, Lag)
	only("drain", Hang)
	switch {
	case (e.Do == Delay || e.Do == Lag) && e.By <= 0:
		r.refuse(n, "add by: 400ms", "a %s needs by", e.Do)
	case e.Ramp > 0 && 2*e.Ramp > e.For:
		r.refuse(written["ramp"], "", "a share that rises and falls for %v each does not fit into %v", e.Ramp, e.For)
	case e.Ramp > 0 && e.Flap > 0:
		r.refuse(written["ramp"], "leave one of them out", "an event has either ramp or flap")
	case (e.Do == Stale || e.Do == Wrong) && e.Only == Put:
		r.refuse(written["only"], "leave it out", "%s is an answer to a get", e.Do)
	case e.Do == Lose && e.Only == Get:
		r.refuse(written["only"], "leave it out", "only a put can be lost")
	case e.Do == Lag && e.Only == Get:
		r.refuse(written["only"], "leave it out", "only a put can lag")
	case e.Times > 1 && e.Every < e.For+e.Shift:
		r.refuse(n, fmt.Sprintf("every: %v or more", e.For+e.Shift), "an event that comes %d times must be over before it comes again", e.Times)
	case written["every"] != nil && e.Times == 1:
		r.refuse(written["every"], "add times: 3", "every needs times")
	}
}

// text is a scalar as it was written; "" for anything else.
func text(n ast.Node) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.IntegerNode, *ast.FloatNode:
		return n.GetToken().Value
	}
	return ""
}

func (r *reader) duration(n ast.Node, name string, least time.Duration) time.Duration {
	d, err := time.ParseDuration(text(n))
	switch {
	case err != nil:
		r.refuse(n, "write a duration such as 3s or 400ms", "%s: %q is no duration", name, text(n))
	case d < least || d > longest:
		r.refuse(n, "", "%s must be from %v to %v, not %v", name, least, longest, d)
	}
	return d
}

// oneOf is a word of known.
func oneOf[W ~string](r *reader, n ast.Node, name string, known []W) W {
	if !slices.Contains(known, W(text(n))) {
		r.refuse(n, "one of "+words(known, ", "), "%s: %q is unknown", name, text(n))
	}
	return W(text(n))
}

func words[W ~string](all []W, between string) string {
	texts := make([]string, len(all))
	for i, w := range all {
		texts[i] = string(w)
	}
	return strings.Join(texts, between)
}

// word is a name without spaces.
func (r *reader) word(n ast.Node, name, hint string) string {
	if text(n) == "" || strings.ContainsAny(text(n), " \t\n") {
		r.refuse(n, hint, "%s: %q is no name", name, text(n))
	}
	return text(n)
}

func (r *reader) share(n ast.Node) float64 {
	percent, ok := strings.CutSuffix(text(n), "%")
	share, err := strconv.ParseFloat(strings.TrimSpace(percent), 64)
	if !ok || err != nil || !(share > 0 && share <= 100) {
		r.refuse(n, "write a share such as 5%", "share must be above 0%% and up to 100%%, not %q", text(n))
	}
	return share / 100
}

func (r *reader) rate(n ast.Node) float64 {
	number, ok := strings.CutSuffix(text(n), "/s")
	rate, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !ok || err != nil || !(rate > 0 && rate <= 1e9) {
		r.refuse(n, "write a rate such as 5000/s", "drain: %q is no rate", text(n))
	}
	return rate
}

func (r *reader) times(n ast.Node) int {
	times, err := strconv.Atoi(text(n))
	if err != nil || times < 1 || times > maxStretches {
		r.refuse(n, "", "times must be from 1 to %d, not %q", maxStretches, text(n))
		return 1
	}
	return times
}
