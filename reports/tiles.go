package reports

import (
	"fmt"
	"strings"
)

// tile is one number of the first screen.
type tile struct {
	ID     string
	Label  string
	Value  string
	Beside string // after the value, smaller: its interval
	Lines  []line
}

// line stands below a tile's value, with the verdict it belongs to.
type line struct {
	Text    string
	Verdict Verdict // "" for none
}

func (l line) Glyph() string {
	if l.Verdict == "" {
		return ""
	}
	return glyph(l.Verdict)
}

func (l line) Tone() string { return tone(l.Verdict) }

func tiles(r *Result, s *Series) []tile {
	return []tile{recoveryTile(r), availabilityTile(r), lostTile(r), slownessTile(r, s)}
}

func recoveryTile(r *Result) tile {
	t := tile{ID: "recovered", Label: "Recovered in", Value: absent}
	o := objective(r.Objectives, "recovery")
	rec := r.Recovery
	switch {
	case rec == nil && o != nil && len(r.Faults) == 0:
		t.Label, t.Value = "Longest disturbance", o.Measured
	case rec == nil:
		t.Lines = append(t.Lines, line{Text: "not measured"})
	case !rec.Degraded && rec.Recovered:
		t.Value = "0" + space + "s"
		said := "never degraded"
		if rec.FromInject.High != nil {
			said += "; at most " + seconds(*rec.FromInject.High)
		}
		t.Lines = append(t.Lines, line{Text: said})
	case rec.FromInject.Seconds == nil && !rec.Censored:
		t.Lines = append(t.Lines, line{Text: "not known"})
	case rec.FromInject.Seconds == nil:
		t.Value = "> " + seconds(rec.FromInject.Low)
		t.Lines = append(t.Lines, line{Text: "the run ended first"})
	default:
		t.Value = seconds(*rec.FromInject.Seconds)
		t.Beside = interval("recovery", &rec.FromInject.Low, rec.FromInject.High)
		if rec.FromHeal.Seconds != nil {
			t.Lines = append(t.Lines, line{Text: "from the heal: " + seconds(*rec.FromHeal.Seconds)})
		}
	}
	if rec != nil && rec.Relapses > 0 {
		t.Lines = append(t.Lines, line{Text: plural(rec.Relapses, "relapse")})
	}
	t.held(o)
	return t
}

// held adds the limit and margin of the objective, with its verdict.
func (t *tile) held(o *Objective) {
	if o == nil {
		t.Lines = append(t.Lines, line{Text: "no limit set"})
		return
	}
	said := "limit " + o.Target
	if o.Margin != "" {
		said += ", margin " + o.Margin
	}
	t.Lines = append(t.Lines, line{said, o.Verdict})
}

func availabilityTile(r *Result) tile {
	t := tile{ID: "available", Label: "Availability", Value: absent}
	if a, ok := r.Availability["overall"]; ok {
		t.Value = percent(a.Ratio)
		t.Beside = interval("availability", &a.Low, &a.High)
	}
	var some []Objective
	for _, o := range failedFirst(r.Objectives) {
		if kind, _ := cutScope(o.Name); kind == "availability" {
			some = append(some, o)
		}
	}
	if len(some) == 1 && some[0].Name == "availability" {
		t.held(&some[0])
		return t
	}
	for i, o := range some {
		if i == 2 {
			t.Lines = append(t.Lines, line{Text: fmt.Sprintf("and %s more", count(len(some)-i))})
			break
		}
		_, op := cutScope(o.Name)
		if op == "" {
			op = "all"
		}
		t.Lines = append(t.Lines, line{fmt.Sprintf("%s %s, limit %s", clip(op, 14), o.Measured, o.Target), o.Verdict})
	}
	if len(some) == 0 {
		t.held(nil)
	}
	return t
}

func lostTile(r *Result) tile {
	t := tile{ID: "lost", Label: "Lost acknowledged writes", Value: absent}
	c := r.Consistency
	o := objective(r.Objectives, "lostWrites")
	if c.Verdict == "" {
		t.Lines = append(t.Lines, line{Text: "not asked"})
		return t
	}
	t.Value = count(c.Lost)
	t.Beside = "of " + count(c.Acked)
	if c.Unreachable > 0 {
		t.Lines = append(t.Lines, line{Text: count(c.Unreachable) + " could not be read"})
	}
	if c.Foreign > 0 {
		t.Lines = append(t.Lines, line{plural(c.Foreign, "foreign value"), Fail})
	}
	if o != nil {
		t.held(o)
	}
	return t
}

func slownessTile(r *Result, s *Series) tile {
	phase := "fault"
	t := tile{ID: "slowest", Label: "Worst p99 in the fault", Value: absent}
	if _, ok := r.Latency["fault"]; !ok {
		phase, t.Label = "observe", "Worst p99 observed"
	}
	if w, ok := worstP99(r, s, phase); ok {
		t.Value = milliseconds(w.ms)
		t.Beside = fmt.Sprintf("at %d%ss", w.at, space)
		if w.few {
			t.Lines = append(t.Lines, line{Text: fmt.Sprintf("fewer than %d requests", fewSamples)})
		}
	} else if l, ok := r.Latency[phase]; ok && l.Count > 0 {
		t.Value, t.Label = milliseconds(l.P99), strings.TrimPrefix(t.Label, "Worst ")
	}
	if b, ok := r.Latency["baseline"]; ok && b.Count > 0 {
		t.Lines = append(t.Lines, line{Text: "baseline " + milliseconds(b.P99)})
	}
	if l, ok := r.Latency[phase]; ok && l.Count > 0 && t.Beside != "" {
		t.Lines = append(t.Lines, line{Text: "whole phase " + milliseconds(l.P99)})
	}
	return t
}
