package history

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"os"
	"sync"
)

// Header opens a log: what a reader needs to name things by.
type Header struct {
	Version    int      `json:"version"`    // of the format; this package writes 1
	Run        string   `json:"run"`        // the run's id, part of every value written
	StartedAt  string   `json:"startedAt"`  // wall time of the origin, RFC 3339 with nanoseconds
	Operations []string `json:"operations"` // names of Op.Kind
	Clients    int      `json:"clients"`    // request n is client n mod Clients

	// Of several generators that share the load of a run each writes a log (see
	// Merge): it is number Generator, from 1, of Generators; both are 0 for one
	// alone.
	Generator  int `json:"generator,omitempty"`
	Generators int `json:"generators,omitempty"`
}

// version is the format that Create writes; Open reads it and all before it.
const version = 1

// The layout: one line of magic, one line of header (JSON), then blocks of
// [length uint32][crc32c uint32][records], little endian. A block is written
// whole, so a killed run leaves at most one torn block, at the end, and
// everything before it stands. Numbers inside are varints, times are deltas:
// about 25 bytes a request.
const (
	magic     = "GAUNTLET-OPS\n"
	blockSize = 32 << 10
	maxBlock  = 1 << 20
)

const (
	tagOp      = 1
	tagReplica = 2
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Writer appends to the log of a run. It is safe for concurrent use.
type Writer struct {
	mu       sync.Mutex
	f        *os.File
	block    []byte
	last     Op // of this block: deltas start afresh in each, so that each can be read alone
	replicas map[string]uint16
	err      error // the first failure; everything after it is refused
}

// Create begins a log at path, which must not exist.
func Create(path string, h Header) (*Writer, error) {
	h.Version = version
	line, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("header of %s: %w", path, err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	if _, err := f.Write(append([]byte(magic), append(line, '\n')...)); err != nil {
		f.Close()
		return nil, err
	}
	return &Writer{f: f, replicas: map[string]uint16{}}, nil
}

// Replica returns the index by which ops name the replica, telling it to the
// log when it is new.
func (w *Writer) Replica(name string) uint16 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if i, ok := w.replicas[name]; ok {
		return i
	}
	i := uint16(len(w.replicas))
	w.replicas[name] = i
	w.block = append(w.block, tagReplica)
	w.block = binary.AppendUvarint(w.block, uint64(i))
	w.block = binary.AppendUvarint(w.block, uint64(len(name)))
	w.block = append(w.block, name...)
	return i
}

// Append adds one request. It is on disk after the next Flush, or when its
// block is full.
func (w *Writer) Append(op Op) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	w.block = appendOp(w.block, op, w.last)
	w.last = op
	if len(w.block) >= blockSize {
		w.flush()
	}
	return w.err
}

// Flush writes what is buffered, so that a killed run keeps it.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flush()
	return w.err
}

// Close flushes and closes the log.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flush()
	return errors.Join(w.err, w.f.Close())
}

func (w *Writer) flush() {
	if len(w.block) == 0 || w.err != nil {
		return
	}
	var head [8]byte
	binary.LittleEndian.PutUint32(head[:4], uint32(len(w.block)))
	binary.LittleEndian.PutUint32(head[4:], crc32.Checksum(w.block, castagnoli))
	if _, w.err = w.f.Write(append(head[:], w.block...)); w.err != nil {
		w.err = fmt.Errorf("log of the run: %w", w.err)
	}
	w.block, w.last = w.block[:0], Op{}
}

func appendOp(b []byte, op, last Op) []byte {
	b = append(b, tagOp, byte(op.Stream)<<4|byte(op.Class), op.Kind<<2|byte(op.Effect), op.Attempts)
	b = binary.AppendUvarint(b, uint64(op.Status))
	b = binary.AppendUvarint(b, uint64(op.Replica+1))
	b = binary.AppendUvarint(b, uint64(op.Shard))
	b = binary.AppendUvarint(b, uint64(op.Key))
	b = binary.AppendUvarint(b, uint64(op.Value))
	b = binary.AppendUvarint(b, uint64(op.BytesIn))
	b = binary.AppendVarint(b, int64(op.Seq-last.Seq))
	b = binary.AppendVarint(b, op.Due-last.Due)
	b = binary.AppendVarint(b, op.Sent-op.Due)
	b = binary.AppendVarint(b, op.Done-op.Sent)
	return binary.AppendUvarint(b, uint64(op.Blocked))
}

// Log is the log of a run, open for reading.
type Log struct {
	Header    Header
	Replicas  []string // by Op.Replica; grows while Ops is read, complete at its end
	Generator int      // of merged logs: the place, from 0, of the one that has the request delivered last

	f     *os.File
	data  int64  // where the blocks begin
	parts []*Log // of several generators, instead of f
}

