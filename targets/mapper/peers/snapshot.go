package peers

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"gauntlet/targets/mapper/entry"
)

// end is the first word of the last line; a count follows. Without it the
// snapshot was cut. No key holds a '#'.
const end = "#end"

// A replica that gives its copy away is serving requests: after each batch it
// rests twice as long as the batch took, so it spends at most a third of a
// core on it, and at most half a million entries a second.
const (
	writeBatch   = 500
	writeRest    = 2
	writeRestMin = time.Millisecond
)

// Write writes a snapshot, gently: a line for each entry, and a last one that
// counts them.
func Write(w io.Writer, all func(yield func(*entry.Entry) bool)) error {
	b := bufio.NewWriterSize(w, 64<<10)
	n := 0
	var line []byte
	var err error
	start := time.Now()
	all(func(e *entry.Entry) bool {
		line = append(e.AppendLine(line[:0]), '\n')
		n++
		if _, err = b.Write(line); n%writeBatch == 0 {
			time.Sleep(max(writeRest*time.Since(start), writeRestMin))
			start = time.Now()
		}
		return err == nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(b, end, n) // an error stays until Flush
	return b.Flush()
}

// maxLine fits the longest key and URL.
const maxLine = 16 << 10

var errCut = errors.New("snapshot is cut")

// Read visits the entries of a snapshot; a cut one is an error.
func Read(r io.Reader, visit func(*entry.Entry)) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	n := 0
	for lines.Scan() {
		text := lines.Text()
		if len(text) > len(end) && text[:len(end)] == end {
			if text[len(end):] != " "+strconv.Itoa(n) {
				return fmt.Errorf("%w: %d entries, but %q", errCut, n, text)
			}
			return nil
		}
		e, err := entry.ParseLine(text)
		if err != nil {
			return err
		}
		visit(e)
		n++
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return fmt.Errorf("%w after %d entries", errCut, n)
}
