package redis

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// compact begins a new log, and has everything before it written as a base in
// the background. That is done from the files, in an engine of its own, so that
// no client waits for it. The caller holds s.writing and has flushed.
func (s *store) compact() error {
	next := s.number + 1
	f, err := openLog(filepath.Join(s.dir, logName(next)), 0)
	if err != nil {
		return fmt.Errorf("%w: %w", errLog, err)
	}
	if err := errors.Join(s.log.Sync(), s.log.Close()); err != nil {
		return errors.Join(fmt.Errorf("%w: %w", errLog, err), f.Close())
	}
	s.log, s.number, s.grown, s.busy = f, next, 0, true
	s.compacting.Go(func() {
		err := writeBase(s.dir, next)
		s.writing.Lock()
		defer s.writing.Unlock()
		s.busy = false
		s.base = fileSize(filepath.Join(s.dir, baseName(next)))
		if err != nil && s.failed == nil {
			s.failed = fmt.Errorf("%w: %w", errLog, err)
		}
	})
	return nil
}

// writeBase makes n.base out of the files before n.log, and removes these.
func writeBase(dir string, n int) error {
	c, err := findChain(dir)
	if err != nil {
		return err
	}
	c.last = n - 1
	eng, err := newEngine(&facts{})
	if err != nil {
		return err
	}
	defer eng.close()
	whole, size, err := c.load(dir, eng.apply)
	if err != nil {
		return err
	}
	if whole < size {
		return fmt.Errorf("%s: ends within a record: %w", logName(c.last), errCorrupt)
	}
	tmp := filepath.Join(dir, "base.new")
	if err := eng.dump(tmp); err != nil {
		return fmt.Errorf("write %s: %w", tmp, err)
	}
	if err := os.Rename(tmp, filepath.Join(dir, baseName(n))); err != nil {
		return err
	}
	return removeBefore(dir, n)
}

// dump writes all keys to a file, as records that make them again.
func (e *engine) dump(path string) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	if _, err := w.WriteString(magic); err != nil {
		return err
	}
	// An empty record keeps the time of the last command.
	if err := e.dumpRecord(w, nil); err != nil {
		return err
	}
	for _, s := range e.keys.slots {
		if s == nil {
			continue
		}
		cmds, err := e.remake(s.key)
		if err != nil {
			return fmt.Errorf("key %q: %w", s.key, err)
		}
		if s.expires != never {
			cmds = append(cmds, []string{"PEXPIREAT", s.key, strconv.FormatInt(s.expires, 10)})
		}
		if err := e.dumpRecord(w, cmds); err != nil {
			return err
		}
	}
	return errors.Join(w.Flush(), f.Sync())
}

func (e *engine) dumpRecord(w *bufio.Writer, cmds [][]string) error {
	at := e.now
	if at.IsZero() {
		at = time.UnixMicro(0)
	}
	_, err := w.Write(appendRecord(nil, record{at: at.UnixMicro(), cmds: cmds}))
	return err
}

// remake lists the commands that make a key as it is, but for its expiry.
func (e *engine) remake(key string) ([][]string, error) {
	switch kind := e.mini.Type(key); kind {
	case "string":
		v, err := e.mini.Get(key)
		return [][]string{{"SET", key, v}}, err
	case "list":
		v, err := e.mini.List(key)
		return inPortions("RPUSH", key, v), err
	case "set":
		v, err := e.mini.Members(key)
		return inPortions("SADD", key, v), err
	case "hash":
		fields, err := e.mini.HKeys(key)
		v := make([]string, 0, 2*len(fields))
		for _, f := range fields {
			v = append(v, f, e.mini.HGet(key, f))
		}
		return inPortions("HSET", key, v), err
	case "zset":
		scores, err := e.mini.SortedSet(key)
		v := make([]string, 0, 2*len(scores))
		for member, score := range scores {
			v = append(v, strconv.FormatFloat(score, 'g', -1, 64), member)
		}
		return inPortions("ZADD", key, v), err
	case "stream":
		return e.remakeStream(key)
	default:
		return nil, fmt.Errorf("cannot write its type %q", kind)
	}
}

func (e *engine) remakeStream(key string) ([][]string, error) {
	entries, err := e.mini.Stream(key)
	var cmds [][]string
	for _, en := range entries {
		cmds = append(cmds, append([]string{"XADD", key, en.ID}, en.Values...))
	}
	if len(cmds) == 0 { // it is there, and empty
		cmds = [][]string{{"XADD", key, "0-1", "x", "x"}, {"XDEL", key, "0-1"}}
	}
	return cmds, err
}

// portion is how many values one command takes, an even number.
const portion = 512

func inPortions(cmd, key string, values []string) [][]string {
	var cmds [][]string
	for len(values) > 0 {
		n := min(portion, len(values))
		cmds = append(cmds, append([]string{cmd, key}, values[:n]...))
		values = values[n:]
	}
	return cmds
}
