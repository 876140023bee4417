package consistency

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"gauntlet/harness/history"
)

// counts is what became of the durability stream's writes.
type counts struct {
	acked, unknown           int
	stable, lost             int
	unreachable, unread      int // unread: some replica was never asked
	resurrected              int
	lostExamples, backToLife []string
}

// count sorts every write, in order of its number. asked is the replicas that
// must answer for each acknowledged one.
func (c *Checker) count(replicas []string) counts {
	var n counts
	slices.Sort(c.numbers)
	var asked uint64
	for _, p := range c.numbers {
		for i := range c.pages[p] {
			w := &c.pages[p][i]
			asked |= w.here | w.absent | w.silent
		}
	}
	for _, p := range c.numbers {
		for i := range c.pages[p] {
			n.sort(&c.pages[p][i], p*pageSize+uint64(i), asked, replicas)
		}
	}
	return n
}

// sort puts one write where it belongs.
func (n *counts) sort(w *write, seq, asked uint64, replicas []string) {
	if !w.written {
		return
	}
	switch w.effect {
	case history.UnknownEffect:
		n.unknown++
		return
	case history.NoEffect:
		if w.here != 0 {
			n.resurrected++
			n.backToLife = few(n.backToLife, fmt.Sprintf("write %d surely had no effect, and %s returned it", seq, names(w.here, replicas)))
		}
		return
	}
	n.acked++
	never := asked &^ (w.here | w.absent | w.silent)
	switch {
	case w.absent != 0:
		n.lost++
		n.lostExamples = few(n.lostExamples, fmt.Sprintf("write %d, acknowledged at %.3f s, is gone: %s", seq, seconds(w.acked), w.who(replicas)))
	case never != 0 || asked == 0:
		n.unread++
	case w.silent != 0:
		n.unreachable++
	default:
		n.stable++
	}
}

// who says which replicas had the write.
func (w *write) who(replicas []string) string {
	s := names(w.absent, replicas) + " did not have it"
	if w.here != 0 {
		s += ", " + names(w.here, replicas) + " did"
	}
	if w.silent != 0 {
		s += ", " + names(w.silent, replicas) + " gave no answer"
	}
	return s
}

func names(set uint64, replicas []string) string {
	var all []string
	for ; set != 0; set &= set - 1 {
		all = append(all, nameOf(replicas, bits.TrailingZeros64(set)))
	}
	return strings.Join(all, ", ")
}

func few(examples []string, s string) []string {
	if len(examples) < fewExamples {
		return append(examples, s)
	}
	return examples
}

// around is the number of writes acknowledged in [from, to].
func (c *Checker) around(from, to int64) int {
	n := 0
	for _, p := range c.pages {
		for i := range p {
			w := &p[i]
			if w.written && w.effect == history.Acknowledged && w.acked >= from && w.acked <= to {
				n++
			}
		}
	}
	return n
}

func seconds(ns int64) float64 { return float64(ns) / 1e9 }
