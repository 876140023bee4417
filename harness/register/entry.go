package register

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// Entry is the entry of a run that is under way. Its methods may be called from
// several goroutines. It is a platform.Ledger.
type Entry struct {
	info Info
	dir  string
	host *os.File // the lock of the one run of this host
	own  *os.File // the lock of this run

	mu      sync.Mutex
	journal *os.File // nil once closed
}

// ErrClosed is returned for a call on an entry that was closed.
var ErrClosed = errors.New("the run's entry is closed")

// ErrLeft is returned by Close when something entered is still there.
var ErrLeft = errors.New("the run left something behind")

// begin writes who the run is, and starts its journal.
func (e *Entry) begin() error {
	b, err := json.MarshalIndent(e.info, "", "  ")
	if err != nil {
		return fmt.Errorf("enter run %s: %w", e.info.ID, err)
	}
	if err := writeSynced(filepath.Join(e.dir, "info.json"), b); err != nil {
		return err
	}
	if err := e.nameHolder(b); err != nil {
		return err
	}
	e.journal, err = os.OpenFile(filepath.Join(e.dir, "journal"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("start the journal of run %s: %w", e.info.ID, err)
	}
	return nil
}

// nameHolder writes into the host's lock who holds it.
func (e *Entry) nameHolder(b []byte) error {
	if err := e.host.Truncate(0); err != nil {
		return fmt.Errorf("name the run that holds the host: %w", err)
	}
	if _, err := e.host.WriteAt(b, 0); err != nil {
		return fmt.Errorf("name the run that holds the host: %w", err)
	}
	return nil
}

// Label is the environment entry, NAME=value, that every process of the run must
// carry so that it is found when its pid was not entered.
func (e *Entry) Label() string { return Label + "=" + e.info.ID }

// Process enters a child by pid and start time, as StartTime tells it. The child
// should carry the Label as well: between its start and this call only that
// names it.
func (e *Entry) Process(pid int, start uint64) error {
	item := processItem(pid, start)
	if _, _, err := item.process(); err != nil {
		return err
	}
	return e.write(line{Item: item})
}

// Folder enters a folder to be removed with everything in it, makes it when it is
// missing, and marks it as the run's. It must lie inside the run folder or one of
// Options.Scratch, and be missing, empty, or marked as this run's already: a
// folder that holds somebody else's files is refused.
func (e *Entry) Folder(path string) error {
	place, err := e.info.place(path)
	if err != nil {
		return err
	}
	if err := place.claimable(e.info.ID); err != nil {
		return err
	}
	if err := e.write(line{Item: Item{Kind: kindFolder, Args: []string{filepath.Clean(path)}}}); err != nil {
		return err
	}
	return place.claim(e.info.ID)
}

// Undo enters how to undo something that is about to be done: a kind that the
// caller of Reap has an Undoer for, and its arguments. Undone takes it back.
func (e *Entry) Undo(kind string, args ...string) error {
	if kind == "" || kind == kindProcess || kind == kindFolder {
		return fmt.Errorf("enter an undo: kind %q is not for it", kind)
	}
	return e.write(line{Item: Item{Kind: kind, Args: args}})
}

// Undone says that what Undo entered with the same arguments was undone.
func (e *Entry) Undone(kind string, args ...string) error {
	return e.write(line{Item: Item{Kind: kind, Args: args}, Undone: true})
}

func (e *Entry) write(l line) error {
	b, err := l.encode()
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.journal == nil {
		return fmt.Errorf("enter %s: %w", l.Item, ErrClosed)
	}
	if _, err := e.journal.Write(b); err != nil {
		return fmt.Errorf("enter %s: %w", l.Item, err)
	}
	if err := e.journal.Sync(); err != nil {
		return fmt.Errorf("enter %s: %w", l.Item, err)
	}
	return nil
}

// Close takes the run out of the register when everything entered is gone:
// processes ended, folders removed, undos undone. Otherwise the entry stays for
// Reap and the error, an ErrLeft, says what is left. Both locks are free
// afterwards. Closing twice does nothing.
func (e *Entry) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.journal == nil {
		return nil
	}
	err := e.journal.Close()
	e.journal = nil
	if left := e.left(); left != nil {
		err = errors.Join(err, left)
	} else {
		// The lock goes last: while it is held nobody looks into the entry.
		err = errors.Join(err, os.RemoveAll(e.dir))
	}
	return errors.Join(err, e.own.Close(), e.host.Close())
}

// left says what was entered and is still there.
func (e *Entry) left() error {
	items, err := readJournal(e.dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, i := range items {
		if there, err := e.info.there(i); err != nil || there {
			errs = append(errs, errors.Join(fmt.Errorf("%w: %s", ErrLeft, i), err))
		}
	}
	return errors.Join(errs...)
}

// there tells whether an item is still to be undone.
func (i Info) there(item Item) (bool, error) {
	switch item.Kind {
	case kindProcess:
		pid, start, err := item.process()
		return err == nil && i.Boot == bootID() && alive(pid, start), err
	case kindFolder:
		path, err := item.folder()
		if err != nil {
			return true, err
		}
		_, err = os.Lstat(path)
		return !errors.Is(err, os.ErrNotExist), nil
	default:
		return true, nil
	}
}

func readJournal(dir string) ([]Item, error) {
	b, err := os.ReadFile(filepath.Join(dir, "journal"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil // killed before it had one, so before it started anything
	}
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	return parseJournal(b)
}

// writeSynced writes a file so that it is there as a whole or not at all.
func writeSynced(path string, b []byte) error {
	tmp, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = tmp.Write(b)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
