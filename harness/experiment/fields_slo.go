package experiment

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// The pseudo-operation of all operations together, in an availability map.
const overall = "all"

var sloFields = object[SLO]{
	nested("good", "What makes a right answer a good one.", object[SLO]{
		scalar("latency", "It came this fast, from the time when its request was due.", duration(time.Microsecond, 10*time.Minute),
			func(s *SLO) *time.Duration { return &s.GoodLatency }),
	}, func(s *SLO) *SLO { return s }),
	{name: "recovery", doc: "The longest time to recover.",
		schema: schema{"anyOf": []schema{recoveryLimit.schema, recoveryFields.schema(), {"const": "none"}}}, read: readRecovery},
	{name: "availability", doc: "The least share of good requests: of all, or by operation.",
		schema: schema{"anyOf": []schema{availability.schema, {"type": "object", "additionalProperties": availability.schema}, {"const": "none"}}},
		read:   readAvailability},
	orNone(field[SLO]{name: "lostWrites", doc: "Acknowledged writes that may be lost.", schema: lostWrites.schema,
		read: func(r *reader, path string, n ast.Node, s *SLO) {
			if v, ok := lostWrites.read(r, path, n); ok {
				s.LostWrites = &v
			}
		}}, func(s *SLO) { s.LostWrites = nil }),
	nested("budget", "The error budget: what the availability leaves over a period, and how much of it the run may use.", budgetFields,
		func(s *SLO) *Budget { return &s.Budget }),
	{name: "waivers", doc: "Objectives whose FAIL is accepted for a while: it is shown, and does not fail the pipeline.",
		schema: schema{"type": "array", "items": waiverFields.schema()}, read: readWaivers},
}

var budgetFields = object[Budget]{
	scalar("period", "The period that the availability is promised over.", days, func(b *Budget) *time.Duration { return &b.Period }),
	scalar("most", "The share of the period's budget that the run may use; without it that is shown and not judged.", share("2%", false),
		func(b *Budget) *float64 { return &b.Most }),
}

// days is a whole number of days, up to a year.
var days = unit[time.Duration]{"a number of days such as 30d", schema{"type": "string", "pattern": "^[0-9]+d$"}, func(w word) (time.Duration, error) {
	if w.kind != textWord {
		return 0, noUnit(w, "a number of days such as 30d")
	}
	digits, ok := strings.CutSuffix(w.text, "d")
	n, err := strconv.ParseUint(digits, 10, 31)
	if !ok || err != nil {
		return 0, wrong{problem: fmt.Sprintf("%q is no number of days", w.text), hint: "write 30d"}
	}
	return time.Duration(n) * day, within(int(n), 1, 366, fmt.Sprint)
}}

var (
	availability  = share("99.9%", true)
	lostWrites    = integer("a number of writes", 0, 1_000_000_000)
	recoveryLimit = duration(time.Millisecond, day)
)

// Scopes that slo.recovery.scopes can add to the service and its operations.
const (
	ScopeReplicas = "replicas"
	ScopeShards   = "shards"
)

var recoveryScope = oneOf([]string{ScopeReplicas, ScopeShards})

var recoveryFields = object[Recovery]{
	needed(scalar("within", "The longest time to recover.", recoveryLimit, func(r *Recovery) *time.Duration { return &r.Within })),
	scalar("from", "From when the clock runs: the injection, the heal, or both.", oneOf([]string{"inject", "heal", "both"}),
		func(r *Recovery) *string { return &r.From }),
	{name: "scopes", doc: "What is held to it beside the service and each operation: each replica, each shard.",
		schema: schema{"type": "array", "items": recoveryScope.schema, "uniqueItems": true}, read: readScopes},
}

func readScopes(r *reader, path string, n ast.Node, to *Recovery) {
	r.items(path, n, func(at string, item ast.Node) {
		v, ok := recoveryScope.read(r, at, item)
		if ok && slices.Contains(to.Scopes, v) {
			r.refuse(item, "", "%s names %s twice", path, v)
		} else if ok {
			to.Scopes = append(to.Scopes, v)
		}
	})
}

func readRecovery(r *reader, path string, n ast.Node, s *SLO) {
	s.Recovery = &Recovery{From: "inject"}
	switch n := n.(type) {
	case *ast.MappingNode:
		recoveryFields.read(r, path, n, s.Recovery)
	case *ast.StringNode:
		if n.Value == "none" {
			s.Recovery = nil
			return
		}
		s.Recovery.Within, _ = recoveryLimit.read(r, path, n)
	default:
		recoveryLimit.read(r, path, n)
	}
}

func readAvailability(r *reader, path string, n ast.Node, s *SLO) {
	s.Availability = nil
	if w, ok := n.(*ast.StringNode); ok && w.Value == "none" {
		return
	}
	if _, scalar := wordOf(n); scalar {
		if v, ok := availability.read(r, path, n); ok {
			s.Availability = []Availability{{Ratio: v}}
		}
		return
	}
	if _, isMap := n.(*ast.MappingNode); !isMap {
		r.refuse(n, "", "%s must be %s, or a mapping from operations to shares, not %s", path, availability.what, kindOf(n))
		return
	}
	r.entries(path, n, func(at, name string, value ast.Node) {
		v, ok := availability.read(r, at, value)
		switch {
		case !ok:
		case name == overall:
			s.Availability = append([]Availability{{Ratio: v}}, s.Availability...)
		default:
			s.Availability = append(s.Availability, Availability{Operation: name, Ratio: v})
		}
	})
}
