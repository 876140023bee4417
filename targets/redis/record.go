package redis

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// record is what the log holds of one command of a client: the commands that
// changed something, in order, and the time at which they ran. It is applied as
// a whole or not at all.
type record struct {
	at   int64 // microseconds since 1970
	cmds [][]string
}

// On disk: length uint32, CRC-32C of it uint32, payload, CRC-32C of it uint32,
// all little-endian. The length has a checksum of its own: were one of its bits
// flipped, the rest of the file would look like a tail that a kill tore off, and
// would be dropped in silence.
const (
	headSize = 8
	tailSize = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errCorrupt is returned for bytes that are not what was written.
var errCorrupt = errors.New("damaged: it does not hold what was written")

// appendRecord appends r to b as it stands on disk.
func appendRecord(b []byte, r record) []byte {
	start := len(b)
	b = append(b, make([]byte, headSize)...)
	b = binary.AppendVarint(b, r.at)
	b = binary.AppendUvarint(b, uint64(len(r.cmds)))
	for _, c := range r.cmds {
		b = binary.AppendUvarint(b, uint64(len(c)))
		for _, a := range c {
			b = binary.AppendUvarint(b, uint64(len(a)))
			b = append(b, a...)
		}
	}
	head, payload := b[start:start+headSize], b[start+headSize:]
	binary.LittleEndian.PutUint32(head, uint32(len(payload)))
	binary.LittleEndian.PutUint32(head[4:], crc32.Checksum(head[:4], castagnoli))
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(payload, castagnoli))
}

// eachRecord calls f for each record in b and returns the length of the part of
// b that holds whole records. What is after it was torn off by the death of the
// writer. The error is an errCorrupt, or what f returned.
func eachRecord(b []byte, f func(record) error) (whole int, err error) {
	for whole < len(b) {
		rest := b[whole:]
		if len(rest) < headSize {
			return whole, nil
		}
		if crc32.Checksum(rest[:4], castagnoli) != binary.LittleEndian.Uint32(rest[4:]) {
			return whole, fmt.Errorf("record at byte %d: %w", whole, errCorrupt)
		}
		n := int64(binary.LittleEndian.Uint32(rest))
		if int64(len(rest)) < headSize+n+tailSize {
			return whole, nil
		}
		payload := rest[headSize : headSize+n]
		if crc32.Checksum(payload, castagnoli) != binary.LittleEndian.Uint32(rest[headSize+n:]) {
			return whole, fmt.Errorf("record at byte %d: %w", whole, errCorrupt)
		}
		r, err := parsePayload(payload)
		if err != nil {
			return whole, fmt.Errorf("record at byte %d: %w", whole, err)
		}
		if err := f(r); err != nil {
			return whole, fmt.Errorf("record at byte %d: %w", whole, err)
		}
		whole += int(headSize + n + tailSize)
	}
	return whole, nil
}

// parsePayload reads a payload whose checksum is right; that it cannot be read
// means that it was written by something else.
func parsePayload(b []byte) (record, error) {
	at, n := binary.Varint(b)
	if n <= 0 {
		return record{}, errCorrupt
	}
	p := parser{b: b[n:]}
	var cmds [][]string
	for range p.count() {
		args := make([]string, p.count())
		for i := range args {
			args[i] = p.text()
		}
		if len(args) == 0 {
			return record{}, errCorrupt
		}
		cmds = append(cmds, args)
	}
	if p.bad || len(p.b) > 0 {
		return record{}, errCorrupt
	}
	return record{at: at, cmds: cmds}, nil
}

// parser takes values off the front of b, and remembers that one was not there.
type parser struct {
	b   []byte
	bad bool
}

// count takes a number of things, each of which needs at least one byte.
func (p *parser) count() int {
	v, n := binary.Uvarint(p.b)
	if n <= 0 || v > uint64(len(p.b)-n) {
		p.bad, p.b = true, nil
		return 0
	}
	p.b = p.b[n:]
	return int(v)
}

func (p *parser) text() string {
	n := p.count()
	s := string(p.b[:n])
	p.b = p.b[n:]
	return s
}
