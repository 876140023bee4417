package calibrate

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"gauntlet/harness/history"
	"gauntlet/harness/observe"
	"gauntlet/harness/slo"
)

// Recording is what befell the requests of a real run in which nothing was
// broken: how late each was sent, how long it took, what the control stream
// and the host's accounts said meanwhile. Its time begins at 0.
type Recording struct {
	Name    string
	load    []history.Op // by due time
	control []history.Op // by due time
	host    []observe.Sample
	length  int64 // ns
}

// The files of a recording, which are those of a run.
const (
	opsFile  = "ops.log"
	hostFile = "host.jsonl"
)

// Record writes the recording of the run in the folder from, between two
// instants (ns since its origin), into the folder to. Only what a recording is
// made of is kept of the requests.
func Record(from, to string, begin, end int64) error {
	whole, err := read(from)
	if err != nil {
		return err
	}
	if whole.length < end || begin < 0 || begin >= end {
		return fmt.Errorf("%s: the load lasts for %.1f s; there is nothing from %.1f to %.1f s", from, seconds(whole.length), seconds(begin), seconds(end))
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	return errors.Join(whole.writeOps(filepath.Join(to, opsFile), begin, end), whole.writeHost(filepath.Join(to, hostFile), begin, end))
}

// thinned: of the load's requests one of so many is kept. At 1,000 a second
// that is one every 4 ms, and no stall that matters falls between two.
const thinned = 4

func (r *Recording) writeOps(path string, begin, end int64) error {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	w, err := history.Create(path, history.Header{Run: r.Name, Operations: []string{"any"}})
	if err != nil {
		return err
	}
	n := uint64(0)
	for i, op := range slices.Concat(r.load, r.control) {
		if op.Due < begin || op.Due >= end || i < len(r.load) && i%thinned != 0 {
			continue
		}
		err = errors.Join(err, w.Append(history.Op{Stream: op.Stream, Seq: n, Class: op.Class, Replica: history.NoReplica,
			Due: op.Due - begin, Sent: op.Sent - begin, Done: op.Done - begin, Blocked: op.Blocked}))
		n++
	}
	return errors.Join(err, w.Close())
}

func (r *Recording) writeHost(path string, begin, end int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	out := json.NewEncoder(w)
	for _, s := range r.host {
		if s.At > begin && s.From < end {
			s.From, s.At = s.From-begin, s.At-begin
			err = errors.Join(err, out.Encode(s))
		}
	}
	return errors.Join(err, w.Flush(), f.Close())
}

// ReadRecording reads the recording in a folder.
func ReadRecording(dir string) (*Recording, error) {
	r, err := read(dir)
	if err != nil {
		return nil, err
	}
	if r.length < int64(blockLength) {
		return nil, fmt.Errorf("%s: a recording of %.1f s is shorter than a block of %.0f s", dir, seconds(r.length), seconds(int64(blockLength)))
	}
	return r, nil
}

func read(dir string) (*Recording, error) {
	r := &Recording{Name: filepath.Base(dir)}
	log, err := history.Open(filepath.Join(dir, opsFile))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	for op, err := range log.Ops() {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		switch op.Stream {
		case history.Load:
			r.load = append(r.load, op)
			r.length = max(r.length, op.Due+1)
		case history.Control:
			r.control = append(r.control, op)
		}
	}
	if len(r.load) == 0 {
		return nil, fmt.Errorf("%s: the log has no request of the load", dir)
	}
	for _, ops := range [][]history.Op{r.load, r.control} {
		slices.SortFunc(ops, func(a, b history.Op) int { return cmp.Compare(a.Due, b.Due) })
	}
	f, err := os.Open(filepath.Join(dir, hostFile))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if r.host, err = observe.ReadSamples(f); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, hostFile), err)
	}
	return r, nil
}

// blockLength is that of the bootstrap's blocks: longer than any stall of a
// host that leaves a run worth judging.
const blockLength = 2 * second

// Resampled is the noise of recorded runs, of which each run draws one and
// then block after block.
func Resampled(from ...*Recording) Noise {
	return func(r *rand.Rand, length int64) weather {
		w := &blocks{of: from[r.IntN(len(from))]}
		for at := int64(0); at < length; at += blockLength {
			w.from = append(w.from, r.Int64N(w.of.length-blockLength+1))
		}
		return w
	}
}

// blocks is a run put together from a recording: block i, which begins at
// i · blockLength, is what the recording has from from[i] on.
type blocks struct {
	of   *Recording
	from []int64
}

func (b *blocks) request(due int64) fare {
	i := min(due/blockLength, int64(len(b.from)-1))
	then := b.from[i] + due - i*blockLength
	k, _ := slices.BinarySearchFunc(b.of.load, then, func(op history.Op, t int64) int { return cmp.Compare(op.Due, t) })
	op := b.of.load[min(k, len(b.of.load)-1)]
	return fare{slip: op.Slip(), blocked: op.Blocked, service: op.Service(), class: op.Class}
}

// masks are those of the control stream and the host put together likewise.
func (b *blocks) masks() []slo.Mask {
	var control []history.Op
	var host []observe.Sample
	for i, from := range b.from {
		shift := int64(i)*blockLength - from
		for _, op := range b.of.control {
			if op.Due >= from && op.Due < from+blockLength {
				op.Due, op.Sent, op.Done = op.Due+shift, op.Sent+shift, op.Done+shift
				control = append(control, op)
			}
		}
		for _, s := range b.of.host {
			if s.At > from && s.From < from+blockLength {
				s.From, s.At = max(s.From, from)+shift, min(s.At, from+blockLength)+shift
				host = append(host, s)
			}
		}
	}
	var all []slo.Mask
	for _, m := range observe.Masks(control, host) {
		all = append(all, slo.Mask{Span: slo.Span(m.Span), Share: m.Share})
	}
	return all
}
