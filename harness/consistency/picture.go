package consistency

import (
	"cmp"
	"fmt"
	"slices"

	"gauntlet/harness/consistency/register"
	"gauntlet/reports"
)

// mostDrawn is how many operations a picture holds.
const mostDrawn = 48

// Picture is what happened to the worst register around the operation that shows
// most, for a person to see; nil before Check, without registers, or when one
// order explains each of them.
func (c *Checker) Picture(q Question) *reports.Picture {
	if c.found == nil || q.Registers == nil {
		return nil
	}
	v, ok := c.found.shown(q)
	if !ok {
		return nil
	}
	ops, _ := q.Registers.operations(c.registers[v.key])
	return v.draw(q, ops)
}

// view is what a picture is to show: a read, what it should have seen, and why.
type view struct {
	key    uint32
	read   register.Op
	missed register.Op
	what   string
}

// shown is a broken promise before what is only stale.
func (f *findings) shown(q Question) (view, bool) {
	r := q.Registers
	ofOld := func(o old) (view, bool) { return view{o.key, o.read, o.by, r.tell(o, q.Replicas)}, true }
	if len(f.breaches) > 0 {
		b := f.breaches[0]
		return view{b.key, b.Read, b.Before, r.breach(b, q.Replicas)}, true
	}
	var all held
	for _, h := range f.judged() {
		all.join(h)
	}
	if all.late+all.doubtful > 0 {
		return ofOld(all.worst[0])
	}
	if len(f.oldest) > 0 {
		return ofOld(f.oldest[0])
	}
	return view{}, false
}

// draw takes the operations around the read, those next to it first; the three
// that tell the story are always there.
func (v view) draw(q Question, ops []register.Op) *reports.Picture {
	r := q.Registers
	source := slices.IndexFunc(ops, func(o register.Op) bool { return o.Write && o.Value == v.read.Value && o.Value != register.Initial })
	role := func(o register.Op) string {
		switch {
		case o == v.read:
			return reports.RoleStale
		case o == v.missed:
			return reports.RoleMissed
		case source >= 0 && o == ops[source]:
			return reports.RoleSource
		}
		return ""
	}
	var story, around []register.Op
	for _, o := range ops {
		if role(o) != "" {
			story = append(story, o)
		} else if o.Invoke <= v.read.Return {
			around = append(around, o)
		}
	}
	// Of the rest those that began last, and two that show what came of it.
	around = around[max(0, len(around)-mostDrawn):]
	for _, o := range ops {
		if o.Invoke > v.read.Return && len(around) < mostDrawn+2 {
			around = append(around, o)
		}
	}
	drawn := append(story, around...)
	slices.SortFunc(drawn, func(a, b register.Op) int {
		return cmp.Or(cmp.Compare(a.Invoke, b.Invoke), cmp.Compare(a.Return, b.Return), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Client, b.Client))
	})
	p := &reports.Picture{Key: r.Name(v.key), What: v.what}
	for _, o := range drawn {
		p.Ops = append(p.Ops, v.mark(o, role(o), q))
	}
	return p
}

// mark is an operation as it is drawn.
func (v view) mark(o register.Op, role string, q Question) reports.PictureOp {
	m := reports.PictureOp{Client: clientOf(o), Replica: nameOf(q.Replicas, replicaOf(o)), Kind: "read", Begin: seconds(o.Invoke), Role: role}
	if o.Return != register.Never {
		m.End = number(seconds(o.Return))
	}
	if o.Value != register.Initial {
		m.Value = fmt.Sprint("write ", writeNumber(o))
	}
	if o.Write {
		m.Kind = "write"
		if o.Value == register.Initial {
			m.Kind = "delete"
		}
	}
	return m
}