// ErrTorn says that the log ends in the middle of a block: its run was
// killed. Everything before the tear was delivered.
var ErrTorn = errors.New("the log ends in the middle of a block: its run was killed")

// Open opens the log at path. A file that is no log, or of a later version,
// is an error that says so.
func Open(path string) (*Log, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	l := &Log{f: f}
	if err := l.readHeader(); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return l, nil
}

func (l *Log) readHeader() error {
	r := bufio.NewReader(l.f)
	got := make([]byte, len(magic))
	if _, err := io.ReadFull(r, got); err != nil || string(got) != magic {
		return errors.New("not a log of gauntlet's (it does not begin with " + magic[:len(magic)-1] + ")")
	}
	line, err := r.ReadBytes('\n')
	if err != nil {
		return errors.New("the header is cut off")
	}
	if err := json.Unmarshal(line, &l.Header); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if l.Header.Version < 1 || l.Header.Version > version {
		return fmt.Errorf("format version %d: this gauntlet reads up to %d; use the one that wrote it or a later one", l.Header.Version, version)
	}
	l.data = int64(len(magic) + len(line))
	return nil
}

// Close closes the file, of merged logs each.
func (l *Log) Close() error {
	if l.parts == nil {
		return l.f.Close()
	}
	var errs []error
	for _, part := range l.parts {
		errs = append(errs, part.Close())
	}
	return errors.Join(errs...)
}

// Ops delivers the requests in the order in which they ended (those of merged
// logs by Merge's order), reading one block of a log at a time. An error ends
// the sequence; ErrTorn is one that a judge may accept. It can be called again,
// and starts anew.
func (l *Log) Ops() iter.Seq2[Op, error] {
	if l.parts != nil {
		return l.merged
	}
	return func(yield func(Op, error) bool) {
		if _, err := l.f.Seek(l.data, io.SeekStart); err != nil {
			yield(Op{}, err)
			return
		}
		l.Replicas = l.Replicas[:0]
		r := bufio.NewReaderSize(l.f, 2*blockSize)
		var buf []byte
		for {
			block, err := readBlock(r, buf)
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(Op{}, err)
				return
			}
			if !l.readRecords(block, yield) {
				return
			}
			buf = block
		}
	}
}

func readBlock(r io.Reader, buf []byte) ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err == io.EOF {
		return nil, io.EOF
	} else if err != nil {
		return nil, ErrTorn
	}
	size := binary.LittleEndian.Uint32(head[:4])
	if size == 0 || size > maxBlock {
		return nil, fmt.Errorf("a block of %d bytes: the log is damaged", size)
	}
	if int(size) > cap(buf) {
		buf = make([]byte, size)
	}
	buf = buf[:size]
	if _, err := io.ReadFull(r, buf); err != nil {
		return nil, ErrTorn
	}
	if crc32.Checksum(buf, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
		return nil, errors.New("a block does not match its checksum: the log is damaged")
	}
	return buf, nil
}

func (l *Log) readRecords(block []byte, yield func(Op, error) bool) bool {
	d := decoder{b: block}
	var last Op
	for len(d.b) > 0 && !d.bad {
		switch d.byte() {
		case tagReplica:
			i, n := d.uvarint(), d.uvarint()
			name := d.bytes(n)
			if i != uint64(len(l.Replicas)) {
				d.bad = true
				break
			}
			l.Replicas = append(l.Replicas, string(name))
		case tagOp:
			op := d.op(last)
			if d.bad {
				break
			}
			if !yield(op, nil) {
				return false
			}
			last = op
		default:
			d.bad = true
		}
	}
	if d.bad {
		yield(Op{}, errors.New("a record cannot be read: the log is damaged"))
	}
	return !d.bad
}

// decoder reads the records of a block; bad is set by the first thing that
// cannot be, and stays.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.bad = true
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}

func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.bad = true
		return nil
	}
	v := d.b[:n]
	d.b = d.b[n:]
	return v
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.bad = true
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.bad = true
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) op(last Op) (op Op) {
	streamClass, kindEffect := d.byte(), d.byte()
	op.Stream, op.Class = Stream(streamClass>>4), Class(streamClass&15)
	op.Kind, op.Effect = kindEffect>>2, Effect(kindEffect&3)
	op.Attempts = d.byte()
	op.Status = uint16(d.uvarint())
	op.Replica = uint16(d.uvarint()) - 1
	op.Shard = uint16(d.uvarint())
	op.Key = uint32(d.uvarint())
	op.Value = Value(d.uvarint())
	op.BytesIn = uint32(d.uvarint())
	op.Seq = last.Seq + uint64(d.varint())
	op.Due = last.Due + d.varint()
	op.Sent = op.Due + d.varint()
	op.Done = op.Sent + d.varint()
	op.Blocked = int64(d.uvarint())
	if op.Stream >= streams || op.Class >= classes || op.Effect >= effects {
		d.bad = true
	}
	return op
}
