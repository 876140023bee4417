package register

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// The kinds that the register undoes itself; every other kind needs an Undoer.
const (
	kindProcess = "process" // pid, start time
	kindFolder  = "folder"  // absolute path
)

// Item is one thing that a run leaves until it is undone.
type Item struct {
	Kind string   `json:"kind"`
	Args []string `json:"args"`
}

// String shows the item to people.
func (i Item) String() string {
	return fmt.Sprintf("%s %q", i.Kind, i.Args)
}

// line is one line of a journal: an item, entered or undone.
type line struct {
	Item
	Undone bool `json:"undone,omitempty"`
}

func (l line) encode() ([]byte, error) {
	b, err := json.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("enter %s: %w", l.Item, err)
	}
	return append(b, '\n'), nil
}

// parseJournal returns what a journal still asks to be undone, in the order in
// which it must be undone: the last thing done comes first. A last line that was
// torn by the death of its writer is no error: what it announced was not done.
// Any other line that cannot be read is one, and the rest is returned with it.
func parseJournal(b []byte) ([]Item, error) {
	var left []Item
	var err error
	for n := 1; len(b) > 0; n++ {
		text, rest, whole := bytes.Cut(b, []byte{'\n'})
		if !whole {
			break
		}
		b = rest
		l, e := parseLine(text)
		if e != nil {
			err = fmt.Errorf("journal line %d: %w", n, e)
			continue
		}
		if !l.Undone {
			left = append(left, l.Item)
		} else if at := lastIndex(left, l.Item); at >= 0 {
			left = slices.Delete(left, at, at+1)
		}
	}
	slices.Reverse(left)
	return left, err
}

func parseLine(text []byte) (line, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var l line
	if err := d.Decode(&l); err != nil {
		return line{}, err
	}
	if l.Kind == "" {
		return line{}, fmt.Errorf("no kind in %q", text)
	}
	return l, nil
}

func lastIndex(items []Item, want Item) int {
	for i := len(items) - 1; i >= 0; i-- {
		if items[i].Kind == want.Kind && slices.Equal(items[i].Args, want.Args) {
			return i
		}
	}
	return -1
}

func processItem(pid int, start uint64) Item {
	return Item{Kind: kindProcess, Args: []string{strconv.Itoa(pid), strconv.FormatUint(start, 10)}}
}

// process reads back what processItem made. Only a pid that names one process is
// accepted: 0, 1 and negative ones would reach a group, init or everybody.
func (i Item) process() (pid int, start uint64, err error) {
	if len(i.Args) != 2 {
		return 0, 0, fmt.Errorf("%s: want a pid and a start time", i)
	}
	if pid, err = strconv.Atoi(i.Args[0]); err != nil || pid <= 1 {
		return 0, 0, fmt.Errorf("%s: no pid of a child", i)
	}
	if start, err = strconv.ParseUint(i.Args[1], 10, 64); err != nil || start == 0 {
		return 0, 0, fmt.Errorf("%s: no start time", i)
	}
	return pid, start, nil
}

// folder reads back the path of a folder item.
func (i Item) folder() (string, error) {
	if len(i.Args) != 1 {
		return "", fmt.Errorf("%s: want one path", i)
	}
	return i.Args[0], nil
}
