package campaign

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// ErrTaken is when another campaign writes to the ledger.
var ErrTaken = errors.New("another calibration is under way")

// Ledger is the account of a campaign's runs. It is held by one at a time.
type Ledger struct {
	file    *os.File
	entries []Entry
}

// OpenLedger opens the ledger, or begins one. A last line that is cut off, as
// a kill leaves it, is taken away; any other that cannot be read is an error
// that names its number.
func OpenLedger(path string) (*Ledger, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	l := &Ledger{file: f}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: it holds %s", ErrTaken, path)
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if err := l.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return l, nil
}

func (l *Ledger) read() error {
	text, err := io.ReadAll(l.file)
	if err != nil {
		return err
	}
	whole := bytes.LastIndexByte(text, '\n') + 1
	if l.entries, err = parse(text[:whole]); err != nil {
		return err
	}
	if err := l.file.Truncate(int64(whole)); err != nil {
		return err
	}
	_, err = l.file.Seek(int64(whole), io.SeekStart)
	return err
}

func parse(text []byte) (all []Entry, err error) {
	seen := map[string]bool{}
	n := 0
	for line := range bytes.Lines(text) {
		n++
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if e.Run != "" && seen[e.Run] {
			return nil, fmt.Errorf("line %d: the run %s is entered a second time", n, e.Run)
		}
		seen[e.Run] = true
		all = append(all, e)
	}
	return all, nil
}

// ReadLedger reads a ledger that may be written to; none has no entries.
func ReadLedger(path string) ([]Entry, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all, err := parse(text[:bytes.LastIndexByte(text, '\n')+1])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
}

// Has says whether the run is entered.
func (l *Ledger) Has(run string) bool {
	for _, e := range l.entries {
		if e.Run == run {
			return true
		}
	}
	return false
}

// Enter writes the entry down. When it returns the entry is on the disk.
func (l *Ledger) Enter(e Entry) error {
	if e.Run != "" && l.Has(e.Run) {
		return fmt.Errorf("the run %s is entered already", e.Run)
	}
	if err := e.check(); err != nil {
		return err
	}
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("enter the run %s: %w", e.Run, err)
	}
	if _, err := l.file.Write(append(line, '\n')); err != nil {
		return err
	}
	if err := l.file.Sync(); err != nil {
		return err
	}
	l.entries = append(l.entries, e)
	return nil
}

// Done is how many runs of the row count. The first few that decided nothing
// for the host's reason do not: they are made again.
func (l *Ledger) Done(row string) int {
	decided, open := 0, 0
	for _, e := range l.entries {
		switch {
		case e.Row != row || e.Failed != "":
		case e.Open:
			open++
		default:
			decided++
		}
	}
	return decided + max(0, open-mostOpenRuns)
}

// Close lets others have it.
func (l *Ledger) Close() error { return l.file.Close() }
