package experiment

import (
	"fmt"
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Mark is an instant of the plan.
type Mark struct {
	At   time.Duration // from the beginning of the warm-up
	What string
}

// plan is when things happen, as far as it is known beforehand. Instants
// count from the end of the baseline.
type plan struct {
	firstInject time.Duration
	lastHeal    time.Duration // when the last fault is healed, at the earliest
	latestHeal  time.Duration // the same, when a one-shot fault takes all the time that it may
	oneShot     bool          // there is a fault whose heal is its victim's own return
	windows     []window      // of the faults, in the order of their times
}

type window struct {
	from, to time.Duration // to: its heal, at the earliest
	title    string
	how      string // it goes, in words
}

// Returns is how long a fault's victim may take to be ready again: the recovery
// limit, since what comes later has broken it; a minute where there is none.
func (e *Experiment) Returns() time.Duration {
	if e.SLO.Recovery != nil {
		return e.SLO.Recovery.Within
	}
	return time.Minute
}

func (e *Experiment) plan(parts func(i int) []Part) plan {
	var p plan
	for i, f := range e.Faults {
		for _, part := range parts(i) {
			at := f.At + part.After
			w := window{from: at, to: at + part.Lasts, title: part.Title, how: fmt.Sprintf("for %v", part.Lasts)}
			if w.title == "" {
				w.title = f.title()
			}
			latest := w.to
			if part.OneShot {
				w.to, w.how = at, f.once(e.Returns())
				latest = at + part.Within
				p.oneShot = true
			}
			p.lastHeal, p.latestHeal = max(p.lastHeal, w.to), max(p.latestHeal, latest)
			p.windows = append(p.windows, w)
		}
	}
	slices.SortStableFunc(p.windows, func(a, b window) int { return int(a.from - b.from) })
	if len(p.windows) > 0 {
		p.firstInject = p.windows[0].from
	}
	return p
}

// once says how a one-shot fault goes each of whose victims may take returns to
// be ready again.
func (f Fault) once(returns time.Duration) string {
	switch {
	case f.Action != nil && f.Action.Kind == ActionScale:
		return fmt.Sprintf("until the end; it has %v to be done", returns)
	case f.Action != nil && f.Action.Kind == ActionRestart:
		return fmt.Sprintf("one replica after the other; each has %v to return", returns)
	}
	return fmt.Sprintf("once; its victim has %v to return", returns)
}

// judged is how long the load counts for availability, at the least.
func (e *Experiment) judged(p plan) time.Duration {
	return p.lastHeal - p.firstInject + e.Phases.Observe
}

func (e *Experiment) timeline(p plan) []Mark {
	baseline := e.Phases.Warmup
	fault := baseline + e.Phases.Baseline
	observe := fault + p.lastHeal
	marks := []Mark{{0, "warm-up"}, {baseline, "baseline"}}
	for _, w := range p.windows {
		how := w.how
		if e.Inert {
			how += " (inert: nothing is done)"
		}
		marks = append(marks, Mark{fault + w.from, fmt.Sprintf("fault: %s, %s", w.title, how)})
	}
	when := "observe"
	if p.oneShot {
		when = "observe, from the last heal: at the earliest"
	}
	return append(marks, Mark{observe, when}, Mark{observe + e.Phases.Observe, "end"})
}

// title is what the object calls itself: its kind and name.
func (m Manifest) title() string {
	object, ok := m.Node.(*ast.MappingNode)
	if !ok {
		return m.File
	}
	title := wordAt(object, "kind")
	if name := m.name(); name != "" {
		title += " " + name
	}
	return title
}

// name is the object's own name; "" where it has none.
func (m Manifest) name() string {
	if object, ok := m.Node.(*ast.MappingNode); ok {
		if metadata, ok := get(object, "metadata").(*ast.MappingNode); ok {
			return wordAt(metadata, "name")
		}
	}
	return ""
}

func wordAt(m *ast.MappingNode, key string) string {
	if n := get(m, key); n != nil {
		w, _ := wordOf(n)
		return w.text
	}
	return "?"
}
