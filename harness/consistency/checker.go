package consistency

import (
	"cmp"
	"fmt"
	"slices"

	"gauntlet/harness/history"
)

// write is one request of the durability stream, and what the final reads
// found of it: bit i is replica i. 40 bytes.
type write struct {
	acked   int64 // when it was acknowledged
	here    uint64
	absent  uint64
	silent  uint64 // asked without an answer, and no answer before
	written bool
	effect  history.Effect
}

// page keeps the writes of consecutive numbers together: as compact as a
// list, and a number out of all proportion costs one page, not memory.
const pageSize = 512

type page [pageSize]write

// Checker gathers what a log says about the data, in any order of requests
// that keeps the order of final reads. It is not safe for concurrent use.
type Checker struct {
	pages   map[uint64]*page
	numbers []uint64 // of pages, as they came
	finals  int      // final reads
	read    int      // answers of any stream that carried a value
	foreign int
	strange []history.Op // the first foreign values

	registers gathered
	slow      slowest   // writes of every stream
	found     *findings // by Check, about the registers
	wide      bool      // a replica beyond the 64 that can be told apart
}

// NewChecker makes an empty checker.
func NewChecker() *Checker { return &Checker{pages: map[uint64]*page{}, registers: gathered{}} }

// fewExamples is how many violations of a kind are told in words.
const fewExamples = 5

func (c *Checker) at(seq uint64) *write {
	p, ok := c.pages[seq/pageSize]
	if !ok {
		p = new(page)
		c.pages[seq/pageSize] = p
		c.numbers = append(c.numbers, seq/pageSize)
	}
	return &p[seq%pageSize]
}

// Add takes one request of any stream.
func (c *Checker) Add(op history.Op) {
	if op.Value != history.NoValue {
		c.read++
	}
	if op.Value == history.ForeignValue {
		c.foreign++
		c.example(op)
	}
	c.slow.add(op)
	switch op.Stream {
	case history.Durability:
		w := c.at(op.Seq)
		w.written, w.effect = true, op.Effect
		if op.Effect == history.Acknowledged {
			w.acked = op.Done
		}
	case history.Register:
		c.registers.add(op)
	case history.Final:
		c.final(op)
	}
}

// example keeps the foreign values that were read first: which are told does
// not depend on the order in which they were added.
func (c *Checker) example(op history.Op) {
	at, _ := slices.BinarySearchFunc(c.strange, op, func(a, b history.Op) int {
		return cmp.Or(cmp.Compare(a.Done, b.Done), cmp.Compare(a.Stream, b.Stream), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Replica, b.Replica))
	})
	c.strange = slices.Insert(c.strange, at, op)
	c.strange = c.strange[:min(len(c.strange), fewExamples)]
}

// final enters the answer of one replica about one write.
func (c *Checker) final(op history.Op) {
	if op.Replica >= 64 {
		c.wide = true // never asked, as far as can be told: incomplete
		return
	}
	c.finals++
	w, bit := c.at(op.Seq), uint64(1)<<op.Replica
	found, answered := answer(op)
	switch {
	case answered && found:
		w.here, w.absent, w.silent = w.here|bit, w.absent&^bit, w.silent&^bit
	case answered:
		w.here, w.absent, w.silent = w.here&^bit, w.absent|bit, w.silent&^bit
	case (w.here|w.absent)&bit == 0:
		w.silent |= bit
	}
}

// answer reads a final read: whether the replica said what it holds, and
// whether that is the write. A value of another write is foreign to the key;
// the write is not there. "Not found" and "gone" are answers; other statuses
// refuse one.
func answer(op history.Op) (found, answered bool) {
	switch op.Class {
	case history.OK, history.WrongAnswer:
		seq, ok := op.Value.Write()
		return ok && seq == op.Seq && op.Class == history.OK, true
	case history.Status4xx:
		return false, op.Status == 404 || op.Status == 410
	}
	return false, false
}

// nameOf names a replica in words.
func nameOf(replicas []string, i int) string {
	if i < len(replicas) {
		return replicas[i]
	}
	if i == int(history.NoReplica) {
		return "no replica"
	}
	return fmt.Sprintf("replica #%d", i)
}
